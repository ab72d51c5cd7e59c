# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the water model that ships with the package, and of the example that makes it."""

import importlib
import json
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import assert_close
from learnedpair.data import WATER
from scripts import run_script

FOLDER = Path(__file__).parents[1] / "examples" / "water"


@pytest.fixture
def example(monkeypatch):
    """A function that imports a module of the example."""
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in ("dimers", "liquid", "report", "tip3p", "water"):
        sys.modules.pop(name, None)


def test_the_held_out_errors_of_the_model_are_those_of_its_data(example):
    """The record of the model, and the energies of PairEnergy for the dimers that were not fitted."""
    dimers = example("dimers")
    model, (training, held_out) = lp.load_model(WATER), dimers.load()
    record = model.training
    assert record["data"]["sha256"] == training.digest and record["data_held_out"]["sha256"] == held_out.digest
    positions = np.array([each.positions for each in held_out])
    errors = dimers.energies(positions, model) - [each.energy for each in held_out]
    depth = -min(each.energy for each in training)
    in_well = np.array([each.energy for each in held_out]) < depth
    stated = record["errors_held_out"]["O-O"]["energy_kJ_per_mol"]
    assert_close(stated["rms"], np.sqrt(np.mean(errors[in_well] ** 2)), rtol=2e-3)
    assert_close(stated["largest"], np.abs(errors[in_well]).max(), rtol=2e-3)


def test_the_liquid_of_the_model_is_within_one_percent_of_experiment(example):
    """The stored results of the example: density, energy and structure; the averages that the model records."""
    liquid = example("liquid")
    results = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    row = results["table"]["+ dimers and liquid"]
    assert abs(row["density"][0] / liquid.DENSITY - 1) < 0.01
    assert abs(row["energy"][0] - liquid.ENERGY) < 0.5
    assert abs(row["peak"] - 0.28) < 0.006 and abs(row["height"] - 2.57) < 0.15
    assert abs(row["minimum"] - 0.84) < 0.05 and abs(row["second"] - 1.12) < 0.05
    assert lp.load_model(WATER).training == results["fits"]["dimers and liquid"]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, each in results["table"].items():
        assert f"{each['density'][0]:.1f} ± {each['density'][1]:.1f}" in readme, name
        assert f"{each['energy error']:.2f}" in readme and f"{each['force error']:.1f}" in readme, name


def test_the_radial_distribution_has_no_artefact_at_the_cutoff(example):
    """Beyond the second maximum, where the functions end, the difference from TIP3P is small and smooth."""
    liquid = example("liquid")
    results = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    r = (liquid.EDGES[1:] + liquid.EDGES[:-1]) / 2
    g = np.array(results["rdf"]["+ dimers and liquid"])
    assert np.abs(g[r > 0.6] - 1).max() < 0.08
    assert np.abs(np.diff(g[r > 0.6])).max() < 0.03


def test_energies_in_a_simulation_are_those_of_pytorch(example):
    """A box of the liquid on the Reference platform: the table's error is within its stated bound."""
    liquid = example("liquid")
    topology, positions, system = liquid.water_box(216)
    model = lp.load_model(WATER)
    force = lp.add_correction(system, topology, model, exclusions="molecules", force_group=1)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=50)
    state = context.getState(positions=True, energy=True, forces=True, groups={1})
    x = torch.tensor(state.getPositions(asNumpy=True)._value, requires_grad=True)
    box = torch.tensor(np.array(state.getPeriodicBoxVectors()._value))
    types = torch.tensor(np.asarray(force.getParticleTypes(), dtype=np.int64))
    pairs = [(3 * k + a, 3 * k + b) for k in range(216) for a, b in ((0, 1), (0, 2), (1, 2))]
    energy = lp.nn.PairEnergy(model)(x, box, types, pairs)
    (gradient,) = torch.autograd.grad(energy, x)
    forces = state.getForces(asNumpy=True)._value
    error = np.sqrt(np.mean((forces + gradient.numpy()) ** 2) / np.mean(forces**2))
    assert error < 1e-4, "the tolerance of the table"
    assert_close(state.getPotentialEnergy()._value, energy.item(), rtol=1e-5)


@pytest.mark.slow
def test_the_example_runs(tmp_path):
    run_script(FOLDER / "water.py", tmp_path, "--quick", "--output", "out")
    for name in ("water.pt", "water_dimers.pt", "water.png", "fit_dimers/curves.png"):
        assert (tmp_path / "out" / name).stat().st_size > 1000, name
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    table = results["table"]
    stored = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))["table"]
    assert list(table) == ["TIP3P", "+ dimers", "+ dimers and liquid"] and len(results["rounds"]) == 2
    for name in ("TIP3P", "+ dimers"):  # these do not depend on a simulation
        for key in ("energy error", "force error", "depth"):
            assert_close(table[name][key], stored[name][key], rtol=1e-4)
    assert table["+ dimers"]["energy error"] < 0.5 * table["TIP3P"]["energy error"]


def test_the_second_virial_coefficient_of_a_known_potential(example, monkeypatch):
    """Molecules that repel each other below 0.35 nm, and attract each other with 1 kJ/mol below 0.5 nm."""
    dimers = example("dimers")

    def square_well(positions, model=None):
        centers = example("tip3p").centers_of_mass(positions)
        r = np.linalg.norm(centers[:, 1] - centers[:, 0], axis=1)
        return np.where(r < 0.35, np.inf, np.where(r < 0.5, -1.0, 0.0))

    monkeypatch.setattr(dimers, "energies", square_well)
    found, error = dimers.second_virial_coefficient(None, 300.0, samples=2000)
    well = np.exp(1 / (8.31446262e-3 * 300)) - 1
    exact = 2 / 3 * np.pi * (0.35**3 - well * (0.5**3 - 0.35**3)) * 602.214
    assert error < 2 and abs(found - exact) < 4 * error + 0.01
