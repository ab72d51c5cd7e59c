# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Cubic splines: slopes of the spline through given energies, and B-splines as energies and slopes at their knots."""

import numpy as np
from numpy.typing import NDArray


def spline_slopes(
    r: NDArray[np.float64], energies: NDArray[np.float64], ends: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """The slopes of the cubic spline through given energies.

    Parameters
    ----------
    r, energies : ndarray, shape (n,)
        Increasing distances, and the energies there.
    ends : (float, float), optional
        The slopes at both ends. By default the third derivative is continuous at the second and at the last but one
        distance ("not a knot"); for fewer than four distances the slopes are those of the polynomial through them.

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    C. de Boor, A Practical Guide to Splines, ch. IV.

    Examples
    --------
    A cubic polynomial is its own spline:

    >>> import numpy as np
    >>> from learnedpair.formats.splines import spline_slopes
    >>> r = np.array([0.0, 1.0, 1.5, 3.0, 4.0])
    >>> spline_slopes(r, r**3).round(9).tolist()
    [0.0, 3.0, 6.75, 27.0, 48.0]
    """
    if ends is None and len(r) < 4:
        return np.polyval(np.polyder(np.polyfit(r, energies, len(r) - 1)), r)
    width, secant = np.diff(r), np.diff(energies) / np.diff(r)
    lower, diagonal, upper = np.zeros(len(r)), np.ones(len(r)), np.zeros(len(r))
    right = np.empty(len(r))
    lower[1:-1], diagonal[1:-1], upper[1:-1] = width[1:], 2 * (width[1:] + width[:-1]), width[:-1]
    right[1:-1] = 3 * (width[1:] * secant[:-1] + width[:-1] * secant[1:])
    if ends is not None:
        right[[0, -1]] = ends
    else:
        diagonal[0], upper[0], right[0] = _not_a_knot(width, secant)
        diagonal[-1], lower[-1], right[-1] = _not_a_knot(width[::-1], secant[::-1])
    return _solve_tridiagonal(lower, diagonal, upper, right)


def _not_a_knot(width, secant):
    """The equation of the first slope: its coefficient, that of the second slope, and the right side."""
    both = width[0] + width[1]
    right = ((width[0] + 2 * both) * width[1] * secant[0] + width[0] ** 2 * secant[1]) / both
    return width[1], both, right


def _solve_tridiagonal(lower, diagonal, upper, right):
    """Solve a system of linear equations by elimination without pivoting, in a time proportional to its size."""
    lower, diagonal, upper, right = (array.tolist() for array in (lower, diagonal, upper, right))
    for k in range(1, len(right)):
        factor = lower[k] / diagonal[k - 1]
        diagonal[k] -= factor * upper[k - 1]
        right[k] -= factor * right[k - 1]
    for k in range(len(right) - 1, -1, -1):
        following = upper[k] * right[k + 1] if k + 1 < len(right) else 0.0
        right[k] = (right[k] - following) / diagonal[k]
    return np.array(right)


def evaluate_bspline(
    knots: NDArray[np.float64], coefficients: NDArray[np.float64], r: NDArray[np.float64], degree: int = 3
) -> NDArray[np.float64]:
    """Evaluate a B-spline by de Boor's algorithm.

    Parameters
    ----------
    knots : ndarray, shape (n + degree + 1,)
    coefficients : ndarray, shape (n,) or (n, m)
        With two axes, m splines are evaluated.
    r : ndarray, shape (p,)
        Distances within the domain, from knots[degree] to knots[-degree - 1].
    degree : int

    Returns
    -------
    ndarray, shape (p,) or (p, m)

    References
    ----------
    C. de Boor, A Practical Guide to Splines, ch. X.
    """
    k = np.clip(np.searchsorted(knots, r, side="right") - 1, degree, len(knots) - degree - 2)
    rows = [coefficients[k - degree + j] for j in range(degree + 1)]
    shape = (-1,) + (1,) * (coefficients.ndim - 1)
    for level in range(1, degree + 1):
        for j in range(degree, level - 1, -1):
            left, right = knots[j + k - degree], knots[j + 1 + k - level]
            weight = ((r - left) / (right - left)).reshape(shape)
            rows[j] = (1 - weight) * rows[j - 1] + weight * rows[j]
    return rows[degree]


def bspline_at_knots(
    knots: NDArray[np.float64], coefficients: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The energies and slopes of a cubic B-spline at its distinct knots, which determine it between them.

    Returns
    -------
    r, energies, slopes : ndarray, shape (n_distinct_knots,)
    """
    r = np.unique(knots)
    derivative = 3 * np.diff(coefficients, axis=0).T / (knots[4:-1] - knots[1:-4])
    return r, evaluate_bspline(knots, coefficients, r), evaluate_bspline(knots[1:-1], derivative.T, r, degree=2)
