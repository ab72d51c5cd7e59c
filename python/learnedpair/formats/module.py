# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The curves of a table as a PyTorch module."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]


class TabulatedCurves(torch.nn.Module):
    """Cubic Hermite polynomials between knots at any distances, with one curve for each pair of types.

    Below its first knot a curve continues as a straight line. Beyond its last knot it is zero.

    Parameters
    ----------
    curves : sequence of (r, energies, slopes)
        Three ndarrays of equal length for each curve; r increases.
    indices : ndarray of int, shape (n_types, n_types)
        The index of the curve of each pair; -1 for a pair whose energy is zero.
    """

    def __init__(self, curves: Sequence[tuple[Array, Array, Array]], indices: NDArray[np.int64]) -> None:
        super().__init__()
        zeros = np.zeros(2)
        curves = [*curves, (np.array([curves[0][0][0], curves[0][0][-1]]), zeros, zeros)]
        ends = np.cumsum([len(r) for r, _, _ in curves])
        # The knots of each curve are moved by a distance of its own, so that one search finds the intervals of all.
        span = 2 * max(float(r[-1]) for r, _, _ in curves)
        shifted = np.concatenate([r + k * span for k, (r, _, _) in enumerate(curves)])
        self.span = span
        self.register_buffer("shifted", torch.from_numpy(shifted))
        for name, column in (("knots", 0), ("energies", 1), ("slopes", 2)):
            values = np.concatenate([np.asarray(curve[column], dtype=float) for curve in curves])
            self.register_buffer(name, torch.from_numpy(values))
        self.register_buffer("first", torch.from_numpy(np.concatenate([[0], ends[:-1]]).astype(np.int64)))
        self.register_buffer("last", torch.from_numpy((ends - 1).astype(np.int64)))
        indices = np.where(indices < 0, len(curves) - 1, indices).astype(np.int64)
        self.register_buffer("indices", torch.from_numpy(indices))

    def forward(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor) -> torch.Tensor:
        """Energies of pairs: r, type1 and type2 have the shape [P], and so has the result."""
        curve = self.indices[type1, type2]
        first, last = self.first[curve], self.last[curve]
        # No difference of two numbers, whose derivatives would cancel: the slope at the first knot may be huge.
        is_below = r < self.knots[first]
        inside = torch.where(is_below, self.knots[first], r)
        below = torch.where(is_below, r - self.knots[first], torch.zeros_like(r))
        position = torch.minimum(inside, self.knots[last]) + curve * self.span
        k = torch.searchsorted(self.shifted, position.to(self.shifted.dtype), right=True) - 1
        k = torch.minimum(torch.maximum(k, first), last - 1)
        left, width = self.knots[k], self.knots[k + 1] - self.knots[k]
        t = (inside - left) / width
        s = 1 - t
        energy = s * s * ((1 + 2 * t) * self.energies[k] + t * width * self.slopes[k])
        energy = energy + t * t * ((1 + 2 * s) * self.energies[k + 1] - s * width * self.slopes[k + 1])
        energy = energy + self.slopes[first] * below
        return torch.where(r <= self.knots[last], energy, torch.zeros_like(energy))
