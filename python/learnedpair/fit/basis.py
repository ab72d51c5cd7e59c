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


@dataclass(frozen=True)
class InverseSplineBasis:
    """Functions of the distance of one pair of types that are linear in their coefficients c_k:

        f(r) = (r_0 / r)^6 sum over k of c_k B_k(1/r)

    B_k are cubic B-splines on uniform knots from 1/longest to 1/shortest, and r_0 is the longest distance. Beyond the
    longest distance the spline continues as a + b/r^2, so that f is C6/r^6 + C8/r^8, as dispersion energies are. Below
    the shortest distance f continues as a straight line in r.

    Parameters
    ----------
    shortest, longest : float, nm
        The range of distances of the data.
    num_intervals : int
        The number of intervals between knots.

    Source
    ------
    P. H. C. Eilers and B. D. Marx, "Flexible smoothing with B-splines and penalties", Statist. Sci. 11 (1996) 89: many
    uniform knots, and a penalty on differences of the coefficients.
    """

    shortest: float
    longest: float
    num_intervals: int = 60

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return self.num_intervals + 3

    @property
    def spacing(self) -> float:
        """The distance of knots in 1/r, in 1/nm."""
        return (1 / self.shortest - 1 / self.longest) / self.num_intervals

    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """The basis functions and their derivatives by r: two ndarrays of shape (n, size)."""
        inside = np.maximum(r, self.shortest)
        u = 1 / inside
        values, slopes = self._splines(np.maximum(u, 1 / self.longest))
        # Beyond the longest distance, s(u) = s(v) + s'(v) (u^2 - v^2) / (2 v) for v = 1/longest.
        ratio = np.minimum(u * self.longest, 1.0)[:, None]
        values = values + slopes * (ratio**2 - 1) / (2 * self.longest)
        slopes = slopes * ratio
        envelope = (self.longest / inside[:, None]) ** POWER
        dEdR = envelope * (-POWER / inside[:, None] * values - slopes / inside[:, None] ** 2)
        return envelope * values + (r - inside)[:, None] * dEdR, dEdR

    def at_infinity(self) -> Array:
        """The limits of (r/r_0)^6 times the basis functions, shape (size,)."""
        values, slopes = self._splines(np.array([1 / self.longest]))
        return np.asarray(values[0] - slopes[0] / (2 * self.longest))

    def _splines(self, u: Array) -> tuple[Array, Array]:
        """The B-splines and their derivatives by u = 1/r, within the knots."""
        position = (u - 1 / self.longest) / self.spacing
        interval = np.clip(position.astype(int), 0, self.num_intervals - 1)
        t = position - interval
        s = 1 - t
        values, slopes = np.zeros((2, len(u), self.size))
        rows = np.arange(len(u))
        for k, (value, slope) in enumerate(
            [
                (s**3 / 6, -(s**2) / 2),
                ((3 * t**3 - 6 * t**2 + 4) / 6, (3 * t**2 - 4 * t) / 2),
                ((3 * s**3 - 6 * s**2 + 4) / 6, -(3 * s**2 - 4 * s) / 2),
                (t**3 / 6, t**2 / 2),
            ]
        ):
            values[rows, interval + k] = value
            slopes[rows, interval + k] = slope / self.spacing
        return values, slopes

    def penalty(self, order: int = 3) -> Array:
        """The differences of the given order, whose squares are the roughness of the spline: (size - order, size)."""
        return np.diff(np.eye(self.size), order, axis=0)

    def polynomials(self, coefficients: Array) -> Array:
        """The spline as polynomials: for each interval the coefficients of 1, t, t^2 and t^3, where t is 0 at the knot
        with the longer distance and 1 at the other one. Shape (num_intervals, 4).
        """
        a, b, c, d = (coefficients[k : k + self.num_intervals] for k in range(4))
        return np.stack([(a + 4 * b + c) / 6, (c - a) / 2, (a - 2 * b + c) / 2, (d - 3 * c + 3 * b - a) / 6], axis=1)
