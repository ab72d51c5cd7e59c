# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compiles a model away into a table, to a stated error.

Each curve is a cubic Hermite interpolant with knots uniform in r, from the model's values and autograd slopes in double
precision. The number of knots is raised until the force error is below the tolerance everywhere it is measured, which
is
never at a knot. The error of the force falls with the third power of the number of knots, which tells how many to try
next.

Source: de Boor, A Practical Guide to Splines, ch. IV: the error of the slope on an interval of length h is
h^3/12 f'''' t(1-t)(1-2t), largest at t = (1 +- 1/sqrt(3))/2.
"""

import numbers

import numpy as np

from ..errors import LoweringError, ToleranceError
from ..force.learned_pair_force import PairTable

FEWEST_INTERVALS, MOST_INTERVALS = 64, 65536
#: Where in an interval the error is measured while knots are being added: its two extremes, and in between.
PROBES = np.array([0.5 - 0.5 / np.sqrt(3), 0.47, 0.5 + 0.5 / np.sqrt(3)])
#: The part of the tolerance that knots are added for: the error between the points it is measured at may be a little
#: larger.
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
        self.energies = self.slopes = None
        self.max_relative_force_error = self.max_force_error = self.max_energy_error = self.sum_force_error = (
            self.sum_energy_error
        ) = 0.0
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
    if not curves:
        return [], []
    counts = [len(r) for r in distances]
    types = [np.repeat([curve.pair[k] for curve in curves], counts) for k in (0, 1)]
    energy, slope = model.evaluate(np.concatenate(distances), *types)
    borders = np.cumsum(counts)[:-1]
    return np.split(energy, borders), np.split(slope, borders)


def _check_finite(model, curve, r, energy, slope):
    bad = ~(np.isfinite(energy) & np.isfinite(slope))
    if bad.any():
        k = int(np.argmax(bad))
        raise LoweringError(
            f"{model.source}: for types {_names(model, curve.pair)} at {r[k]:.6g} nm the model is not finite: energy"
            f" {energy[k]:g}, slope {slope[k]:g}. Look for NaN weights, or raise the inner cutoff."
        )


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
        curve.max_relative_force_error = (force_error / (np.abs(slope) + 1)).max()
        curve.max_force_error, curve.max_energy_error = force_error.max(), energy_error.max()
        curve.sum_force_error, curve.sum_energy_error, curve.points = (
            (force_error**2).sum(),
            (energy_error**2).sum(),
            len(r),
        )
        ratios.append(ratio[k])
    return ratios


def _set_knots(model, curves):
    knots = [
        np.append(np.linspace(model.inner_cutoff, model.cutoff, curve.intervals + 1)[:-1], model.last_distance)
        for curve in curves
    ]
    for curve, r, energy, slope in zip(curves, knots, *_evaluate(model, curves, knots)):
        _check_finite(model, curve, r, energy, slope)
        curve.energies, curve.slopes = energy, slope


class _ControlPositions:
    """Random positions within intervals, some in each part of each; the same in every process."""

    def __init__(self):
        self.random = np.random.default_rng(0)

    def __call__(self, intervals):
        return (np.arange(CONTROL_POINTS) + self.random.random((intervals, CONTROL_POINTS))) / CONTROL_POINTS


def _points(model, curves, positions):
    """For each curve the distances at given positions within its intervals."""
    width = model.cutoff - model.inner_cutoff
    return [
        model.inner_cutoff
        + width / curve.intervals * (np.arange(curve.intervals)[:, None] + positions(curve.intervals)).ravel()
        for curve in curves
    ]


def _refine(model, curves, positions, tolerance):
    """Give each curve more knots until its error at these positions within its intervals is allowed."""
    active = curves
    while active:
        _set_knots(model, active)
        ratios = _measure(model, active, _points(model, active, positions), tolerance)
        active = [(curve, ratio) for curve, ratio in zip(active, ratios) if ratio > 1]
        for curve, ratio in active:
            if curve.intervals >= MOST_INTERVALS:
                r, error, force = curve.worst
                raise ToleranceError(
                    f"{model.source}: the table for types {_names(model, curve.pair)} does not reach the tolerance"
                    f" {tolerance:g} with {curve.intervals + 1} knots: at {r:.5g} nm the force is {force:.4g} kJ/mol/nm"
                    f" and the error {error:.2g}. The model may have a kink there; smooth it, raise the inner cutoff,"
                    " allow a larger tolerance, or use representation='program'."
                )
            curve.intervals = min(
                MOST_INTERVALS, int(np.ceil(curve.intervals * float(np.clip(1.03 * ratio ** (1 / 3), 1.05, 4))))
            )
        active = [curve for curve, _ in active]


def lower_to_table(model, pairs, tolerance):
    """Sample a typed model into a PairTable.

    Parameters
    ----------
    model : PairModel
    pairs : list of (int, int)
        The pairs of types that get a curve.
    tolerance : float
        The force error is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``; it is measured at nine points of each of at
        least 64
        intervals; what is narrower than that is not seen.

    Returns
    -------
    table : PairTable
    report : dict
        ``representation``, ``tolerance``, ``curves`` (distinct ones), ``knots``, ``bytes`` (of the coefficients in
        single
        precision), ``max_relative_force_error`` (of |dF| / (|F| + 1 kJ/mol/nm), what the tolerance bounds),
        ``max_force_error`` and ``rms_force_error`` in kJ/mol/nm, ``max_energy_error`` and ``rms_energy_error`` in
        kJ/mol, all
        measured on points that are not knots; ``types``, ``domain_nm``, ``truncated``, ``model`` (its name),
        ``digest``, ``description``.

    Raises
    ------
    LoweringError
        If the tolerance cannot be met, naming the pair and the distance.
    """
    tolerance = check_tolerance(tolerance)
    curves = [_Curve(pair) for pair in pairs]
    _refine(model, curves, lambda intervals: PROBES, tolerance)
    _refine(model, curves, _ControlPositions(), tolerance)  # also the measurement that is reported

    count = len(model.types)
    indices = [-1] * (count * count)
    distinct = {}
    for curve in curves:
        key = (curve.energies.tobytes(), curve.slopes.tobytes())
        i, j = curve.pair
        indices[i * count + j] = indices[j * count + i] = distinct.setdefault(key, (len(distinct), curve))[0]
    return _assemble(model, curves, [curve for _, curve in distinct.values()], indices, tolerance)


def lower_to_shape(model, table, tolerance):
    """Sample a typed model at the knots of an existing table.

    Parameters
    ----------
    model : PairModel
    table : PairTable
        Of the same types and the same range.
    tolerance : float
        As in lower_to_table().

    Returns
    -------
    table, report
        As of lower_to_table(); the table has the shape of the given one.

    Raises
    ------
    LoweringError
        If the ranges or types differ, a curve is shared by pairs that this model tells apart, or the knots are too few.
    """
    tolerance = check_tolerance(tolerance)
    count = len(model.types)
    if (table.num_types, table.min_distance, table.max_distance) != (count, model.inner_cutoff, model.cutoff):
        raise LoweringError(
            f"{model.source}: the model has {count} types from {model.inner_cutoff:g} to {model.cutoff:g} nm, and the"
            f" table {table.num_types} types from {table.min_distance:g} to {table.max_distance:g} nm; make a new"
            " force."
        )
    stored = [None] * len(table.energies)
    curves = []
    for i in range(count):
        for j in range(i, count):
            index = table.curve_indices[i * count + j]
            if index >= 0:
                curve = _Curve((i, j))
                curve.intervals = len(table.energies[index]) - 1
                curves.append(curve)
                stored[index] = stored[index] or curve
    _set_knots(model, curves)
    for curve in curves:
        i, j = curve.pair
        other = stored[table.curve_indices[i * count + j]]
        if (curve.energies.tobytes(), curve.slopes.tobytes()) != (other.energies.tobytes(), other.slopes.tobytes()):
            raise LoweringError(
                f"{model.source}: the table has one curve for types {_names(model, curve.pair)} and for"
                f" {_names(model, other.pair)}, which this model tells apart; make a new force."
            )
    ratios = _measure(model, curves, _points(model, curves, _ControlPositions()), tolerance)
    for curve, ratio in zip(curves, ratios, strict=True):
        if SAFETY * ratio > 1:
            r, error, force = curve.worst
            raise LoweringError(
                f"{model.source}: {curve.intervals + 1} knots are too few for types {_names(model, curve.pair)} and the"
                f" tolerance {tolerance:g}: at {r:.5g} nm the force is {force:.4g} kJ/mol/nm and the error {error:.2g};"
                " make a new force, or allow a larger tolerance."
            )
    return _assemble(model, curves, stored, table.curve_indices, tolerance)


def occurring_pairs(types):
    """The unordered pairs of types that particles of these types can form.

    Parameters
    ----------
    types : ndarray of int, shape (n_particles,)
        -1 for particles that are not covered.

    Returns
    -------
    list of (int, int)
    """
    present, counts = np.unique(types[types >= 0], return_counts=True)
    count = dict(zip(present.tolist(), counts.tolist()))
    return [(i, j) for i in count for j in count if i < j or (i == j and count[i] > 1)]


def check_tolerance(tolerance):
    """The tolerance of a table as a number, if it is a possible one."""
    if not (isinstance(tolerance, numbers.Real) and 0 < tolerance < np.inf):
        raise LoweringError(f"the tolerance is {tolerance!r}; expected a positive number.")
    return float(tolerance)


def _assemble(model, curves, stored, indices, tolerance):
    """The table of the stored curves, and the report on all curves."""
    table = PairTable(
        len(model.types),
        model.inner_cutoff,
        model.cutoff,
        [curve.energies for curve in stored],
        [curve.slopes for curve in stored],
        indices,
    )
    points = max(1, sum(curve.points for curve in curves))
    knots = sum(len(curve.energies) for curve in stored)
    report = {
        "representation": "table",
        "model": model.source,
        "digest": model.digest,
        "description": model.description,
        "types": model.types,
        "domain_nm": [model.inner_cutoff, model.cutoff],
        "truncated": model.truncated,
        "tolerance": tolerance,
        "curves": len(stored),
        "knots": knots,
        "bytes": knots * BYTES_PER_KNOT,
        "max_relative_force_error": float(max((curve.max_relative_force_error for curve in curves), default=0.0)),
        "max_force_error": float(max((curve.max_force_error for curve in curves), default=0.0)),
        "rms_force_error": float(np.sqrt(sum(curve.sum_force_error for curve in curves) / points)),
        "max_energy_error": float(max((curve.max_energy_error for curve in curves), default=0.0)),
        "rms_energy_error": float(np.sqrt(sum(curve.sum_energy_error for curve in curves) / points)),
    }
    return table, report
