# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that NVRTC and ptxas accept the kernel of every program, that small programs do not reduce the occupancy of the
shared kernel, and that the emulator's checks find no error.
"""

import sys
from pathlib import Path

import pytest
from program_registers import NAMES, measure
from support import CHECKS, emulate, require

MAX_REGISTERS = 96  # of OpenMM's nonbonded kernel with a program in it; without a program it takes 48 to 53
#: Bytes of spill stores and loads on tensor cores, where a vector of length 64 and its derivative take half of all
#: registers.
MAX_SPILLED = 256
SCRIPT = Path(__file__).parent / "kernel_programs.py"


# Compilation takes minutes. All programs are compiled for sm_80, half of them for sm_90; program_registers.py compiles
# all for both.
@pytest.mark.parametrize(
    "cc, tensor_cores, names", [(80, True, NAMES), (90, False, NAMES[::2])], ids=["80-tensor cores", "90"]
)
@pytest.mark.slow
def test_every_program_compiles(tmp_path, cc, tensor_cores, names, record_property):
    require("dryrun")
    programs = measure(tmp_path, cc, "single", names, tensor_cores=tensor_cores)
    assert set(programs) == {"none", *names}
    shared = {name: r for name, r in programs.items() if r["kernel"] == "CUDA, shared kernel"}
    on_tensor_cores = {name: r for name, r in programs.items() if "tensor cores" in r["kernel"]}
    assert min(len(shared), len(programs) - len(shared)) >= len(names) // 5
    assert len(on_tensor_cores) >= 20 if tensor_cores else not on_tensor_cores
    for name, r in programs.items():
        record_property(name, f"{r['registers']} registers, {r['spilled_bytes']} bytes spilled")
        assert r["spilled_bytes"] <= (MAX_SPILLED if name in on_tensor_cores else 0), name
    for name, r in {**shared, **on_tensor_cores}.items():
        assert r["stack_bytes"] <= r["spilled_bytes"], f"{name}: values are kept in memory"
    for name, r in shared.items():
        assert r["registers"] <= MAX_REGISTERS, f"{name}: {r['registers']} registers"


@pytest.mark.parametrize("checks", CHECKS, ids=lambda checks: " ".join(checks))
@pytest.mark.slow
def test_clean_under_the_emulators_checks(checks):
    require("emulate")
    result = emulate(
        sys.executable,
        SCRIPT,
        "mixed",
        "charge_penetration",
        "feature_network",
        "soft_core",
        "gated_linear_unit",
        LEARNEDPAIR_TENSOR_CORES="1",
        **checks,
    )
    assert result.returncode == 0, result.stderr
    assert [line.split(";")[1] for line in result.stdout.splitlines() if ";" in line] == [
        "CUDA, shared kernel",
        "CUDA, compacted pairs, tensor cores",
        "CUDA, shared kernel",
        "CUDA, compacted pairs",
    ]
    assert "race" not in result.stderr.lower(), result.stderr
