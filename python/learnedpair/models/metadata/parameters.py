# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Global parameters of models: their ranges, and the values at which a model is checked."""

import itertools
from typing import NamedTuple

import numpy as np

#: The number of values of each parameter that are tried, equally spaced over its range.
LEVELS = 9
#: With up to MAX_EXHAUSTIVE parameters all combinations of the ends of their ranges are tried, with more parameters
#: RANDOM_CORNERS combinations, drawn at random.
MAX_EXHAUSTIVE, RANDOM_CORNERS = 3, 8


class GlobalParameter(NamedTuple):
    """A parameter that is the same for all pairs and can be set on a Context.

    ``assumed`` is true if no range was given and :func:`assumed_range` has chosen it.
    """

    default: float
    low: float
    high: float
    assumed: bool = False


def assumed_range(default):
    """The range of a parameter for which only a default value is given.

    It is 0 to 1 if the default lies between them, as for a coupling parameter, else half to twice the default.

    Examples
    --------
    >>> from learnedpair.models.metadata.parameters import assumed_range
    >>> assumed_range(0.0), assumed_range(300.0), assumed_range(-2.0)
    ((0.0, 1.0), (150.0, 600.0), (-4.0, -1.0))
    """
    if 0 <= default <= 1:
        return 0.0, 1.0
    return tuple(sorted((0.5 * default, 2 * default)))


def settings(parameters):
    """The values of the global parameters at which a model is checked; a problem at any of them is an error.

    These are the default values; combinations of the ends of the ranges; and LEVELS values of each parameter over its
    range, where the values of several parameters are combined at random (Latin hypercube sampling). The result is the
    same in every process.

    Parameters
    ----------
    parameters : dict of str to GlobalParameter

    Returns
    -------
    list of dict of str to float
        The default values come first. Without parameters the list holds one empty dict.
    """
    random = np.random.default_rng(0)
    names = list(parameters)
    ends = [(parameter.low, parameter.high) for parameter in parameters.values()]
    if len(names) <= MAX_EXHAUSTIVE:
        corners = list(itertools.product(*ends))
    else:
        corners = [*zip(*ends), *(tuple(random.choice(end) for end in ends) for _ in range(RANDOM_CORNERS))]
    levels = [np.linspace(low, high, LEVELS) for low, high in ends]
    spread = zip(*(random.permutation(values) if k > 0 else values for k, values in enumerate(levels)))
    points = [tuple(parameter.default for parameter in parameters.values()), *corners, *spread]
    distinct = dict.fromkeys(tuple(float(value) for value in point) for point in points)
    return [dict(zip(names, point, strict=True)) for point in distinct]


def describe(values):
    """Values of global parameters for messages, such as ", lam = 0.5"; empty without parameters."""
    return "".join(f", {name} = {value:g}" for name, value in values.items())


def about_assumed_ranges(parameters, values):
    """A sentence on assumed ranges, if a problem occurs away from the default value of such a parameter; or empty."""
    moved = [name for name, value in values.items() if value != parameters[name].default and parameters[name].assumed]
    if not moved:
        return ""
    given = ", ".join(f"{name!r}: ({parameters[name].default:g}, low, high)" for name in moved)
    ranges = ", ".join(f"{name} from {parameters[name].low:g} to {parameters[name].high:g}" for name in moved)
    return (
        f" No range was given, so that {ranges} was assumed; if the model is not made for that, pass"
        f" global_parameters={{{given}}}."
    )
