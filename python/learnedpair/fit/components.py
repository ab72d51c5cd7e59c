# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The least-squares problems of a spline fit: one for each set of pairs of types that configurations connect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .basis import InverseSplineBasis
from .configurations import Configuration, ReferenceData
from .design import rows_of
from .distances import Distances, Range, connected
from .expected_errors import Errors, default_errors
from .least_squares import Problem
from .pairs_of_types import PairOfTypes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FitSettings:
    """What weights the data of a fit.

    Attributes
    ----------
    interacting : Range
    energy_error, force_error : (float, float), or None
        As given to :func:`fit_splines`.
    """

    interacting: Range
    energy_error: tuple[float, float] | None = None
    force_error: tuple[float, float] | None = None


@dataclass(frozen=True)
class Component:
    """Pairs of types that configurations connect, and their least-squares problem, without constraints.

    Attributes
    ----------
    bases : dict of pair of types to InverseSplineBasis
        The coefficients of the problem are those of these bases, in this order.
    chosen : list of (Configuration, dict of pair of types to Distances)
    errors : Errors
    problem : Problem
    """

    bases: dict[PairOfTypes, InverseSplineBasis]
    chosen: list[tuple[Configuration, dict[PairOfTypes, Distances]]]
    errors: Errors
    problem: Problem


def components_of(
    data: ReferenceData,
    found: list[dict[PairOfTypes, Distances]],
    bases: dict[PairOfTypes, InverseSplineBasis],
    settings: FitSettings,
) -> list[Component]:
    """Divide a fit into problems that do not depend on each other.

    Parameters
    ----------
    data : ReferenceData
    found : list of dict
        The pairs of each configuration, as :func:`find_all_distances` returns them.
    bases : dict of pair of types to InverseSplineBasis
    settings : FitSettings
    """
    result = []
    for component in connected(found):
        chosen = [(each, pairs) for each, pairs in zip(data, found) if pairs.keys() & set(component)]
        errors = default_errors([each for each, _ in chosen], settings.energy_error, settings.force_error)
        its_bases = {pair: bases[pair] for pair in component}
        result.append(Component(its_bases, chosen, errors, _problem(chosen, its_bases, settings.interacting, errors)))
    return result


def _problem(
    chosen: list[tuple[Configuration, dict[PairOfTypes, Distances]]],
    bases: dict[PairOfTypes, InverseSplineBasis],
    interacting: Range,
    errors: Errors,
) -> Problem:
    rows = [rows_of(each, pairs, bases, interacting, errors) for each, pairs in chosen]
    matrix = np.concatenate([row for row, _ in rows])
    target = np.concatenate([value for _, value in rows])
    sizes = [len(value) for _, value in rows]
    groups = np.repeat(np.arange(len(rows)), sizes)
    at_ends = np.repeat([_is_at_end(pairs, bases) for _, pairs in chosen], sizes)
    penalty = _block_diagonal([basis.penalty() for basis in bases.values()]) / _scale(matrix, target)
    return Problem(matrix, target, groups, penalty, np.zeros((0, matrix.shape[1])), at_ends)


def _is_at_end(pairs: dict[PairOfTypes, Distances], bases: dict[PairOfTypes, InverseSplineBasis]) -> bool:
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


def slopes_below_shortest(bases: dict[PairOfTypes, InverseSplineBasis]) -> dict[PairOfTypes, Array]:
    """The rows that give dE/dr of each pair of types below its shortest distance from the coefficients of all."""
    return rows_for_pairs(bases, lambda basis: basis.evaluate(np.zeros(1))[1][0])


def rows_for_pairs(
    bases: dict[PairOfTypes, InverseSplineBasis], row_of: Callable[[InverseSplineBasis], Array]
) -> dict[PairOfTypes, Array]:
    """A row for each pair of types, which is zero for the coefficients of the others."""
    size = sum(basis.size for basis in bases.values())
    result, start = {}, 0
    for pair, basis in bases.items():
        result[pair] = np.zeros(size)
        result[pair][start : start + basis.size] = row_of(basis)
        start += basis.size
    return result
