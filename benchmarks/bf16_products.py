# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures the accuracy of networks whose matrix products use bf16 numbers, for several ways to split a float.

    python benchmarks/bf16_products.py --json benchmarks/results/bf16_products.json

See benchmarks/README.md.
"""

import argparse
from pathlib import Path

from bf16_networks import WIDTHS, measure
from support import describe_machine, versions, write_report


def main():
    """Print a table and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--networks", type=int, default=100, help="number of random networks")
    parser.add_argument("--distances", type=int, default=2000, help="number of distances for each network")
    parser.add_argument(
        "--cancellation",
        type=float,
        nargs="*",
        default=[1, 10],
        help="ratio of the contributions to a network's output to their sum; 1 for plain random networks",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = []
    print(
        "| cancellation | numbers | force error, median | largest | bias of the energy, largest"
        " |\n|---|---|---|---|---|"
    )
    for cancellation in arguments.cancellation:
        for name, row in measure(cancellation, arguments.networks, arguments.distances, arguments.seed).items():
            results.append({"cancellation": cancellation, "scheme": name, **row})
            print(
                f"| {cancellation:g} | {name} | {row['force_error_median']:.1e} | {row['force_error_largest']:.1e} |"
                f" {row['energy_bias_largest']:.1e} |"
            )
    given = {name: value for name, value in vars(arguments).items() if name != "json"}
    write_report(
        {
            "machine": describe_machine(),
            "versions": versions(),
            "arguments": given,
            "widths": WIDTHS,
            "results": results,
        },
        arguments.json,
    )


if __name__ == "__main__":
    main()
