# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that OpenMM's HIP platform loads this plugin, and that clang compiles our kernels, and OpenMM's with our text
in them, for AMD GPUs with both sizes of wavefronts. Nothing is executed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import openmm.version
import pytest
from dryrun import MISSING, registers
from required_platforms import skip_or_fail

HERE = Path(__file__).resolve().parent
LIBRARY = Path(openmm.version.openmm_library_path) / "plugins" / "libOpenMMLearnedPairHIP.so"
#: The size of a wavefront, the vector registers of a processing unit for one thread of each wavefront, their unit of
#: allocation, and the largest number of wavefronts.
ARCHITECTURES = {"gfx90a": (64, 512, 8, 8), "gfx1030": (32, 1024, 8, 16)}
#: OpenMM launches 20 wavefronts of computeNonbonded for each compute unit, which has four processing units.
LAUNCHED_WAVEFRONTS = 5
#: Forces of hip_cases.py, where their pairs are evaluated, and a kernel that they launch, besides the exceptions'.
FORCES = {
    "none": ("", "computeNonbonded"),
    "table": ("HIP, shared kernel", "computeNonbonded"),
    "operations": ("HIP, shared kernel", "computeNonbonded"),
    "own": ("HIP, own kernel", "computeNonbonded"),
    "exceptions": ("HIP, shared kernel", "computeLearnedExceptions"),
    "pair_charge_penetration": ("HIP, shared kernel", "computeNonbonded"),
    "feature_network": ("HIP, compacted pairs", "computeLearnedPairs"),
    "environment": ("HIP, compacted pairs", "addLearnedDensityForces"),
}
#: The kernels that work on pairs. evaluateLearnedAtoms keeps the densities of an atom in an array, in scratch memory.
PAIR_KERNELS = ("computeNonbonded", "computeLearnedPairs", "computeLearnedExceptions", "addLearned")


def dryrun(out, architecture, *command):
    """Run a command on the HIP platform of the dry run; return its standard output."""
    if not LIBRARY.exists():
        skip_or_fail("HIP", "this plugin was built without HIP")
    result = subprocess.run(
        [sys.executable, HERE / "dryrun.py", out, architecture, "--", *command], capture_output=True, text=True
    )
    if result.returncode == MISSING:
        skip_or_fail("HIP", result.stderr.strip())
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def wavefronts(architecture, vector_registers):
    """The number of wavefronts that fit into the registers of a processing unit."""
    _, total, unit, largest = ARCHITECTURES[architecture]
    return min(largest, total // (-(-vector_registers // unit) * unit))


def test_one_library_serves_all_versions_of_rocm():
    """It takes no symbol from ROCm, whose libraries have the major version in their names."""
    if not LIBRARY.exists():
        skip_or_fail("HIP", "this plugin was built without HIP")
    text = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", text)
    assert "libOpenMMHIP.so" in needed
    assert not [name for name in needed if "amdhip" in name or "hiprtc" in name]
    symbols = subprocess.run(["nm", "-D", "--undefined-only", LIBRARY], capture_output=True, text=True, check=True)
    assert not re.findall(r"\b_*hip\w+", symbols.stdout)


@pytest.mark.parametrize(
    "architecture, precision", [("gfx90a", "single"), ("gfx90a", "double"), ("gfx1030", "single"), ("gfx1030", "mixed")]
)
@pytest.mark.slow
def test_kernels_compile(tmp_path, architecture, precision, record_property):
    out = tmp_path / "out"
    output = dryrun(out, architecture, sys.executable, HERE / "hip_cases.py", precision, *FORCES)
    rows = [line.split(";") for line in output.splitlines() if line.count(";") == 2]
    assert {name: kernel for name, kernel, _ in rows} == {name: kernel for name, (kernel, _) in FORCES.items()}

    launched = {line.split()[0] for line in (out / "launches.log").read_text(encoding="utf-8").splitlines()}
    assert launched >= {kernel for _, kernel in FORCES.values()}
    modules = [(out / f"{module}.s", kernels) for module, kernels in registers(out)]
    assert len(modules) == int(rows[-1][2]) == max(int(count) for *_, count in rows)
    compiled = []
    for path, kernels in modules:
        text = path.read_text(encoding="utf-8")
        assert re.search(rf"\.wavefront_size: +{ARCHITECTURES[architecture][0]}$", text, re.MULTILINE)
        compiled += [(path.stem, *kernel) for kernel in kernels if kernel[0].startswith(PAIR_KERNELS)]
    alone, with_table = [numbers for _, name, numbers in compiled if name == "computeNonbonded"][:2]
    if precision != "double":  # in double precision, a table takes 98 registers on gfx90a, and OpenMM alone 72
        assert wavefronts(architecture, with_table["vgpr_count"]) >= LAUNCHED_WAVEFRONTS, (alone, with_table)
    for module, name, numbers in compiled:
        record_property(f"{module} {name}", str(numbers))
        assert numbers["group_segment_fixed_size"] <= 64 * 1024, (name, numbers)
        # In double precision, a network spills registers, and AMD's functions keep arrays in scratch memory, also in
        # OpenMM's kernel alone.
        if precision != "double":
            assert numbers["vgpr_spill_count"] == numbers["private_segment_fixed_size"] == 0, (name, numbers)
        elif name != "computeLearnedPairs":
            assert numbers["vgpr_spill_count"] == 0, (name, numbers)


@pytest.mark.slow
def test_reduction_of_the_argument_of_a_sine_stays_accurate(tmp_path):
    """OpenMM compiles HIP kernels with -ffast-math, which lets the compiler change the order of operations.

    It turns x-k*a-k*b, with a+b = 2 pi, into x-k*(2 pi). The error is then below that of the rounding of x only if
    multiplication and subtraction are one instruction, which rounds once.
    """
    out = tmp_path / "out"
    dryrun(out, "gfx90a", sys.executable, HERE / "hip_cases.py", "single", "operations")
    lines = [line for path in sorted(out.glob("module*.s")) for line in path.read_text(encoding="utf-8").splitlines()]
    [two_pi, first_part] = [
        [line for line in lines if re.search(f"0x[4c]{digits}", line)] for digits in ("0c90fdb", "0c90000")
    ]
    assert two_pi or first_part
    assert all(re.match(r"\s*v_(pk_)?fm(a|ac|aak|amk)_f32", line) for line in two_pi), two_pi


def test_a_missing_part_is_named(tmp_path):
    def run(*arguments, **environment):
        command = [sys.executable, HERE / "dryrun.py", *arguments]
        result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
        return result.returncode, result.stderr

    empty = tmp_path / "empty"
    empty.mkdir()
    status, message = run(tmp_path / "out", "gfx90a", "--", "true", OPENMM_PLUGIN_DIR=str(empty))
    assert status == MISSING
    assert message == (
        "dryrun: needs OpenMM's HIP platform (pip: openmm[hip6] or openmm[hip7]), which was not found\n"
    ) or ("hip/hiprtc.h" in message and not Path("/usr/include/hip/hiprtc.h").exists())
    assert run("only one argument")[0] == 2
