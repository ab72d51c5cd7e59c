# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the performance tables of the documentation from benchmarks/results."""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("compare_cpu.json", "compare_cpu_24k.json", "compare_opencl.json", "compare_opencl_24k.json")
DISTINCT_FILES = (
    "distinct_cpu.json",
    "distinct_cpu_24k.json",
    "distinct_opencl.json",
    "distinct_opencl_tenth.json",
)
CUSTOM_NONBONDED_FILES = ("custom_nonbonded_cpu.json", "custom_nonbonded_opencl.json")


def read(name):
    return json.loads((ROOT / "benchmarks" / "results" / name).read_text(encoding="utf-8"))


def boxes():
    """The platform with its device or instruction set, the number of atoms, and what was measured of each box."""
    for name in FILES:
        content = read(name)
        platform = content["arguments"]["platform"]
        for result in content["results"]:
            device = "PoCL" if platform == "OpenCL" else result["tables"][0]["kernel"].split(", ")[-1]
            yield f"{platform} ({device})", f"{result['atoms']:,}", result


def machines(names):
    """The machines and days of some files, each once."""
    found = [read(name)["machine"] for name in names]
    return " and ".join(dict.fromkeys(f"{m['cores']} cores ({m['processor']}), {m['date'][:10]}" for m in found))


def where(names):
    return f"OpenMM {read(names[0])['versions']['openmm']}, {machines(names)}"


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
            f" [least, largest] of blocks timed in turn, each platform and box in one run, {where(FILES[:-1])}; OpenCL"
            f" with 24,000 atoms: {where(FILES[-1:])}. PoCL is an OpenCL device that is a CPU,"
            " not a GPU. The forms of CustomNonbondedForce, and how to repeat this:"
            " [compare.py](#comparepy-the-cost-of-a-correction-beside-its-alternatives)."
        ),
    ]


def small_performance_table():
    """The largest box and the longest cutoff of each platform."""
    largest = {}
    for platform, atoms, result in boxes():
        table = result["tables"][-1]
        largest[platform] = (atoms, table, table["variants"][table["against_best_custom"]["best"]])
    rows = [
        f"| {platform} | **{table['variants']['LearnedPairForce']['ratio']:.2f}** | {best['ratio']:.2f} |"
        for platform, (_, table, best) in largest.items()
    ]
    ((atoms, cutoff),) = {(atoms, table["cutoff_nm"]) for atoms, table, _ in largest.values()}
    return [
        "| time per step over that without a correction | this plugin | the best CustomNonbondedForce |",
        "|---|---|---|",
        *rows,
        "",
        f"Water with PME, {atoms} atoms, a correction of pairs to {cutoff} nm; PoCL is an OpenCL device that is a CPU."
        " [Machines, spreads, other sizes](benchmarks/README.md#results).",
    ]


def program_rows():
    for platform, atoms, result in boxes():
        for network in result["networks"]:
            variants = network["variants"]
            exact = variants["LearnedPairForce, exact"]
            others = {label: variant for label, variant in variants.items() if not label.startswith("LearnedPairForce")}
            best = min(others, key=lambda label: others[label]["ratio"]) if others else None
            against = (
                f"{others[best]['ratio']:.1f} ({best}) | {exact['added_ms'] / others[best]['added_ms']:.2f}"
                if best
                else " | "
            )
            yield (
                f"| {platform} | {atoms} | {network['network']} | {exact['multiply_adds_per_pair']:,} |"
                f" **{exact['ratio']:.2f}** {spread(exact)} | {against} |"
            )


def program_table():
    content = read(FILES[0])
    arguments = content["arguments"]
    networks = max(content["results"], key=lambda result: len(result["networks"]))["networks"]
    # On a machine that others use as well, the fastest measurement of matrix products is closest to the limit.
    limit = max(network["matrix_products_per_s"] for network in networks)
    shares = [
        f"{100 * network['variants']['LearnedPairForce, exact']['multiply_adds_per_s'] / limit:.0f} %"
        for network in networks
    ]
    return [
        (
            "| platform | atoms | network | multiply-adds per pair | time per step with it / without it | the same"
            " network otherwise | our overhead / its overhead |"
        ),
        "|---|---|---|---|---|---|---|",
        *program_rows(),
        "",
        (
            f"The water boxes of the README, with networks to {arguments['network_cutoff']} nm and tables to a force"
            f" error of {arguments['tolerance']:g}; {where(FILES[:-1])}. PythonForce uses PyTorch"
            f" {content['versions']['torch']} and a cached pair list; CustomNonbondedForce has the network as an"
            " expression. On CPU, the multiply-adds"
            f" run at {', '.join(shares[:-1])} and {shares[-1]} of the rate of large matrix products."
        ),
    ]


