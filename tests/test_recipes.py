# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs the code blocks of the recipes and of the troubleshooting page, and checks what they do."""

import re

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import assert_close
from documentation import python_code
from learnedpair.data import WATER
from openmm import app, unit

RECIPES = "docs/user/recipes.md"
BOX = 3.0
#: The model of delta.pt in these tests.
FORMULA = dict(types={"C": "UNK:C", "H": "UNK:H"}, cutoff=1.0, inner_cutoff=0.1)


def run(page, contains, **names):
    """Run the one code block of a page that contains a text, as the continuation of the example of the README. Return
    all names after it.
    """
    (code,) = [block for block in python_code(page) if contains in block]
    names = dict(lp=lp, mm=openmm, app=app, unit=unit, np=np, torch=torch) | names
    exec(compile(code, page, "exec"), names)
    return names


def energy(system, positions, group=None):
    """The potential energy of a System, or of one force group of it, on the Reference platform."""
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    return context.getState(energy=True, groups=-1 if group is None else {group}).getPotentialEnergy()._value


@pytest.fixture
def corrected(tmp_path, monkeypatch):
    """Corrected chains in a folder with the model delta.pt: names for run(), and the pairs by their number of bonds."""
    monkeypatch.chdir(tmp_path)
    lp.export_model(models.Formula(), "delta.pt", **FORMULA)
    system, topology, positions, apart = systems.five_atom_chains(8, BOX)
    force = lp.add_correction(system, topology, "delta.pt", force_group=1)
    return dict(system=system, topology=topology, force=force, positions=positions), apart


def energies_of_pairs(model, force, positions):
    """The energies of all pairs of particles, a symmetric matrix: minimum image, nothing excluded."""
    displacements = positions[:, None] - positions
    r = np.linalg.norm(displacements - BOX * np.round(displacements / BOX), axis=2)
    i, j = np.triu_indices(len(positions), 1)
    types, result = force.getParticleTypes(), np.zeros(r.shape)
    r_in, near = model.inner_cutoff, np.maximum(r[i, j], model.inner_cutoff)
    f, dEdR = model.evaluate(near, types[i], types[j])
    result[i, j] = np.where(r[i, j] < model.cutoff, f + dEdR * np.minimum(r[i, j] - r_in, 0), 0)
    return result + result.T


def total(energies, left_out=()):
    return energies[np.triu_indices(len(energies), 1)].sum() - sum(energies[pair] for pair in left_out)


@pytest.mark.filterwarnings("ignore:.*already has a correction")
def test_scaled_1_4_pairs_are_excluded_by_default_and_get_a_factor(corrected):
    names, apart = corrected
    pairs = energies_of_pairs(lp.load_model("delta.pt"), names["force"], names["positions"])
    bonded = sum(apart.values(), [])
    assert_close(energy(names["system"], names["positions"], 1), total(pairs, bonded), rtol=1e-4)
    names = run(RECIPES, "scale_14", **names)
    names["scaled"].setForceGroup(2)
    scaled = 0.5 * sum(pairs[pair] for pair in apart[3])
    assert_close(energy(names["system"], names["positions"], 2), total(pairs, bonded) + scaled, rtol=1e-4)


@pytest.mark.parametrize("arguments", [{"scale_14": 1}, {"exclusions": 2}])
def test_1_4_pairs_are_counted_in_full(corrected, arguments):
    _, apart = corrected
    system, topology, positions, _ = systems.five_atom_chains(8, BOX)
    force = lp.add_correction(system, topology, "delta.pt", force_group=1, **arguments)
    pairs = energies_of_pairs(lp.load_model("delta.pt"), force, positions)
    assert_close(energy(system, positions, 1), total(pairs, apart[1] + apart[2]), rtol=1e-4)


def test_interaction_groups_choose_the_pairs(corrected):
    names, _ = corrected
    names = run(RECIPES, "addInteractionGroup(solute", **names)
    pairs = energies_of_pairs(lp.load_model("delta.pt"), names["force"], names["positions"])
    assert names["solute"] == [0, 1, 2, 3, 4] and len(names["solvent"]) == 35
    assert_close(energy(names["system"], names["positions"], 1), pairs[:5, 5:].sum(), rtol=1e-4)


