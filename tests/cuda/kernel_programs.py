# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Programs on the CUDA platform, in one Context after another. Tests inspect the modules that the platform compiled.

Run as: kernel_programs.py single|mixed|double NAME...
A name is that of an architecture of tests/architectures.py or of a conformance program, or "none".
Prints a line for each name: the name, the kernel that evaluates the program, and its multiply-adds per pair.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import openmm
from learnedpair.force.kernel_info import describe_kernel

sys.path.insert(0, str(Path(__file__).parent.parent))
import architectures
import learnedpair as lp
import systems
from conformance_files import PAIR_PROGRAMS


def make_force(name, count):
    for case in PAIR_PROGRAMS:
        if case.name == name:
            wanted = case.pair_program
            program = lp.PairProgram(
                case.text,
                case.weights,
                num_types=wanted.get("types") or 0,
                num_features=wanted.get("features") or 0,
                min_distance=wanted["min_distance"],
                global_parameters=dict(map(tuple, wanted["globals"])),
            )
            force = lp.LearnedPairForce(program)
            features = case.inputs["particle1"].reshape(len(case.inputs["distance"]), -1)
            if program.num_features:
                force.setAllParticleFeatures(features[np.arange(count) % len(features)])
            else:
                force.setParticleTypes(np.arange(count) % program.num_types)
            return force
    architecture = architectures.by_name(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = architectures.load(architecture, "module")
    return model.create_force(
        architectures.particles(architecture, count, seed=1, distinct=4), representation="program", evaluation="exact"
    )


def main(precision, names):
    chains = systems.Chains(molecules=80)
    for name in names:
        system = chains.system()
        system.addForce(chains.nonbonded(openmm.NonbondedForce.CutoffPeriodic))
        kernel, cost = "", 0
        if name != "none":
            force = make_force(name, system.getNumParticles())
            force.setCutoffDistance(min(0.6, force.getCutoffDistance()._value))
            force.setUseSwitchingFunction(False)
            for i, j in chains.molecule_pairs:
                force.addExclusion(int(i), int(j))
            cost = force.getFunction().multiply_adds
            system.addForce(force)
        context = openmm.Context(
            system, openmm.VerletIntegrator(1e-5), openmm.Platform.getPlatform("CUDA"), {"Precision": precision}
        )
        context.setPositions(chains.positions)
        context.getState(forces=True)
        if name != "none":
            force = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
            kernel = describe_kernel(force.getKernelInfo(context))
        print(f"{name};{kernel};{cost}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
