# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The mean and the spread of the energies and forces of a committee."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Spread(NamedTuple):
    """How far the members of a committee disagree at some positions."""

    mean_energy: float
    """kJ/mol."""
    energy: float
    """The sample standard deviation of the energies, kJ/mol."""
    force: NDArray[np.float64]
    """The spread of the force on each covered particle, kJ/mol/nm."""
    rms_force: float
    """The root of the mean of its squares over the covered particles."""
    max_force: float
    max_particle: int
    """The particle with the largest spread of forces; the first of them if there are several."""


def spread_of(energies: NDArray[np.float64], forces: NDArray[np.float64], particles: NDArray[np.integer]) -> Spread:
    """Compute the spread of the energies and forces of K members.

    Parameters
    ----------
    energies : ndarray, shape (K,), kJ/mol
    forces : ndarray, shape (K, n, 3), kJ/mol/nm
        On the covered particles.
    particles : ndarray of int, shape (n,)
        The indices of the covered particles.

    Returns
    -------
    Spread

    References
    ----------
    The spread of the force on particle i is the square root of the sum over members and components of
    (F - mean F)^2, divided by K-1: the sample standard deviation, as for the energies. The "model deviation" of DP-GEN
    (Zhang et al., Phys. Rev. Mater. 3, 023804 (2019); Comput. Phys. Commun. 253, 107206 (2020)) is the same divided by
    K, and thus smaller by sqrt((K-1)/K).
    """
    deviations = forces - forces.mean(axis=0)
    force = np.sqrt((deviations**2).sum(axis=(0, 2)) / (len(energies) - 1))
    worst = int(np.argmax(force))
    return Spread(
        float(energies.mean()),
        float(energies.std(ddof=1)),
        force,
        float(np.sqrt(np.mean(force**2))),
        float(force[worst]),
        int(particles[worst]),
    )
