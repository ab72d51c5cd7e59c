# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks the metadata of a model."""

import keyword

from openmm import unit

from ... import units
from ...errors import ModelError
from ...force.particles import is_finite_number
from .angular import EXPECTED, read_orders
from .density_ranges import read_density_ranges
from .domain import read_domain, require_overlap
from .metadata import DEFAULT_INNER_CUTOFF_NM, Metadata
from .rules import selection
from .training import read_training

#: The names of the arguments of PairModel.evaluate_derivatives(), which no global parameter can have.
RESERVED = ("self", "r", "particle1", "particle2", "names")


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
    domain=None,
    training=None,
    angular=None,
    density_ranges=None,
):
    """Check the fields of Metadata and combine them.

    Parameters
    ----------
    source : str
        The name of the model in messages.
    others
        As in :func:`learnedpair.export_model` and :func:`learnedpair.export_environment`.

    Returns
    -------
    Metadata

    Raises
    ------
    ModelError
        With one line for each field that is missing or wrong.
    """
    problems = _Problems()
    types, uncovered = problems.attempt(_check_uncovered, types, uncovered) or (types, uncovered)
    types, features = _check_particles(problems, types, features, uncovered)
    _check_truncated(problems, truncated, switching_distance)
    if features is not None:
        features = problems.attempt(_check_ranges, features)
    cutoff, inner_cutoff, switching_distance = _check_distances(
        problems, cutoff, inner_cutoff, switching_distance, length_unit, energy_unit
    )
    global_parameters = problems.attempt(_check_globals, global_parameters, length_unit, energy_unit)
    training = problems.attempt(read_training, training)
    angular = problems.attempt(_check_angular, angular)
    if types is not None and angular is not None:
        density_ranges = problems.attempt(read_density_ranges, density_ranges, list(types), len(angular))
    if types is not None or features is not None:
        domain = problems.attempt(read_domain, domain, types, length_unit)
    if not problems:
        problems.attempt(require_overlap, domain, inner_cutoff, cutoff, length_unit)
    if cutoff is None and types is None and features is None:
        problems.add(
            "A file written by PyTorch alone contains neither: pass both to lp.load_model(path, types=[...],"
            " cutoff=...), or write the file with lp.export_model, which stores them in it."
        )
    problems.require_none(source)
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
        domain=domain,
        training=training,
        angular=angular,
        density_ranges=density_ranges,
    )


class _Problems:
    """Collects the problems of metadata for one message."""

    def __init__(self):
        self._texts = []

    def __len__(self):
        return len(self._texts)

    def add(self, text):
        self._texts.append(text)

    def attempt(self, function, *arguments):
        """Call a function. If it raises a ModelError, add its text to the problems and return None."""
        try:
            return function(*arguments)
        except ModelError as error:
            self.add(str(error))
            return None

    def require_none(self, source):
        if self._texts:
            raise ModelError(f"{source}: " + "\n".join(self._texts))


def _check_particles(problems, types, features, uncovered):
    """Check the types, the features and the rules; get types and features as dicts, one of which is None."""
    types = problems.attempt(_names_to_dict, types, "types")
    features = problems.attempt(_names_to_dict, features, "features")
    if (types is None) == (features is None) and not problems:
        problems.add(
            "exactly one of types and features must be given: the names of the types or features by which the model"
            " distinguishes particles."
        )
    for name, rule in [*(types or {}).items(), (None, uncovered)]:
        problems.attempt(_check_rule, name, rule)
    return types, features


def _check_truncated(problems, truncated, switching_distance):
    if not isinstance(truncated, bool):
        problems.add(
            f"truncated is {truncated!r}; expected True for a model that is cut off at its cutoff on purpose, else"
            " False."
        )
    elif truncated and switching_distance is not None:
        problems.add(
            "truncated is True, and there is a switching_distance, which brings the energy to zero at the cutoff; give"
            " one of them."
        )


