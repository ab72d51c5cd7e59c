# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tabulates the densities of an environment model."""

import numpy as np

from ..errors import LoweringError, ToleranceError

#: The numbers of intervals that are tried: powers of 2 between these.
FEWEST_INTERVALS, MOST_INTERVALS = 64, 16384
#: The largest number of values and slopes in all tables of a force.
MAX_NUMBERS = 2**25
#: Curves that are smaller than this fraction of the largest one of their channel may have larger relative errors.
NEGLIGIBLE = 1e-6
#: Where in each interval the errors are measured.
PLACES = (0.11, 0.31, 0.5, 0.67, 0.89)


def tabulate_densities(model, tolerance, knots=None):
    """Tabulate the densities of all ordered pairs of types with as many knots as the tolerance requires.

    Parameters
    ----------
    model : EnvironmentEvaluator
    tolerance : float
    knots : int, optional
        A fixed number of knots.

    Returns
    -------
    values, slopes : list of ndarray, shape (n_knots, n_channels)
        For each ordered pair of types.
    error : float
        The largest error between knots of a density or a slope, relative to the largest one of the same channel and
        pair of types.

    Raises
    ------
    ToleranceError
        If the tolerance cannot be met.
    LoweringError
        If the tables would be too large.
    """
    count, worst = len(model.types), None
    pairs = [(i, j) for i in range(count) for j in range(count)]
    intervals, most = (FEWEST_INTERVALS, MOST_INTERVALS) if knots is None else (knots - 1, knots - 1)
    while intervals <= most:
        numbers = 2 * len(pairs) * model.num_channels * (intervals + 1)
        if numbers > MAX_NUMBERS:
            raise LoweringError(
                f"{model.source}: the tables of {len(pairs)} pairs of types with {model.num_channels} channels would"
                f" hold {numbers} numbers, more than {MAX_NUMBERS}; allow a larger tolerance, or use fewer types or"
                " channels."
            )
        curves = [_tabulate(model, intervals, *pair) for pair in pairs]
        scales = np.array([[np.abs(values).max(axis=0) for values in curve] for curve in curves])
        scales = np.maximum(scales, NEGLIGIBLE * scales.max(axis=0))
        scales[scales == 0] = 1  # of constant densities, whose slopes are 0
        errors = [_errors(model, *each) / scale for *each, scale in zip(curves, pairs, scales, strict=True)]
        worst = max(range(len(pairs)), key=lambda k: errors[k].max())
        if errors[worst].max() <= tolerance:
            return [curve[0] for curve in curves], [curve[1] for curve in curves], float(errors[worst].max())
        intervals *= 2
    center, neighbor = (model.types[k] for k in pairs[worst])
    raise ToleranceError(
        f"{model.source}: the table of the densities of a {neighbor} neighbor of {center} does not reach the tolerance"
        f" {tolerance:g} with {most + 1} knots; its error is {errors[worst].max():.2g}. The densities may"
        " have a jump or a kink, or a derivative that is not theirs; smooth them, raise the inner cutoff, allow a"
        " larger tolerance, or give more knots."
    )


def _tabulate(model, intervals, center, neighbor):
    return model.densities(np.linspace(model.inner_cutoff, model.cutoff, intervals + 1), center, neighbor)


def _errors(model, curve, pair):
    """The largest errors of the values and slopes of each channel, shape (2, n_channels)."""
    values, slopes = curve
    h = (model.cutoff - model.inner_cutoff) / (len(values) - 1)
    left, right, d0, d1 = values[:-1], values[1:], h * slopes[:-1], h * slopes[1:]
    c2, c3 = 3 * (right - left) - 2 * d0 - d1, d0 + d1 - 2 * (right - left)
    result = np.zeros((2, values.shape[1]))
    for t in PLACES:
        r = model.inner_cutoff + h * (np.arange(len(left)) + t)
        expected, expected_slopes = model.densities(r, *pair)
        found, found_slopes = left + t * (d0 + t * (c2 + t * c3)), (d0 + t * (2 * c2 + 3 * t * c3)) / h
        result = np.maximum(
            result, [np.abs(found - expected).max(axis=0), np.abs(found_slopes - expected_slopes).max(axis=0)]
        )
    return result
