# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the cost of the correction in OpenMM's CUDA kernel. The dry run, which compiles with the real NVRTC, counts
registers, spills and launches. The emulator, which runs the kernel, checks that the single-pair list stays on.
"""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import CHECKS, dryrun, emulate, require

SCRIPT = Path(__file__).parent / "fused_kernel_cases.py"
THREADS = 256  # per block: OpenMM launches 4 such blocks per multiprocessor
REGISTERS = 65536  # per multiprocessor, on sm_80 and sm_90
WANTED_BLOCKS = 4


def resident_blocks(registers):
    """The number of blocks that fit into a multiprocessor's registers, which are allocated to warps in units of 256."""
    per_warp = -(-registers * 32 // 256) * 256
    return REGISTERS // (per_warp * THREADS // 32)


def parts(result):
    """For each correction in the output of the script, two slices: of all modules, and of the lines of the log."""
    assert result.returncode == 0, result.stderr
    modules, lines, found = 0, 0, {}
    for words in map(str.split, result.stdout.splitlines()):
        if len(words) == 3:
            last_module, last_line = map(int, words[1:])
            found[words[0]] = slice(modules, last_module), slice(lines, last_line)
            modules, lines = last_module, last_line
    return found


def compile_and_launch(out, precision, cc, *corrections):
    """Registers, spilled bytes and launches of each correction, with the driver of the dry run."""
    found = parts(dryrun(out, cc, sys.executable, SCRIPT, precision, *corrections))
    compiled = [
        line
        for line in (out / "registers.txt").read_text(encoding="utf-8").splitlines()
        if " computeNonbonded:" in line
    ]
    launched = (out / "launches.log").read_text(encoding="utf-8").splitlines()
    assert f".target sm_{cc}" in (out / "module000.ptx").read_text(encoding="utf-8")
    results = {}
    for correction, (modules, lines) in found.items():
        kernels = [line for line in compiled if modules.start <= int(line[len("module") :][:3]) < modules.stop]
        assert kernels, "computeNonbonded was not compiled"
        results[correction] = (
            max(int(re.search(r"Used (\d+) registers", line)[1]) for line in kernels),
            sum(int(n) for line in kernels for n in re.findall(r"(\d+) bytes spill", line)),
            Counter(line.split()[0] for line in launched[lines]),
        )
    return results


@pytest.mark.parametrize("cc, precision", [(80, "mixed"), (90, "single"), (90, "mixed"), (90, "double")])
@pytest.mark.slow
def test_shared_kernel_costs_no_occupancy_and_no_launch(tmp_path, precision, cc, record_property):
    require("dryrun")
    results = compile_and_launch(
        tmp_path, precision, cc, "none", "shared", "shorter", "tables", *["own"] * (precision == "single")
    )
    alone, spills_alone, launches_alone = results["none"]
    assert sum(launches_alone.values()) > 50
    for correction in ("shared", "shorter", "tables"):
        registers, spills, launches = results[correction]
        record_property("registers", f"{alone} alone, {registers} with the correction ({correction})")
        assert spills == spills_alone == 0, correction
        assert resident_blocks(registers) >= min(WANTED_BLOCKS, resident_blocks(alone)), (
            f"{registers} registers with the correction ({correction}), {alone} without"
        )
        assert launches == launches_alone, correction
    if "own" in results:  # with other exclusions a second kernel is launched, and this test detects it
        assert results["own"][2]["computeNonbonded"] == 2 * launches_alone["computeNonbonded"]


@pytest.mark.slow
def test_single_pair_list_stays_on(tmp_path):
    require("emulate")
    log = tmp_path / "launches.log"
    found = parts(emulate(sys.executable, SCRIPT, "single", "none", "shared", "own", EMULATE_LOG=str(log)))
    for correction, lists in (("none", 1), ("shared", 1), ("own", 2)):
        lines = [line.split() for line in log.read_text(encoding="utf-8").splitlines()[found[correction][1]]]
        counts = [tuple(map(int, words[1:])) for words in lines if words[0] == "download" and len(words) == 3]
        assert len(counts) >= lists, correction
        assert all(tiles > 0 and pairs > 0 for tiles, pairs in counts), f"{correction}: tiles, single pairs: {counts}"


@pytest.mark.parametrize("checks", CHECKS, ids=lambda checks: " ".join(checks))
@pytest.mark.slow
def test_clean_under_the_emulators_checks(checks):
    require("emulate")
    result = emulate(sys.executable, SCRIPT, "mixed", "shared", "own", "tables", **checks)
    assert result.returncode == 0, result.stderr
    assert "race" not in result.stderr.lower(), result.stderr
