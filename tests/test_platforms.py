# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that each platform uses its own library, that load failures are explained, and the lifetime of forces."""

import copy
import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import learnedpair as lp
import openmm
import openmm.version
import pytest
import systems
from comparators import OPENCL, REFERENCE, TARGETS, evaluate, on
from learnedpair.devices import find_platform
from learnedpair.plugin import check_version, library_failures


def test_no_library_failed_to_load():
    present = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    assert library_failures(present, openmm.Platform.getPluginLoadFailures()) == []


@on(TARGETS)
def test_each_platform_has_its_own_kernel(target):
    """CpuPlatform is derived from ReferencePlatform: a registration by dynamic_cast would register Reference's kernel
    for it. The kernels are distinguished by name and by their rounding errors: only double precision agrees with
    Reference to the last digits.
    """
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    system.addForce(force)
    context = target.context(system, chains.positions)
    assert force.getKernelInfo(context)["platform"] == target.name
    reference = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    reference.setPositions(chains.positions)
    difference = abs(
        context.getState(energy=True).getPotentialEnergy()._value
        - reference.getState(energy=True).getPotentialEnergy()._value
    )
    assert context.getPlatform().supportsKernels(["CalcLearnedPairForce"])
    if target.name == "Reference":
        assert difference == 0
    elif target.exact:
        assert difference < 1e-9
    else:
        assert 0 < difference < 1e-2


def test_libraries_are_installed_where_openmm_finds_them():
    folder = Path(openmm.version.openmm_library_path)
    names = {path.name for path in folder.glob("plugins/*LearnedPair*")}
    assert len(list(folder.glob("*OpenMMLearnedPair.*"))) == 1
    assert {re.sub(r"\W.*|^lib", "", name) for name in names} >= {"OpenMMLearnedPairReference", "OpenMMLearnedPairCPU"}


def test_import_with_another_version_of_openmm_is_refused():
    with pytest.raises(lp.PluginLoadError, match=r"built for OpenMM 8\.6\.1, but OpenMM 8\.7 is running.*pip install"):
        check_version("8.6.1", "8.7")
    check_version("8.6.1", "8.6.0")
    check_version("8.6", "8.6.2.dev-abc")


def test_failures_of_other_plugins_are_ignored():
    failures = [
        "Error loading library libOpenMMLearnedPairCUDA.so: libcuda.so.1 is missing",
        "Error loading library libOpenMMOther.so: no",
    ]
    assert library_failures(["Reference", "CPU"], failures) == []
    assert library_failures(["Reference", "CUDA"], failures) == failures[:1]


class UnsupportedPlatform:
    """A platform for which the plugin has no library."""

    def __init__(self, name):
        self.name = name

    def getName(self):
        return self.name

    def supportsKernels(self, names):
        return False


@pytest.mark.parametrize(
    "name, headers",
    [
        (
            "CUDA",
            r"openmm-learnedpair\[cuda12\].*cuda.h is in a CUDA toolkit, which CUDA_HOME may name, .* pip install"
            " nvidia-cuda-runtime nvidia-cuda-crt"
            " for CUDA 13, nvidia-cuda-runtime-cu12 nvidia-cuda-nvcc-cu12 for CUDA 12",
        ),
        ("OpenCL", "CL/cl.h is in Debian's package opencl-headers"),
        (
            "HIP",
            r"openmm-learnedpair\[hip7\].*hip/hip_runtime.h is in ROCm, which ROCM_PATH may name, and in Debian's"
            " package libamdhip64-dev",
        ),
    ],
)
def test_requesting_a_platform_without_a_library_names_the_remedy(monkeypatch, name, headers):
    platforms = [openmm.Platform.getPlatform("Reference"), UnsupportedPlatform(name)]
    monkeypatch.setattr(openmm.Platform, "getNumPlatforms", staticmethod(lambda: 2))
    monkeypatch.setattr(
        openmm.Platform,
        "getPlatform",
        staticmethod(lambda key: platforms[key] if isinstance(key, int) else platforms[1]),
    )
    with pytest.raises(
        ValueError,
        match=f"installed without its library for the platform {name}. .*{headers}.*pip install --force-reinst",
    ):
        find_platform(name)


WITHOUT_LIBRARY = """
import learnedpair as lp, openmm
from learnedpair.devices import fastest_platform, find_platform

assert fastest_platform().getName() == "CPU"
system = openmm.System()
system.addParticle(1.0)
force = lp.LearnedPairForce(lp.PairTable(1, 0.1, 0.5, [[0.0, 0.0]], [[0.0, 0.0]], [0]))
force.setNonbondedMethod(force.CutoffNonPeriodic)
force.addParticle(0)
system.addForce(force)
try:
    openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("OpenCL"))
except openmm.OpenMMException as error:
    print(error)
print(openmm.Context(system, openmm.VerletIntegrator(0.001)).getPlatform().getName())
find_platform("OpenCL")
"""