def test_multiple_time_steps_conserve_the_energy():
    topology, positions = systems.relaxed_water(300)
    system = systems.water_system(topology)
    force = lp.add_correction(system, topology, WATER)
    thermostat = run(RECIPES, "MTSLangevinIntegrator", force=force)["integrator"]
    assert force.getForceGroup() == 1
    platform = openmm.Platform.getPlatform("CPU")
    context = openmm.Context(system, systems.seeded(thermostat), platform)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(300, 1)
    thermostat.step(100)
    start = context.getState(positions=True, velocities=True, enforcePeriodicBox=False)
    integrator = openmm.MTSIntegrator(thermostat.getStepSize(), [(1, 1), (0, 2)])
    context = openmm.Context(system, integrator, platform)
    context.setState(start)
    kinetic, energies = [], []
    for _ in range(50):
        integrator.step(5)
        state = context.getState(energy=True)
        kinetic.append(state.getKineticEnergy()._value)
        energies.append(kinetic[-1] + state.getPotentialEnergy()._value)
    assert np.std(energies) < 0.005 * np.mean(kinetic)


def test_features_are_read_from_a_nonbonded_force(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ("charge", "sigma", "epsilon")
    ranges = dict(zip(names, ((-1.0, 1.0), (0.1, 0.4), (0.0, 1.0)), strict=True))

    class LennardJones(torch.nn.Module):
        def forward(self, r, features1, features2):
            x = ((features1[:, 1] + features2[:, 1]) / 2 / r) ** 6
            return 0.1 * torch.sqrt(features1[:, 2] * features2[:, 2]) * x * torch.clamp(1 - r / 0.6, min=0) ** 3

    metadata = dict(features=ranges, cutoff=0.6, inner_cutoff=0.2)
    lp.export_model(LennardJones(), "lennard_jones.pt", **metadata)
    topology, _ = systems.relaxed_water(300)
    system = systems.water_system(topology)
    (nonbonded,) = [force for force in system.getForces() if isinstance(force, openmm.NonbondedForce)]
    assert nonbonded.getParticleParameters(1)[1:] == [1 * unit.nanometer, 0 * unit.kilojoule_per_mole]
    force = run(RECIPES, "features_from_nonbonded", system=system, topology=topology)["force"]
    assert_close(
        force.getAllParticleFeatures()[:3],
        [[-0.834, 0.31507524065751241, 0.635968], [0.417, 0.3, 0], [0.417, 0.3, 0]],
        rtol=1e-12,
    )
    with pytest.raises(ValueError, match="sigma"):
        lp.load_model("lennard_jones.pt").create_force([[0.417, 1.0, 0.0]])


def test_the_soft_core_potential_is_that_of_its_custom_nonbonded_force():
    random = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*3 * [np.arange(6)], indexing="ij"), -1).reshape(-1, 3)
    positions = 0.4 * grid + 0.08 * random.random((216, 3))
    bare = openmm.System()
    bare.setDefaultPeriodicBoxVectors(*(2.4 * np.eye(3)))
    for _ in positions:
        bare.addParticle(1.0)
    names = run(RECIPES, "from_custom_nonbonded(custom)", system=bare)
    results = []
    for force in (names["soft_core"], names["custom"]):
        system = openmm.XmlSerializer.clone(bare)
        system.addForce(openmm.XmlSerializer.clone(force))
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
        context.setPositions(positions)
        context.setParameter("lam", 0.6)
        state = context.getState(energy=True, forces=True, parameterDerivatives=True)
        results.append(
            (
                state.getPotentialEnergy()._value,
                state.getEnergyParameterDerivatives()["lam"],
                state.getForces(asNumpy=True)._value,
            )
        )
    for actual, expected in zip(*results, strict=True):
        assert_close(actual, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_pairs_below_the_inner_cutoff_are_printed(corrected, capsys):
    names, apart = corrected
    positions = names["positions"]
    positions[7] = positions[39] + [0.03, 0.04, BOX]  # in another periodic image
    context = openmm.Context(names["system"], openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    run("docs/user/troubleshooting.md", "inner_cutoff", force=names["force"], context=context)
    printed = capsys.readouterr().out
    assert "particles 7 and 39: 0.0500 nm, inner cutoff 0.1 nm\n" in printed
    displacements = positions[:, None] - positions
    r = np.linalg.norm(displacements - BOX * np.round(displacements / BOX), axis=2)
    close = {(i, j) for i, j in zip(*np.nonzero(r < 0.1)) if i < j} - set(sum(apart.values(), []))
    assert {tuple(map(int, pair)) for pair in re.findall(r"particles (\d+) and (\d+):", printed)} == close
