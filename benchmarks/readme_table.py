# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the performance table of README.md from benchmarks/results: python benchmarks/readme_table.py [--check]"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("tables_cpu.json", "tables_opencl.json")
BEGIN, END = "<!-- performance table: written by benchmarks/readme_table.py -->", "<!-- end of performance table -->"


def rows():
    for name in FILES:
        content = json.loads((ROOT / "benchmarks" / "results" / name).read_text())
        for result in content["results"]:
            variants = result["variants"]
            ours = variants["LearnedPairForce"]
            best = variants[result["against_best_custom"]["best"]]
            platform = content["arguments"]["platform"] + (" (PoCL)" if content["arguments"]["platform"] == "OpenCL" else "")
            yield f"| {platform} | {result['cutoff_nm']} nm | **{ours['ratio']:.2f}** [{ours['ratio_min']:.2f}, {ours['ratio_max']:.2f}] | {best['ratio']:.2f} [{best['ratio_min']:.2f}, {best['ratio_max']:.2f}] | {result['against_best_custom']['overhead_fraction']:.2f} |"


def table():
    content = json.loads((ROOT / "benchmarks" / "results" / FILES[0]).read_text())
    machine, arguments = content["machine"], content["arguments"]
    return "\n".join([
        BEGIN,
        "| platform | cutoff of the correction | time per step with it / without it | the same table in the best form of CustomNonbondedForce | our overhead / its overhead |",
        "|---|---|---|---|---|",
        *rows(),
        "",
        f"{3 * arguments['waters']:,} atoms of TIP3P water with PME at {arguments['nonbonded_cutoff']} nm and a correction of three functions; medians [least, largest] of blocks timed in turn in one run, "
        f"OpenMM {content['versions']['openmm']}, {machine['cores']} cores ({machine['processor']}), {machine['date'][:10]}. PoCL is an OpenCL device that is a CPU, not a GPU. "
        "All forms of CustomNonbondedForce, and how to repeat this: [benchmarks](benchmarks/README.md).",
        END,
    ])


def main():
    path = ROOT / "README.md"
    text = path.read_text()
    updated, count = re.subn(re.escape(BEGIN) + ".*?" + re.escape(END), lambda match: table(), text, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"README.md must have the markers once: {BEGIN} ... {END}")
    if "--check" in sys.argv:
        sys.exit("README.md does not show what is in benchmarks/results; run benchmarks/readme_table.py" if updated != text else 0)
    path.write_text(updated)


if __name__ == "__main__":
    main()
