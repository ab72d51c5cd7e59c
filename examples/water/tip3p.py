# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""TIP3P dimers in numpy: parameters, interaction energy, and rigid-body forces.

A dimer is an array of positions [6, 3] in nm, in the order O, H1, H2 (molecule A), O, H1, H2
(molecule B). Batches have shape [N, 6, 3]. Energies are in kJ/mol, forces in kJ/mol/nm and
torques in kJ/mol (per radian).
"""

import numpy as np

# W. L. Jorgensen et al., J. Chem. Phys. 79, 926 (1983), https://doi.org/10.1063/1.445869;
# the numbers are those of OpenMM's amber14/tip3p.xml.
CHARGES = np.array([-0.834, 0.417, 0.417])
LJ_SIGMA = 0.31507524065751241
LJ_EPSILON = 0.635968
BOND, ANGLE = 0.09572, 104.52  # nm, degrees
COULOMB = 138.935456  # kJ/mol nm / e^2
MASSES = np.array([15.99943, 1.007947, 1.007947])
GRAMS_PER_CC = MASSES.sum() / 602.214076  # density of one molecule per nm^3

# The nine intermolecular pairs: atom of A (0..2) and atom of B (3..5).
PAIR_A = np.repeat([0, 1, 2], 3)
PAIR_B = np.tile([3, 4, 5], 3)


def centers_of_mass(positions):
    """Compute the centers of mass [N, 2, 3] (nm) of the two molecules of dimers [N, 6, 3] (nm)."""
    molecules = positions.reshape(-1, 2, 3, 3)
    return np.einsum("a,nmax->nmx", MASSES / MASSES.sum(), molecules)


def project_rigid(positions, forces):
    """Project atomic forces onto rigid molecules: the net force on A, and the torques on A and B.

    Forces inside an isolated molecule have neither net force nor torque. Monomer forces therefore need not be
    subtracted first.

    Parameters
    ----------
    positions : ndarray, shape (N, 6, 3), nm
    forces : ndarray, shape (N, 6, 3), kJ/mol/nm

    Returns
    -------
    force : ndarray, shape (N, 3), kJ/mol/nm
        On A; the force on B is its negative.
    torques : ndarray, shape (N, 2, 3), kJ/mol
        Each about the center of mass of its molecule.
    """
    arms = positions.reshape(-1, 2, 3, 3) - centers_of_mass(positions)[:, :, None, :]
    molecule_forces = forces.reshape(-1, 2, 3, 3)
    return molecule_forces[:, 0].sum(axis=1), np.cross(arms, molecule_forces).sum(axis=2)


def pair_geometry(positions):
    """Compute distances [N, 9] (nm) of the intermolecular pairs and unit vectors [N, 9, 3] from B to A."""
    delta = positions[:, PAIR_A] - positions[:, PAIR_B]
    distances = np.linalg.norm(delta, axis=-1)
    return distances, delta / distances[..., None]


def interaction(positions):
    """Compute the TIP3P interaction energy [N] (kJ/mol) and forces [N, 6, 3] (kJ/mol/nm), without a cutoff."""
    distances, directions = pair_geometry(positions)
    coulomb = COULOMB * CHARGES[PAIR_A] * CHARGES[PAIR_B - 3] / distances
    # Only the pair O-O (the first of the nine) has a Lennard-Jones term.
    power6 = (LJ_SIGMA / distances[:, 0]) ** 6
    energy = coulomb.sum(axis=1) + 4.0 * LJ_EPSILON * (power6**2 - power6)
    push = coulomb / distances  # -dE/dr
    push[:, 0] += 24.0 * LJ_EPSILON * (2.0 * power6**2 - power6) / distances[:, 0]
    forces = np.zeros_like(positions)
    for pair in range(9):
        vector = push[:, pair, None] * directions[:, pair]
        forces[:, PAIR_A[pair]] += vector
        forces[:, PAIR_B[pair]] -= vector
    return energy, forces
