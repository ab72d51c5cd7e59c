# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times the correction alone on the CPU platform with each instruction set of this processor.

    python benchmarks/instruction_sets.py --json benchmarks/results/instruction_sets.json

Forces of a table and of a network that is evaluated exactly, in a box of water without other forces. One thread
computes the forces of all sets in turns, always at the same positions; the portable path is plain C++. See
benchmarks/README.md.
"""

import argparse
import os
import re
import statistics
import unittest.mock

import learnedpair as lp
import numpy as np
import openmm
from boxes import make_water_box
from networks import make_network
from support import (
    DifferentFunctionError,
    add_json_argument,
    bare_system,
    describe_machine,
    evaluate,
    time_forces,
    versions,
    write_report,
)
from variants import exclude, learned_pair, make_correction

VARIABLE = "LEARNEDPAIR_CPU_INSTRUCTIONS"
NONBONDED_CUTOFF = 0.9
LARGEST_FORCE = 3.0  # kJ/mol/nm, of a pair
#: The largest relative RMS difference of forces from those of the best set.
MAX_FORCE_DIFFERENCE = 1e-5


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--waters", type=int, default=3000, help="molecules in the box")
    parser.add_argument("--cutoff", type=float, default=0.9, help="cutoff of the table, nm")
    parser.add_argument("--network", default="8-8-1", help="hidden layers of the network")
    parser.add_argument("--network-cutoff", type=float, default=0.6, help="nm")
    parser.add_argument("--repeats", type=int, default=51, help="timed calls of each set")
    add_json_argument(parser)
    return parser.parse_args()


def create_context(system, positions, instructions):
    """A Context of the CPU platform with one thread and an instruction set."""
    with unittest.mock.patch.dict(os.environ, {VARIABLE: instructions}):
        context = openmm.Context(
            system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"), {"Threads": "1"}
        )
    context.setPositions(positions)
    return context


def instruction_sets(system, positions):
    """The instruction sets of this processor, the best one first."""
    try:
        create_context(system, positions, "none")
    except openmm.OpenMMException as error:
        return re.search(r"processor: (.*)\.", str(error)).group(1).split(", ")
    raise AssertionError(f"{VARIABLE} is not read")


def make_network_force(box, arguments):
    network, metadata, distinct = make_network(arguments.network, arguments.network_cutoff, LARGEST_FORCE)
    force = lp.load_model(network, **metadata).create_force(
        [distinct[type] for type in box.types], representation="program", evaluation="exact"
    )
    exclude(force, box.excluded)
    return force


def measure(name, force, box, repeats):
    """Time one correction with all instruction sets; returns dicts for JSON."""
    system = bare_system(box.system, [force])
    sets = instruction_sets(system, box.positions)
    contexts = {each: create_context(system, box.positions, each) for each in sets}
    forces = {each: evaluate(context)[1] for each, context in contexts.items()}
    best = sets[0]
    for each in sets:
        difference = np.linalg.norm(forces[each] - forces[best]) / np.linalg.norm(forces[best])
        if difference > MAX_FORCE_DIFFERENCE:
            raise DifferentFunctionError(f"{each} has forces that differ by {difference:.1e} from those of {best}")
    milliseconds = time_forces(contexts, repeats)
    rows = []
    for each in sets:
        ratios = [a / b for a, b in zip(milliseconds[each], milliseconds[best], strict=True)]
        rows.append(
            {
                "name": name,
                "instructions": each,
                "median_ms": statistics.median(milliseconds[each]),
                "ratio": statistics.median(ratios),
                "ratio_min": min(ratios),
                "ratio_max": max(ratios),
            }
        )
    return rows


def main():
    arguments = parse_arguments()
    machine = describe_machine()
    box = make_water_box(arguments.waters, NONBONDED_CUTOFF)
    (table,) = learned_pair(make_correction(box, arguments.cutoff, 3, LARGEST_FORCE), arguments.cutoff)
    table.setNonbondedMethod(table.CutoffPeriodic)
    corrections = {
        f"table, {arguments.cutoff} nm": table,
        f"network {arguments.network}, {arguments.network_cutoff} nm": make_network_force(box, arguments),
    }
    print(f"{machine['processor']}, {box.atoms} atoms, one thread, load {machine['load_average']:.1f}\n")
    print("| correction | instructions | ms | ratio to the best [min, max] |\n|---|---|---|---|")
    rows = []
    for name, force in corrections.items():
        for row in measure(name, force, box, arguments.repeats):
            rows.append(row)
            ratio = f"{row['ratio']:.1f} [{row['ratio_min']:.1f}, {row['ratio_max']:.1f}]"
            print(f"| {name} | {row['instructions']} | {row['median_ms']:.2f} | {ratio} |", flush=True)
    report = {"machine": machine, "versions": versions(), "atoms": box.atoms, "threads": 1, "forces": rows}
    write_report(report, arguments.json)


if __name__ == "__main__":
    main()
