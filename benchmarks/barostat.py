# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures the cost of a table at constant pressure beside that at constant volume.

    python benchmarks/barostat.py --platform CPU --repeats 21 --json benchmarks/results/barostat_cpu.json

A Monte Carlo barostat changes the box every 25 steps, so that neighbor lists are built more often. See
benchmarks/README.md.
"""

import argparse
import copy

import openmm
from boxes import make_water_box
from distinct import NONBONDED_CUTOFF, choose_features, make_model, with_force
from openmm import unit
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
from variants import exclude

STEPS_BETWEEN_MOVES = 25


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_timing_arguments(parser)
    parser.add_argument("--waters", type=int, default=1000, help="molecules in the box")
    parser.add_argument("--cutoff", type=float, default=0.6, help="cutoff of the correction, nm")
    return parser.parse_args()


def with_barostat(system):
    """A copy of a System with a barostat."""
    result = copy.deepcopy(system)
    barostat = openmm.MonteCarloBarostat(1 * unit.bar, 300 * unit.kelvin, STEPS_BETWEEN_MOVES)
    barostat.setRandomNumberSeed(1)
    result.addForce(barostat)
    return result


def measure(box, arguments):
    """Time MM with and without a table, at constant volume and at constant pressure; returns a dict for JSON."""
    model, _ = make_model("16-32-32-1", arguments.cutoff)
    force = model.create_force(choose_features(box, 2), evaluation="table")
    exclude(force, box.excluded)
    properties = platform_properties(arguments)

    def timed(system):
        return create_timed(system, box.positions, arguments.platform, properties)

    result = {"atoms": box.atoms, "cutoff_nm": arguments.cutoff, "steps_between_moves": STEPS_BETWEEN_MOVES}
    for name, change in (("volume", copy.deepcopy), ("pressure", with_barostat)):
        baseline = timed(change(box.system))
        result.setdefault("platform", describe_platform(baseline.context))
        corrected = {"table": timed(change(with_force(box.system, force)))}
        result[name] = time_in_turns(
            baseline, corrected, arguments.seconds, arguments.repeats, arguments.warm_up, 2 * STEPS_BETWEEN_MOVES
        )["table"]
    result["pressure_over_volume"] = result["pressure"]["ratio"] / result["volume"]["ratio"]
    return result


def main():
    arguments = parse_arguments()
    result = measure(make_water_box(arguments.waters, NONBONDED_CUTOFF), arguments)
    for name in ("volume", "pressure"):
        times = result[name]
        print(
            f"constant {name}: MM {times['baseline_ms']:.2f} ms/step, MM + table / MM {times['ratio']:.3f}"
            f" [{times['ratio_min']:.3f}, {times['ratio_max']:.3f}]"
        )
    print(f"constant pressure / constant volume: {result['pressure_over_volume']:.3f}")
    write_report({"machine": describe_machine(), "versions": versions(), "results": result}, arguments.json)


if __name__ == "__main__":
    main()
