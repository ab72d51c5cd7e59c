# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the numbers and the output of benchmarks/gpu_compare.py, apart from times."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_peak_performance_equals_that_of_the_data_sheets():
    """NVIDIA's whitepapers: A100 (108 multiprocessors, 1.41 GHz) 19.5, GeForce RTX 3090 (82, 1.695 GHz) 35.6 TFLOPS."""
    from cuda_device import peak_flops, share_of_peak

    assert peak_flops((8, 0), 108, 1.41e9) == pytest.approx(19.5e12, rel=2e-3)
    assert peak_flops((8, 6), 82, 1.695e9) == pytest.approx(35.6e12, rel=2e-3)
    assert peak_flops((9, 9), 100, 1e9) is None and peak_flops((8, 0), None, 1e9) is None
    assert share_of_peak(5e9, 1e-3, 20e12) == 0.5
    assert share_of_peak(5e9, 1e-3, None) is None and share_of_peak(5e9, None, 20e12) is None


def test_missing_driver_is_not_an_error(monkeypatch):
    import cuda_device

    def no_library(name):
        raise OSError(name)

    monkeypatch.setattr(cuda_device.ctypes, "CDLL", no_library)
    device = cuda_device.Device(0)
    assert device.free_memory() is None
    described = device.describe()
    del described["driver"]  # comes from nvidia-smi
    assert set(described.values()) == {None}


def test_durations_are_read_from_the_output_of_ncu():
    from kernel_times import parse_ncu

    text = """| a line of the program |
==PROF== Profiling "computeNonbonded": 0%....100% - 1 pass
"ID","Process ID","Process Name","Kernel Name","Metric Name","Metric Unit","Metric Value"
"0","7","python","computeNonbonded","gpu__time_duration.sum","ns","12,345"
"1","7","python","computeLearnedPairs(unsigned long *)","gpu__time_duration.sum","ns","800"
"2","7","python","computeNonbonded","gpu__time_duration.sum","ns","655"
"""
    assert parse_ncu(text) == {"computeNonbonded": [12345, 655], "computeLearnedPairs": [800]}
    assert parse_ncu("==ERROR== no permission\n") == {}


def test_failure_becomes_a_table_row_with_its_message():
    from gpu_rows import COLUMNS, attempt, failed, format_row

    def no_memory():
        raise MemoryError("the device | is\n  full")

    row = {"label": "x", "ours": True, **attempt(no_memory)}
    assert format_row(row).startswith("| x | failed: MemoryError: the device / is full |")
    assert format_row(row).count("|") == len(COLUMNS) + 1
    assert failed([{"variants": [row]}]) and failed([{"failed": "no box", "variants": []}])
    assert not failed([{"variants": [{**row, "ours": False}, {"label": "y", "ours": True}]}])


@pytest.mark.parametrize("edges", [(1.7, 1.5, 1.4), (2.4, 3.3, 0.9)])
def test_both_verlet_lists_find_the_same_pairs(edges):
    from pair_lists import DeviceVerletList, VerletList

    random = np.random.default_rng(1)
    x = random.uniform(-1, 2, (300, 3)) * edges
    excluded = [tuple(map(int, random.permutation(300)[:2])) for _ in range(100)]
    lists = [kind(np.array(edges), excluded, 300, 0.3) for kind in (VerletList, DeviceVerletList)]
    for _ in range(3):
        found = [
            {tuple(pair) for pair in torch.stack(list_.pairs(torch.from_numpy(x)), dim=1).tolist()} for list_ in lists
        ]
        assert found[0] == found[1] and len(found[0]) > 100
        x += 0.1 * random.normal(size=x.shape)


def test_tiled_box_has_the_energy_of_its_tiles(monkeypatch):
    import boxes

    tile = boxes.make_water_box(250, 0.7)
    monkeypatch.setattr(boxes, "MAX_BUILT_WATERS", 250)
    monkeypatch.setattr(boxes, "make_water_box", lambda waters, cutoff: tile)
    box = boxes.make_tiled_water_box(2000, 0.7)
    assert box.atoms == 8 * tile.atoms and box.name.startswith("6,000 atoms")
    energies = []
    for one in (tile, box):
        context = openmm.Context(one.system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
        context.setPositions(one.positions)
        energies.append(context.getState(energy=True).getPotentialEnergy()._value)
    assert energies[1] == pytest.approx(8 * energies[0], rel=2e-4)  # the accuracy of PME with two grids


@pytest.mark.slow
def test_small_comparison_on_cpu(tmp_path):
    """A system that is too large for an alternative is reported."""
    command = [
        sys.executable,
        BENCHMARKS / "gpu_compare.py",
        "--platform",
        "CPU",
        "--waters",
        "250",
        "--repeats",
        "2",
        "--seconds",
        "0.01",
        "--warm-up",
        "1",
        "--cutoff",
        "0.6",
        "--networks",
        "8-8-1",
        "--in-pytorch",
        "8-8-1",
        "--alternatives",
        "PythonForce",
        "--slow-atoms",
        "700",
        "--torch-device",
        "cpu",
        "--json",
        tmp_path / "out.json",
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    rows = {row["label"]: row for row in report["results"][0]["variants"]}
    assert list(rows) == [
        "MM again",
        "table to 0.6 nm: LearnedPairForce",
        "table to 0.6 nm: CustomNonbondedForce, continuous1d-joined",
        "8-8-1: LearnedPairForce, tables",
        "8-8-1: LearnedPairForce, exact",
        "8-8-1: PythonForce, PyTorch on cpu",
    ]
    assert rows.pop("8-8-1: PythonForce, PyTorch on cpu")["left_out"] == "more than 700 atoms"
    assert all(row["ratio"] > 0 for row in rows.values())
    exact, tables = (rows[f"8-8-1: LearnedPairForce, {label}"] for label in ("exact", "tables"))
    assert exact["multiply_adds_per_step"] > 1e6 and exact["num_curves"] == 0 and report["gpu"] is None
    assert "multiply_adds_per_step" not in tables and tables["num_curves"] == 3
    assert str(tmp_path) not in json.dumps(report)
