# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The right library answers on each platform, and a plugin that does not fit says so."""

import re
from pathlib import Path

import openmm
import openmm.version
import pytest

import learnedpair as lp
import systems
from comparators import REFERENCE, evaluate
from learnedpair.plugin import check_version, library_failures



def test_no_library_failed_to_load():
    present = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    assert library_failures(present, openmm.Platform.getPluginLoadFailures()) == []


def test_each_platform_has_its_own_kernel(target):
    """CpuPlatform is also a ReferencePlatform: registering by cast would put Reference's kernel there. Told by name, and by
    their arithmetic: Reference and double precision agree to the last digits, the others do not."""
    chains = systems.Chains()
    system = chains.system()
    force = chains.learned()
    system.addForce(force)
    context = target.context(system, chains.positions)
    assert force.describeKernelInContext(context).split(",")[0] == target.name
    reference = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    reference.setPositions(chains.positions)
    difference = abs(context.getState(energy=True).getPotentialEnergy()._value - reference.getState(energy=True).getPotentialEnergy()._value)
    assert context.getPlatform().supportsKernels(["CalcLearnedPairForce"])
    if target.name == "Reference":
        assert difference == 0
    elif target.exact:
        assert difference < 1e-9
    else:
        assert 0 < difference < 1e-2


def test_libraries_lie_where_import_openmm_finds_them():
    folder = Path(openmm.version.openmm_library_path)
    names = {path.name for path in folder.glob("plugins/*LearnedPair*")}
    assert len(list(folder.glob("*OpenMMLearnedPair.*"))) == 1
    assert {re.sub(r"\W.*|^lib", "", name) for name in names} >= {"OpenMMLearnedPairReference", "OpenMMLearnedPairCPU"}


def test_another_openmm_is_named_at_import():
    with pytest.raises(lp.PluginLoadError, match=r"built for OpenMM 8\.6\.1, but OpenMM 8\.7 is running.*pip install"):
        check_version("8.6.1", "8.7")
    check_version("8.6.1", "8.6.0")
    check_version("8.6", "8.6.2.dev-abc")


def test_failures_of_other_plugins_are_not_ours():
    failures = ["Error loading library libOpenMMLearnedPairCUDA.so: libcuda.so.1 is missing", "Error loading library libOpenMMOther.so: no"]
    assert library_failures(["Reference", "CPU"], failures) == []
    assert library_failures(["Reference", "CUDA"], failures) == failures[:1]


def test_several_contexts_at_once(target):
    """Each has its own types, scale and positions, and they take turns."""
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
