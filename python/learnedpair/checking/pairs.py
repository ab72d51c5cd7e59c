# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The pairs of a correction that are in range, and the errors that tables may have for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..force.functions import PairTable
from ..force.learned_pair_force import LearnedPairForce
from ..force.pair_factors import PairFactors

#: The largest number of displacements that are computed together.
CHUNK = 2_000_000
#: A curve of a table has at least this many intervals between knots.
MIN_INTERVALS = 64


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


def minimum_image(delta: NDArray[np.float64], box: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Move displacements, shape (..., 3), to the nearest periodic image.

    As in OpenMM, the result is the nearest image if it is shorter than half of the width of the box.
    """
    if box is not None:
        for k in (2, 1, 0):
            delta = delta - np.round(delta[..., k : k + 1] / box[k, k]) * box[k]
    return delta


def cutoff_of(correction: LearnedPairForce) -> float:
    """The cutoff of a correction in nm; infinite without one."""
    if correction.getNonbondedMethod() == correction.NoCutoff:
        return float("inf")
    return float(correction.getCutoffDistance()._value)


def box_of(correction: LearnedPairForce, box: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """The box for the distances of a correction; None if it is not periodic."""
    return box if correction.usesPeriodicBoundaryConditions() else None


def find_pairs(correction: LearnedPairForce, positions: NDArray[np.float64], box: NDArray[np.float64] | None) -> Pairs:
    """Find the pairs of a correction that are in range, by enumeration of all pairs.

    Parameters
    ----------
    correction : LearnedPairForce
    positions : ndarray, shape (n_particles, 3), nm
    box : ndarray, shape (3, 3), nm, or None
    """
    covered = np.flatnonzero(correction.getParticleTypes() != correction.NotCovered)
    box, cutoff, where = box_of(correction, box), cutoff_of(correction), positions[covered]
    rows, factors_of = max(1, CHUNK // len(covered)), _pair_factors(correction)
    found = []
    for start in range(0, len(covered), rows):
        first = np.arange(start, min(start + rows, len(covered)))
        delta = minimum_image(where[None, start:] - where[first, None], box)
        r = np.sqrt((delta**2).sum(axis=2))
        a, b = np.nonzero((r < cutoff) & (np.arange(start, len(covered))[None, :] > first[:, None]))
        i, j = covered[first[a]], covered[start + b]
        factors = factors_of(i, j)
        kept = factors != 0
        found.append((i[kept], j[kept], delta[a[kept], b[kept]], r[a[kept], b[kept]], factors[kept]))
    return Pairs(*(np.concatenate(parts) for parts in zip(*found)))


def _pair_factors(correction: LearnedPairForce) -> PairFactors:
    exceptions, factors = correction._access.getExceptions()
    groups = [correction.getInteractionGroupParameters(index) for index in range(correction.getNumInteractionGroups())]
    return PairFactors(correction.getNumParticles(), correction._access.getExclusions(), exceptions, factors, groups)


def pair_functions(
    correction: LearnedPairForce, pairs: Pairs, global_values: dict[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evaluate the function of a correction for pairs, in double precision: f in kJ/mol and df/dr in kJ/mol/nm, without
    factor, scale and switching function. Below the inner cutoff, the values at the inner cutoff are returned.
    """
    r = np.maximum(pairs.r, correction.getInnerCutoffDistance()._value)
    function = correction.getFunction()
    if not isinstance(function, PairTable):
        particles = particles_of(correction)
        return function.evaluate(r, particles[pairs.i], particles[pairs.j], **global_values)
    types = correction.getParticleTypes()
    energy, dEdR = np.zeros_like(r), np.zeros_like(r)
    combined = types[pairs.i].astype(np.int64) * function.num_types + types[pairs.j]
    for both in np.unique(combined):
        chosen = combined == both
        type1, type2 = divmod(int(both), function.num_types)
        energy[chosen], dEdR[chosen] = function.evaluate(type1, type2, r[chosen])
    return energy, dEdR


def particles_of(correction: LearnedPairForce) -> NDArray[np.float64] | NDArray[np.int64]:
    """The types or the features of all particles of a correction."""
    if correction.getNumFeatures():
        return correction.getAllParticleFeatures()
    return correction.getParticleTypes().astype(np.int64)


@dataclass(frozen=True)
class Allowance:
    """The errors that a table may cause in a structure: of the energy, in kJ/mol, and of a force, in kJ/mol/nm, as the
    root mean square over the components and as the largest of all components.
    """

    energy: float = 0.0
    rms: float = 0.0
    largest: float = 0.0


def allowance_of_tables(
    correction: LearnedPairForce, pairs: Pairs, dEdR: NDArray[np.float64], tolerance: float, scale: float
) -> Allowance:
    """Compute the errors of energy and forces that the tolerance of a table allows.

    The force error of a pair is at most tolerance (|F| + 1 kJ/mol/nm), and the energy error at most this times the
    distance to the nearest knot, or to the inner cutoff for pairs below it. All errors may have the same sign.

    Parameters
    ----------
    correction : LearnedPairForce
    pairs : Pairs
    dEdR : ndarray, shape (n_pairs,), kJ/mol/nm
        From :func:`pair_functions`.
    tolerance : float
    scale : float
    """
    inner, outer = correction.getInnerCutoffDistance()._value, correction.getCutoffDistance()._value
    interval = (outer - inner) / MIN_INTERVALS
    of_pair = abs(scale) * np.abs(pairs.factors) * tolerance * (np.abs(dEdR) + 1.0)
    of_energy = of_pair * np.maximum(interval, inner - pairs.r)
    if correction.getUseSwitchingFunction():  # the slope of the switching function multiplies the error of the energy
        steepest = 1.875 / (outer - correction.getSwitchingDistance()._value)
        of_pair = of_pair + steepest * of_energy
    of_particle = pairs.sums(of_pair, correction.getNumParticles())
    return Allowance(
        float(of_energy.sum()), float(np.sqrt(np.mean(of_particle**2) / 3)), float(of_particle.max(initial=0.0))
    )
