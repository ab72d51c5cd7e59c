#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM's OpenCL platform with two devices: from the second evaluation on, the energy of 33 to 64 particles is wrong.
#
# Libraries: openmm 8.6.1, numpy 2.4.6, and Intel's OpenCL runtime for CPUs (intel-opencl-rt 2026.2.0 with
#            intel-cmplr-lib-rt 2026.2.0), all from PyPI. The same was seen with PoCL 3.1 from Debian 12.
# Input:     60 particles on a grid, a CustomNonbondedForce with energy exp(-8*r) and a cutoff of 1 nm
#            (CutoffNonPeriodic); a Context with the property DeviceIndex "0,0", as OpenMM's own tests use several
#            devices; the energy is computed four times at the same positions.
# Expected:  four times the energy of the Reference platform.
# Seen:      the first energy agrees, and all later ones are larger by a fifth. Forces are wrong as well. With one
#            device, without a cutoff, or with more than 64 particles (more than two blocks of 32) all energies agree.
#            OpenMM shifts work between the devices after the first evaluation.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
OCL_ICD_VENDORS=$folder/venv/lib/libintelocl.so "$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import openmm


def energies(platform, count, method=openmm.CustomNonbondedForce.CutoffNonPeriodic, **properties):
    """The energy of particles on a grid, computed four times."""
    system = openmm.System()
    force = openmm.CustomNonbondedForce("exp(-8*r)")
    force.setNonbondedMethod(method)
    force.setCutoffDistance(1.0)
    for _ in range(count):
        system.addParticle(1.0)
        force.addParticle([])
    system.addForce(force)
    platform = openmm.Platform.getPlatformByName(platform)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, properties)
    context.setPositions(0.3 * np.array(list(np.ndindex(5, 5, 5)))[:count])
    return np.array([context.getState(energy=True).getPotentialEnergy()._value for _ in range(4)])


expected = energies("Reference", 60)
found = energies("OpenCL", 60, DeviceIndex="0,0")
print(f"OpenMM {openmm.version.version}: {found} kJ/mol, expected {expected[0]:.4f} kJ/mol")
agree = [
    np.allclose(energies("OpenCL", 60), expected, rtol=1e-4),
    np.allclose(energies("OpenCL", 100, DeviceIndex="0,0"), energies("Reference", 100), rtol=1e-4),
]
no_cutoff = openmm.CustomNonbondedForce.NoCutoff
agree.append(
    np.allclose(energies("OpenCL", 60, no_cutoff, DeviceIndex="0,0"), energies("Reference", 60, no_cutoff), rtol=1e-4)
)
wrong = abs(found - expected) > 0.05 * expected
sys.exit(not (wrong.tolist() == [False, True, True, True] and all(agree)))
PYTHON
