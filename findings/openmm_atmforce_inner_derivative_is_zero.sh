#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM's ATMForce loses the energy parameter derivatives of the forces in it: the State says 0.
#
# Library:   OpenMM 8.6.1 from PyPI (numpy 2.4.6).
# Input:     a CustomBondForce k*(r-0.2)^2 with the global parameter k and addEnergyParameterDerivative("k"), at
#            r = 0.3, in ATMForce("u0+0.3*(u1-u0)") that moves the second particle by 0.1 nm.
# Expected:  dE/dk = 0.7*0.1^2 + 0.3*0.2^2 = 0.019, which is also the finite difference of the energy; or an exception.
#            The documentation says of a derivative in a State that it is zero if no force was told to compute it, and
#            that it has the contributions of all forces that were told; this one was told.
# Seen:      the derivative is 0.0 on the Reference and CPU platforms, with no error and no warning. The energy does
#            depend on k. The same bond outside of the ATMForce has the right derivative.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" -W error - <<'PYTHON'
import sys

import openmm


def derivatives(platform, inside):
    """The derivative by k that the State has, and the finite difference of the energy."""
    system = openmm.System()
    bond = openmm.CustomBondForce("k*(r-0.2)^2")
    bond.addGlobalParameter("k", 1000.0)
    bond.addEnergyParameterDerivative("k")
    bond.addBond(0, 1)
    for _ in range(2):
        system.addParticle(1.0)
    force = bond
    if inside:
        force = openmm.ATMForce("u0+0.3*(u1-u0)")
        force.addParticle()
        force.addParticle(openmm.Vec3(0.1, 0, 0))
        force.addForce(bond)
    system.addForce(force)
    platform = openmm.Platform.getPlatformByName(platform)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions([[0, 0, 0], [0.3, 0, 0]])
    reported = dict(context.getState(parameterDerivatives=True).getEnergyParameterDerivatives())["k"]
    energies = []
    for value in (999.0, 1001.0):
        context.setParameter("k", value)
        energies.append(context.getState(energy=True).getPotentialEnergy()._value)
    return reported, (energies[1] - energies[0]) / 2


as_described = True
for platform in ("Reference", "CPU"):
    inside, outside = derivatives(platform, True), derivatives(platform, False)
    print(
        f"OpenMM {openmm.version.version}, {platform}: in the ATMForce the State has {inside[0]}, and the finite"
        f" difference is {inside[1]:.4f} kJ/mol; outside {outside[0]:.4f} and {outside[1]:.4f} kJ/mol"
    )
    as_described &= inside[0] == 0 and abs(inside[1] - 0.019) < 1e-4
    as_described &= all(abs(each - 0.01) < 1e-4 for each in outside)
sys.exit(0 if as_described else "the behaviour has changed")
PYTHON
