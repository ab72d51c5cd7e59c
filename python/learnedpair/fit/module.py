# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fitted functions as PyTorch modules."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from .basis import POWER, InverseSplineBasis


class InverseSplineCurves(torch.nn.Module):
    """The functions of :class:`InverseSplineBasis` with given coefficients, one for each pair of types.

    Parameters
    ----------
    bases : sequence of InverseSplineBasis
        All with the same number of intervals.
    coefficients : sequence of ndarray
        The coefficients for each basis, kJ/mol.
    indices : ndarray of int, shape (n_types, n_types)
        The index of the function of each pair; -1 for a pair whose energy is zero.
    """

    def __init__(
        self,
        bases: Sequence[InverseSplineBasis],
        coefficients: Sequence[NDArray[np.float64]],
        indices: NDArray[np.int64],
    ) -> None:
        super().__init__()
        polynomials = [basis.polynomials(c) for basis, c in zip(bases, coefficients)]
        self.num_intervals, self.power = bases[0].num_intervals, POWER
        polynomials.append(np.zeros_like(polynomials[0]))
        self.register_buffer("polynomials", torch.from_numpy(np.concatenate(polynomials)))
        ends = [(basis.shortest, basis.longest) for basis in bases] + [(bases[0].shortest, bases[0].longest)]
        self.register_buffer("ends", torch.tensor(ends, dtype=torch.float64))
        walls = [(*_wall(basis, c), basis.width) for basis, c in zip(bases, coefficients)] + [
            (0.0, 0.0, 0.0, bases[0].width)
        ]
        self.register_buffer("walls", torch.tensor(walls, dtype=torch.float64))
        indices = np.where(indices < 0, len(bases), indices).astype(np.int64)
        self.register_buffer("indices", torch.from_numpy(indices))

    def forward(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor) -> torch.Tensor:
        """Energies of pairs in kJ/mol: r in nm, type1, type2 and the result have the shape [P]."""
        curve = self.indices[type1, type2]
        shortest, longest = self.ends[curve, 0], self.ends[curve, 1]
        is_below = r < shortest
        inside = torch.where(is_below, shortest, r)
        value = self._spline(curve, inside, shortest, longest)
        energy = (longest / inside) ** self.power * value
        # Below the shortest distance by y, f = f_0 - f_0' y + f_0'' w^2 (y/w - 1 + exp(-y/w)).
        y = (shortest - r).clamp(min=0.0)
        wall = self.walls[curve]
        width = wall[:, 3]
        below = wall[:, 0] - wall[:, 1] * y + wall[:, 2] * width * (y - width * (1 - torch.exp(-y / width)))
        return torch.where(is_below, below, energy)

    def _spline(
        self, curve: torch.Tensor, r: torch.Tensor, shortest: torch.Tensor, longest: torch.Tensor
    ) -> torch.Tensor:
        """The spline."""
        spacing = (1 / shortest - 1 / longest) / self.num_intervals
        is_beyond = r > longest
        ratio = torch.where(is_beyond, longest / r, torch.ones_like(r))
        position = torch.where(is_beyond, torch.zeros_like(r), (1 / r - 1 / longest) / spacing)
        interval = position.to(torch.int64).clamp(0, self.num_intervals - 1)
        t = position - interval.to(position.dtype)
        c = self.polynomials[curve * self.num_intervals + interval]
        value = c[:, 0] + t * (c[:, 1] + t * (c[:, 2] + t * c[:, 3]))
        slope = c[:, 1] + t * (2 * c[:, 2] + 3 * t * c[:, 3])
        return value + slope / spacing * (ratio * ratio - 1) / (2 * longest)


def _wall(basis: InverseSplineBasis, coefficients: NDArray[np.float64]) -> tuple[float, float, float]:
    """f and its first two derivatives at the shortest distance."""
    values, slopes = basis.evaluate(np.array([basis.shortest]))
    second = basis.curvature_at_shortest() @ coefficients[-4:]
    return float(values[0] @ coefficients), float(slopes[0] @ coefficients), float(second)


class ExpressionCurves(torch.nn.Module):
    """An expression with given parameters, one set of them for each pair of types.

    Parameters
    ----------
    expression : str
        Its text, which distinguishes the digests of modules.
    function : torch.fx.GraphModule
        As :func:`read_expression` makes it.
    values : ndarray, shape (n_pairs, n_parameters)
        The parameters for each pair of types.
    indices : ndarray of int, shape (n_types, n_types)
        The row of ``values`` of each pair; -1 for a pair whose energy is zero.
    """

    def __init__(
        self,
        expression: str,
        function: torch.nn.Module,
        values: NDArray[np.float64],
        indices: NDArray[np.int64],
    ) -> None:
        super().__init__()
        self.expression, self.function = expression, function
        self.register_buffer("values", torch.from_numpy(values))
        self.register_buffer("indices", torch.from_numpy(indices))

    def forward(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor) -> torch.Tensor:
        """Energies of pairs in kJ/mol: r in nm, type1, type2 and the result have the shape [P]."""
        curve = self.indices[type1, type2]
        energy = self.function(r, self.values[curve.clamp(min=0)])
        return torch.where(curve < 0, torch.zeros_like(r), energy)
