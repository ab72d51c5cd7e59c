# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The tabulated curves of a typed model. The knots are chosen in C++, by CurveTabulator, which samples the model."""

from typing import NamedTuple

import numpy as np
import openmm

from ..errors import LoweringError, ToleranceError
from ..force.functions import core

MIN_INTERVALS = core.MIN_INTERVALS


class Curve(NamedTuple):
    """A tabulated curve and its errors, measured between the knots."""

    pair: tuple[int, int]
    energies: np.ndarray
    """At the knots, kJ/mol."""
    slopes: np.ndarray
    """dE/dr at the knots, kJ/mol/nm."""
    is_within_tolerance: bool
    points: int
    """The number of points at which the errors were measured."""
    max_relative_force_error: float
    """The maximum of |dF| / (|F| + 1 kJ/mol/nm)."""
    max_force_error: float
    max_energy_error: float
    sum_squared_force_errors: float
    sum_squared_energy_errors: float
    worst_distance: float
    """The distance with the largest relative force error, and the force and its error there."""
    worst_force: float
    worst_force_error: float

    def has_energies_of(self, other):
        """Whether another curve has the same numbers."""
        return np.array_equal(self.energies, other.energies) and np.array_equal(self.slopes, other.slopes)


def tabulate_curves(model, pairs, tolerance, intervals=None):
    """Tabulate the curves of a typed model.

    Parameters
    ----------
    model : PairModel
    pairs : list of (int, int)
        The types of each curve.
    tolerance : float
    intervals : list of int, optional
        The number of intervals of each curve. Their errors may then exceed the tolerance.

    Returns
    -------
    list of Curve

    Raises
    ------
    ToleranceError
        If the largest number of knots is too small; the message names the pair and the distance.
    LoweringError
        If the model is not finite.
    """
    types = np.array(pairs, dtype=int).reshape(-1, 2)
    curves, problem = core.tabulate_curves(
        lambda curve, r: model.evaluate(r, types[curve, 0], types[curve, 1]),
        len(pairs),
        model.inner_cutoff,
        model.cutoff,
        model.last_distance,
        tolerance,
        intervals,
    )
    if problem:
        _raise(model, pairs[problem["curve"]], tolerance, problem)
    return [Curve(pair, **curve) for pair, curve in zip(pairs, curves, strict=True)]


def _raise(model, pair, tolerance, problem):
    """Raise the exception for a problem of a curve."""
    types = name_types(model, pair)
    if problem["kind"] == "not finite":
        raise LoweringError(
            f"{model.source}: for types {types} at {problem['r']:.6g} nm the model is not finite:"
            f" the energy is {problem['energy']:g} and dE/dr is {problem['dEdR']:g}. Look for NaN weights, or raise the"
            " inner cutoff."
        )
    if problem["kind"] == "too large":
        raise openmm.OpenMMException(
            f"{model.source}: for types {types} at {problem['r']:.6g} nm the energy is {problem['energy']:g} and dE/dr"
            f" is {problem['dEdR']:g}; every number must be finite, also in single precision."
        )
    worst = describe_error(problem["r"], problem["dEdR"], problem["force_error"])
    raise ToleranceError(
        f"{model.source}: the table for types {types} does not reach the tolerance {tolerance:g} with"
        f" {problem['knots']} knots: {worst}. The model may have a kink there; smooth it, raise the inner cutoff, allow"
        " a larger tolerance, or use representation='program'."
    )


def describe_error(r, dEdR, force_error):
    """A force error for messages; it is infinite if the slopes of a curve contradict its energies."""
    if not np.isfinite(force_error):
        return "between knots the energies contradict the slopes"
    return f"at {r:.5g} nm the force is {abs(dEdR):.4g} kJ/mol/nm and the error {force_error:.2g}"


def name_types(model, pair):
    """A pair of types for messages."""
    return f"{model.types[pair[0]]} and {model.types[pair[1]]}"
