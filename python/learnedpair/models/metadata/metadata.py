# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The metadata of a model: the fields, and how they are read from a file and combined with those of the user."""

import json
from dataclasses import asdict, dataclass, field, fields

from ... import units
from ...errors import ModelError, warn
from ...formats.text import decode_json
from .domain import to_json
from .parameters import GlobalParameter, assumed_range

#: The file inside a TorchScript or torch.export archive that holds the metadata.
FILE_NAME = "learnedpair.json"
SCHEMA = 1


@dataclass(frozen=True)
class Metadata:
    """Metadata of a pair model or an environment model. Distances are in ``length_unit``.

    Exactly one of ``types`` (dict of type name to assignment rule, or to None) and ``features`` (dict of feature name
    to its (low, high) range, or to None) is set. ``global_parameters`` is a dict of name to default value, or to
    (default, low, high). ``uncovered`` is a rule for atoms that are meant to have no type. ``truncated`` is true if the
    energy is meant to jump to zero at the cutoff. ``domain`` is the training domain, as domain.read_domain() returns
    it; None if it is not known. ``training`` is a dict without a fixed form, which JSON can hold. ``angular`` holds the
    angular orders of the density channels of an environment model; it is None for a pair model. ``density_ranges`` are
    the ranges of the densities in its training data, as density_ranges.read_density_ranges() returns them.
    """

    cutoff: float
    types: dict | None = None
    features: dict | None = None
    inner_cutoff: float = field(kw_only=True)
    switching_distance: float | None = None
    length_unit: str = "nm"
    energy_unit: str = "kJ/mol"
    global_parameters: dict | None = None
    description: str = ""
    uncovered: str | list | None = None
    truncated: bool = False
    domain: dict | tuple | None = None
    training: dict | None = None
    angular: list | None = None
    density_ranges: dict | None = None

    def to_json(self):
        return json.dumps({"schema": SCHEMA, **asdict(self), "domain": to_json(self.domain)})


FIELDS = tuple(field.name for field in fields(Metadata))
#: The fields that only one kind of model has.
PAIR_FIELDS = ("features", "global_parameters", "truncated", "domain")
ENVIRONMENT_FIELDS = ("angular", "density_ranges")
#: The inner cutoff, in nm, of a model whose metadata give none.
DEFAULT_INNER_CUTOFF_NM = 0.05
#: A cutoff outside this range, in nm, is probably given in a wrong unit.
MIN_USUAL_CUTOFF_NM, MAX_USUAL_CUTOFF_NM = 0.2, 2.0


def parse_json(text, source):
    """Read the metadata inside a model file.

    Returns
    -------
    dict
        Fields of Metadata by name; not necessarily all of them.

    Raises
    ------
    ModelError
        If the text is damaged, has unknown entries, or was written by a newer version.
    """
    try:
        content = decode_json(text)
        schema = content.pop("schema")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{source}: the metadata in {FILE_NAME} cannot be read ({error}).") from error
    if schema != SCHEMA:
        raise ModelError(
            f"{source}: the metadata has schema {schema}, and this version of openmm-learnedpair reads schema {SCHEMA};"
            " install a newer version."
        )
    unknown = sorted(set(content) - set(FIELDS))
    if unknown:
        raise ModelError(
            f"{source}: the metadata has the unknown entry {unknown[0]!r}; expected some of {', '.join(FIELDS)}."
        )
    return content


def combined(source, embedded, given):
    """Override the metadata of a file by those that the user gives.

    The module in the file identifies types and features by their index, so the names and their order in the file must
    be kept. A dict overrides the rules or ranges of some names, in any order. A list must be equal to the names in the
    file.

    Parameters
    ----------
    source : str
        The name of the model in messages.
    embedded, given : dict
        The metadata of the file and those of the user.

    Returns
    -------
    dict

    Raises
    ------
    ModelError
        If a given name is not in the file, or a list has other names or another order.
    """
    result = {**embedded, **given}
    for entry in ("types", "features", "global_parameters"):
        inside, other = embedded.get(entry), given.get(entry)
        if not inside or not isinstance(other, (dict, list, tuple)):
            continue
        names = [name for name in other if name is not None]
        if isinstance(other, dict) and set(names) <= set(inside):
            result[entry] = {**inside, **{name: other[name] for name in names}}
            if None in other:
                result["uncovered"] = other[None]
        elif isinstance(other, dict) or names != list(inside):
            raise ModelError(
                f"{source}: {entry} is {other!r}, but the model in the file has {', '.join(inside)}, in this order;"
                " give a dict with some of these names, or export the module again."
            )
    if embedded.get("angular") is not None and given.get("angular", embedded["angular"]) != embedded["angular"]:
        raise ModelError(
            f"{source}: angular is {given['angular']!r:.80}, but the model in the file has {embedded['angular']}; leave"
            " it out, or export the module again."
        )
    return result


def read_parameters(global_parameters):
    """Convert the global parameters of checked metadata.

    Parameters
    ----------
    global_parameters : dict of str to (float or (float, float, float)), or None

    Returns
    -------
    dict of str to GlobalParameter
        Where no range is given, it is that of :func:`learnedpair.models.metadata.parameters.assumed_range`.
    """
    result = {}
    for name, value in (global_parameters or {}).items():
        result[name] = (
            GlobalParameter(*value)
            if isinstance(value, (list, tuple))
            else GlobalParameter(value, *assumed_range(value), assumed=True)
        )
    return result


def warn_of_unusual_cutoff(source, metadata):
    """Warn of a cutoff that is probably given in a wrong unit."""
    cutoff, unit_name = metadata.cutoff, metadata.length_unit
    nm = cutoff * units.factor(units.LENGTH, "length", unit_name)
    if not MIN_USUAL_CUTOFF_NM <= nm <= MAX_USUAL_CUTOFF_NM:
        converted = "" if unit_name == "nm" else f" ({cutoff:g} {unit_name})"
        warn(
            f"{source}: the cutoff is {nm:g} nm{converted}, {'longer' if nm > MAX_USUAL_CUTOFF_NM else 'shorter'}"
            f" than usual ones, which are {MIN_USUAL_CUTOFF_NM:g} to {MAX_USUAL_CUTOFF_NM:g} nm; check"
            " length_unit, the unit in which the model is written: 'nm', 'angstrom' or 'bohr'."
        )
