# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The pairs of a LearnedPairForce that are in range."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .learned_pair_force import LearnedPairForce
from .neighbors import neighbors
from .pair_factors import PairFactors


@dataclass
class Pairs:
    """Pairs of particles.

    Attributes
    ----------
    i, j : ndarray of int, shape (n_pairs,)
        The particles of each pair.
    delta : ndarray, shape (n_pairs, 3), nm
        The displacement from i to the minimum image of j.
    r : ndarray, shape (n_pairs,), nm
    factors : ndarray, shape (n_pairs,)
        The factor of an exception; 1 for all other pairs.
    """

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    delta: NDArray[np.float64]
    r: NDArray[np.float64]
    factors: NDArray[np.float64]

    def sums(self, values: NDArray[np.float64], num_particles: int) -> NDArray[np.float64]:
        """Sum a value of each pair over the pairs of each particle."""
        return np.asarray(
            np.bincount(self.i, values, num_particles) + np.bincount(self.j, values, num_particles), dtype=float
        )

    def forces(self, dEdR: NDArray[np.float64], num_particles: int) -> NDArray[np.float64]:
        """The forces on particles, shape (n_particles, 3), from the dE/dr of each pair."""
        vectors = (dEdR / self.r)[:, None] * self.delta
        return np.stack(
            [
                np.bincount(self.i, vectors[:, k], num_particles) - np.bincount(self.j, vectors[:, k], num_particles)
                for k in range(3)
            ],
            axis=1,
        )


#: No pairs at all, in the form of Pairs.
NO_PAIRS = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros(0), np.zeros(0))


def cutoff_of(correction: LearnedPairForce) -> float:
    """The cutoff of a correction in nm; infinite without one."""
    if correction.getNonbondedMethod() == correction.NoCutoff:
        return float("inf")
    return float(correction.getCutoffDistance()._value)


def box_of(correction: LearnedPairForce, box: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """The box for the distances of a correction; None if it is not periodic."""
    return box if correction.usesPeriodicBoundaryConditions() else None


def find_lost_particle(correction: LearnedPairForce, positions: NDArray[np.float64]) -> int | None:
    """The first covered particle whose position, in an array of shape (n_particles, 3), is not finite; or None."""
    covered = correction.getParticleTypes() != correction.NotCovered
    lost = np.flatnonzero(covered & ~np.isfinite(positions).all(axis=1))
    return int(lost[0]) if len(lost) > 0 else None


def find_pairs(correction: LearnedPairForce, positions: NDArray[np.float64], box: NDArray[np.float64] | None) -> Pairs:
    """Find the pairs of a correction that are in range.

    The parameters and errors are those of :func:`find_pairs_in_parts`.
    """
    parts = [*find_pairs_in_parts(correction, positions, box), NO_PAIRS]
    return Pairs(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Pairs)))


def find_pairs_in_parts(
    correction: LearnedPairForce,
    positions: NDArray[np.float64],
    box: NDArray[np.float64] | None,
    cutoff: float | None = None,
    with_exclusions: bool = True,
) -> Iterator[Pairs]:
    """Find the pairs of a correction that are in range, in parts that need little memory.

    Parameters
    ----------
    correction : LearnedPairForce
    positions : ndarray, shape (n_particles, 3), nm
    box : ndarray, shape (3, 3), nm, or None
        Used if the correction is periodic.
    cutoff : float, nm
        By default that of the correction.
    with_exclusions : bool
        Whether exclusions and exceptions hold; otherwise all pairs that the interaction groups allow have the factor 1.

    Raises
    ------
    ValueError
        If a position of a covered particle is not finite, or the box is smaller than twice the cutoff.
    """
    lost = find_lost_particle(correction, positions)
    if lost is not None:
        raise ValueError(f"the position of particle {lost} is {positions[lost].tolist()} nm; expected finite numbers.")
    covered = np.flatnonzero(correction.getParticleTypes() != correction.NotCovered)
    cutoff, factors_of = cutoff_of(correction) if cutoff is None else cutoff, _pair_factors(correction, with_exclusions)
    for a, b, delta, r in neighbors(positions[covered], cutoff, box_of(correction, box)):
        i, j = covered[a], covered[b]
        factors = factors_of(i, j)
        kept = factors != 0
        yield Pairs(i[kept], j[kept], delta[kept], r[kept], factors[kept])


def _pair_factors(correction: LearnedPairForce, with_exclusions: bool) -> PairFactors:
    exceptions, factors = correction._access.getExceptions()
    exclusions = correction._access.getExclusions()
    if not with_exclusions:
        exclusions, exceptions, factors = exclusions[:0], exceptions[:0], factors[:0]
    groups = [correction.getInteractionGroupParameters(index) for index in range(correction.getNumInteractionGroups())]
    return PairFactors(correction.getNumParticles(), exclusions, exceptions, factors, groups)
