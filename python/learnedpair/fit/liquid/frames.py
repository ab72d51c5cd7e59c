# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The structures of a simulation, with the sums over pairs that a fit needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...force.neighbors import neighbors
from ...force.switching import switching
from ..basis import InverseSplineBasis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Particles:
    """What does not change during a simulation.

    Attributes
    ----------
    types : ndarray of int, shape (N,)
        The index of the type in ``names``; -1 for a particle without a type.
    names : list of str
    curves : ndarray of int, shape (n_types, n_types)
        The index of the basis of each pair of types; -1 for a pair that does not interact.
    masses : ndarray, shape (N,), g/mol
    molecules : ndarray of int, shape (N,)
    excluded : ndarray of int, shape (n_excluded,)
        i N + j for each excluded pair i < j.
    """

    types: NDArray[np.int64]
    names: list[str]
    curves: NDArray[np.int64]
    masses: Array
    molecules: NDArray[np.int64]
    excluded: NDArray[np.int64]

    def are_of(self, name: str) -> NDArray[np.bool_]:
        """Whether each particle has a type; no particle has a type that is not among the names."""
        if name not in self.names:
            return np.zeros(len(self.types), dtype=bool)
        return self.types == self.names.index(name)


@dataclass(frozen=True)
class Frames:
    """The structures of a simulation.

    Attributes
    ----------
    particles : Particles
    positions : ndarray, shape (n_frames, N, 3), nm
        Of whole molecules.
    boxes : ndarray, shape (n_frames, 3, 3), nm
    potentials : ndarray, shape (n_frames,), kJ/mol
        The potential energy, with the correction.
    pressures : ndarray, shape (n_frames,), bar
        NaN with a barostat.
    energy_rows : ndarray, shape (n_frames, n_coefficients), kJ/mol
        The derivatives of the energy by the coefficients of the fit.
    virial_rows : ndarray, shape (n_frames, n_coefficients), kJ/mol
        The derivatives by the coefficients of the sum over pairs of dE/dr (r.R)/r, where R is the displacement between
        the centers of mass of the molecules.
    """

    particles: Particles
    positions: Array
    boxes: Array
    potentials: Array
    pressures: Array
    energy_rows: Array
    virial_rows: Array

    @property
    def volumes(self) -> Array:
        """The volumes, shape (n_frames,), nm^3."""
        return np.asarray(np.linalg.det(self.boxes))

    @property
    def mass(self) -> float:
        """The mass of all particles, in g/mol."""
        return float(self.particles.masses.sum())

    @property
    def num_molecules(self) -> int:
        return int(self.particles.molecules.max()) + 1

    def number_of_pairs(self, type1: str, type2: str) -> int:
        """The number of pairs of two types in different molecules."""
        first, second = (np.flatnonzero(self.particles.are_of(name)) for name in (type1, type2))
        molecules = self.particles.molecules
        size = self.num_molecules
        together = np.bincount(molecules[first], minlength=size) @ np.bincount(molecules[second], minlength=size)
        if type1 == type2:
            return (len(first) ** 2 - int(together)) // 2
        return len(first) * len(second) - int(together)

    def distances(self, index: int, type1: str, type2: str, cutoff: float) -> Array:
        """The distances below a cutoff of pairs of two types in different molecules, in one frame."""
        is_first, is_second = self.particles.are_of(type1), self.particles.are_of(type2)
        chosen = np.flatnonzero(is_first | is_second)
        molecules = self.particles.molecules
        parts = [np.zeros(0)]
        for i, j, _, r in neighbors(self.positions[index][chosen], cutoff, self.boxes[index]):
            i, j = chosen[i], chosen[j]
            wanted = (is_first[i] & is_second[j]) | (is_second[i] & is_first[j])
            parts.append(r[wanted & (molecules[i] != molecules[j])])
        return np.concatenate(parts)


def rows_of_frame(
    particles: Particles,
    positions: Array,
    box: Array,
    bases: Sequence[InverseSplineBasis],
    cutoff: float,
    switching_distance: float | None,
) -> tuple[Array, Array]:
    """The derivatives of the energy and of the virial of one structure by the coefficients: see Frames."""
    arms = positions - _centers(particles, positions)[particles.molecules]
    count = len(positions)
    energy = [np.zeros(basis.size) for basis in bases]
    virial = [np.zeros(basis.size) for basis in bases]
    for i, j, delta, r in neighbors(positions, cutoff, box):
        first, second = particles.types[i], particles.types[j]
        curve = np.where((first >= 0) & (second >= 0), particles.curves[first, second], -1)
        included = (curve >= 0) & ~np.isin(i * count + j, particles.excluded)
        i, j, delta, r, curve = i[included], j[included], delta[included], r[included], curve[included]
        between_centers = delta - arms[j] + arms[i]
        lever = np.einsum("pk,pk->p", delta, between_centers) / r
        s, dsdr = (np.ones_like(r), np.zeros_like(r))
        if switching_distance is not None:
            s, dsdr = switching(r, switching_distance, cutoff)
        for k, basis in enumerate(bases):
            its = curve == k
            energy[k] += basis.weighted_sums(r[its], s[its], np.zeros(int(its.sum())))
            virial[k] += basis.weighted_sums(r[its], (lever * dsdr)[its], (lever * s)[its])
    return np.concatenate(energy), np.concatenate(virial)


def _centers(particles: Particles, positions: Array) -> Array:
    """The centers of mass of the molecules, shape (n_molecules, 3)."""
    of_molecule = np.bincount(particles.molecules, particles.masses)
    # A molecule whose particles have no mass never moves; the center of its particles is as good as any.
    masses = np.where(of_molecule[particles.molecules] > 0, particles.masses, 1.0)
    mass, weighted = np.bincount(particles.molecules, masses), masses[:, None] * positions
    return np.stack([np.bincount(particles.molecules, weighted[:, k]) for k in range(3)], axis=1) / mass[:, None]
