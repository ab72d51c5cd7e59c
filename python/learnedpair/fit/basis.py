# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The basis of spline fits: a B-spline of 1/r, times 1/r^6."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: The power of 1/r that multiplies the spline: the leading term of dispersion.
POWER = 6
#: The distance over which the second derivative decays below the shortest distance, as a fraction of the latter.
WIDTH = 0.05


@dataclass(frozen=True)
class InverseSplineBasis:
    """Functions of the distance of one pair of types that are linear in their coefficients c_k:

        f(r) = (r_0 / r)^6 sum over k of c_k B_k(1/r)

    B_k are cubic B-splines on uniform knots from 1/longest to 1/shortest, and r_0 is the longest distance. Beyond the
    longest distance the spline continues as a + b/r^2, so that f is -C6/r^6 - C8/r^8, as dispersion energies are. Below
    the shortest distance f continues as a straight line in r; its second derivative decays to zero as exp(-y/w), where
    y is the distance from the shortest one, so that f can be tabulated.

    Parameters
    ----------
    shortest, longest : float, nm
        The range of distances of the data.
    num_intervals : int
        The number of intervals between knots.
    inner : float, nm
        Below this distance all functions are straight lines, as in the force below its inner cutoff.

    References
    ----------
    P. H. C. Eilers and B. D. Marx, "Flexible smoothing with B-splines and penalties", Statist. Sci. 11 (1996) 89: many
    uniform knots, and a penalty on differences of the coefficients.
    """

    shortest: float
    longest: float
    num_intervals: int = 60
    inner: float = 0.0

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return self.num_intervals + 3

    @property
    def width(self) -> float:
        """The distance over which the second derivative decays below the shortest distance, in nm."""
        return WIDTH * self.shortest

    @property
    def spacing(self) -> float:
        """The distance of knots in 1/r, in 1/nm."""
        return (1 / self.shortest - 1 / self.longest) / self.num_intervals

    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """The basis functions and their derivatives by r: two ndarrays of shape (n, size)."""
        first, values, slopes = self._nonzero(r)
        result = np.zeros((2, len(r), self.size))
        rows, columns = np.arange(len(r))[:, None], first[:, None] + np.arange(4)
        result[0, rows, columns], result[1, rows, columns] = values, slopes
        return result[0], result[1]

    def weighted_sums(self, r: Array, weights: Array, slope_weights: Array) -> Array:
        """The sums over some distances of weight times each basis function plus slope weight times its derivative: an
        array of shape (size,).
        """
        first, values, slopes = self._nonzero(r)
        terms = weights[:, None] * values + slope_weights[:, None] * slopes
        columns = first[:, None] + np.arange(4)
        return np.asarray(np.bincount(columns.ravel(), terms.ravel(), minlength=self.size), dtype=float)

    def _nonzero(self, r: Array) -> tuple[NDArray[np.int64], Array, Array]:
        """The four basis functions that are not zero at each distance: the index of the first one, their values and
        their derivatives by r, both of shape (n, 4).
        """
        clamped = np.maximum(r, self.inner)
        first, values, slopes = self._nonzero_above_inner(clamped)
        return first, values + (r - clamped)[:, None] * slopes, slopes

    def _nonzero_above_inner(self, r: Array) -> tuple[NDArray[np.int64], Array, Array]:
        """The same without the straight lines."""
        inside = np.maximum(r, self.shortest)
        u = 1 / inside
        first, values, slopes = self._splines(np.maximum(u, 1 / self.longest))
        # Beyond the longest distance, s(u) = s(v) + s'(v) (u^2 - v^2) / (2 v) for v = 1/longest.
        ratio = np.minimum(u * self.longest, 1.0)[:, None]
        values = values + slopes * (ratio**2 - 1) / (2 * self.longest)
        slopes = slopes * ratio
        envelope = (self.longest / inside[:, None]) ** POWER
        dEdR = envelope * (-POWER / inside[:, None] * values - slopes / inside[:, None] ** 2)
        # Below the shortest distance by y, f = f_0 - f_0' y + f_0'' w^2 (y/w - 1 + exp(-y/w)).
        y = (inside - r)[:, None]
        bend = self.curvature_at_shortest() * self.width
        fraction = -np.expm1(-y / self.width)
        return first, envelope * values - y * dEdR + bend * (y - self.width * fraction), dEdR - bend * fraction

    def curvature_at_shortest(self) -> Array:
        """The second derivatives by r of the last four basis functions at the shortest distance."""
        u = 1 / self.shortest
        _, (values,), (slopes,) = self._splines(np.array([u]))
        second = np.array([0.0, 1.0, -2.0, 1.0]) / self.spacing**2
        n = POWER
        by_u = n * (n - 1) * u ** (n - 2) * values + 2 * n * u ** (n - 1) * slopes + u**n * second
        by_u_once = n * u ** (n - 1) * values + u**n * slopes
        return np.asarray(self.longest**n * (u**4 * by_u + 2 * u**3 * by_u_once))

    def at_infinity(self) -> Array:
        """The limits of (r/r_0)^6 times the basis functions, shape (size,)."""
        first, values, slopes = self._splines(np.array([1 / self.longest]))
        result = np.zeros(self.size)
        result[first[0] : first[0] + 4] = values[0] - slopes[0] / (2 * self.longest)
        return result

    def _splines(self, u: Array) -> tuple[NDArray[np.int64], Array, Array]:
        """The four B-splines that are not zero at u = 1/r within the knots: the index of the first one, their values
        and their derivatives by u.
        """
        position = (u - 1 / self.longest) / self.spacing
        interval = np.clip(position.astype(int), 0, self.num_intervals - 1)
        t = position - interval
        s = 1 - t
        values = [s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3]
        slopes = [-(s**2), 3 * t**2 - 4 * t, 4 * s - 3 * s**2, t**2]
        return interval, np.stack(values, axis=1) / 6, np.stack(slopes, axis=1) / (2 * self.spacing)

    def penalty(self, order: int = 3) -> Array:
        """The differences of the given order, whose squares are the roughness of the spline: (size - order, size)."""
        return np.diff(np.eye(self.size), order, axis=0)

    def polynomials(self, coefficients: Array) -> Array:
        """The spline as polynomials: for each interval the coefficients of 1, t, t^2 and t^3, where t is 0 at the knot
        with the longer distance and 1 at the other one. Shape (num_intervals, 4).
        """
        a, b, c, d = (coefficients[k : k + self.num_intervals] for k in range(4))
        return np.stack([(a + 4 * b + c) / 6, (c - a) / 2, (a - 2 * b + c) / 2, (d - 3 * c + 3 * b - a) / 6], axis=1)
