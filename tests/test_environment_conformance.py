# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that platforms compute what docs/program.md specifies for environment functions: energies, forces and
derivatives in 120 digits (conformance/README.md).
"""

import json
import subprocess
import sys

import learnedpair as lp
import openmm
import pytest
from comparators import CPU, CUDA, DOUBLE, OPENCL, REFERENCE, assert_close, observe, on
from conformance_files import FOLDER

CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((FOLDER / "environments").glob("*.json"))
}


def make_force(case):
    made, settings = dict(case["function"]), case["settings"]
    if made["pair"] is not None:
        pair = made["pair"]
        made["pair"] = lp.PairTable(
            made["num_types"], pair["min_distance"], pair["max_distance"], pair["energies"], pair["slopes"],
            pair["curve_indices"],
        )  # fmt: skip
    made["global_parameters"] = dict(map(tuple, made["global_parameters"]))
    force = lp.LearnedPairForce(lp.EnvironmentFunction(**made))
    force.setParticleTypes(settings["types"])
    force.setNonbondedMethod(force.CutoffNonPeriodic if settings["box"] is None else force.CutoffPeriodic)
    force.setCutoffDistance(settings["cutoff"])
    force.setInnerCutoffDistance(settings["inner_cutoff"])
    if settings["switching_distance"] is not None:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(settings["switching_distance"])
    force.setUseDensityExclusions(settings["density_exclusions"])
    for pair in settings["exclusions"]:
        force.addExclusion(*pair)
    for exception in settings["exceptions"]:
        force.addException(*exception)
    for group in settings["interaction_groups"]:
        force.addInteractionGroup(*group)
    for name in case["derivatives"]:
        force.addEnergyParameterDerivative(name)
    return force


@on([REFERENCE, CPU, OPENCL, CUDA, *DOUBLE])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.core
def test_energies_forces_and_derivatives(name, target):
    case = CASES[name]
    system = openmm.System()
    for _ in case["settings"]["types"]:
        system.addParticle(12.0)
    if case["settings"]["box"] is not None:
        system.setDefaultPeriodicBoxVectors(*case["settings"]["box"])
    system.addForce(make_force(case))
    energy, forces, derivatives = observe(target.context(system, case["positions"]))
    target.assert_agrees(energy, forces, case["energy"], case["forces"])
    assert derivatives.keys() == case["derivatives"].keys()
    for parameter, expected in case["derivatives"].items():
        assert_close(derivatives[parameter], expected, rtol=target.energy_tolerance)
    if target is REFERENCE:
        assert_close(energy, case["energy"], rtol=case["tolerance"])
        assert_close(forces, case["forces"], rtol=case["tolerance"], atol=case["tolerance"])


def test_files_equal_the_output_of_the_generator():
    command = [sys.executable, FOLDER / "generate_environments.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
