# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of the exclusions and exceptions of a LearnedPairForce with those of other nonbonded forces."""

from __future__ import annotations

import dataclasses

import numpy as np
import openmm
from numpy.typing import NDArray

from ..applying.exclusions import nonbonded_forces
from ..force.functions import core
from ..force.learned_pair_force import LearnedPairForce


@dataclasses.dataclass(frozen=True)
class ComparedExclusions:
    """How the excluded pairs of a LearnedPairForce, its exceptions among them, differ from those of another force."""

    #: The other force, such as "force 0, NonbondedForce".
    other: str
    num_pairs: int
    #: The number of pairs that only the LearnedPairForce has, and the first of them.
    num_only_here: int
    first_only_here: tuple[int, int] | None
    #: The number of pairs that only the other force has, and the first of them.
    num_only_there: int
    first_only_there: tuple[int, int] | None
    #: The number of exceptions of a NonbondedForce that interact there, such as scaled 1-4 pairs, and that the
    #: LearnedPairForce excludes.
    num_scaled_there_and_excluded: int

    @property
    def is_equal(self) -> bool:
        return self.num_only_here == self.num_only_there == 0


@dataclasses.dataclass(frozen=True)
class ExcludedPairs:
    """The excluded pairs of a LearnedPairForce."""

    num_exclusions: int
    num_exceptions: int
    #: One for each NonbondedForce, and for each CustomNonbondedForce that uses OpenMM's kernel.
    compared: tuple[ComparedExclusions, ...]


def compare_exclusions(system: openmm.System, force: LearnedPairForce) -> ExcludedPairs:
    """Compare the exclusions and exceptions of a force with those of the other nonbonded forces of its System.

    If no NonbondedForce or CustomNonbondedForce is a force of the System itself, those inside a CustomCVForce or an
    ATMForce are used.
    """
    excluded, (exceptions, factors) = force._access.getExclusions(), force._access.getExceptions()
    both = np.concatenate([excluded, exceptions])
    silent = np.concatenate([excluded, exceptions[factors == 0]])
    others = [
        (f"force {index}, {other.getName()}", other)
        for index, other in enumerate(system.getForces())
        if _uses_kernel(other)
    ] or [(f"the {other.getName()} inside another force", other) for other in nonbonded_forces(system)]
    compared = tuple(_compare(what, other, _codes(both), _codes(silent)) for what, other in others)
    return ExcludedPairs(force.getNumExclusions(), force.getNumExceptions(), compared)


def _uses_kernel(force):
    return isinstance(force, openmm.NonbondedForce) or (
        isinstance(force, openmm.CustomNonbondedForce) and force.getNumInteractionGroups() == 0
    )


def _compare(what, other, here, silent):
    address = int(other.this)
    if isinstance(other, openmm.NonbondedForce):
        pairs, interacts = core.exceptions(address)
    else:
        pairs = core.exclusions(address)
        interacts = np.zeros(len(pairs), dtype=bool)
    there = _codes(pairs)
    only_here, only_there = np.setdiff1d(here, there), np.setdiff1d(there, here)
    scaled = np.intersect1d(_codes(np.asarray(pairs)[interacts]), silent)
    return ComparedExclusions(
        what,
        len(np.unique(there)),
        len(only_here),
        _first(only_here),
        len(only_there),
        _first(only_there),
        len(scaled),
    )


def _codes(pairs: NDArray[np.integer]) -> NDArray[np.int64]:
    """One integer for each unordered pair."""
    ordered = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    return (ordered[:, 0] << 32) + ordered[:, 1]


def _first(codes):
    return (int(codes[0] >> 32), int(codes[0] & 0xFFFFFFFF)) if len(codes) else None
