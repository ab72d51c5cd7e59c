# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the commands emulate and dryrun, and that tests are skipped where these cannot run."""

import subprocess
import sys

import pytest
import support

STEP = """
import sys, openmm as mm
system = mm.System()
force = mm.NonbondedForce()
for i in range(40):
    system.addParticle(1)
    force.addParticle(0, 0.3, 1)
system.addForce(force)
integrator = mm.VerletIntegrator(0.001)
context = mm.Context(system, integrator, mm.Platform.getPlatform("CUDA"), {"Precision": "single"})
context.setPositions([mm.Vec3(i % 4, i//4 % 4, i//16) for i in range(40)])
integrator.step(3)
print(context.getPlatform().getPropertyValue(context, "DeviceName"))
"""


def test_dry_run_compiles_and_counts_every_kernel_and_names_its_device(tmp_path):
    """For sm_80; test_fused_kernel.py compiles for both architectures."""
    support.require("dryrun")
    result = support.dryrun(tmp_path / "out", 80, sys.executable, "-c", STEP)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "CUDA dry run\n"
    launches = [line.split() for line in (tmp_path / "out" / "launches.log").read_text(encoding="utf-8").splitlines()]
    modules = [module for name, module, blocks, threads in launches if name == "computeNonbonded"]
    assert len(modules) == 3 and len(set(modules)) == 1
    module = f"module{int(modules[0]):03d}.ptx"
    ptx = (tmp_path / "out" / module).read_text(encoding="utf-8")
    assert ".target sm_80" in ptx and ".entry computeNonbonded(" in ptx
    if "no ptxas" not in result.stderr:
        assert f"{module} computeNonbonded: Used " in (tmp_path / "out" / "registers.txt").read_text(encoding="utf-8")


def test_dry_run_returns_the_exit_status_of_the_command(tmp_path):
    support.require("dryrun")
    assert support.dryrun(tmp_path / "out", 90, sys.executable, "-c", "raise SystemExit(3)").returncode == 3


@pytest.mark.slow
def test_emulators_that_start_at_once_share_one_build_and_its_kernels(tmp_path):
    support.require("emulate")
    command = [support.HERE / "emulate", tmp_path, "--", sys.executable, support.HERE / "language_cases.py", "votes"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in processes:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0 and "passed votes" in output, output
    assert len(list((tmp_path / "build").iterdir())) == 1
    assert sorted(file.suffix for file in (tmp_path / "kernels").iterdir()) == [".cpp", ".cu", ".so"]


def test_emulator_within_the_emulator_uses_the_same_folder(tmp_path):
    support.require("emulate")
    folder = support.emulate("printenv", "EMULATE_OUT", PYTHON=sys.executable).stdout.strip()
    (tmp_path / "link").symlink_to(folder)
    inner = (support.HERE / "emulate", "--", "printenv", "EMULATE_OUT")
    result = support.emulate(*inner, out=tmp_path / "link", PYTHON=sys.executable)
    assert result.stdout == f"{tmp_path}/link\n", result.stderr


@pytest.fixture
def bare_python(tmp_path):
    """A Python without any packages."""
    python = tmp_path / "bare_python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize("arguments", [("emulate", "--"), ("dryrun", "{tmp}", "--")], ids=["emulate", "dryrun"])
@pytest.mark.parametrize(
    "variable, value, part",
    [
        ("CXX", "no-such-compiler", "a C++ compiler"),
        ("PYTHON", "no-such-python", "Python"),
        ("PYTHON", "{bare_python}", "OpenMM's CUDA platform"),
    ],
)
def test_missing_requirement_is_named_in_one_sentence(
    arguments, variable, value, part, tmp_path, bare_python, monkeypatch
):
    monkeypatch.delenv("OPENMM_PLUGIN_DIR", raising=False)
    monkeypatch.setenv(variable, value.format(bare_python=bare_python))
    tool, *rest = arguments
    command = [support.HERE / tool, *(word.format(tmp=tmp_path) for word in rest), "true"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == support.UNAVAILABLE
    assert result.stderr.startswith(f"{tool}: needs {part}") and result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "required, outcome",
    [
        ("", pytest.skip.Exception),
        ("Reference,OpenCL", pytest.skip.Exception),
        ("CUDA", pytest.fail.Exception),
        ("CPU, CUDA", pytest.fail.Exception),
    ],
)
def test_a_missing_emulator_skips_unless_cuda_is_required(monkeypatch, required, outcome):
    monkeypatch.setenv("LEARNEDPAIR_REQUIRE", required)
    monkeypatch.setenv("CXX", "no-such-compiler")
    support.probe.cache_clear()
    with pytest.raises(outcome, match="needs a C\\+\\+ compiler"):
        support.require("emulate")
    support.probe.cache_clear()
