# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The factors of pairs of particles, from exclusions, exceptions and interaction groups."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray


class PairFactors:
    """The factors of pairs: those of exceptions, 0 for pairs that are excluded or left out by interaction groups, and 1
    for all others.

    Parameters
    ----------
    num_particles : int
    exclusions : ndarray of int, shape (n_exclusions, 2)
    exceptions : ndarray of int, shape (n_exceptions, 2)
    factors : ndarray, shape (n_exceptions,)
        The factor of each exception.
    groups : sequence of (collection of int, collection of int)
        The two sets of each interaction group. Without groups, all pairs interact.
    """

    def __init__(
        self,
        num_particles: int,
        exclusions: NDArray[np.integer],
        exceptions: NDArray[np.integer],
        factors: NDArray[np.float64],
        groups: Sequence[tuple[Collection[int], Collection[int]]],
    ) -> None:
        self._num_particles = num_particles
        special = np.concatenate([exclusions, exceptions])
        codes = self._code(special[:, 0], special[:, 1])
        order = np.argsort(codes)
        self._codes = codes[order]
        self._factors = np.append(np.zeros(len(exclusions)), factors)[order]
        self._groups = [tuple(self._mask(members) for members in group) for group in groups]

    def _code(self, i: NDArray[np.integer], j: NDArray[np.integer]) -> NDArray[np.int64]:
        """One integer for a pair of particles in either order."""
        return np.minimum(i, j).astype(np.int64) * self._num_particles + np.maximum(i, j)

    def _mask(self, members: Collection[int]) -> NDArray[np.bool_]:
        mask = np.zeros(self._num_particles, dtype=bool)
        mask[np.fromiter(members, np.int64, len(members))] = True
        return mask

    @property
    def all_one(self) -> bool:
        """Whether the factor of every pair is 1, since there is nothing that changes it."""
        return not self._groups and len(self._codes) == 0

    def __call__(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        """Get the factors of pairs, shape (n_pairs,), from the indices of their particles."""
        in_group = np.full(len(i), not self._groups)
        for first, second in self._groups:
            in_group |= (first[i] & second[j]) | (second[i] & first[j])
        result = in_group.astype(float)
        if len(self._codes) > 0:
            codes = self._code(i, j)
            place = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
            result *= np.where(self._codes[place] == codes, self._factors[place], 1.0)
        return result
