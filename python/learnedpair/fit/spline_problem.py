# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The least-squares problem of a spline fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .basis import InverseSplineBasis
from .design import rows_of
from .distances import Distances, Range
from .least_squares import Problem
from .pairs_of_types import PairOfTypes
from .task import Component

Array = NDArray[np.float64]

Bases = Mapping[PairOfTypes, InverseSplineBasis]


def problem_of(component: Component, bases: Bases, interacting: Range) -> Problem:
    """The problem of pairs of types that configurations connect, without constraints. Its coefficients are those of the
    bases, in their order.
    """
    rows = [rows_of(each, pairs, bases, interacting, component.errors) for each, pairs in component.chosen]
    matrix = np.concatenate([row for row, _ in rows])
    target = np.concatenate([value for _, value in rows])
    sizes = [len(value) for _, value in rows]
    groups = np.repeat(np.arange(len(rows)), sizes)
    at_ends = np.repeat([_is_at_end(pairs, bases) for _, pairs in component.chosen], sizes)
    penalty = _block_diagonal([basis.penalty() for basis in bases.values()]) / _scale(matrix, target)
    return Problem(matrix, target, groups, penalty, np.zeros((0, matrix.shape[1])), at_ends)


def _is_at_end(pairs: dict[PairOfTypes, Distances], bases: Bases) -> bool:
    """Whether a configuration has the shortest or the longest distance of a pair of types."""
    return any(
        found.r.min() <= bases[pair].shortest or found.r.max() >= bases[pair].longest for pair, found in pairs.items()
    )


def _scale(matrix: Array, target: Array) -> float:
    """The typical size of a coefficient: the median of the data in units of the sum of their basis functions."""
    sums = np.abs(matrix).sum(axis=1)
    return float(np.median(np.abs(target[sums > 0]) / sums[sums > 0])) or 1.0


def _block_diagonal(blocks: Sequence[Array]) -> Array:
    result = np.zeros((sum(len(block) for block in blocks), sum(block.shape[1] for block in blocks)))
    row = column = 0
    for block in blocks:
        result[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return result


def slopes_below_shortest(bases: Bases) -> dict[PairOfTypes, Array]:
    """The rows that give dE/dr of each pair of types below its shortest distance from the coefficients of all."""
    return rows_for_pairs(bases, lambda basis: basis.evaluate(np.zeros(1))[1][0])


def flat_rows(bases: Bases) -> dict[PairOfTypes, Array]:
    """Two rows for each pair of types, which are zero if its function is flat at its shortest distance and below."""
    at = rows_for_pairs(bases, lambda basis: basis.evaluate(np.array([basis.shortest]))[1][0])
    below = slopes_below_shortest(bases)
    return {pair: np.array([at[pair], below[pair]]) for pair in bases}


def rows_for_pairs(bases: Bases, row_of: Callable[[InverseSplineBasis], Array]) -> dict[PairOfTypes, Array]:
    """A row for each pair of types, which is zero for the coefficients of the others."""
    size = sum(basis.size for basis in bases.values())
    result, start = {}, 0
    for pair, basis in bases.items():
        result[pair] = np.zeros(size)
        result[pair][start : start + basis.size] = row_of(basis)
        start += basis.size
    return result