def distinct_table():
    """The cost of networks that are evaluated with tables, by the number of distinct particles."""
    rows = []
    for name in DISTINCT_FILES:
        content = read(name)
        for result in content["results"]:
            times, info = result["times"], result["kernels"]["tables"]
            made = result["creation_s"]
            # On OpenCL the time is that of compiling the kernels, which does not depend on the correction.
            creation = f"{max(made['tables'] - made['baseline'], 0):.2f}" if result["platform"]["name"] == "CPU" else ""
            instructions = info["instruction_set"] or "PoCL"
            rows.append(
                f"| {result['platform']['name']} ({instructions}) | {result['atoms']:,} | {result['network']} |"
                f" {result['distinct']}{' in a tenth of the molecules' if result['share'] < 1 else ''} |"
                f" {info['num_curves']:,}, {info['table_bytes'] / 2**20:.2f} |"
                f" {creation} |"
                f" **{times['tables']['ratio']:.2f}** {spread(times['tables'])} |"
                f" {format(times['exact']['ratio'], '.2f') if 'exact' in times else ''} |"
            )
    return [
        (
            "| platform | atoms | network | distinct feature vectors | curves, MiB | Context with tables, s | time per"
            " step with tables / without the correction | evaluated exactly |"
        ),
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        (
            "Boxes of water, networks of two features to 0.6 nm at the default tolerance; with more than two feature"
            " vectors every atom gets one at random, which is the worst case for the caches, and keeps OpenMM on GPU"
            " platforms from sorting the molecules; or only those in a tenth of the molecules do. Medians [least,"
            f" largest] of blocks timed in turn, {machines(DISTINCT_FILES)}; `benchmarks/distinct.py`."
        ),
    ]


def custom_nonbonded_table():
    """The gain of lp.accelerate()."""
    rows = []
    for name in CUSTOM_NONBONDED_FILES:
        for system, result in read(name)["systems"].items():
            timing, (force,) = result["timing"], result["report"]["forces"]
            platform = result["platform"]["name"] + (" (PoCL)" if "DeviceName" in result["platform"] else "")
            rows.append(
                f"| {platform} | {system} | {result['atoms']:,} | {force['curves']:,}, {force['bytes'] / 2**20:.2f} |"
                f" {timing['baseline_ms']:,.0f} | {timing['variant_ms']:,.0f} |"
                f" **{1 / timing['ratio']:.2f}** [{1 / timing['ratio_max']:.2f}, {1 / timing['ratio_min']:.2f}] |"
            )
    return [
        "| platform | System | atoms | curves, MiB | ms per step before | after | before / after |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        (
            f"Medians [least, largest] of blocks timed in turn, {where(CUSTOM_NONBONDED_FILES)};"
            " `benchmarks/custom_nonbonded.py`."
        ),
    ]


#: The file of each table, and the function that makes its lines.
TABLES = {
    "small performance table": ("README.md", small_performance_table),
    "performance table": ("benchmarks/README.md", performance_table),
    "program table": ("docs/user/tables-and-programs.md", program_table),
    "custom_nonbonded table": ("docs/user/swapping-in.md", custom_nonbonded_table),
    "table of distinct particles": ("docs/user/tables-and-programs.md", distinct_table),
}


def with_table(text, file, name, lines):
    """The text of a file with the lines of a table between its markers."""
    begin, end = f"<!-- {name}: written by benchmarks/readme_table.py -->", f"<!-- end of {name} -->"
    content = "\n".join([begin, *lines, end])
    updated, count = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda match: content, text, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"{file} must have the markers once: {begin} ... {end}")
    return updated


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing, and fail if a table does not show what is in benchmarks/results",
    )
    arguments = parser.parse_args()
    for name, (file, make) in TABLES.items():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        updated = with_table(text, file, name, make())
        if not arguments.check:
            path.write_text(updated, encoding="utf-8")
        elif updated != text:
            sys.exit(f"{file} does not show what is in benchmarks/results; run benchmarks/readme_table.py")


if __name__ == "__main__":
    main()
