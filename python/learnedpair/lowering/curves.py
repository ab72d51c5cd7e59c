# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Samples the curves of a table from a model, and adds knots until their error is small enough.

Knots are added until the force error is below the tolerance at all points where it is measured, none of which is a
knot. The force error is proportional to the third power of the distance between knots, which predicts how many knots
are needed.

Source: de Boor, A Practical Guide to Splines, ch. IV: the error of the derivative on an interval of length h is
h^3/12 f'''' t(1-t)(1-2t), largest at t = (1 +- 1/sqrt(3))/2.
"""

import numpy as np
import openmm

from ..errors import LoweringError, ToleranceError
from ..force.functions import PairTable
from .tolerance import CONTROL_POINTS, SAFETY

MIN_INTERVALS, MAX_INTERVALS = 64, 65536


class Curve:
    """The curve of one pair of types while it is being refined.

    Attributes
    ----------
    pair : (int, int)
    intervals : int
    energies, slopes : ndarray, shape (intervals + 1,), kJ/mol and kJ/mol/nm
    max_relative_force_error, max_force_error, max_energy_error, sum_force_error, sum_energy_error : float
        The errors of the last measurement; the sums are sums of squares over all points.
    points : int
        The number of points of the last measurement.
    worst : str
        The largest force error and its distance, for messages.
    """

    def __init__(self, pair, intervals=MIN_INTERVALS):
        self.pair = pair
        self.intervals = intervals
        self.energies = self.slopes = None
        self.max_relative_force_error = self.max_force_error = self.max_energy_error = 0.0
        self.sum_force_error = self.sum_energy_error = 0.0
        self.points = 0
        self.worst = ""

    def evaluate(self, low, high, r):
        """Evaluate this curve from low to high at distances r: energy and dE/dr.

        Raises
        ------
        openmm.OpenMMException
            If PairTable refuses the curve, because with too few knots its slopes contradict its energies.
        """
        return PairTable(1, low, high, [self.energies], [self.slopes], [0]).evaluate(0, 0, r)


def set_knots(model, curves):
    """Sample a model at the knots of each curve: the energies and slopes."""
    knots = [
        np.append(np.linspace(model.inner_cutoff, model.cutoff, curve.intervals + 1)[:-1], model.last_distance)
        for curve in curves
    ]
    for curve, r, energy, slope in zip(curves, knots, *_evaluate(model, curves, knots)):
        _check_finite(model, curve, r, energy, slope)
        curve.energies, curve.slopes = energy, slope


def refine(model, curves, positions, tolerance):
    """Add knots to each curve until its error is small enough.

    Parameters
    ----------
    model : PairModel
    curves : list of Curve
    positions : callable
        Function of the number of intervals, which returns the positions of the measured points within each of them,
        from 0 to 1: an array that broadcasts to (intervals, n).
    tolerance : float

    Raises
    ------
    ToleranceError
        If MAX_INTERVALS are too few; the message names the pair and the distance.
    """
    active = curves
    while active:
        set_knots(model, active)
        ratios = measure(model, active, positions, tolerance)
        active = [(curve, ratio) for curve, ratio in zip(active, ratios) if ratio > 1]
        for curve, ratio in active:
            if curve.intervals >= MAX_INTERVALS:
                raise ToleranceError(
                    f"{model.source}: the table for types {name_types(model, curve.pair)} does not reach the tolerance"
                    f" {tolerance:g} with {curve.intervals + 1} knots: {curve.worst}. The model may have a kink there;"
                    " smooth it, raise the inner cutoff, allow a larger tolerance, or use representation='program'."
                )
            curve.intervals = min(
                MAX_INTERVALS, int(np.ceil(curve.intervals * float(np.clip(1.03 * ratio ** (1 / 3), 1.05, 4))))
            )
        active = [curve for curve, _ in active]


def measure(model, curves, positions, tolerance):
    """Measure the errors of each curve.

    Parameters
    ----------
    model, curves, positions, tolerance
        As in :func:`refine`.

    Returns
    -------
    list of float
        For each curve the largest force error relative to SAFETY times the tolerance, so that 1 is just small enough;
        infinite if the slopes of the curve contradict its energies.
    """
    distances = _points(model, curves, positions)
    ratios = []
    for curve, r, energy, dEdR in zip(curves, distances, *_evaluate(model, curves, distances)):
        _check_finite(model, curve, r, energy, dEdR)
        try:
            table_energy, table_dEdR = curve.evaluate(model.inner_cutoff, model.cutoff, r)
        except openmm.OpenMMException:
            if max(np.abs(curve.energies).max(), np.abs(curve.slopes).max()) > np.finfo(np.float32).max:
                raise  # numbers too large for single precision remain so with more knots
            curve.worst = "between knots the energies contradict the slopes"
            ratios.append(np.inf)
            continue
        energy_error, force_error = np.abs(table_energy - energy), np.abs(table_dEdR - dEdR)
        ratio = force_error / (SAFETY * tolerance * (np.abs(dEdR) + 1))
        k = int(np.argmax(ratio))
        curve.worst = f"at {r[k]:.5g} nm the force is {abs(dEdR[k]):.4g} kJ/mol/nm and the error {force_error[k]:.2g}"
        curve.max_relative_force_error = (force_error / (np.abs(dEdR) + 1)).max()
        curve.max_force_error, curve.max_energy_error = force_error.max(), energy_error.max()
        curve.sum_force_error, curve.sum_energy_error = (force_error**2).sum(), (energy_error**2).sum()
        curve.points = len(r)
        ratios.append(ratio[k])
    return ratios


class ControlPositions:
    """Random positions within intervals, one in each of CONTROL_POINTS equal parts (stratified sampling).

    They are the same in every process.
    """

    def __init__(self):
        self.random = np.random.default_rng(0)

    def __call__(self, intervals):
        return (np.arange(CONTROL_POINTS) + self.random.random((intervals, CONTROL_POINTS))) / CONTROL_POINTS


def name_types(model, pair):
    """A pair of types for messages."""
    return f"{model.types[pair[0]]} and {model.types[pair[1]]}"


def _points(model, curves, positions):
    """The distances at the given positions within the intervals of each curve."""
    width = model.cutoff - model.inner_cutoff
    return [
        model.inner_cutoff
        + width / curve.intervals * (np.arange(curve.intervals)[:, None] + positions(curve.intervals)).ravel()
        for curve in curves
    ]


def _evaluate(model, curves, distances):
    """Evaluate the model for several curves at once, each at its own distances."""
    if not curves:
        return [], []
    counts = [len(r) for r in distances]
    types = [np.repeat([curve.pair[k] for curve in curves], counts) for k in (0, 1)]
    energy, dEdR = model.evaluate(np.concatenate(distances), *types)
    ends = np.cumsum(counts)[:-1]
    return np.split(energy, ends), np.split(dEdR, ends)


def _check_finite(model, curve, r, energy, dEdR):
    not_finite = ~(np.isfinite(energy) & np.isfinite(dEdR))
    if not_finite.any():
        k = int(np.argmax(not_finite))
        raise LoweringError(
            f"{model.source}: for types {name_types(model, curve.pair)} at {r[k]:.6g} nm the model is not finite:"
            f" the energy is {energy[k]:g} and dE/dr is {dEdR[k]:g}. Look for NaN weights, or raise the inner cutoff."
        )