@on([OPENCL])
def test_import_does_not_mention_platforms_without_a_library(target, tmp_path):
    """OpenMM finds all its libraries and those of the plugin, except the plugin's for GPUs."""
    libraries = Path(openmm.version.openmm_library_path)
    (tmp_path / "plugins").mkdir()
    for path in [*libraries.glob("*.*"), *libraries.glob("plugins/*.*")]:
        if re.search("LearnedPair(OpenCL|CUDA|HIP)", path.name) is None:
            (tmp_path / path.relative_to(libraries)).symlink_to(path)
    environment = {**os.environ, "OPENMM_PLUGIN_DIR": str(tmp_path / "plugins")}
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_LIBRARY], env=environment, capture_output=True, text=True
    )
    assert process.stdout.splitlines() == [
        "Specified a Platform for a Context which does not support all required kernels",
        "CPU",
    ]
    assert process.stderr.splitlines()[-1].startswith(
        "ValueError: openmm-learnedpair is installed without its library for the platform OpenCL. Its header CL/cl.h"
    )


USES = {
    "ours": lambda force: force.getCutoffDistance(),
    "OpenMM's": lambda force: force.getName(),
    "an update": lambda force: force.setParticleTypes([0]),
    "repr": repr,
    "a copy": copy.deepcopy,
    "another System": lambda force: openmm.System().addForce(force),
    "XML": openmm.XmlSerializer.serialize,
    "an update in a Context": lambda force: force.updateParametersInContext(
        openmm.Context(one_particle(), openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    ),
}


def one_particle():
    system = openmm.System()
    system.addParticle(1.0)
    return system


def removed(chains):
    system, force = chains.system(), chains.learned()
    system.addForce(force)
    system.removeForce(0)
    return force


def cast_then_removed(chains):
    system = chains.system()
    system.addForce(chains.learned())
    force = lp.LearnedPairForce.cast(system.getForce(0))
    system.removeForce(0)
    return force


def of_a_deleted_system(chains):
    system, force = chains.system(), chains.learned()
    system.addForce(force)
    del system
    gc.collect()
    return force


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("make", [removed, cast_then_removed, of_a_deleted_system])
def test_using_a_force_that_openmm_has_deleted_raises_an_exception(make, use):
    force = make(systems.Chains(molecules=4))
    with pytest.raises(
        (openmm.OpenMMException, TypeError),
        match=(
            "this force no longer exists: it was removed from its System, or its System was deleted|argument 1 of type"
            " 'OpenMM::Force const"
        ),
    ):
        USES[use](force)


def test_copies_and_casts_refer_to_the_right_force():
    chains = systems.Chains(molecules=4)
    force = chains.learned()
    force.note = ["mine"]
    again = copy.deepcopy(force)
    assert (
        isinstance(again, lp.LearnedPairForce)
        and again.note == ["mine"]
        and again.note is not force.note
        and int(again.this) != int(force.this)
    )
    system = chains.system()
    system.addForce(force)
    assert not force.thisown and again.thisown
    others = [lp.LearnedPairForce.cast(system.getForce(0)) for _ in range(3)]
    system.addForce(again)
    system.removeForce(1)
    assert all(other.getNumParticles() == force.getNumParticles() == 12 for other in others)
    with pytest.raises(openmm.OpenMMException, match="no longer exists"):
        again.getNumParticles()


def test_several_contexts_at_once(target):
    """Each Context has its own function, scale and positions; they are evaluated in turn."""
    chains = systems.Chains()
    contexts, expected = [], []
    for k in range(3):
        system = chains.system()
        force = chains.learned(systems.table(kinds=(k, 0, 1)))
        force.setScaleParameter("lambda")
        system.addForce(force)
        contexts.append(target.context(system, chains.positions + 0.01 * k))
        contexts[-1].setParameter("lambda", 1.0 + k)
        reference = REFERENCE.context(system, chains.positions + 0.01 * k)
        reference.setParameter("lambda", 1.0 + k)
        expected.append(evaluate(reference))
    for _ in range(2):
        for context, wanted in zip(contexts, expected, strict=True):
            target.assert_agrees(*evaluate(context), *wanted)
    del contexts[1]
    target.assert_agrees(*evaluate(contexts[1]), *expected[2])
