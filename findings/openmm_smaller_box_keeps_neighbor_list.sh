#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM does not rebuild the neighbor list of a Context when its box becomes smaller around particles that stay
# where they are.
#
# Library:   OpenMM 8.6.1 from PyPI (numpy 2.4.6), CPU platform; the Reference platform for comparison.
# Input:     200 neutral Lennard-Jones particles (sigma 0.1 nm, epsilon 1 kJ/mol, cutoff 0.6 nm) at random places of
#            a cube of 2.2 nm, first in a box of 6.6 nm, then context.setPeriodicBoxVectors() with a box of 2.2 nm.
#            2.2 nm is more than twice the cutoff, so that the box is allowed.
# Expected:  the energy of the new box, as a new Context or one that is reinitialized gives it.
# Seen:      on the CPU platform the energy lacks the pairs that came into range through the new boundaries: the
#            list is rebuilt when particles have moved by half of its padding, and none has. Reference is right. The
#            GPU platforms use the same rule; OpenCL on a CPU device showed the same fault.
#
#            Reference: 1983.475 kJ/mol; CPU: 1984.666; CPU after context.reinitialize(preserveState=True): 1983.486
#
# Code that moves particles with the box, as barostats do, is not affected.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import openmm

positions = np.random.default_rng(0).uniform(0, 2.2, (200, 3))
system, force = openmm.System(), openmm.NonbondedForce()
system.setDefaultPeriodicBoxVectors((6.6, 0, 0), (0, 6.6, 0), (0, 0, 6.6))
for _ in range(200):
    system.addParticle(1.0)
    force.addParticle(0, 0.1, 1)
force.setNonbondedMethod(force.CutoffPeriodic)
force.setCutoffDistance(0.6)
system.addForce(force)


def energies(name):
    """In the smaller box, and once more after the Context has been reinitialized."""
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(name))
    context.setPositions(positions)
    context.getState(energy=True)
    context.setPeriodicBoxVectors((2.2, 0, 0), (0, 2.2, 0), (0, 0, 2.2))
    found = [context.getState(energy=True).getPotentialEnergy()._value]
    context.reinitialize(preserveState=True)
    return [*found, context.getState(energy=True).getPotentialEnergy()._value]


(reference, _), (stale, rebuilt) = energies("Reference"), energies("CPU")
print(
    f"OpenMM {openmm.Platform.getOpenMMVersion()}: Reference {reference:.3f} kJ/mol, CPU {stale:.3f},"
    f" CPU after reinitialize() {rebuilt:.3f}"
)
sys.exit(not (abs(rebuilt - reference) < 0.05 and abs(stale - reference) > 0.5))
PYTHON
