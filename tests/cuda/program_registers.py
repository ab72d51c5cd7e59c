# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures registers, spills and stack of the kernel that evaluates each program of the tests, with the dry run.

python tests/cuda/program_registers.py benchmarks/results/program_registers.json
"""

import json
import re
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "cuda")]
from architectures import ARCHITECTURES  # noqa: E402
from conformance_files import PAIR_PROGRAMS  # noqa: E402
from support import dryrun  # noqa: E402

NAMES = [case.name for case in PAIR_PROGRAMS] + [architecture.name for architecture in ARCHITECTURES]
COMPACTED = "computeLearnedPairs"  # our kernel for compacted pairs
NONBONDED = "computeNonbonded"  # OpenMM's kernel, for all other pairs
ENTRY = re.compile(rf"(module\d+)\.ptx ({NONBONDED}|{COMPACTED}): Used (\d+) registers")


def measure(folder, cc, precision, names=NAMES, tensor_cores=True):
    """Compile the kernel of each program and read its resources from the output of ptxas.

    Returns
    -------
    dict of str to dict
        For "none" and each name: kernel, multiply_adds, registers, spilled_bytes, stack_bytes.
    """
    result = dryrun(
        folder,
        cc,
        sys.executable,
        TESTS / "cuda" / "kernel_programs.py",
        precision,
        "none",
        *names,
        LEARNEDPAIR_TENSOR_CORES=str(int(tensor_cores)),
    )
    assert result.returncode == 0, result.stderr
    runs = [line.split(";") for line in result.stdout.splitlines() if line.count(";") == 2]
    assert [run[0] for run in runs] == ["none", *names]
    compiled = {
        ENTRY.match(line)[1]: line
        for line in (folder / "registers.txt").read_text(encoding="utf-8").splitlines()
        if ENTRY.match(line)
    }
    launched = [
        line.split()[:2]
        for line in (folder / "launches.log").read_text(encoding="utf-8").splitlines()
        if line.split()[0] in (NONBONDED, COMPACTED)
    ]
    measured, position = {}, 0
    for name, kernel, cost in runs:
        # Our own kernel is launched in addition to OpenMM's kernel for the other forces.
        mine = launched[position : position + (2 if "own kernel" in kernel or "compacted pairs" in kernel else 1)]
        position += len(mine)
        values = []
        for _, module in [launch for launch in mine if launch[0] == COMPACTED] or mine:
            line = compiled[f"module{int(module):03d}"]
            values.append(
                (
                    int(ENTRY.match(line)[3]),
                    sum(int(n) for n in re.findall(r"(\d+) bytes spill", line)),
                    int(re.search(r"(\d+) bytes stack frame", line)[1]),
                )
            )
        registers, spilled, stack = max(values)
        measured[name] = {
            "kernel": kernel,
            "multiply_adds": int(cost),
            "registers": registers,
            "spilled_bytes": spilled,
            "stack_bytes": stack,
        }
    assert position == len(launched)
    return measured


def main(path):
    report = {}
    for cc in (80, 90):
        for precision, tensor_cores in (("single", True), ("single", False), ("double", False)):
            with tempfile.TemporaryDirectory() as folder:
                report[
                    f"sm_{cc} {precision}{'' if tensor_cores or precision == 'double' else ' without tensor cores'}"
                ] = measure(Path(folder), cc, precision, tensor_cores=tensor_cores)
    Path(path).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for target, programs in report.items():
        print(
            f"\n{target}\n| program | kernel | multiply-adds per pair | registers | spilled bytes | stack bytes"
            " |\n|---|---|---|---|---|---|"
        )
        for name, r in programs.items():
            print(
                f"| {name} | {r['kernel']} | {r['multiply_adds']} | {r['registers']} | {r['spilled_bytes']} |"
                f" {r['stack_bytes']} |"
            )


if __name__ == "__main__":
    main(sys.argv[1])
