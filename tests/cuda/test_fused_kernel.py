# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What the correction costs inside OpenMM's CUDA kernel: registers, spills and launches by the dry run, which compiles
with
the real NVRTC; and that the single-pair list stays on, by the emulator, which runs it."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import dryrun, emulate, require

SCRIPT = Path(__file__).parent / "fused_kernel_cases.py"
THREADS = 256  # per block: OpenMM's fixed launch shape, with 4 blocks per multiprocessor
REGISTERS = 65536  # per multiprocessor, on sm_80 and sm_90
WANTED_BLOCKS = 4


def resident_blocks(registers):
    """How many blocks fit into a multiprocessor's registers, which are given out to warps in units of 256."""
    per_warp = -(-registers * 32 // 256) * 256
    return REGISTERS // (per_warp * THREADS // 32)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Registers, spilled bytes and launches of a run on the dry run's driver."""
    results = {}

    def run(correction, precision, cc):
        key = correction, precision, cc
        if key not in results:
            out = tmp_path_factory.mktemp("dryrun")
            result = dryrun(out, cc, sys.executable, SCRIPT, correction, precision)
            assert result.returncode == 0, result.stderr
            kernels = [
                line for line in (out / "registers.txt").read_text().splitlines() if " computeNonbonded:" in line
            ]
            assert kernels, "computeNonbonded was not compiled"
            registers = max(int(re.search(r"Used (\d+) registers", line)[1]) for line in kernels)
            spills = sum(int(n) for line in kernels for n in re.findall(r"(\d+) bytes spill", line))
            launches = Counter(line.split()[0] for line in (out / "launches.log").read_text().splitlines())
            results[key] = registers, spills, launches
        return results[key]

    return run


@pytest.mark.parametrize("correction", ["shared", "shorter"])
@pytest.mark.parametrize("cc, precision", [(80, "mixed"), (90, "single"), (90, "mixed"), (90, "double")])
def test_shared_kernel_costs_no_occupancy_and_no_launch(tmp_path, compiled, correction, precision, cc, record_property):
    require("dryrun", tmp_path)
    alone, spills_alone, launches_alone = compiled("none", precision, cc)
    registers, spills, launches = compiled(correction, precision, cc)
    record_property("registers", f"{alone} alone, {registers} with the correction")
    assert spills == spills_alone == 0
    assert resident_blocks(registers) >= min(WANTED_BLOCKS, resident_blocks(alone)), (
        f"{registers} registers, {alone} without the correction"
    )
    assert sum(launches_alone.values()) > 50
    assert launches == launches_alone


def test_own_kernel_is_seen_as_such(tmp_path, compiled):
    """The test above can tell: with other exclusions there are launches of a second kernel and neighbor list."""
    require("dryrun", tmp_path)
    launches_alone, launches = compiled("none", "single", 90)[2], compiled("own", "single", 90)[2]
    assert launches["computeNonbonded"] == 2 * launches_alone["computeNonbonded"]


@pytest.mark.parametrize("correction, lists", [("none", 1), ("shared", 1), ("own", 2)])
def test_single_pair_list_stays_on(tmp_path, correction, lists):
    require("emulate")
    log = tmp_path / "launches.log"
    result = emulate(sys.executable, SCRIPT, correction, "single", EMULATE_LOG=str(log))
    assert result.returncode == 0, result.stderr
    counts = [
        tuple(map(int, line.split()[1:]))
        for line in log.read_text().splitlines()
        if line.startswith("download ") and len(line.split()) == 3
    ]
    assert len(counts) >= lists
    assert all(tiles > 0 and pairs > 0 for tiles, pairs in counts), f"tiles and single pairs: {counts}"


@pytest.mark.parametrize(
    "variable, value",
    [("EMULATE_ORDER", "reverse"), ("EMULATE_GUARD", "1"), ("EMULATE_POISON", "1"), ("EMULATE_RACES", "1")],
)
@pytest.mark.parametrize("correction", ["shared", "own"])
def test_clean_under_the_emulators_checks(correction, variable, value):
    """Threads in reverse order, accesses behind buffers, buffers that begin as NaN, races in shared memory."""
    require("emulate")
    result = emulate(sys.executable, SCRIPT, correction, "mixed", **{variable: value})
    assert result.returncode == 0, result.stderr
    assert "race" not in result.stderr.lower(), result.stderr
