# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the performance tables of README.md from benchmarks/results."""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("compare_cpu.json", "compare_opencl.json", "compare_opencl_24k.json")


def read(name):
    return json.loads((ROOT / "benchmarks" / "results" / name).read_text())


def boxes():
    """The platform, the number of atoms, and what was measured of each box in each file."""
    for name in FILES:
        content = read(name)
        platform = content["arguments"]["platform"]
        for result in content["results"]:
            yield platform + (" (PoCL)" if platform == "OpenCL" else ""), f"{result['atoms']:,}", result


def where():
    content = read(FILES[0])
    machine = content["machine"]
    return (
        f"OpenMM {content['versions']['openmm']}, {machine['cores']} cores ({machine['processor']}),"
        f" {machine['date'][:10]}"
    )


def spread(variant):
    return f"[{variant['ratio_min']:.2f}, {variant['ratio_max']:.2f}]"


def table_rows():
    for platform, atoms, result in boxes():
        for table in result["tables"]:
            variants, against = table["variants"], table["against_best_custom"]
            ours, best = variants["LearnedPairForce"], variants[against["best"]]
            fraction = "not resolved" if against["overhead_fraction"] is None else f"{against['overhead_fraction']:.2f}"
            yield (
                f"| {platform} | {atoms} | {table['cutoff_nm']} nm | **{ours['ratio']:.2f}** {spread(ours)} |"
                f" {best['ratio']:.2f} {spread(best)} | {fraction} |"
            )


def performance_table():
    arguments = read(FILES[0])["arguments"]
    return [
        (
            "| platform | atoms | cutoff of the correction | time per step with it / without it | the same table in the"
            " best form of CustomNonbondedForce | our overhead / its overhead |"
        ),
        "|---|---|---|---|---|---|",
        *table_rows(),
        "",
        (
            f"TIP3P water with PME at {arguments['nonbonded_cutoff']} nm and a correction of three functions; medians"
            f" [least, largest] of blocks timed in turn in one run, {where()}. PoCL is an OpenCL device that is a CPU,"
            " not a GPU. All forms of CustomNonbondedForce, and how to repeat this:"
            " [benchmarks](benchmarks/README.md)."
        ),
    ]


def program_rows():
    for platform, atoms, result in boxes():
        for network in result["networks"]:
            variants = network["variants"]
            exact, table = variants["LearnedPairForce"], variants["LearnedPairForce, radial table"]
            others = {label: variant for label, variant in variants.items() if not label.startswith("LearnedPairForce")}
            best = min(others, key=lambda label: others[label]["ratio"]) if others else None
            against = (
                f"{others[best]['ratio']:.1f} ({best}) | {exact['added_ms'] / others[best]['added_ms']:.2f}"
                if best
                else " | "
            )
            yield (
                f"| {platform} | {atoms} | {network['network']} | {exact['multiply_adds_per_pair']:,} |"
                f" **{exact['ratio']:.2f}** {spread(exact)} | {table['ratio']:.2f} | {against} |"
            )


def program_table():
    content = read(FILES[0])
    arguments = content["arguments"]
    networks = max(content["results"], key=lambda result: len(result["networks"]))["networks"]
    shares = [
        f"{100 * network['variants']['LearnedPairForce']['share_of_matrix_products']:.0f} %" for network in networks
    ]
    return [
        (
            "| platform | atoms | network | multiply-adds per pair | time per step with it / without it | with its"
            " radial part in a table | the same network otherwise | our overhead / its overhead |"
        ),
        "|---|---|---|---|---|---|---|---|",
        *program_rows(),
        "",
        (
            f"Water as above, networks to {arguments['network_cutoff']} nm; the tables to a force error of"
            f" {arguments['tolerance']:g}; {where()}; PythonForce with PyTorch {content['versions']['torch']} and a"
            " cached pair list, CustomNonbondedForce with the network as an expression. On CPU the networks'"
            f" multiply-adds are made at {', '.join(shares[:-1])} and {shares[-1]} of the rate of large matrix"
            " products."
        ),
    ]


SECTIONS = {"performance table": performance_table, "program table": program_table}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing, and fail if README.md does not show what is in benchmarks/results",
    )
    arguments = parser.parse_args()
    path = ROOT / "README.md"
    text = path.read_text()
    updated = text
    for name, make in SECTIONS.items():
        begin, end = f"<!-- {name}: written by benchmarks/readme_table.py -->", f"<!-- end of {name} -->"
        content = "\n".join([begin, *make(), end])
        updated, count = re.subn(
            re.escape(begin) + ".*?" + re.escape(end), lambda match, content=content: content, updated, flags=re.DOTALL
        )
        if count != 1:
            sys.exit(f"README.md must have the markers once: {begin} ... {end}")
    if arguments.check:
        sys.exit(
            "README.md does not show what is in benchmarks/results; run benchmarks/readme_table.py"
            if updated != text
            else 0
        )
    path.write_text(updated)


if __name__ == "__main__":
    main()
