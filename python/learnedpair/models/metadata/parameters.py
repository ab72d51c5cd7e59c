# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Global parameters of models: their ranges, and the values that a model is checked with."""

import itertools
from typing import NamedTuple

import numpy as np

#: How many values of each parameter are tried, equally spaced from one end of its range to the other.
LEVELS = 9
#: With up to so many parameters all combinations of the ends of their ranges are tried, with more so many at random.
MAX_SHOWN, RANDOM_CORNERS = 3, 8


class GlobalParameter(NamedTuple):
    """A parameter that is the same for all pairs, and that a Context can change.

    ``assumed`` says that the range was not given, and is the one of :func:`assumed_range`.
    """

    default: float
    low: float
    high: float
    assumed: bool = False


def assumed_range(default):
    """The range of a parameter that has a default value alone: 0 to 1 if the default lies there, as that of a coupling
    parameter does, else half to twice the default.

    Examples
    --------
    >>> assumed_range(0.0), assumed_range(300.0), assumed_range(-2.0)
    ((0.0, 1.0), (150.0, 600.0), (-4.0, -1.0))
    """
    if 0 <= default <= 1:
        return 0.0, 1.0
    return tuple(sorted((0.5 * default, 2 * default)))


def settings(parameters):
    """The values that a model is checked with: what is wrong at any of them is an error.

    These are the default values; the ends of the ranges, in all combinations; and LEVELS values of each parameter, from
    one end of its range to the other, those of several parameters combined at random (a Latin hypercube). The same in
    every process.

    Parameters
    ----------
    parameters : dict of str to GlobalParameter

    Returns
    -------
    list of dict of str to float
        First the default values; with no parameters one empty dict.
    """
    random = np.random.default_rng(0)
    names = list(parameters)
    ends = [(parameter.low, parameter.high) for parameter in parameters.values()]
    if len(names) <= MAX_SHOWN:
        corners = list(itertools.product(*ends))
    else:
        corners = [*zip(*ends), *(tuple(random.choice(end) for end in ends) for _ in range(RANDOM_CORNERS))]
    levels = [np.linspace(low, high, LEVELS) for low, high in ends]
    spread = zip(*(random.permutation(values) if k > 0 else values for k, values in enumerate(levels)))
    points = [tuple(parameter.default for parameter in parameters.values()), *corners, *spread]
    distinct = dict.fromkeys(tuple(float(value) for value in point) for point in points)
    return [dict(zip(names, point, strict=True)) for point in distinct]


def describe(values):
    """What messages say of the values of global parameters: ", lam = 0.5", or nothing."""
    return "".join(f", {name} = {value:g}" for name, value in values.items())


def about_assumed_ranges(parameters, values):
    """That ranges of global parameters were assumed, if another one than the default made a problem."""
    moved = [name for name, value in values.items() if value != parameters[name].default and parameters[name].assumed]
    if not moved:
        return ""
    given = ", ".join(f"{name!r}: ({parameters[name].default:g}, low, high)" for name in moved)
    ranges = ", ".join(f"{name} from {parameters[name].low:g} to {parameters[name].high:g}" for name in moved)
    return (
        f" No range was given, so that {ranges} was assumed; if the model is not made for that, say"
        f" global_parameters={{{given}}}."
    )
