# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures how the cost of a network of features grows with the number of distinct particles.

    python benchmarks/distinct.py --platform CPU --json benchmarks/results/distinct_cpu.json

Every atom of a box of water gets one of the distinct feature vectors at random, which is the worst case for the caches:
in a real System most particles are water. On GPU platforms it is the worst case for OpenMM, too, which sorts molecules
only if their particles are alike. With --share 0.1, only a tenth of the molecules get vectors at random, and all others
are alike. The network is evaluated with tables and exactly. See benchmarks/README.md.
"""

import argparse
import copy
import time

import learnedpair as lp
import numpy as np
import openmm
import torch
from boxes import make_water_box
from support import (
    add_timing_arguments,
    create_timed,
    describe_machine,
    describe_platform,
    platform_properties,
    time_in_turns,
    versions,
    write_report,
)
from variants import INNER_CUTOFF, exclude

#: Hidden layers and Gaussians of each network.
NETWORKS = {"8-8-1": ((8, 8), 8), "16-32-32-1": ((32, 32), 16), "32-64-64-1": ((64, 64), 32)}
LARGEST_FORCE = 3.0  # kJ/mol/nm, of a pair
FEATURES = {"q": (-1.0, 1.0), "s": (0.0, 1.0)}
#: The cutoff of the NonbondedForce, nm.
NONBONDED_CUTOFF = 0.9
MOST_ATOMS_ON_REFERENCE = 6000
TABLES, EXACT = "tables", "exact"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_timing_arguments(parser)
    parser.add_argument("--waters", type=int, nargs="+", default=[1000, 8000], help="molecules in the boxes")
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=["16-32-32-1", "32-64-64-1"])
    parser.add_argument("--distinct", type=int, nargs="+", default=[2, 30, 100], help="distinct feature vectors")
    parser.add_argument("--share", type=float, default=1.0, help="share of the molecules with random feature vectors")
    parser.add_argument("--cutoff", type=float, default=0.6, help="cutoff of the correction, nm")
    parser.add_argument("--only-tables", action="store_true", help="do not time exact evaluation")
    return parser.parse_args()


def make_model(name, cutoff):
    """Load a network with random weights of a fixed seed. Returns the model and the seconds that its checks took.

    Its largest force is LARGEST_FORCE: larger ones would change the water, and with it the cost of all forces.
    """
    hidden, num_basis = NETWORKS[name]
    torch.manual_seed(3)
    network = lp.nn.FeaturePairNetwork(len(FEATURES), cutoff, hidden, num_basis, INNER_CUTOFF, energy_scale=1.0)
    metadata = {"features": FEATURES, "cutoff": cutoff, "inner_cutoff": INNER_CUTOFF}
    low, high = np.array(list(FEATURES.values())).T
    r = np.random.default_rng(4).uniform(INNER_CUTOFF, cutoff, 20_000)
    particles = np.random.default_rng(5).uniform(low, high, (2, len(r), len(FEATURES)))
    network.energy_scale = LARGEST_FORCE / np.abs(lp.load_model(network, **metadata).evaluate(r, *particles)[1]).max()
    start = time.perf_counter()
    model = lp.load_model(network, **metadata)
    return model, time.perf_counter() - start


def choose_features(box, distinct, share=1.0):
    """Features of all atoms: those of oxygen and hydrogen if there are two, else random ones in a share of the
    molecules.
    """
    low, high = np.array(list(FEATURES.values())).T
    rows = np.random.default_rng(distinct).uniform(low, high, (distinct, len(FEATURES)))
    random = np.random.default_rng(1).integers(0, distinct, box.atoms)
    is_random = np.repeat(np.random.default_rng(2).random(box.atoms // 3) < share, 3) & (distinct > 2)
    return rows[np.where(is_random, random, box.types)]


def with_force(system, force):
    result = copy.deepcopy(system)
    result.addForce(copy.deepcopy(force))
    return result


def force_error(force, box, context):
    """The RMS error of the forces that a correction adds, relative to those of the exact program on Reference; None for
    a large box, since Reference goes through all pairs.
    """
    if box.atoms > MOST_ATOMS_ON_REFERENCE:
        return None
    alone = openmm.System()
    for particle in range(box.atoms):
        alone.addParticle(box.system.getParticleMass(particle))
    alone.setDefaultPeriodicBoxVectors(*box.system.getDefaultPeriodicBoxVectors())
    alone.addForce(copy.deepcopy(force))
    forces = []
    for platform in (context.getPlatform(), openmm.Platform.getPlatform("Reference")):
        one = openmm.Context(alone, openmm.VerletIntegrator(0.001), platform)
        one.setPositions(box.positions)
        forces.append(one.getState(forces=True).getForces(asNumpy=True)._value)
    return float(np.linalg.norm(forces[0] - forces[1]) / np.linalg.norm(forces[1]))


def measure(name, distinct, box, arguments):
    """Time one network with some distinct particles; returns a dict for JSON."""
    model, seconds_to_load = make_model(name, arguments.cutoff)
    features = choose_features(box, distinct, arguments.share)
    start = time.perf_counter()
    force = model.create_force(features, evaluation="table")
    seconds_to_create = time.perf_counter() - start
    exclude(force, box.excluded)
    properties = platform_properties(arguments)
    baseline = create_timed(box.system, box.positions, arguments.platform, properties)
    timed, infos = {}, {}
    for label in (TABLES,) if arguments.only_tables else (TABLES, EXACT):
        force.setEvaluation(force.TableEvaluation if label == TABLES else force.ExactEvaluation)
        system = with_force(box.system, force)
        timed[label] = create_timed(system, box.positions, arguments.platform, properties)
        correction = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
        infos[label] = correction.getKernelInfo(timed[label].context)
    force.setEvaluation(force.TableEvaluation)
    result = {
        "network": name,
        "distinct": distinct,
        "share": arguments.share,
        "atoms": box.atoms,
        "platform": describe_platform(baseline.context),
        "load_model_s": seconds_to_load,
        "create_force_s": seconds_to_create,
        "force_difference": force_error(force, box, timed[TABLES].context),
        "creation_s": {"baseline": baseline.creation, **{label: one.creation for label, one in timed.items()}},
        "kernels": infos,
    }
    result["times"] = time_in_turns(baseline, timed, arguments.seconds, arguments.repeats, arguments.warm_up)
    return result


HEAD = (
    "| network | atoms | distinct | curves, MiB | Context with tables, s | create_force, s | MM ms/step | tables / MM"
    " [min, max] | exact / MM | RMS force error |\n|---|---|---|---|---|---|---|---|---|---|"
)


def seconds_of_tables(result):
    """The seconds by which tables prolong the creation of a Context; on a GPU platform this includes compilation, whose
    results drivers may have cached.
    """
    return max(result["creation_s"][TABLES] - result["creation_s"]["baseline"], 0)


def format_result(result):
    """Format the result of measure() as a row of the table under HEAD."""
    times, info = result["times"], result["kernels"][TABLES]
    tables = times[TABLES]
    error = "" if result["force_difference"] is None else f"{result['force_difference']:.1e}"
    exact = f"{times[EXACT]['ratio']:.2f}" if EXACT in times else ""
    return (
        f"| {result['network']} | {result['atoms']} | {result['distinct']} | {info['num_curves']},"
        f" {info['table_bytes'] / 2**20:.2f} | {seconds_of_tables(result):.2f} | {result['create_force_s']:.2f} |"
        f" {tables['baseline_ms']:.2f} | {tables['ratio']:.3f} [{tables['ratio_min']:.3f}, {tables['ratio_max']:.3f}] |"
        f" {exact} | {error} |"
    )


def main():
    arguments = parse_arguments()
    results = []
    print(HEAD)
    for waters in arguments.waters:
        box = make_water_box(waters, NONBONDED_CUTOFF)
        for name in arguments.networks:
            for distinct in arguments.distinct:
                results.append(measure(name, distinct, box, arguments))
                print(format_result(results[-1]), flush=True)
    write_report({"machine": describe_machine(), "versions": versions(), "results": results}, arguments.json)


if __name__ == "__main__":
    main()
