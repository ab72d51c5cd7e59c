# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that NVRTC and ptxas accept the kernels of environment functions, that pairs need no memory beyond registers,
and that the emulator's checks find no error.
"""

import re
import sys
from pathlib import Path

import pytest
from support import CHECKS, dryrun, emulate, require

SCRIPT = Path(__file__).parent / "environment_cases.py"
NAMES = ("3 radial", "all", "64")
#: The kernels that work on pairs, and the largest number of registers that a thread may take. ptxas of CUDA 13 takes up
#: to 136 in single and 180 in double precision.
MAX_REGISTERS = {
    "addLearnedDensities": {"single": 104, "double": 176},
    "addLearnedDensityForces": {"single": 144, "double": 184},
    "addLearnedExceptionDensities": {"single": 64, "double": 88},
    "addLearnedExceptionForces": {"single": 120, "double": 184},
}


@pytest.mark.parametrize("cc, precision", [(80, "single"), (90, "double")])
@pytest.mark.slow
def test_kernels_compile_without_spills(tmp_path, cc, precision, record_property):
    require("dryrun")
    result = dryrun(tmp_path, cc, sys.executable, SCRIPT, precision, *NAMES)
    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "registers.txt").read_text(encoding="utf-8").splitlines()
    for kernel, largest in MAX_REGISTERS.items():
        found = [line for line in lines if f" {kernel}:" in line]
        assert len(found) == len(NAMES)
        registers = [int(re.search(r"Used (\d+) registers", line)[1]) for line in found]
        record_property(kernel, f"{registers} registers with the channels {NAMES}")
        assert max(registers) <= largest[precision], f"{kernel}: {registers} registers"
        assert all(re.findall(r"(\d+) bytes (?:spill|stack)", line) == ["0"] * 3 for line in found), found
    assert sum(" evaluateLearnedAtoms:" in line for line in lines) == len(NAMES)


@pytest.mark.parametrize("checks", CHECKS, ids=lambda checks: " ".join(checks))
@pytest.mark.slow
def test_clean_under_the_emulators_checks(checks):
    require("emulate")
    result = emulate(sys.executable, SCRIPT, "mixed", *NAMES, **checks)
    assert result.returncode == 0, result.stderr
    errors = [float(line.split(";")[2]) for line in result.stdout.splitlines() if ";" in line]
    assert len(errors) == len(NAMES) and max(errors) < 5e-5, result.stdout
    assert "race" not in result.stderr.lower(), result.stderr
