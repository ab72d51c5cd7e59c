# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of two Systems of the same particles that should compute the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import openmm
from numpy.typing import NDArray

from .results import rms


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Energies in kJ/mol and forces in kJ/mol/nm of two Systems at the same positions."""

    #: The platform that has computed both.
    platform: str
    energy_before: float
    energy_after: float
    #: The root mean square of the components of the forces of the first System.
    rms_force: float
    #: The root mean square and the largest magnitude of the differences of components.
    rms_force_difference: float
    max_force_difference: float

    @property
    def is_finite(self) -> bool:
        """Whether all energies and forces are finite."""
        return bool(np.isfinite([self.energy_before, self.energy_after, self.max_force_difference]).all())

    def __str__(self) -> str:
        return (
            f"  energy:  {self.energy_before:.6f} kJ/mol before, {self.energy_after:.6f} kJ/mol after, difference"
            f" {self.energy_after - self.energy_before:.2e} kJ/mol\n"
            f"  forces:  RMS {self.rms_force:.6g} kJ/mol/nm; differences: RMS {self.rms_force_difference:.2e}"
            f" kJ/mol/nm, largest component {self.max_force_difference:.2e} kJ/mol/nm"
        )


def compare_systems(
    before: openmm.System, after: openmm.System, positions: NDArray[np.float64], box: NDArray[np.float64] | None
) -> Agreement:
    """Compare the energies and forces of two Systems, with the default values of their global parameters.

    The CPU platform computes both, because it uses tables as GPUs do, or Reference if the CPU platform cannot run one
    of them.

    Parameters
    ----------
    before, after : openmm.System
    positions : ndarray, shape (n_particles, 3), nm
    box : ndarray, shape (3, 3), nm, or None
        The periodic box vectors (default: those of the Systems).

    Returns
    -------
    Agreement

    Raises
    ------
    OpenMMException
        If Reference cannot run one of them.
    """
    try:
        return _compare_on("CPU", before, after, positions, box)
    except openmm.OpenMMException:
        return _compare_on("Reference", before, after, positions, box)


def _compare_on(platform, before, after, positions, box):
    (energy1, forces1), (energy2, forces2) = (
        _energy_and_forces(system, platform, positions, box) for system in (before, after)
    )
    difference = forces2 - forces1
    return Agreement(
        platform, energy1, energy2, rms(forces1), rms(difference), float(np.abs(difference).max(initial=0.0))
    )


def _energy_and_forces(system, platform, positions, box):
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(platform))
    if box is not None:
        context.setPeriodicBoxVectors(*box)
    context.setPositions(positions)
    context.computeVirtualSites()
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, np.array(state.getForces(asNumpy=True)._value)
