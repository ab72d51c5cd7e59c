# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times Systems with a CustomNonbondedForce before and after lp.accelerate().

    python benchmarks/custom_nonbonded.py --platform CPU --repeats 5 --json benchmarks/results/custom_nonbonded_cpu.json

Three Systems: a POPC membrane in CHARMM36 with NBFIX, from OpenMM's own files; a box of water with a double-exponential
potential in place of Lennard-Jones; and a box of coarse-grained beads of 24 types. See benchmarks/README.md.
"""

import argparse
import copy
import pathlib

import learnedpair as lp
import numpy as np
import openmm
from boxes import make_water_box
from openmm import app, unit
from support import (
    DifferentFunctionError,
    add_timing_arguments,
    create_timed,
    describe_machine,
    describe_platform,
    platform_properties,
    time_in_turns,
    versions,
    write_report,
)

#: Both Systems must have the same energy and forces: the largest differences, relative to the RMS force and per atom.
MAX_FORCE_DIFFERENCE, MAX_ENERGY_DIFFERENCE = 1e-3, 1e-3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_timing_arguments(parser)
    parser.add_argument("--waters", type=int, default=3000, help="molecules in the box of water")
    parser.add_argument("--beads", type=int, default=20000, help="particles in the coarse-grained box")
    parser.add_argument(
        "--also",
        choices=("table", "exact"),
        nargs="*",
        default=[],
        help="also time the accelerated System with this evaluation, in place of the automatic one",
    )
    parser.add_argument("--only", choices=list(SYSTEMS), action="append", help="time this System; may be repeated")
    return parser.parse_args()


def make_membrane(arguments):
    """A POPC membrane in water with CHARMM36: 32,512 atoms, all of whose Lennard-Jones is a CustomNonbondedForce."""
    pdb = app.PDBFile(str(pathlib.Path(app.__file__).parent / "data" / "POPC.pdb"))
    forcefield = app.ForceField("charmm36_2024.xml", "charmm36_2024/water.xml")
    system = forcefield.createSystem(
        pdb.topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=1.2 * unit.nanometer,
        switchDistance=1.0 * unit.nanometer,
        constraints=app.HBonds,
    )
    return system, pdb.positions


def make_double_exponential_water(arguments):
    """TIP3P water whose Lennard-Jones is replaced by a double exponential (Wu and Brooks, PCCP 2019) of its shape."""
    box = make_water_box(arguments.waters, 0.9)
    system = copy.deepcopy(box.system)
    nonbonded = next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))
    custom = openmm.CustomNonbondedForce(
        "epsilon*(beta*exp(alpha*(1-x)) - alpha*exp(beta*(1-x)))/(alpha-beta); x=r/(rm1+rm2);"
        " epsilon=sqrt(epsilon1*epsilon2); alpha=16.766; beta=4.427"
    )
    custom.addPerParticleParameter("rm")
    custom.addPerParticleParameter("epsilon")
    custom.setNonbondedMethod(custom.CutoffPeriodic)
    custom.setCutoffDistance(nonbonded.getCutoffDistance())
    custom.setUseSwitchingFunction(True)
    custom.setSwitchingDistance(0.9 * nonbonded.getCutoffDistance())
    custom.setUseLongRangeCorrection(True)
    for i in range(system.getNumParticles()):
        charge, sigma, epsilon = nonbonded.getParticleParameters(i)
        custom.addParticle([0.5 * 2 ** (1 / 6) * sigma._value, epsilon._value])
        nonbonded.setParticleParameters(i, charge, sigma, 0)
    for i in range(nonbonded.getNumExceptions()):
        first, second, *_ = nonbonded.getExceptionParameters(i)
        custom.addExclusion(first, second)
    system.addForce(custom)
    return system, box.positions


def make_coarse_grained(arguments):
    """Beads of 24 types at the density of Martini water, with a matrix of Lennard-Jones coefficients."""
    rng = np.random.default_rng(1)
    types, count, edge = 24, arguments.beads, (arguments.beads / 8.34) ** (1 / 3)
    epsilon = rng.uniform(2.0, 5.6, (types, types))
    sigma = np.where(rng.random((types, types)) < 0.5, 0.43, 0.47)
    epsilon, sigma = np.triu(epsilon) + np.triu(epsilon, 1).T, np.triu(sigma) + np.triu(sigma, 1).T
    custom = openmm.CustomNonbondedForce("c12(type1, type2)/r^12 - c6(type1, type2)/r^6")
    for name, power in (("c12", 12), ("c6", 6)):
        values = (4 * epsilon * sigma**power).flatten().tolist()
        custom.addTabulatedFunction(name, openmm.Discrete2DFunction(types, types, values))
    custom.addPerParticleParameter("type")
    custom.setNonbondedMethod(custom.CutoffPeriodic)
    custom.setCutoffDistance(1.1)
    custom.setUseSwitchingFunction(True)
    custom.setSwitchingDistance(0.9)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors([edge, 0, 0], [0, edge, 0], [0, 0, edge])
    for _ in range(count):
        system.addParticle(72.0)
        custom.addParticle([int(rng.integers(types))])
    system.addForce(custom)
    side = int(np.ceil(count ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    chosen = rng.permutation(len(grid))[:count]
    return system, (grid[chosen] + 0.5) * edge / side


SYSTEMS = {
    "CHARMM36 membrane": make_membrane,
    "double-exponential water": make_double_exponential_water,
    "coarse-grained, 24 types": make_coarse_grained,
}


def relaxed(system, positions):
    """Positions after a short minimization and simulation, on the CPU platform."""
    integrator = openmm.LangevinMiddleIntegrator(300 * unit.kelvin, 10 / unit.picosecond, 1 * unit.femtosecond)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform("CPU"))
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=50)
    context.setVelocitiesToTemperature(300 * unit.kelvin, 1)
    integrator.step(100)
    return context.getState(positions=True).getPositions(asNumpy=True)


def require_equal(original, accelerated):
    """Compare the energies and forces of two timed Contexts; returns the differences."""
    rms = float(np.sqrt(np.mean(original.forces**2)))
    differences = {
        "energy_per_atom_kJ_per_mol": abs(accelerated.energy - original.energy) / len(original.forces),
        "rms_force_relative": float(np.sqrt(np.mean((accelerated.forces - original.forces) ** 2))) / rms,
        "max_force_relative": float(np.abs(accelerated.forces - original.forces).max()) / rms,
    }
    if (
        differences["energy_per_atom_kJ_per_mol"] > MAX_ENERGY_DIFFERENCE
        or differences["max_force_relative"] > MAX_FORCE_DIFFERENCE
    ):
        raise DifferentFunctionError(f"the accelerated System differs from the original one: {differences}")
    return differences


def with_evaluation(system, evaluation):
    """A copy of an accelerated System whose LearnedPairForces have another evaluation."""
    result = copy.deepcopy(system)
    for force in result.getForces():
        if lp.LearnedPairForce.is_learned_pair_force(force):
            force = lp.LearnedPairForce.cast(force)
            force.setEvaluation({"table": force.TableEvaluation, "exact": force.ExactEvaluation}[evaluation])
    return result


def count_distinct(system):
    """The number of distinct sets of parameters in each CustomNonbondedForce."""
    return [
        len({force.getParticleParameters(i) for i in range(force.getNumParticles())})
        for force in system.getForces()
        if isinstance(force, openmm.CustomNonbondedForce)
    ]


def measure(name, arguments):
    """Time one System before and after acceleration; returns a dict for JSON."""
    system, positions = SYSTEMS[name](arguments)
    fast = copy.deepcopy(system)
    report = lp.accelerate(fast)
    print(f"{name}: {report}", flush=True)
    positions = relaxed(fast, positions)
    properties = platform_properties(arguments)
    original = create_timed(system, positions, arguments.platform, properties)
    accelerated = create_timed(fast, positions, arguments.platform, properties)
    variants = {"accelerated": accelerated} | {
        each: create_timed(with_evaluation(fast, each), positions, arguments.platform, properties)
        for each in arguments.also
    }
    differences = require_equal(original, accelerated)
    timings = time_in_turns(original, variants, arguments.seconds, arguments.repeats, arguments.warm_up)
    for variant, timing in timings.items():
        print(
            f"  {variant}: {timing['baseline_ms']:.1f} ms per step before, {timing['variant_ms']:.1f} ms after:"
            f" {1 / timing['ratio']:.2f} times as fast ({1 / timing['ratio_max']:.2f} to"
            f" {1 / timing['ratio_min']:.2f})",
            flush=True,
        )
    return {
        "atoms": system.getNumParticles(),
        "report": report.to_dict(),
        "differences": differences,
        "creation_s": {"original": original.creation, "accelerated": accelerated.creation},
        "distinct_parameters": count_distinct(system),
        "timing": timings.pop("accelerated"),
        "other_evaluations": timings,
        "platform": describe_platform(accelerated.context),
    }


def main():
    arguments = parse_arguments()
    systems = {name: measure(name, arguments) for name in arguments.only or SYSTEMS}
    write_report({"machine": describe_machine(), "versions": versions(), "systems": systems}, arguments.json)


if __name__ == "__main__":
    main()
