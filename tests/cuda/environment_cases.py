# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Environment functions on the CUDA platform, in one Context after another. Tests inspect the modules that the platform
compiled.

Run as: environment_cases.py single|mixed|double NAME...
A name is that of channels in tests/environments.py. Prints a line for each name.
"""

import copy
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm

sys.path.insert(0, str(Path(__file__).parent.parent))
from comparators import evaluate
from environment_gas import gas


def main(precision, names):
    for name in names:
        system, positions, expected = gas("triclinic", name)
        system = copy.deepcopy(system)
        lp.LearnedPairForce.cast(system.getForce(0)).setScaleParameter("scale", 1.0)
        context = openmm.Context(
            system, openmm.VerletIntegrator(1e-5), openmm.Platform.getPlatform("CUDA"), {"Precision": precision}
        )
        context.setPositions(positions)
        energy, forces = evaluate(context)
        error = np.abs(forces - expected[1]).max() / np.abs(expected[1]).max()
        print(f"{name};{energy - expected[0]:.3g};{error:.3g}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
