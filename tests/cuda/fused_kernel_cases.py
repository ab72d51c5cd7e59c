# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A few steps of dense molecules with PME on the CUDA platform, with or without a correction, for tests that look at
what
the platform compiled and launched: fused_kernel_cases.py none|shared|shorter|own single|mixed|double"""

import json
import sys
from pathlib import Path

import openmm

sys.path.insert(0, str(Path(__file__).parent.parent))
import systems

correction, precision = sys.argv[1:]
chains = systems.Chains(molecules=1100, density=40.0)
system = chains.system()
system.addForce(chains.nonbonded(openmm.NonbondedForce.PME))
if correction != "none":
    arguments = {"shared": {}, "shorter": {"cutoff": 0.45}, "own": {"exclusions": []}}[correction]
    system.addForce(chains.learned(**arguments))
context = openmm.Context(
    system, openmm.VerletIntegrator(1e-5), openmm.Platform.getPlatform("CUDA"), {"Precision": precision}
)
context.setPositions(chains.positions)
context.getIntegrator().step(5)
print(json.dumps({"particles": system.getNumParticles()}))
