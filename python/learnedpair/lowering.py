# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compiles a model away into a table, to a stated error.

Each curve is a cubic Hermite interpolant with knots uniform in r, from the model's values and autograd slopes in double
precision. The number of knots is raised until the force error is below the tolerance everywhere it is measured, which is
never at a knot. The error of the force falls with the third power of the number of knots, which tells how many to try next.

Source: de Boor, A Practical Guide to Splines, ch. IV: the error of the slope on an interval of length h is
h^3/24 f'''' t(1-t)(1-2t), largest at t = (1 +- 1/sqrt(3))/2.
"""

import numpy as np

from .errors import LoweringError
from .force import PairTable

FEWEST_INTERVALS, MOST_INTERVALS = 16, 65536
#: Where in an interval the error is measured while knots are being added: its two extremes, and in between.
PROBES = np.array([0.5 - 0.5 / np.sqrt(3), 0.47, 0.5 + 0.5 / np.sqrt(3)])
#: The part of the tolerance that knots are added for: the error between the points it is measured at may be a little larger.
SAFETY = 0.8
#: How many random points of each interval the final measurement takes.
CONTROL_POINTS = 6
#: A knot takes four numbers in single precision on the device.
BYTES_PER_KNOT = 16


class _Curve:
    """The curve of one pair of types while it is being refined."""

    def __init__(self, pair):
        self.pair = pair
        self.intervals = FEWEST_INTERVALS
        self.knots = self.energies = self.slopes = None
        self.max_force_error = self.max_energy_error = self.sum_force_error = self.sum_energy_error = 0.0
        self.points = 0
        self.worst = None


def _interpolate(low, high, energies, slopes, r):
    """A curve and its slope at distances r; the equations of PairTable."""
    intervals = len(energies) - 1
    h = (high - low) / intervals
    x = (r - low) / h
    k = np.clip(x.astype(int), 0, intervals - 1)
    t = x - k
    s = 1 - t
    e0, e1, d0, d1 = energies[k], energies[k + 1], h * slopes[k], h * slopes[k + 1]
    energy = s * s * ((1 + 2 * t) * e0 + t * d0) + t * t * ((3 - 2 * t) * e1 - s * d1)
    slope = (6 * t * s * (e1 - e0) + s * (1 - 3 * t) * d0 + t * (3 * t - 2) * d1) / h
    return energy, slope


def _evaluate(model, curves, distances):
    """The model for several curves at once, each at its own distances."""
    counts = [len(r) for r in distances]
    types = [np.repeat([curve.pair[k] for curve in curves], counts) for k in (0, 1)]
    energy, slope = model.evaluate(np.concatenate(distances), *types)
    borders = np.cumsum(counts)[:-1]
    return np.split(energy, borders), np.split(slope, borders)


def _check_finite(model, curve, r, energy, slope):
    bad = ~(np.isfinite(energy) & np.isfinite(slope))
    if bad.any():
        k = int(np.argmax(bad))
        raise LoweringError(f"{model.source}: for types {_names(model, curve.pair)} at {r[k]:.6g} nm the model is not finite: energy {energy[k]:g}, slope {slope[k]:g}. Look for NaN weights, or raise the inner cutoff.")


def _names(model, pair):
    return f"{model.types[pair[0]]} and {model.types[pair[1]]}"


def _measure(model, curves, distances, tolerance):
    """The largest error of each curve at these distances, in units of what is to be reached."""
    energies, slopes = _evaluate(model, curves, distances)
    ratios = []
    for curve, r, energy, slope in zip(curves, distances, energies, slopes):
        _check_finite(model, curve, r, energy, slope)
        table_energy, table_slope = _interpolate(model.inner_cutoff, model.cutoff, curve.energies, curve.slopes, r)
        energy_error, force_error = np.abs(table_energy - energy), np.abs(table_slope - slope)
        ratio = force_error / (SAFETY * tolerance * (np.abs(slope) + 1))
        k = int(np.argmax(ratio))
        curve.worst = (r[k], force_error[k], abs(slope[k]))
        curve.max_force_error, curve.max_energy_error = force_error.max(), energy_error.max()
        curve.sum_force_error, curve.sum_energy_error, curve.points = (force_error**2).sum(), (energy_error**2).sum(), len(r)
        ratios.append(ratio[k])
    return ratios


def _set_knots(model, curves):
    knots = [np.linspace(model.inner_cutoff, model.cutoff, curve.intervals + 1) for curve in curves]
    for curve, r, energy, slope in zip(curves, knots, *_evaluate(model, curves, knots)):
        _check_finite(model, curve, r, energy, slope)
        curve.energies, curve.slopes = energy, slope


def _refine(model, curves, positions, tolerance):
    """Give each curve more knots until its error at these positions within its intervals is allowed."""
    grown = False
    active = curves
    while active:
        _set_knots(model, active)
        h = [(model.cutoff - model.inner_cutoff) / curve.intervals for curve in active]
        distances = [model.inner_cutoff + hh * (np.arange(curve.intervals)[:, None] + positions(curve.intervals)).ravel() for hh, curve in zip(h, active)]
        ratios = _measure(model, active, distances, tolerance)
        active = [(curve, ratio) for curve, ratio in zip(active, ratios) if ratio > 1]
        grown |= bool(active)
        for curve, ratio in active:
            if curve.intervals >= MOST_INTERVALS:
                r, error, force = curve.worst
                raise LoweringError(
                    f"{model.source}: the table for types {_names(model, curve.pair)} does not reach the tolerance {tolerance:g} with {curve.intervals + 1} knots: "
                    f"at {r:.5g} nm the force is {force:.4g} kJ/mol/nm and the error {error:.2g}. The model may have a kink there, or compute in single precision; "
                    "smooth it, raise the inner cutoff, or allow a larger tolerance."
                )
            curve.intervals = min(MOST_INTERVALS, int(np.ceil(curve.intervals * float(np.clip(1.03 * ratio ** (1 / 3), 1.05, 4)))))
        active = [curve for curve, _ in active]
    return grown


def lower_to_table(model, pairs, tolerance):
    """Sample a typed model into a PairTable.

    Parameters
    ----------
    model : PairModel
    pairs : list of (int, int)
        The pairs of types that get a curve.
    tolerance : float
        The force error is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``; it is measured at nine points of every interval.

    Returns
    -------
    table : PairTable
    report : dict
        ``representation``, ``tolerance``, ``curves`` (distinct ones), ``knots``, ``bytes`` (of the coefficients in single
        precision), ``max_force_error`` and ``rms_force_error`` in kJ/mol/nm, ``max_energy_error`` and
        ``rms_energy_error`` in kJ/mol, all measured on points that are not knots; ``types``, ``domain_nm``,
        ``model`` (its name), ``digest``, ``description``.

    Raises
    ------
    LoweringError
        If the tolerance cannot be met, naming the pair and the distance.
    """
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise LoweringError(f"the tolerance is {tolerance!r}; expected a positive number.")
    curves = [_Curve(pair) for pair in pairs]
    random = np.random.default_rng(0)  # the same table from the same model, always

    def control_positions(intervals):
        return (np.arange(CONTROL_POINTS) + random.random((intervals, CONTROL_POINTS))) / CONTROL_POINTS

    _refine(model, curves, lambda intervals: PROBES, tolerance)
    _refine(model, curves, control_positions, tolerance)  # also the measurement that is reported

    count = len(model.types)
    indices = [-1] * (count * count)
    distinct = {}
    for curve in curves:
        key = (curve.energies.tobytes(), curve.slopes.tobytes())
        i, j = curve.pair
        indices[i * count + j] = indices[j * count + i] = distinct.setdefault(key, (len(distinct), curve))[0]
    stored = [curve for _, curve in distinct.values()]
    table = PairTable(count, model.inner_cutoff, model.cutoff, [curve.energies for curve in stored], [curve.slopes for curve in stored], indices)
    points = max(1, sum(curve.points for curve in curves))
    knots = sum(len(curve.energies) for curve in stored)
    report = {
        "representation": "table",
        "model": model.source,
        "digest": model.digest,
        "description": model.description,
        "types": model.types,
        "domain_nm": [model.inner_cutoff, model.cutoff],
        "tolerance": tolerance,
        "curves": len(stored),
        "knots": knots,
        "bytes": knots * BYTES_PER_KNOT,
        "max_force_error": float(max((curve.max_force_error for curve in curves), default=0.0)),
        "rms_force_error": float(np.sqrt(sum(curve.sum_force_error for curve in curves) / points)),
        "max_energy_error": float(max((curve.max_energy_error for curve in curves), default=0.0)),
        "rms_energy_error": float(np.sqrt(sum(curve.sum_energy_error for curve in curves) / points)),
    }
    return table, report
