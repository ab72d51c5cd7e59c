#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM's NonbondedForce with two particle parameter offsets of the same global parameter on the same particle: the CPU
# platform adds them, the Reference platform uses only the last one.
#
# Library:   OpenMM 8.6.1 from PyPI (numpy 2.4.6).
# Input:     two charges at a distance of 1 nm, without a cutoff: 1, and 0.5 with the offsets -0.4*p and 0.04*p, where
#            p is 0.25.
# Expected:  a charge of 0.5 - 0.4*p + 0.04*p = 0.41 on every platform: the documentation says of each offset that it is
#            added to the parameters of the particle, and demands nothing of several; or an exception.
# Seen:      the energy is that of a charge of 0.41 on the CPU platform, but of 0.51 = 0.5 + 0.04*p on the Reference
#            platform, and of 0.40 there with the two offsets in the other order. Nothing says so. One offset with the
#            sum of the scales is 0.41 everywhere, and so are two offsets of two parameters.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import openmm


def energy(platform, charge, offsets=()):
    """The energy of a charge, with offsets by global parameters whose values are 0.25, and of a charge of 1."""
    system = openmm.System()
    force = openmm.NonbondedForce()
    for each in (charge, 1.0):
        system.addParticle(1.0)
        force.addParticle(each, 1.0, 0.0)
    for name in sorted({name for name, _ in offsets}):
        force.addGlobalParameter(name, 0.25)
    for name, scale in offsets:
        force.addParticleParameterOffset(name, 0, scale, 0.0, 0.0)
    system.addForce(force)
    platform = openmm.Platform.getPlatformByName(platform)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions([[0, 0, 0], [1, 0, 0]])
    return context.getState(energy=True).getPotentialEnergy()._value


CASES = {
    "two offsets": [("p", -0.4), ("p", 0.04)],
    "in the other order": [("p", 0.04), ("p", -0.4)],
    "one offset with their sum": [("p", -0.36)],
    "two parameters": [("p", -0.4), ("q", 0.04)],
}
found = {}
for platform in ("Reference", "CPU"):
    energies = {name: energy(platform, 0.5, offsets) for name, offsets in CASES.items()}
    found[platform] = [round(each / energy(platform, 1.0), 4) for each in energies.values()]
    print(f"OpenMM {openmm.version.version}, {platform}:")
    for (name, each), charge in zip(energies.items(), found[platform], strict=True):
        print(f"    {name}: {each:.4f} kJ/mol, a charge of {charge:.2f}")
as_described = found == {"Reference": [0.51, 0.4, 0.41, 0.41], "CPU": [0.41, 0.41, 0.41, 0.41]}
sys.exit(0 if as_described else "the behaviour has changed")
PYTHON
