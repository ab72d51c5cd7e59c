# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that OpenMM's CUDA platform on the emulator agrees with its Reference platform."""

import sys

import pytest
import support

# OpenMM stores nonbonded parameters as floats in every precision, hence the limit for double.
LIMIT = {"single": 5e-5, "mixed": 5e-5, "double": 2e-6}


@pytest.fixture(autouse=True)
def emulator():
    support.require("emulate")


@pytest.fixture
def measure(tmp_path):
    """Run a case of openmm_cases.py, and check that it ran on the emulator and launched a given kernel."""

    def run(case, precision, *arguments, kernel="computeNonbonded", device="CUDA emulator", **environment):
        result = support.measure(
            "openmm_cases.py", case, precision, *arguments, EMULATE_LOG=str(tmp_path / "log"), **environment
        )
        assert result["device"] == device
        assert kernel in result["launched"]
        return result

    return run


@pytest.mark.parametrize(
    "case, precision, kernel",
    [
        ("fused", "single", "computeNonbonded"),
        ("fused", "mixed", "computeNonbonded"),
        ("fused", "double", "computeNonbonded"),
        ("reaction_field", "mixed", "computeNonbonded"),
        ("pme", "single", "gridSpreadCharge"),
        ("pme", "double", "gridSpreadCharge"),
        ("tabulated_functions", "single", "computeNonbonded"),
        ("tabulated_neighbor_list", "single", "findBlocksWithInteractions"),
        ("tabulated_neighbor_list", "double", "findBlocksWithInteractions"),
        ("bonded", "mixed", "computeBondedForces"),
        ("bonded", "double", "computeBondedForces"),
        ("born_solvation", "mixed", "computeGBSAForce1"),
    ],
)
@pytest.mark.many_cases
def test_forces_and_energies_agree_with_reference(measure, case, precision, kernel):
    result = measure(case, precision, kernel=kernel)
    assert result["force_error"] <= LIMIT[precision]
    assert result["energy_error"] <= LIMIT[precision]


def test_double_precision_is_exact_where_parameters_are_exact_in_float(measure):
    result = measure("exact_parameters", "double")
    assert result["force_error"] <= 1e-10
    assert result["energy_error"] <= 1e-12


def test_fused_forces_agree_in_reverse_order_with_guarded_and_poisoned_buffers(measure):
    assert measure("fused", "mixed", **support.CHECKS[0])["force_error"] <= LIMIT["mixed"]


@pytest.mark.parametrize(
    "case, barriers, races",
    [
        ("fused", "1", False),
        ("tabulated_neighbor_list", "1", False),
        ("tabulated_neighbor_list", "0", True),
    ],
)
@pytest.mark.slow
def test_race_check_reports_openmm_only_without_the_barriers_that_the_emulator_adds(case, barriers, races):
    result = support.emulate(
        sys.executable, support.HERE / "openmm_cases.py", case, "single", EMULATE_RACES="1", EMULATE_BARRIERS=barriers
    )
    assert result.returncode == 0 and "computeNonbonded" in result.stdout, result.stderr
    assert ("race in shared memory" in result.stderr) == races, result.stderr


@pytest.mark.parametrize("precision, limit", [("double", 1e-6), ("mixed", 5e-5)])
def test_constrained_steps_agree_with_reference(measure, precision, limit):
    result = measure("verlet", precision, kernel="applySettleToPositions")
    assert result["moved_nm"] > 0.01
    assert result["position_error_nm"] <= limit


@pytest.mark.slow
def test_minimization_and_langevin_dynamics_keep_temperature_and_constraints(measure):
    result = measure("langevin", "mixed", kernel="generateRandomNumbers")
    assert result["minimized"] < -100
    assert 250 < result["temperature"] < 350
    assert result["constraint_error"] <= 1e-4


@pytest.mark.slow
def test_neighbor_list_is_kept_while_nothing_moves_and_rebuilt_after_a_move(measure):
    result = measure("neighbor_list", "single", kernel="findBlocksWithInteractions")
    assert result["force_error"] <= LIMIT["single"] and result["force_error_after_move"] <= LIMIT["single"]
    tiles, single_pairs = result["builds"][-1]
    assert tiles > 0 and single_pairs > 0
    assert result["builds_after_nothing_moved"] == result["builds"]
    assert result["idle_after_nothing_moved"] > result["idle"]
    assert len(result["builds_after_move"]) > len(result["builds"])


@pytest.mark.parametrize(
    "kind, precision, devices",
    [
        ("water", "mixed", "0,0"),
        ("water", "double", "0,1"),
        ("fused", "single", "0,0,1"),
        ("tabulated", "mixed", "0,1"),
        ("tabulated", "mixed", "0,0"),
    ],
)
@pytest.mark.slow
def test_forces_of_several_devices_agree_with_one_device_and_with_reference(measure, kind, precision, devices):
    """OpenMM copies data through the host between contexts of one device, and directly between two devices."""
    number = len(devices.split(","))
    result = measure(
        "several_devices", precision, devices, kind, device=",".join(number * ["CUDA emulator"]), EMULATE_DEVICES="2"
    )
    assert result["force_error"] <= LIMIT[precision] and result["energy_error"] <= LIMIT[precision]
    assert result["difference"] <= (1e-12 if precision == "double" else 1e-6)
    assert result["launches_by_one"] == result["rounds"] and result["launches"] == number * result["rounds"]
    assert "sumForces" in result["launched"]


@pytest.mark.parametrize("devices", ["0,0", "0,1"])
@pytest.mark.slow
def test_constrained_steps_on_several_devices_agree_with_one_device(measure, devices):
    result = measure(
        "steps_on_several_devices",
        "mixed",
        devices,
        device="CUDA emulator,CUDA emulator",
        kernel="sumForces",
        EMULATE_DEVICES="2",
    )
    assert result["moved_nm"] > 0.01
    assert result["position_difference_nm"] <= 5e-5
