# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the errors and the output of benchmarks/design_space.py, apart from times."""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from comparators import assert_close
from scripts import run_script

ROOT = Path(__file__).resolve().parent.parent
DIMERS = ROOT / "examples" / "water" / "dimers.npz"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    """The modules of the benchmarks can be imported during a test. Other folders have modules of the same names."""
    folders = (str(ROOT / "benchmarks"), str(ROOT / "examples" / "water"))
    for folder in folders:
        monkeypatch.syspath_prepend(folder)
    before = dict(sys.modules)
    sys.modules.pop("support", None)
    yield
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(folders):
            del sys.modules[name]
    sys.modules.update(before)


def test_error_is_that_of_net_forces():
    """Forces inside of a molecule do not count. The interval is +-1.96/sqrt(2 n) for n independent normal numbers, and
    empty for equal snapshots.
    """
    from water_dimers import force_error

    random = np.random.default_rng(1)
    net = random.normal(size=(400, 2, 3))
    inside = random.normal(size=(400, 2, 3, 3))
    inside -= inside.mean(axis=2, keepdims=True)
    forces = (inside + net[:, :, None] / 3).reshape(400, 6, 3)
    error = force_error(forces, np.repeat(np.arange(100), 4))
    assert_close(error["force_error"], np.sqrt((net**2).mean()), rtol=1e-12)
    expected = 1 + np.array([-1.96, 1.96]) / np.sqrt(2 * net.size)
    assert_close(np.array(error["force_error_range"]) / error["force_error"], expected, rtol=0.006)
    same = force_error(np.tile(forces[:4], (10, 1, 1)), np.repeat(np.arange(10), 4))
    assert_close(same["force_error_range"], [same["force_error"]] * 2, rtol=1e-12)


def held_out():
    """Arrays of the dimers that are held out: the last fifth of the snapshots of each temperature."""
    arrays = dict(np.load(DIMERS))
    chosen = np.zeros(len(arrays["snapshot"]), bool)
    for kelvin in (300, 400):
        numbers = sorted(set(arrays["snapshot"][arrays["temperature"] == kelvin].tolist()))
        chosen |= np.isin(arrays["snapshot"], numbers[int(0.8 * len(numbers)) :])
    chosen &= ~arrays["compressed"]
    return {name: arrays[name][chosen] for name in ("positions", "forces", "snapshot")}


def test_no_snapshot_is_in_two_parts():
    from water_dimers import read_dimers

    dimers, arrays, expected = read_dimers(DIMERS), np.load(DIMERS), held_out()
    assert_close(dimers.positions, expected["positions"], rtol=1e-6)
    assert dimers.snapshot.tolist() == expected["snapshot"].tolist()
    snapshot_at = {each.tobytes(): number for each, number in zip(arrays["positions"], arrays["snapshot"])}
    parts = [
        {snapshot_at[each.positions.astype(np.float32).tobytes()] for each in part}
        for part in (dimers.training, dimers.validation, dimers.held_out)
    ]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(arrays["snapshot"].tolist()))
    assert len(parts[0]) > 3 * len(parts[2]) > 3 * len(parts[1])


def test_missing_package_is_reported(monkeypatch):
    import other_potentials

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(importlib.metadata, "version", missing)
    potentials, left_out = other_potentials.find_potentials(1)
    assert potentials == []
    assert left_out == {
        "GFN2-xTB": "tblite is not installed: pip install tblite",
        "SevenNet-MF-0": "sevenn is not installed: pip install sevenn",
    }


@pytest.mark.slow
def test_small_run(tmp_path):
    """All points that need no other package, with the error of TIP3P from its formula."""
    import tip3p

    script, report, figure = ROOT / "benchmarks" / "design_space.py", tmp_path / "out.json", tmp_path / "out.png"
    output = run_script(script, tmp_path, "--quick", "--threads", 1, "--json", report, "--figure", figure)
    content = json.loads(report.read_text(encoding="utf-8"))
    points = {(point["kind"], point["name"]): point for point in content["points"]}
    assert list(points) == [
        ("mm", "TIP3P"),
        ("spline", "spline"),
        ("many-body", "radial"),
        ("many-body", "radial, angular"),
        ("table", "8-8-1"),
        ("exact", "8-8-1"),
        ("python", "8-8-1"),
    ]
    dimers = held_out()
    positions = dimers["positions"].astype(float)
    net = (tip3p.interaction(positions)[1] - dimers["forces"]).reshape(-1, 2, 3, 3).sum(axis=2)
    mm = points["mm", "TIP3P"]
    assert_close(mm["force_error"], np.sqrt((net**2).mean()), rtol=1e-5)
    assert points["spline", "spline"]["force_error"] < 0.8 * mm["force_error"]
    exact = points["exact", "8-8-1"]
    for kind in ("table", "python"):
        assert_close(points[kind, "8-8-1"]["force_error"], exact["force_error"], rtol=1e-3)
    assert exact["force_error"] != mm["force_error"]
    assert mm["ratio"] == 1 and all(
        point["ratio"] > 0 and len(point["blocks_s"]) == 2 for point in [*points.values()][1:]
    )
    assert set(content["left_out"]) == {"GFN2-xTB", "SevenNet-MF-0"} and "GFN2-xTB is left out" in output
    assert content["machine"]["processor"] and content["box"]["atoms"] == 648
    assert str(tmp_path) not in json.dumps(content) and figure.read_bytes().startswith(b"\x89PNG")
