# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the emulator without OpenMM: whether it runs CUDA C as a GPU does, and reports errors."""

import signal
import sys

import pytest
import support


@pytest.fixture(autouse=True)
def emulator():
    support.require("emulate")


def run(case, *arguments, **environment):
    return support.emulate(sys.executable, support.HERE / "language_cases.py", case, *arguments, **environment)


def assert_passed(result, case):
    assert result.returncode == 0 and f"passed {case}" in result.stdout.splitlines(), result.stderr


@pytest.mark.parametrize(
    "case",
    [
        "shuffles",
        "votes",
        "partial_masks",
        "dynamic_shared_memory",
        "grids_and_blocks",
        "assembly",
        "bf16_conversion",
        "unknown_instruction",
        "host_threads",
        "contexts",
    ],
)
@pytest.mark.many_cases
def test_results_equal_those_of_numpy(case):
    assert_passed(run(case), case)


@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_order_of_threads_can_be_chosen(order):
    assert_passed(run("thread_order", order, EMULATE_ORDER=order), "thread_order")


def test_deadlock_ends_the_process_and_names_the_kernel_and_the_waiting_lanes():
    result = run("deadlock")
    assert result.returncode == -signal.SIGABRT
    assert "deadlock" in result.stderr and "kernel stuck" in result.stderr
    assert "lanes 0000ffff wait in __syncwarp for the lanes ffffffff" in result.stderr


@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_tensor_cores_multiply_and_accumulate(order):
    assert_passed(run("tensor_cores", EMULATE_ORDER=order), "tensor_cores")


@pytest.mark.parametrize(
    "what, message, lanes",
    [
        ("returns", "a matrix product needs all 32 lanes of the warp", "ffffff7f"),
        ("never was", "a matrix product needs all 32 lanes of the warp", "0000ffff"),
        ("waits", "deadlock", "ffffff7f"),
    ],
)
def test_matrix_product_without_all_lanes_is_reported(what, message, lanes):
    result = run("missing_lane", what)
    assert result.returncode == -signal.SIGABRT
    assert message in result.stderr and "kernel incomplete" in result.stderr
    assert f"lanes {lanes} wait in a matrix product for the lanes ffffffff" in result.stderr


@pytest.mark.parametrize("barrier, races", [("", True), ("__syncwarp();", False)])
def test_matrix_product_does_not_order_shared_memory(barrier, races):
    result = run("matrix_product_and_memory", barrier, EMULATE_RACES="1")
    assert_passed(result, "matrix_product_and_memory")
    assert ("race in shared memory" in result.stderr) == races, result.stderr


@pytest.mark.parametrize("cc", [80, 90])
def test_nvrtc_and_ptxas_accept_tensor_core_instructions(tmp_path, cc):
    support.require("dryrun")
    result = support.dryrun(
        tmp_path / "out", cc, sys.executable, support.HERE / "language_cases.py", "compile_tensor_cores"
    )
    assert_passed(result, "compile_tensor_cores")
    ptx = (tmp_path / "out" / "module000.ptx").read_text(encoding="utf-8")
    assert "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" in ptx and "cvt.rn.bf16x2.f32" in ptx
    if "no ptxas" not in result.stderr:
        registers = (tmp_path / "out" / "registers.txt").read_text(encoding="utf-8")
        assert all(f"module000.ptx {kernel}: Used " in registers for kernel in ("multiply", "accumulate", "convert")), (
            result.stderr
        )


def test_race_check_names_both_lines():
    result = run("race", "", EMULATE_RACES="1")
    assert_passed(result, "race")
    assert "race in shared memory: read after it was written" in result.stderr
    assert "kernel neighbor" in result.stderr
    assert "out[threadIdx.x] = buffer[" in result.stderr and "buffer[threadIdx.x] = threadIdx.x;" in result.stderr


@pytest.mark.parametrize("barrier", ["__syncwarp();", "__syncthreads();"])
def test_race_check_is_silent_about_ordered_accesses(barrier):
    result = run("race", barrier, EMULATE_RACES="1")
    assert_passed(result, "race")
    assert "race" not in result.stderr


@pytest.mark.parametrize("poison, contents", [("0", "0"), ("1", "nan")])
def test_new_buffers_are_zero_or_poisoned(poison, contents):
    assert_passed(run("buffer_contents", contents, EMULATE_POISON=poison), "buffer_contents")


@pytest.mark.parametrize("number", ["1", "3"])
def test_number_of_devices_can_be_chosen(number):
    assert_passed(run("devices", number, EMULATE_DEVICES=number), "devices")


@pytest.mark.parametrize("guard, index, status", [("1", 99, 0), ("1", 100, -signal.SIGSEGV), ("0", 100, 0)])
def test_guard_stops_at_a_write_beyond_the_end_of_a_buffer(guard, index, status):
    assert run("buffer_end", str(index), EMULATE_GUARD=guard).returncode == status


def test_log_and_profile_name_the_launches(tmp_path):
    log, profile = tmp_path / "log", tmp_path / "profile"
    assert_passed(run("votes", EMULATE_LOG=str(log), EMULATE_PROFILE=str(profile)), "votes")
    words = log.read_text(encoding="utf-8").split()
    assert words[:5] == ["launch", "votes", "1", "64", "collectives"] and int(words[5]) > 0
    assert profile.read_text(encoding="utf-8").splitlines()[1].split()[-1] == "votes"
