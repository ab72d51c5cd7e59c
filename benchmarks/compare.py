# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Times molecular mechanics with a correction beside the alternatives, in one run.

    python benchmarks/compare.py --platform CPU --json benchmarks/results/cpu.json

See benchmarks/README.md.
"""

import argparse
import sys

from boxes import UnusableStructureError, add_box_arguments, make_boxes
from networks import (
    COMPILED,
    EXPRESSION,
    MLIPOPS,
    NETWORK_HEAD,
    PYTHON,
    TYPED,
    WIDE,
    compare_network,
    format_network,
)
from support import DifferentFunctionError, add_timing_arguments, describe_machine, versions, write_report
from tables import compare_tables, format_tables
from variants import FORMS


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_timing_arguments(parser)
    add_box_arguments(parser, waters=[1000, 8000])
    parser.add_argument(
        "--cutoff", type=float, nargs="*", default=[0.6, 0.9], help="cutoffs of the tables, nm; no value for no tables"
    )
    parser.add_argument("--forms", nargs="+", choices=list(FORMS), default=list(FORMS), help="forms of the tables")
    parser.add_argument(
        "--networks", nargs="*", choices=[*TYPED, WIDE], default=[*TYPED, WIDE], help="no value for no networks"
    )
    parser.add_argument("--network-cutoff", type=float, default=0.6, help="cutoff of the networks, nm")
    parser.add_argument(
        "--alternatives",
        nargs="*",
        choices=[PYTHON, COMPILED, MLIPOPS, EXPRESSION],
        default=[PYTHON, COMPILED, EXPRESSION],
        help="alternatives to LearnedPairForce for the networks",
    )
    parser.add_argument(
        "--tolerance", type=float, default=1e-4, help="force error of tables in networks, relative to |F| + 1 kJ/mol/nm"
    )
    parser.add_argument("--seed", type=int, default=3, help="seed of the table's network")
    parser.add_argument("--largest-force", type=float, default=3.0, help="largest force of a pair, kJ/mol/nm")
    return parser.parse_args()


def compare(box, arguments):
    """Time everything in one Box; returns a dict for JSON."""
    result = {"box": box.name, "atoms": box.atoms, "tables": [], "networks": []}
    for cutoff in arguments.cutoff:
        result["tables"].append(compare_tables(box, cutoff, arguments))
        print(format_tables(result["tables"][-1], box, arguments), flush=True)
    if arguments.networks:
        print(
            f"### {arguments.platform}: {box.name}, networks to {arguments.network_cutoff:g} nm\n\n{NETWORK_HEAD}",
            flush=True,
        )
    for name in arguments.networks:
        result["networks"].append(compare_network(name, box, arguments))
        print(format_network(result["networks"][-1]), flush=True)
    print()
    return result


def main():
    """Run the comparison; returns the exit status."""
    arguments = parse_arguments()
    report = {
        "machine": describe_machine(),
        "versions": versions(),
        "arguments": {name: value for name, value in vars(arguments).items() if name not in ("json", "pdb")},
        "results": [],
    }
    try:
        for box in make_boxes(arguments):
            report["results"].append(compare(box, arguments))
            write_report(report, arguments.json)
    except (DifferentFunctionError, UnusableStructureError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
