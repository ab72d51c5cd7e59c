# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the example of many-body corrections of water: its data, its stored results, and a short run."""

import json
from pathlib import Path

import learnedpair as lp
import numpy as np
from comparators import assert_close
from scripts import run_script

FOLDER = Path(__file__).parents[1] / "examples" / "many_body"
CORRECTIONS = ["pairs", "pairs, a larger network", "pairs and radial densities", "pairs, radial and angular densities"]


def test_forces_of_the_data_sum_to_zero():
    """No net force and no torque acts on a whole trimer, with either method; and molecules are rigid."""
    data = np.load(FOLDER / "trimers.npz")
    positions = data["positions"].reshape(-1, 3, 3, 3)
    assert_close(np.linalg.norm(positions[:, :, 1] - positions[:, :, 0], axis=2), np.full((600, 3), 0.09572), atol=1e-5)
    for name in ("forces", "tip3p_forces"):
        forces = data[name]
        assert_close(forces.sum(axis=1), np.zeros((600, 3)), atol=0.05)
        assert_close(np.cross(data["positions"], forces).sum(axis=1), np.zeros((600, 3)), atol=0.05)
    assert np.abs(data["energy"] - data["tip3p_energy"]).max() < 40


def test_densities_halve_the_error_in_the_stored_results():
    results = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))["held_out_errors"]
    assert list(results) == ["TIP3P", *CORRECTIONS]
    errors = [np.mean([each["force_kJ_per_mol_nm"] for each in results[name]]) for name in results]
    assert errors[0] > 2 * errors[1] and errors[2] > 1.2 * errors[3] > 1.2 * errors[4]
    assert all(len(results[name]) == 3 for name in CORRECTIONS)


def test_the_example_runs(tmp_path):
    output = run_script(FOLDER / "many_body.py", tmp_path, "--quick", "--output", tmp_path / "out")
    assert "375 trimers to fit, 100 to choose the epoch, 125 held out" in output
    stored = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert list(stored["held_out_errors"]) == ["TIP3P", *CORRECTIONS]
    model = lp.load_environment(tmp_path / "out" / "environment.pt")
    assert model.types == ["O", "H"] and len(model.function.angular) == 16
    assert lp.load_model(tmp_path / "out" / "pairs.pt").types == ["O", "H"]


def test_forces_of_the_clusters_sum_to_zero():
    data = np.load(FOLDER / "clusters.npz")
    assert data["positions"].shape == (168, 72, 3) and len(np.unique(data["snapshot"])) == 24
    for name in ("forces", "tip3p_forces"):
        assert_close(data[name].sum(axis=1), np.zeros((168, 3)), atol=0.3)


def test_the_stored_liquid_is_stable():
    """For 1 ns: the density and the energy do not drift; and densities reduce the errors of held-out clusters."""
    results = json.loads((FOLDER / "liquid.json").read_text(encoding="utf-8"))
    errors = [each[1]["force_kJ_per_mol_nm"] for each in results["held_out_errors"].values()]
    assert errors == sorted(errors, reverse=True) and len(errors) == 4
    liquid = results["liquid"]
    assert liquid["nanoseconds"] == 1.0 and abs(liquid["temperature_K"] - 298) < 3
    mean, deviation = liquid["density_kg_per_m3"]
    energies = liquid["energy_kJ_per_mol"]
    assert deviation < 0.04 * mean and np.ptp(energies) < 0.02 * abs(np.mean(energies))
    assert liquid["fraction_of_densities_outside"] < 0.05


def test_the_liquid_runs(tmp_path):
    run_script(FOLDER / "liquid.py", tmp_path, "--quick", "--output", tmp_path / "out")
    stored = json.loads((tmp_path / "out" / "liquid.json").read_text(encoding="utf-8"))
    assert stored["liquid"]["atoms"] == 648 and stored["liquid"]["density_kg_per_m3"][0] > 500
    model = lp.load_environment(tmp_path / "out" / "environment.pt")
    assert list(model.density_ranges) == ["O", "H"] and model.training["data"]["configurations"] > 50
