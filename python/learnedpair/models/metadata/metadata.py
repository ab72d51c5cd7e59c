# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a model file says about its model beside the computation itself."""

import json
import keyword
import math
import numbers
from dataclasses import asdict, dataclass, fields

from openmm import unit

from ... import units
from ...applying.assignment import selection
from ...errors import ModelError, warn
from .parameters import GlobalParameter, assumed_range

#: The file inside a TorchScript or torch.export archive that holds the metadata.
FILE_NAME = "learnedpair.json"
SCHEMA = 1


@dataclass(frozen=True)
class Metadata:
    """Metadata of a pair model. Distances are in ``length_unit``.

    Exactly one of ``types`` (dict of type name to assignment rule, or to None) and ``features`` (dict of feature name
    to
    its (low, high) range, or to None) is set. ``global_parameters`` is a dict of name to default value, or to (default,
    low,
    high). ``uncovered`` is a rule for atoms that no type is meant for. ``truncated`` says that the model is cut off at
    its cutoff
    on purpose.
    """

    cutoff: float
    types: dict | None = None
    features: dict | None = None
    inner_cutoff: float = None
    switching_distance: float | None = None
    length_unit: str = "nm"
    energy_unit: str = "kJ/mol"
    global_parameters: dict | None = None
    description: str = ""
    uncovered: str | list | None = None
    truncated: bool = False

    def to_json(self):
        return json.dumps({"schema": SCHEMA, **asdict(self)})


FIELDS = tuple(field.name for field in fields(Metadata))
#: The inner cutoff of a model whose author does not say what it was trained on, in nm.
DEFAULT_INNER_CUTOFF_NM = 0.05
#: Other cutoffs are probably in another unit than they seem to be.
SHORTEST_USUAL_CUTOFF_NM, LONGEST_USUAL_CUTOFF_NM = 0.2, 2.0
#: What PairModel.evaluate_derivatives() calls its own arguments, so that no global parameter can have the name.
RESERVED = ("self", "r", "particle1", "particle2", "names")


def parse_json(text, source):
    """Read the metadata inside a model file.

    Returns
    -------
    dict
        Some of the fields of Metadata.

    Raises
    ------
    ModelError
        If it is damaged or was written by a newer version.
    """
    try:
        content = json.loads(text)
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
    """The metadata of a file, overridden by those that the user gives.

    The module in the file identifies types and features by their index. Therefore the names and their order are always
    those of the
    file: a dict overrides the rules or ranges of the names in it, in any order, and a list must be equal to the list in
    the file.

    Parameters
    ----------
    source : str
        What messages call the model.
    embedded, given : dict

    Raises
    ------
    ModelError
        If other names are given than the file has, or a list in another order.
    """
    result = {**embedded, **given}
    for field in ("types", "features", "global_parameters"):
        inside, other = embedded.get(field), given.get(field)
        if not inside or not isinstance(other, (dict, list, tuple)):
            continue
        names = [name for name in other if name is not None]
        if isinstance(other, dict) and set(names) <= set(inside):
            result[field] = {**inside, **{name: other[name] for name in names}}
            if None in other:
                result["uncovered"] = other[None]
        elif isinstance(other, dict) or names != list(inside):
            raise ModelError(
                f"{source}: {field} is {other!r}, but the model in the file has {', '.join(inside)}, in this order;"
                " give a dict with some of these names, or export the module again."
            )
    return result


def _names_to_dict(names, what):
    """Accept a list of names, or a dict of name to something."""
    if names is None:
        return None
    if not isinstance(names, (list, tuple, dict)):
        raise ModelError(
            f"{what} is the {type(names).__name__} {names!r}; expected a list of names in their order, or a dict."
        )
    if not all(isinstance(name, str) for name in names):
        raise ModelError(f"{what} is {names!r}; expected distinct names, at least one.")
    result = dict(names) if isinstance(names, dict) else dict.fromkeys(names)
    if not result or len(result) != len(list(names)) or not all(result):
        raise ModelError(f"{what} is {names!r}; expected distinct names, at least one.")
    return result


