# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures what a change of a global parameter costs if a network is evaluated with tables.

    python benchmarks/parameter_changes.py --platform CPU --json benchmarks/results/parameter_changes_cpu.json

The network is 16-32-32-1, and the parameter scales the features, so that every change makes all curves again. The time
is that of setParameter() and the next energy, minus that of an energy at the same positions without a change. See
benchmarks/README.md.
"""

import argparse
import statistics
import time

import learnedpair as lp
import numpy as np
import openmm
import torch
from boxes import make_water_box
from distinct import FEATURES, NETWORKS, NONBONDED_CUTOFF, choose_features
from support import add_json_argument, describe_machine, describe_platform, versions, write_report
from variants import INNER_CUTOFF, exclude

CUTOFF = 0.6
LARGEST = 1.0  # value of the parameter
ENERGY_SCALE = 0.01


class ScaledFeatures(torch.nn.Module):
    """A network of features that are multiplied by a global parameter."""

    def __init__(self):
        super().__init__()
        hidden, num_basis = NETWORKS["16-32-32-1"]
        torch.manual_seed(3)
        self.network = lp.nn.FeaturePairNetwork(
            len(FEATURES), CUTOFF, hidden, num_basis, INNER_CUTOFF, energy_scale=ENERGY_SCALE
        )

    def forward(self, r, features1, features2, lam):
        return self.network(r, lam * features1, lam * features2)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--platform", default="CPU", help="name of an OpenMM platform")
    parser.add_argument("--waters", type=int, default=1000, help="molecules in the box")
    parser.add_argument("--distinct", type=int, nargs="+", default=[2, 30, 100], help="distinct feature vectors")
    parser.add_argument("--changes", type=int, default=25, help="changes of the parameter")
    add_json_argument(parser)
    return parser.parse_args()


def milliseconds_of_energy(context):
    start = time.perf_counter()
    context.getState(energy=True)
    return 1000 * (time.perf_counter() - start)


def measure(model, box, distinct, arguments):
    """Time changes of the parameter with some distinct particles; returns a dict for JSON."""
    force = model.create_force(choose_features(box, distinct), evaluation="table")
    exclude(force, box.excluded)
    system = openmm.System()
    for particle in range(box.atoms):
        system.addParticle(box.system.getParticleMass(particle))
    system.setDefaultPeriodicBoxVectors(*box.system.getDefaultPeriodicBoxVectors())
    system.addForce(force)
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(arguments.platform)
    )
    context.setPositions(box.positions)
    milliseconds_of_energy(context)
    without, changes = [], []
    for value in np.linspace(0.1, LARGEST, arguments.changes):
        without.append(milliseconds_of_energy(context))
        start = time.perf_counter()
        context.setParameter("lam", float(value))
        changes.append(1000 * (time.perf_counter() - start) + milliseconds_of_energy(context))
    info = force.getKernelInfo(context)
    assert info["evaluation"] == "table" and info["num_curves_made"] == info["num_curves"] * (1 + arguments.changes)
    return {
        "distinct": distinct,
        "atoms": box.atoms,
        "platform": describe_platform(context),
        "kernel": info,
        "energy_ms": statistics.median(without),
        "change_ms": statistics.median(change - energy for change, energy in zip(changes, without)),
    }


def main():
    arguments = parse_arguments()
    model = lp.load_model(
        ScaledFeatures(),
        features=FEATURES,
        cutoff=CUTOFF,
        inner_cutoff=INNER_CUTOFF,
        global_parameters={"lam": (0.05, 0.0, LARGEST)},
    )
    box = make_water_box(arguments.waters, NONBONDED_CUTOFF)
    results = []
    print("| distinct | curves | change of the parameter, ms |\n|---|---|---|")
    for distinct in arguments.distinct:
        results.append(measure(model, box, distinct, arguments))
        print(f"| {distinct} | {results[-1]['kernel']['num_curves']} | {results[-1]['change_ms']:.2f} |", flush=True)
    write_report({"machine": describe_machine(), "versions": versions(), "results": results}, arguments.json)


if __name__ == "__main__":
    main()
