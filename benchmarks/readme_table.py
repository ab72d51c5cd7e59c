# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the performance tables of README.md from benchmarks/results: python benchmarks/readme_table.py [--check]"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE_FILES = ("tables_cpu.json", "tables_opencl.json")
PROGRAM_FILES = ("programs_cpu.json", "programs_opencl.json")


def read(name):
    return json.loads((ROOT / "benchmarks" / "results" / name).read_text())


def platform_of(content):
    return content["arguments"]["platform"] + (" (PoCL)" if content["arguments"]["platform"] == "OpenCL" else "")


def where(content):
    machine = content["machine"]
    return f"OpenMM {content['versions']['openmm']}, {machine['cores']} cores ({machine['processor']}), {machine['date'][:10]}"


def table_rows():
    for name in TABLE_FILES:
        content = read(name)
        for result in content["results"]:
            variants = result["variants"]
            ours = variants["LearnedPairForce"]
            best = variants[result["against_best_custom"]["best"]]
            yield (f"| {platform_of(content)} | {result['cutoff_nm']} nm | **{ours['ratio']:.2f}** [{ours['ratio_min']:.2f}, {ours['ratio_max']:.2f}] | {best['ratio']:.2f} [{best['ratio_min']:.2f}, {best['ratio_max']:.2f}] "
                   f"| {result['against_best_custom']['overhead_fraction']:.2f} |")


def performance_table():
    content = read(TABLE_FILES[0])
    arguments = content["arguments"]
    return [
        "| platform | cutoff of the correction | time per step with it / without it | the same table in the best form of CustomNonbondedForce | our overhead / its overhead |",
        "|---|---|---|---|---|",
        *table_rows(),
        "",
        f"{3 * arguments['waters']:,} atoms of TIP3P water with PME at {arguments['nonbonded_cutoff']} nm and a correction of three functions; medians [least, largest] of blocks timed in turn in one run, "
        f"{where(content)}. PoCL is an OpenCL device that is a CPU, not a GPU. All forms of CustomNonbondedForce, and how to repeat this: [benchmarks](benchmarks/README.md).",
    ]


def program_rows():
    for name in PROGRAM_FILES:
        content = read(name)
        for result in content["results"]:
            variants = result["variants"]
            exact, table = variants["LearnedPairForce"], variants["LearnedPairForce, radial table"]
            others = {label: variant for label, variant in variants.items() if not label.startswith("LearnedPairForce")}
            best = min(others, key=lambda label: others[label]["ratio"]) if others else None
            against = f"{others[best]['ratio']:.1f} ({best}) | {exact['added_ms'] / others[best]['added_ms']:.2f}" if best else " | "
            yield f"| {platform_of(content)} | {result['network']} | {exact['multiply_adds_per_pair']:,} | **{exact['ratio']:.2f}** [{exact['ratio_min']:.2f}, {exact['ratio_max']:.2f}] | {table['ratio']:.2f} | {against} |"


def program_table():
    content = read(PROGRAM_FILES[0])
    arguments = content["arguments"]
    shares = [f"{100 * result['variants']['LearnedPairForce']['share_of_matrix_products']:.0f} %" for result in content["results"]]
    return [
        "| platform | network | multiply-adds per pair | time per step with it / without it | with its radial part in a table | the same network otherwise | our overhead / its overhead |",
        "|---|---|---|---|---|---|---|",
        *program_rows(),
        "",
        f"{3 * arguments['waters']:,} atoms of TIP3P water with PME, networks to {arguments['cutoff']} nm; the tables to a force error of {arguments['tolerance']:g}; {where(content)}; PythonForce with PyTorch {content['versions']['torch']} and a cached pair list, "
        f"CustomNonbondedForce with the network as an expression. On CPU the networks' multiply-adds are made at {', '.join(shares[:-1])} and {shares[-1]} of the rate of large matrix products.",
    ]


SECTIONS = {"performance table": performance_table, "program table": program_table}


def main():
    path = ROOT / "README.md"
    text = path.read_text()
    updated = text
    for name, make in SECTIONS.items():
        begin, end = f"<!-- {name}: written by benchmarks/readme_table.py -->", f"<!-- end of {name} -->"
        content = "\n".join([begin, *make(), end])
        updated, count = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda match, content=content: content, updated, flags=re.DOTALL)
        if count != 1:
            sys.exit(f"README.md must have the markers once: {begin} ... {end}")
    if "--check" in sys.argv:
        sys.exit("README.md does not show what is in benchmarks/results; run benchmarks/readme_table.py" if updated != text else 0)
    path.write_text(updated)


if __name__ == "__main__":
    main()
