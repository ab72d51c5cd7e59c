# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces on the HIP platform, in one Context after another. Tests inspect the modules that the platform compiled and the
kernels that it launched.

Run as: hip_cases.py single|mixed|double NAME...
A name is "none", "table", "own", "exceptions", "environment", or that of a program in tests/cuda/program_cases.py.
Prints a line for each: the name, the kernel that evaluates the force, and the number of modules so far.
"""

import copy
import os
import sys
from pathlib import Path

import openmm
from learnedpair.force.kernel_info import describe_kernel

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "cuda")]
import environments
import learnedpair as lp
import systems
from program_cases import make_force


def program(name, chains):
    force = make_force(name, len(chains.positions))
    force.setCutoffDistance(min(0.6, force.getCutoffDistance()._value))
    force.setUseSwitchingFunction(False)
    for i, j in chains.molecule_pairs:
        force.addExclusion(int(i), int(j))
    return force


def make(name):
    """A System with the force as its last one, and the positions."""
    if name == "environment":
        system, positions, _ = environments.gas("triclinic", "all")
        return copy.deepcopy(system), positions
    chains = systems.Chains(molecules=80)
    system = chains.system()
    system.addForce(chains.nonbonded())
    if name in ("table", "own"):
        system.addForce(chains.learned(**({"exclusions": []} if name == "own" else {})))
    elif name == "exceptions":
        force = chains.learned()
        for i, j in chains.molecule_pairs[:10]:
            force.addException(int(i), int(j), 0.5, True)
        system.addForce(force)
    elif name != "none":
        system.addForce(program(name, chains))
    return system, chains.positions


def main(precision, names):
    for name in names:
        system, positions = make(name)
        context = openmm.Context(
            system, openmm.VerletIntegrator(1e-5), openmm.Platform.getPlatform("HIP"), {"Precision": precision}
        )
        context.setPositions(positions)
        context.getState(forces=True, energy=True)
        kernel = ""
        if name != "none":
            kernel = describe_kernel(lp.LearnedPairForce.cast(system.getForces()[-1]).getKernelInfo(context))
        print(f"{name};{kernel};{len(list(Path(os.environ['DRYRUN_OUT']).glob('module*.s')))}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
