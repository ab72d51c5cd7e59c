# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces on the HIP platform, in one Context after another. Tests inspect the modules that the platform compiled and
the kernels that it launched.

Run as: hip_cases.py single|mixed|double NAME...
A name is "none", "table", "own", "exceptions", "environment", "operations" (a program with all elementwise operations),
or that of a program in tests/cuda/kernel_programs.py.
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
import learnedpair as lp  # noqa: E402
import systems  # noqa: E402
from environment_gas import gas  # noqa: E402
from kernel_programs import make_force  # noqa: E402

UNARY = ["neg", "abs", "floor", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "erf", "erfc"]
BINARY = ["add", "sub", "mul", "div", "pow", "atan2", "minimum", "maximum", "less", "less_equal", "equal"]


def all_operations():
    """A program for one type that adds up all elementwise operations."""
    lines = ["v0[1] = distance", "v1[1] = literal 3.7", "v2[1] = mul v0 v1"]
    terms = [f"{name} v2" for name in UNARY] + [f"{name} v2 v1" for name in BINARY] + ["select v2 v0 v1"]
    for term in terms:
        k = len(lines)
        lines += [f"v{k}[1] = {term}", f"v{k + 1}[1] = add v{k - 1} v{k}"]
    text = "\n".join([*lines, f"output v{len(lines) - 1}"])
    return lp.LearnedPairForce(lp.PairProgram(text, [], num_types=1, min_distance=0.1))


def program(name, chains):
    if name == "operations":
        force = all_operations()
        force.setParticleTypes(chains.types * 0)
    else:
        force = make_force(name, len(chains.positions))
    force.setCutoffDistance(min(0.6, force.getCutoffDistance()._value))
    force.setUseSwitchingFunction(False)
    for i, j in chains.molecule_pairs:
        force.addExclusion(int(i), int(j))
    return force


def make(name):
    """A System with the force as its last one, and the positions."""
    if name == "environment":
        system, positions, _ = gas("triclinic", "all")
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