def _check_rule(name, rule):
    """A rule inside a model is text, and must be one that assign_types() understands."""
    if rule is None:
        return
    if not (isinstance(rule, str) or (isinstance(rule, (list, tuple)) and all(isinstance(part, str) for part in rule))):
        raise ModelError(
            f"the rule of type {name!r} is {rule!r}; inside a model a rule is a string such as 'HOH:O', or a list of"
            " them."
        )
    try:
        selection(name, rule)
    except ValueError as error:
        raise ModelError(str(error)) from error


def _is_finite(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _check_ranges(features):
    """The ranges of features as pairs of float, or None where there is none."""
    ranges, problems = {}, []
    for name, limits in features.items():
        if limits is None:
            ranges[name] = None
        elif (
            isinstance(limits, (list, tuple))
            and len(limits) == 2
            and all(_is_finite(limit) for limit in limits)
            and limits[0] < limits[1]
        ):
            ranges[name] = (float(limits[0]), float(limits[1]))
        else:
            problems.append(
                f"the range of the feature {name!r} is {limits!r}; expected (low, high), finite numbers with low <"
                " high, or None."
            )
    if problems:
        raise ModelError("\n".join(problems))
    return ranges


def _check_globals(global_parameters, length_unit, energy_unit):
    """Global parameters as default values, or as (default, low, high), all of them float, in the units of the model."""
    if global_parameters is None:
        return {}
    if not isinstance(global_parameters, dict):
        raise ModelError(f"global_parameters is {global_parameters!r}; expected a dict of names and default values.")
    problems, result = [], {}
    for name, given in global_parameters.items():
        several = isinstance(given, (list, tuple))
        try:
            values = [
                units.in_model_units(name, value, length_unit, energy_unit) for value in (given if several else [given])
            ]
        except ModelError as error:
            problems.append(str(error))
            continue
        if not (
            isinstance(name, str)
            and name.isidentifier()
            and all(map(_is_finite, values))
            and len(values) == (3 if several else 1)
        ):
            problems.append(
                f"global_parameters has the entry {name!r}: {given!r}; expected a name and its default value, or"
                " (default, low, high), finite numbers."
            )
        elif keyword.iskeyword(name) or name in RESERVED:
            problems.append(
                f"global_parameters has the name {name!r}, which is taken; expected a name that forward() can have as"
                f" an argument, and none of {', '.join(RESERVED)}."
            )
        elif several and not (values[1] <= values[0] <= values[2] and values[1] < values[2]):
            problems.append(
                f"the global parameter {name!r} is {given!r}; expected (default, low, high) with low < high and the"
                " default between them."
            )
        else:
            result[name] = tuple(map(float, values)) if several else float(values[0])
    if problems:
        raise ModelError("\n".join(problems))
    return result


def read_parameters(global_parameters):
    """The global parameters of checked metadata.

    Parameters
    ----------
    global_parameters : dict of str to (float or (float, float, float)), or None

    Returns
    -------
    dict of str to GlobalParameter
        With the range of :func:`learnedpair.models.metadata.parameters.assumed_range` where none is given.
    """
    result = {}
    for name, value in (global_parameters or {}).items():
        result[name] = (
            GlobalParameter(*value)
            if isinstance(value, (list, tuple))
            else GlobalParameter(value, *assumed_range(value), assumed=True)
        )
    return result


def _check_distance(name, value, length_unit):
    if unit.is_quantity(value):
        value = units.in_length_unit(name, value, length_unit)
    if not _is_finite(value) or value <= 0:
        raise ModelError(
            f"{name} is {value!r}; expected a positive number in {length_unit}, as length_unit says, or a Quantity with"
            " a unit of length."
        )
    return float(value)


def _check_uncovered(types, uncovered):
    """Take the rule for atoms that are not covered, which may be given as that of the type None, out of the types."""
    if not isinstance(types, dict) or None not in types:
        return types, uncovered
    if uncovered is not None:
        raise ModelError(
            "types has a rule for None, and uncovered is given, too; both say which atoms are meant to have no type:"
            " give one of them."
        )
    return {name: rule for name, rule in types.items() if name is not None}, types[None]


def make_metadata(
    source,
    *,
    types=None,
    features=None,
    cutoff=None,
    inner_cutoff=None,
    switching_distance=None,
    length_unit="nm",
    energy_unit="kJ/mol",
    global_parameters=None,
    description="",
    uncovered=None,
    truncated=False,
):
    """Check metadata and put them together.

    Parameters
    ----------
    source : str
        What the messages call the model.
    others
        As in :func:`learnedpair.export_model`.

    Raises
    ------
    ModelError
        With one line for each thing that is missing or wrong.
    """
    problems = []

    def attempt(function, *arguments):
        try:
            return function(*arguments)
        except ModelError as error:
            problems.append(str(error))
            return None

    types, uncovered = attempt(_check_uncovered, types, uncovered) or (types, uncovered)
    types, features = attempt(_names_to_dict, types, "types"), attempt(_names_to_dict, features, "features")
    if (types is None) == (features is None) and not problems:
        problems.append(
            "types or features, exactly one of them, must be given: the names of what the model distinguishes"
            " particles by."
        )
    for name, rule in [*(types or {}).items(), (None, uncovered)]:
        attempt(_check_rule, name, rule)
    if not isinstance(truncated, bool):
        problems.append(
            f"truncated is {truncated!r}; expected True for a model that is cut off at its cutoff on purpose, else"
            " False."
        )
    elif truncated and switching_distance is not None:
        problems.append(
            "truncated is True, and there is a switching_distance, which brings the energy to zero at the cutoff; give"
            " one of them."
        )
    if features is not None:
        features = attempt(_check_ranges, features)
    nm = attempt(units.factor, units.LENGTH, "length", length_unit)
    attempt(units.factor, units.ENERGY, "energy", energy_unit)
    if cutoff is None:
        problems.append("cutoff must be given: the distance beyond which the model is zero.")
    else:
        cutoff = attempt(_check_distance, "cutoff", cutoff, length_unit)
    if inner_cutoff is not None:
        inner_cutoff = attempt(_check_distance, "inner_cutoff", inner_cutoff, length_unit)
    elif nm is not None:
        inner_cutoff = DEFAULT_INNER_CUTOFF_NM / nm
    if switching_distance is not None:
        switching_distance = attempt(_check_distance, "switching_distance", switching_distance, length_unit)
    if cutoff is not None and inner_cutoff is not None:
        if not inner_cutoff < cutoff:
            problems.append(
                f"inner_cutoff is {inner_cutoff!r}; expected a positive number below the cutoff, {cutoff}"
                f" {length_unit}."
            )
        elif switching_distance is not None and not inner_cutoff <= switching_distance < cutoff:
            problems.append(
                f"switching_distance is {switching_distance!r}; expected a number from the inner cutoff,"
                f" {inner_cutoff}, to below the cutoff, {cutoff} {length_unit}."
            )
    global_parameters = attempt(_check_globals, global_parameters, length_unit, energy_unit)
    if cutoff is None and types is None and features is None:
        problems.append(
            "Files that PyTorch alone has written hold neither: lp.load_model(path, types=[...], cutoff=...) takes"
            " both, and lp.export_model writes a file with both inside."
        )
    if problems:
        raise ModelError(f"{source}: " + "\n".join(problems))
    return Metadata(
        cutoff=cutoff,
        types=types,
        features=features,
        inner_cutoff=inner_cutoff,
        switching_distance=switching_distance,
        length_unit=length_unit,
        energy_unit=energy_unit,
        global_parameters=global_parameters,
        description=str(description),
        uncovered=uncovered,
        truncated=truncated,
    )


def warn_of_unusual_cutoff(source, metadata):
    """Warn of a cutoff that is probably in another unit than it seems to be."""
    cutoff, unit_name = metadata.cutoff, metadata.length_unit
    nm = cutoff * units.factor(units.LENGTH, "length", unit_name)
    if not SHORTEST_USUAL_CUTOFF_NM <= nm <= LONGEST_USUAL_CUTOFF_NM:
        converted = "" if unit_name == "nm" else f" ({cutoff:g} {unit_name})"
        warn(
            f"{source}: the cutoff is {nm:g} nm{converted}, {'longer' if nm > LONGEST_USUAL_CUTOFF_NM else 'shorter'}"
            f" than usual ones, which are {SHORTEST_USUAL_CUTOFF_NM:g} to {LONGEST_USUAL_CUTOFF_NM:g} nm; look at"
            " length_unit, which says what unit the model is written in: 'nm', 'angstrom' or 'bohr'."
        )
