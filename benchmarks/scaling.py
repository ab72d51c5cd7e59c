# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures how the cost of a correction grows with atoms, with types, and with the width of a network.

    python benchmarks/scaling.py --platform CPU --json benchmarks/results/scaling_cpu.json

Each point is measured in a separate process, so that its memory is known. See benchmarks/README.md.
"""

import argparse
import copy
import json
import subprocess
import sys

import learnedpair as lp
import numpy as np
from boxes import make_water_box
from networks import TYPED, make_network
from support import (
    add_timing_arguments,
    create_timed,
    describe_machine,
    describe_platform,
    peak_memory,
    platform_properties,
    time_in_turns,
    versions,
    write_report,
)
from variants import INNER_CUTOFF, exclude

KNOTS = 201
#: For each series, the varied quantity and its values. All series but atoms-network and width use a table.
SERIES = {
    "atoms-table": ("waters", (1000, 8000, 32000)),
    "atoms-network": ("waters", (1000, 8000, 32000)),
    "types": ("types", (3, 30, 300)),
    "groups": ("percent", (100, 10, 1)),
    "width": ("network", tuple(TYPED)),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_timing_arguments(parser)
    parser.add_argument("--cutoff", type=float, default=0.6, help="cutoff of the correction, nm")
    parser.add_argument(
        "--waters", type=int, default=1000, help="molecules in series that do not vary the number of atoms"
    )
    parser.add_argument("--series", nargs="+", choices=list(SERIES), default=list(SERIES))
    parser.add_argument("--point", help=argparse.SUPPRESS)  # the point that a separate process measures
    return parser.parse_args()


def many_curves(num_types, cutoff):
    """Make a table with a separate curve for each pair of types."""
    r = np.linspace(INNER_CUTOFF, cutoff, KNOTS)
    x = r / cutoff
    envelope, slopes = (1 - x**2) ** 3, -6 * x / cutoff * (1 - x**2) ** 2
    pairs = num_types * (num_types + 1) // 2
    size = np.random.default_rng(1).uniform(-1, 1, pairs)
    indices = np.zeros((num_types, num_types), dtype=int)
    indices[np.triu_indices(num_types)] = np.arange(pairs)
    indices = np.maximum(indices, indices.T)
    return lp.PairTable(
        num_types,
        INNER_CUTOFF,
        cutoff,
        list(size[:, None] * envelope),
        list(size[:, None] * slopes),
        indices.ravel().tolist(),
    )


def make_force(series, point, box, arguments):
    """Make the correction of one point; returns the force and the size of its table in bytes."""
    if series == "types":
        force = lp.LearnedPairForce(many_curves(point, arguments.cutoff))
        force.setParticleTypes(np.random.default_rng(2).integers(0, point, box.atoms))
        force.setCutoffDistance(arguments.cutoff)
    else:
        network, metadata, distinct = make_network(
            point if series == "width" else "16-32-32-1", arguments.cutoff, largest_force=3.0
        )
        force = lp.load_model(network, **metadata).create_force(
            [distinct[type] for type in box.types],
            representation="table" if series in ("atoms-table", "groups") else "program",
        )
        if series == "groups":  # this share of the particles with all particles
            force.addInteractionGroup(
                np.flatnonzero(np.random.default_rng(4).random(box.atoms) < point / 100).tolist(),
                list(range(box.atoms)),
            )
    exclude(force, box.excluded)
    table = force.getFunction()
    return force, 16 * sum(map(len, table.energies)) if isinstance(table, lp.PairTable) else 0


def measure(series, point, arguments):
    """Time one point, in this process."""
    box = make_water_box(point if SERIES[series][0] == "waters" else arguments.waters, 0.9)
    force, table_bytes = make_force(series, point, box, arguments)
    corrected = copy.deepcopy(box.system)
    corrected.addForce(force)
    baseline = create_timed(box.system, box.positions, arguments.platform, platform_properties(arguments))
    before = peak_memory()
    timed = create_timed(corrected, box.positions, arguments.platform, platform_properties(arguments))
    times = time_in_turns(baseline, {"": timed}, arguments.seconds, arguments.repeats, arguments.warm_up)[""]
    return {
        "point": point,
        "atoms": box.atoms,
        **times,
        "creation_s": timed.creation,
        "table_bytes": table_bytes,
        "memory_mib": peak_memory() - before,
        "platform": describe_platform(baseline.context),
    }


def exponent(points):
    """Fit the exponent of the number of atoms in the time that the correction adds."""
    return float(
        np.polyfit(np.log([point["atoms"] for point in points]), np.log([point["added_ms"] for point in points]), 1)[0]
    )


def main():
    arguments = parse_arguments()
    if arguments.point is not None:
        series, point = json.loads(arguments.point)
        print(json.dumps(measure(series, point, arguments)))
        return
    options = {name: value for name, value in vars(arguments).items() if name not in ("json", "point")}
    report = {"machine": describe_machine(), "versions": versions(), "arguments": options, "series": {}}
    for series in arguments.series:
        print(
            f"### {series}\n\n| {SERIES[series][0]} | atoms | MM ms/step | added ms/step | ratio [min, max] | table MiB"
            " | peak RSS + MiB | creation s |\n|---|---|---|---|---|---|---|---|"
        )
        points = []
        for point in SERIES[series][1]:
            command = [sys.executable, __file__, *sys.argv[1:], "--point", json.dumps([series, point])]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            r = json.loads(result.stdout.splitlines()[-1])
            points.append(r)
            print(
                f"| {r['point']} | {r['atoms']} | {r['baseline_ms']:.2f} | {r['added_ms']:.2f} | {r['ratio']:.3f}"
                f" [{r['ratio_min']:.3f}, {r['ratio_max']:.3f}] | {r['table_bytes'] / 2**20:.2f} |"
                f" {r['memory_mib']:.0f} | {r['creation_s']:.2f} |",
                flush=True,
            )
        report["series"][series] = {"points": points}
        if SERIES[series][0] == "waters":
            report["series"][series]["exponent"] = exponent(points)
            print(f"\nThe added time grows with the number of atoms to the power of {exponent(points):.3f}.")
        print()
    write_report(report, arguments.json)


if __name__ == "__main__":
    main()