def _check_distances(problems, cutoff, inner_cutoff, switching_distance, length_unit, energy_unit):
    """Check the units and distances; get the cutoff, the inner cutoff and the switching distance as numbers."""
    nm = problems.attempt(units.factor, units.LENGTH, "length", length_unit)
    problems.attempt(units.factor, units.ENERGY, "energy", energy_unit)
    if cutoff is None:
        problems.add("cutoff must be given: the distance beyond which the model is zero.")
    else:
        cutoff = problems.attempt(_check_distance, "cutoff", cutoff, length_unit)
    if inner_cutoff is not None:
        inner_cutoff = problems.attempt(_check_distance, "inner_cutoff", inner_cutoff, length_unit)
    elif nm is not None:
        inner_cutoff = DEFAULT_INNER_CUTOFF_NM / nm
    if switching_distance is not None:
        switching_distance = problems.attempt(_check_distance, "switching_distance", switching_distance, length_unit)
    if cutoff is not None and inner_cutoff is not None:
        if not inner_cutoff < cutoff:
            problems.add(
                f"inner_cutoff is {inner_cutoff!r}; expected a positive number below the cutoff, {cutoff}"
                f" {length_unit}."
            )
        elif switching_distance is not None and not inner_cutoff <= switching_distance < cutoff:
            problems.add(
                f"switching_distance is {switching_distance!r}; expected a number from the inner cutoff,"
                f" {inner_cutoff}, to below the cutoff, {cutoff} {length_unit}."
            )
    return cutoff, inner_cutoff, switching_distance


def _names_to_dict(names, what):
    """Convert a list of names, or a dict with names as its keys, to a dict; None stays None."""
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
    """Require a rule that can be stored as text and that assign_types() accepts."""
    if rule is None:
        return
    if not (isinstance(rule, str) or (isinstance(rule, (list, tuple)) and all(isinstance(part, str) for part in rule))):
        raise ModelError(
            f"the rule of type {name!r} is {rule!r}; inside a model a rule is a string such as 'HOH:O', or a list of"
            " them."
        )
    try:
        selection(rule, f"assign_types: the rule of {name!r}")
    except ValueError as error:
        raise ModelError(str(error)) from error


def _check_ranges(features):
    """Convert the ranges of features to pairs of float; None stays None."""
    ranges, problems = {}, []
    for name, limits in features.items():
        if limits is None:
            ranges[name] = None
        elif (
            isinstance(limits, (list, tuple))
            and len(limits) == 2
            and all(is_finite_number(limit) for limit in limits)
            and limits[0] < limits[1]
        ):
            ranges[name] = (float(limits[0]), float(limits[1]))
        else:
            problems.append(
                f"the range of the feature {name!r} is {limits!r:.80}; expected (low, high), finite numbers with low <"
                " high, or None."
            )
    if problems:
        raise ModelError("\n".join(problems))
    return ranges


def _check_globals(global_parameters, length_unit, energy_unit):
    """Convert global parameters to float: default values or (default, low, high), in the units of the model."""
    if global_parameters is None:
        return {}
    if not isinstance(global_parameters, dict):
        raise ModelError(f"global_parameters is {global_parameters!r}; expected a dict of names and default values.")
    problems, result = [], {}
    for name, given in global_parameters.items():
        several = isinstance(given, (list, tuple))
        try:
            units.require_one_dimension(given if several else [given], f"the global parameter {name!r}")
            values = [
                units.in_model_units(name, value, length_unit, energy_unit) for value in (given if several else [given])
            ]
        except ValueError as error:
            problems.append(str(error))
            continue
        if not (
            isinstance(name, str)
            and name.isidentifier()
            and all(map(is_finite_number, values))
            and len(values) == (3 if several else 1)
        ):
            problems.append(
                f"global_parameters has the entry {name!r}: {given!r:.80}; expected a name and its default value, or"
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


def _check_distance(name, value, length_unit):
    if unit.is_quantity(value):
        value = units.in_length_unit(name, value, length_unit)
    if not is_finite_number(value) or value <= 0:
        raise ModelError(
            f"{name} is {value!r:.60}; expected a positive number in {length_unit}, as length_unit says, or a Quantity"
            " with a unit of length."
        )
    return float(value)


def _check_uncovered(types, uncovered):
    """Separate the rule of the type None, which selects uncovered atoms, from the rules of the types."""
    if not isinstance(types, dict) or None not in types:
        return types, uncovered
    if uncovered is not None:
        raise ModelError(
            "types has a rule for None, and uncovered is given, too; both say which atoms are meant to have no type:"
            " give one of them."
        )
    return {name: rule for name, rule in types.items() if name is not None}, types[None]


def _check_angular(angular):
    """Convert the angular orders of the density channels to a list of int; None stays None."""
    orders = None if angular is None else read_orders(angular)
    if orders is None and angular is not None:
        raise ModelError(f"angular is {angular!r:.80}; expected {EXPECTED}.")
    return orders
