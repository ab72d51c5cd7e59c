# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Context of its own for the members of a committee, so that the simulated System stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from ..force.learned_pair_force import LearnedPairForce

#: The number of force groups of OpenMM; each member has a group of its own.
MAX_MEMBERS = 32


class MemberContext:
    """Evaluates the forces of members at given positions.

    The System has one particle for each of the simulated System, and copies of the forces. It has no constraints and no
    virtual sites, since the positions come from the simulation and no step is made; the force on a virtual site stays
    on the site.

    Parameters
    ----------
    forces : list of LearnedPairForce
        One for each member.
    platform : openmm.Platform
    properties : dict of str to str
        The properties of the Context.
    box : ndarray, shape (3, 3), nm
        The periodic box vectors; without effect on forces that are not periodic.
    """

    def __init__(
        self,
        forces: Sequence[LearnedPairForce],
        platform: openmm.Platform,
        properties: Mapping[str, str],
        box: NDArray[np.float64],
    ) -> None:
        system = openmm.System()
        for _ in range(forces[0].getNumParticles()):
            system.addParticle(1.0)
        system.setDefaultPeriodicBoxVectors(*box)
        for group, force in enumerate(forces):
            member = copy.copy(force)
            member.setForceGroup(group)
            system.addForce(member)
        self._context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, dict(properties))
        self._is_periodic = system.usesPeriodicBoundaryConditions()
        self._count, self._box = len(forces), box
        self._particles = np.flatnonzero(forces[0].getParticleTypes() != LearnedPairForce.NotCovered)
        self._shift, self._cutoff = np.zeros(3), forces[0].getCutoffDistance().value_in_unit(unit.nanometer)

    @property
    def particles(self) -> NDArray[np.integer]:
        """The indices of the covered particles, on which the members act."""
        return self._particles

    @property
    def is_periodic(self) -> bool:
        """Whether the members are periodic."""
        return self._is_periodic

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters that the members depend on."""
        return sorted(dict(self._context.getParameters()))

    def evaluate(self, state: openmm.State, parameters: Mapping[str, float]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Compute the energy and the forces of each member.

        Parameters
        ----------
        state : openmm.State
            With positions and box.
        parameters : mapping of str to float
            The values of the parameters.

        Returns
        -------
        energies : ndarray, shape (n_members,), kJ/mol
        forces : ndarray, shape (n_members, n_covered, 3), kJ/mol/nm
        """
        context = self._context
        for name in self.parameters:
            context.setParameter(name, parameters[name])
        if self._is_periodic:
            self._set_box(state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer))
        context.setPositions(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer) + self._shift)
        energies, forces = np.empty(self._count), np.empty((self._count, len(self._particles), 3))
        unit_of_force = unit.kilojoule_per_mole / unit.nanometer
        for group in range(self._count):
            member = context.getState(energy=True, forces=True, groups={group})
            energies[group] = member.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
            forces[group] = member.getForces(asNumpy=True).value_in_unit(unit_of_force)[self._particles]
        return energies, forces

    def _set_box(self, box: NDArray[np.float64]) -> None:
        """Set the box.

        On GPUs, OpenMM does not rebuild its neighbor list if only the box has changed. When the box changes, all
        particles are therefore displaced by the cutoff, and at the next change moved back. Energies and forces do not
        depend on this.
        """
        if not np.array_equal(box, self._box):
            self._context.setPeriodicBoxVectors(*box)
            self._box = box
            self._shift = np.array([self._cutoff, 0.0, 0.0]) - self._shift
