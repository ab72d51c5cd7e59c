# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Work for another process, which imports this file and OpenMM only: no PyTorch, and not this package."""

import openmm


def energy(xml, positions):
    """The energy of a System, given as XML, in kJ/mol."""
    system = openmm.XmlSerializer.deserialize(xml)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    context.setPositions(positions)
    return context.getState(energy=True).getPotentialEnergy()._value
