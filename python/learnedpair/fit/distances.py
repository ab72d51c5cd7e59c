# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The pairs of atoms of configurations that interact, by their types."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..force.neighbors import neighbors
from ..force.switching import switching
from .configurations import Configuration
from .pairs_of_types import PairOfTypes

Array = NDArray[np.float64]

_NO_PAIRS = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros(0))


@dataclass(frozen=True)
class Distances:
    """The pairs of one configuration that have the same types.

    Attributes
    ----------
    i, j : ndarray of int, shape (n_pairs,)
    delta : ndarray, shape (n_pairs, 3), nm
        The displacement from i to j.
    r : ndarray, shape (n_pairs,), nm
    """

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    delta: Array
    r: Array


@dataclass(frozen=True)
class Range:
    """Where pairs interact: without a box at all distances; in a periodic box below the cutoff, with the switching
    function of the force, since the reference of a periodic structure has the energy of all neighbors.

    Attributes
    ----------
    cutoff : float, nm
    switching_distance : float, nm, or None
    within_cutoff : bool
        Whether structures without a box are treated as those in a box.
    inner_cutoff : float, nm
        That of the force, which continues the functions as straight lines below it. Errors of predictions are those of
        the force; the fit itself is one of the functions.
    """

    cutoff: float
    switching_distance: float | None
    within_cutoff: bool = False
    inner_cutoff: float = 0.0

    def cutoff_of(self, configuration: Configuration) -> float:
        """The distance at which the pairs of a structure end."""
        return self.cutoff if self.within_cutoff or configuration.box is not None else np.inf

    def switching(self, r: Array, configuration: Configuration) -> tuple[Array, Array]:
        """The switching function and its derivative: 1 and 0 where pairs do not end."""
        if self.switching_distance is None or np.isinf(self.cutoff_of(configuration)):
            return np.ones_like(r), np.zeros_like(r)
        return switching(r, self.switching_distance, self.cutoff)


def find_distances(configuration: Configuration, interacting: Range) -> dict[PairOfTypes, Distances]:
    """The pairs of atoms of different fragments, by their types in alphabetical order."""
    box = configuration.box
    if box is not None and np.diag(box).min() < 2 * interacting.cutoff:
        raise ModelError(
            f"{configuration.name}: the box is {np.diag(box).min():g} nm wide, less than twice the cutoff,"
            f" {interacting.cutoff:g} nm; choose a shorter cutoff."
        )
    parts = [*neighbors(configuration.positions, interacting.cutoff_of(configuration), box)]
    first, second, delta, r = (np.concatenate([part[k] for part in parts]) for k in range(4)) if parts else _NO_PAIRS
    apart = configuration.fragments[first] != configuration.fragments[second]
    first, second, delta, r = (array[apart] for array in (first, second, delta, r))
    if (r == 0).any():
        raise ModelError(f"{configuration.name}: two atoms are at the same place.")
    names, codes = np.unique(np.array(configuration.types), return_inverse=True)
    low, high = np.minimum(codes[first], codes[second]), np.maximum(codes[first], codes[second])
    result = {}
    for code in np.unique(low * len(names) + high):
        a, b = divmod(int(code), len(names))
        chosen = (low == a) & (high == b)
        result[str(names[a]), str(names[b])] = Distances(first[chosen], second[chosen], delta[chosen], r[chosen])
    return result


def find_all_distances(
    configurations: Iterable[Configuration], interacting: Range
) -> list[dict[PairOfTypes, Distances]]:
    """The pairs of each configuration; one without any is refused."""
    result = []
    for each in configurations:
        result.append(find_distances(each, interacting))
        if not result[-1]:
            cutoff = interacting.cutoff_of(each)
            closer = "" if np.isinf(cutoff) else f" closer than the cutoff, {cutoff:g} nm"
            raise ModelError(f"{each.name}: no two atoms of different fragments are in range{closer}; leave it out.")
    return result


def connected(occurring: Iterable[Collection[PairOfTypes]]) -> list[list[PairOfTypes]]:
    """Divide pairs of types into sets that no configuration connects, so that they can be fitted one by one."""
    sets: list[set[PairOfTypes]] = []
    for pairs in occurring:
        merged = set(pairs)
        separate = []
        for each in sets:
            if each & merged:
                merged |= each
            else:
                separate.append(each)
        sets = [*separate, merged] if merged else separate
    return sorted(sorted(each) for each in sets)
