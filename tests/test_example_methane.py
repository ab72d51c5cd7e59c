# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the example of methane in water: its energies, averages and estimates, its stored results, and a short run."""

import importlib
import itertools
import json
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import assert_close
from scripts import run_script

FOLDER = Path(__file__).parents[1] / "examples" / "methane"
MODEL = FOLDER / "methane_water.pt"
MODULES = [path.stem for path in FOLDER.glob("*.py")]


@pytest.fixture
def example(monkeypatch):
    """A function that imports a module of the example."""
    monkeypatch.syspath_prepend(FOLDER)
    for name in MODULES:  # other examples have modules of the same names
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def results():
    return json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


def context_of(system):
    return openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))


def energy_of(context, positions, edge=None, group=0):
    if edge is not None:
        context.setPeriodicBoxVectors(*(edge * np.eye(3)))
    context.setPositions(positions)
    return context.getState(energy=True, groups={group}).getPotentialEnergy()._value


def test_the_force_field_has_geometric_combination_rules(example):
    field, correction = example("force_field"), example("correction")
    with np.load(correction.DIMERS) as file:
        dimer = file["positions"][0].astype(float)
    r = np.linalg.norm(dimer[:5, None] - dimer[5:], axis=2)
    sigmas, epsilons = (0.35, *4 * [0.25]), (0.066, *4 * [0.03])
    expected = 138.935456 * np.sum(np.outer(field.METHANE_CHARGES, field.WATER_CHARGES) / r)
    for k in range(5):
        power6 = (np.sqrt(sigmas[k] * 0.31507524065751241) / r[k, 0]) ** 6
        expected += 4 * np.sqrt(epsilons[k] * 4.184 * 0.635968) * (power6**2 - power6)
    context = context_of(field.make_system(1))
    assert_close(energy_of(context, dimer), expected, rtol=1e-6)
    assert_close(field.METHANE_CHARGES.sum(), 0.0, atol=1e-12)


def test_dimers_have_the_geometry_of_the_rigid_molecules(example):
    field, correction = example("force_field"), example("correction")
    with np.load(correction.DIMERS) as file:
        dimers = np.concatenate([file["positions"], file["curve_positions"]]).astype(float)
    for atoms, geometry in ((slice(0, 5), field.METHANE), (slice(5, 8), field.WATER)):
        for i, j in itertools.combinations(range(len(geometry)), 2):
            molecules = dimers[:, atoms]
            r = np.linalg.norm(molecules[:, i] - molecules[:, j], axis=1)
            assert_close(r, np.full(len(r), np.linalg.norm(geometry[i] - geometry[j])), atol=5e-6)


def test_insertion_energies_are_those_of_openmm(example):
    """PME and the plugin, in a box of water with methane at places that insert() chose."""
    field, correction, insertion = example("force_field"), example("correction"), example("insertion")
    random = np.random.default_rng(3)
    system, topology, positions = field.make_box(220)
    lp.add_correction(system, topology, MODEL, between=[("CH4:*", "HOH:*")]).setForceGroup(1)
    simulation = field.make_simulation(system, topology, positions, 298.15, 1, 0.4)
    positions, edge = field.get_frame(simulation)
    waters = positions[5:].reshape(-1, 3, 3)
    model = lp.load_model(MODEL)
    points = np.concatenate([positions[:1], insertion._free(edge * random.random((1500, 3)), waters[:, 0], edge)[:3]])
    sites = (field.METHANE @ insertion.random_rotations(len(points), random).transpose(0, 2, 1))[:, None]
    sites[0, 0] = positions[:5] - positions[0]
    closest, energies, corrections = insertion.interactions(points, sites, waters, edge, correction.make_tables(model))
    energies += correction.tails(model)[0] * len(waters) / edge**3
    assert (np.abs(corrections) > 0.5).all() and energies[0, 0] < -5
    solution = context_of(system)
    alone = [context_of(periodic(field, count, methane, edge)) for count, methane in ((len(waters), False), (0, True))]
    for k, point in enumerate(points):
        methane = point + sites[k, 0]
        together = np.concatenate([methane, positions[5:]])
        apart = energy_of(alone[0], positions[5:]) + energy_of(alone[1], methane)
        # The tolerance of PME allows 0.05 kJ/mol.
        assert_close(energies[k, 0], energy_of(solution, together, edge) - apart, atol=0.1)
        assert_close(corrections[k, 0], energy_of(solution, together, edge, group=1), atol=0.005, rtol=1e-4)
        assert_close(
            closest[k], np.linalg.norm((d := waters[:, 0] - point) - edge * np.round(d / edge), axis=1).min(), rtol=1e-9
        )


def periodic(field, num_waters, methane, edge):
    """Water or methane alone in the box."""
    system = field.make_system(num_waters, methane)
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    force = system.getForce(0)
    force.setNonbondedMethod(force.PME)
    force.setCutoffDistance(field.CUTOFF)
    return system


def test_free_points_and_attempts(example):
    """One water excludes a sphere; what is not evaluated counts as an attempt."""
    correction, insertion = example("correction"), example("insertion")
    tables = correction.make_tables(lp.load_model(MODEL))
    water, random = np.array([[[0.1, 0.2, 0.9], [0.2, 0.2, 0.9], [0.1, 0.3, 0.9]]]), np.random.default_rng(1)
    edge = 0.8  # the water is in another image of the box
    found = insertion.insert(water, edge, tables, 20000, 2, random)
    fraction = 1 - 4 / 3 * np.pi * insertion.CLOSEST**3 / edge**3
    assert found.attempts > 40000
    assert_close(len(found.energy) / found.attempts, fraction, atol=0.01)
    assert found.closest.min() > insertion.CLOSEST


def test_random_rotations_are_rotations_in_all_directions(example):
    rotations = example("insertion").random_rotations(4000, np.random.default_rng(1))
    assert_close(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (4000, 1, 1)), atol=1e-12)
    assert_close(np.linalg.det(rotations), np.ones(4000), rtol=1e-12)
    assert_close(rotations.mean(axis=0), np.zeros((3, 3)), atol=0.04)
    assert_close((rotations**2).mean(axis=0), np.full((3, 3), 1 / 3), atol=0.03)


def test_tails_are_integrals(example):
    field, correction = example("force_field"), example("correction")
    model = lp.load_model(MODEL)
    r = np.linspace(0.5, 60, 2_000_001)
    sigmas, epsilons = field.pair_parameters()
    lennard_jones = sum(4 * e * ((s / r) ** 12 - (s / r) ** 6) for s, e in zip(sigmas, epsilons)) * (r > field.CUTOFF)
    x = np.clip((r - correction.SWITCHING) / (field.CUTOFF - correction.SWITCHING), 0, 1)
    names = itertools.product(correction.OF_METHANE, correction.OF_WATER)
    functions = {pair: correction.evaluate(model, *pair, r) for pair in set(names)}
    lost = (10 * x**3 - 15 * x**4 + 6 * x**5) * (
        functions["C", "OW"] + 2 * functions["C", "HW"] + 4 * functions["H", "OW"] + 8 * functions["H", "HW"]
    )
    found = correction.tails(model)
    for value, function in zip(found, (lennard_jones, lost)):
        assert_close(value, np.trapezoid(4 * np.pi * r**2 * function, r), rtol=2e-3)


def test_free_energies_of_gaussian_differences(example):
    """If the energy difference is Gaussian in state 0, it is so in state 1, and the free energy is known exactly."""
    averages = example("averages")
    kT = averages.KB * 298.15
    mean, sigma, random = -3.0, 1.5, np.random.default_rng(1)
    forward = random.normal(mean, sigma, 40000)
    backward = random.normal(mean - sigma**2 / kT, sigma, 20000)
    exact = mean - sigma**2 / (2 * kT)
    assert_close(averages.acceptance_ratio(forward, backward, 298.15), exact, atol=0.03)
    assert_close(averages.perturbation(forward, 298.15), exact, atol=0.03)
    assert_close(-averages.perturbation(-backward, 298.15), exact, atol=0.04)
    middle = random.normal(mean - sigma**2 / kT / 2, sigma, 20000)
    assert_close(averages.simpson(forward, middle, backward), exact, atol=0.03)


def test_errors_of_means_are_standard_errors(example):
    averages = example("averages")
    random = np.random.default_rng(1)
    errors = [averages.with_error(np.mean, random.normal(size=1000))[1] for _ in range(200)]
    assert_close(np.mean(errors), 1000**-0.5, rtol=0.06)
    value, error = averages.with_error(lambda x, y: np.array([x.mean(), y.mean()]), np.arange(40.0), np.ones(7))
    assert_close(value, [19.5, 1.0], rtol=1e-12)
    assert error[0] > 1 and error[1] == 0


def test_insertions_at_constant_pressure_are_weighted_with_the_volume(example):
    averages = example("averages")
    found = averages.potential_from_sums(np.array([0.1, 0.4]), np.array([8.0, 12.0]), 300.0)
    assert_close(found, -0.00831446262 * 300.0 * np.log((0.8 + 4.8) / 20), rtol=1e-12)


def test_estimates_of_many_bodies(example, monkeypatch):
    field, estimates = example("force_field"), example("many_body")
    monkeypatch.setattr(estimates, "CUTOFF", 9.0)
    one = (field.WATER + [0.0, 0.0, 8.0])[None]
    pairs, together = estimates.induction(one)
    # The field of a point dipole on its axis; the charges of water are not quite a point.
    assert_close(pairs, -138.935456 * 2.593e-3 / 2 * (2 * 1.855 * 0.0208194 / 8.0**3) ** 2, rtol=0.03)
    assert_close(together / pairs, (2.347 / 1.855) ** 2, rtol=2e-3)
    opposite = np.concatenate([one, -one])  # their fields cancel
    assert_close(estimates.induction(opposite)[0], 2 * pairs, rtol=1e-12)
    assert_close(estimates.induction(opposite)[1], 0.0, atol=1e-12)
    triangle = 0.5 * np.array([[1, 0, 0], [0.5, np.sqrt(0.75), 0]])
    waters = triangle[:, None] + np.zeros((1, 3, 1))
    assert_close(estimates.triple_dispersion(waters), 11 / 8 * estimates.C9 / 0.5**9, rtol=1e-12)
    line = np.array([[-0.3, 0, 0], [0.3, 0, 0.0]])[:, None] + np.zeros((1, 3, 1))
    assert_close(estimates.triple_dispersion(line), -2 * estimates.C9 / (0.3**2 * 0.6) ** 3, rtol=1e-12)


def test_simulations_have_their_scale(example, monkeypatch):
    """The energies that are sampled do not depend on it, and are those of the tables."""
    correction, solution = example("correction"), example("solution")
    made = []
    original = solution.make_simulation
    monkeypatch.setattr(solution, "make_simulation", lambda *arguments: made.append(original(*arguments)) or made[-1])
    lengths = solution.Lengths(0.02, 0, 0.2, 0, 0.04, 0, 0)
    tables = correction.make_tables(lp.load_model(MODEL))
    for scale in (0.0, 0.5):
        samples = solution.simulate(lengths, MODEL, tables, scale, 1)
        assert made.pop().context.getParameter(solution.SCALE) == scale
        assert samples.counts.shape == (5, len(solution.EDGES) - 1)
        assert np.abs(samples.correction).min() > 0.1
        assert_close(samples.correction, samples.tabulated, atol=0.01)


def test_insertions_and_solutions_agree_for_one_state(example):
    """If insertion energies u are uniform on an interval, those of the solution have the density exp(-u/kT) on it."""
    averages = example("averages")
    kT, random = averages.KB * 300.0, np.random.default_rng(1)
    low, high = -10.0, 20.0
    inserted = random.uniform(low, high, (100, 2000))
    weights = np.exp(-np.array([low, high]) / kT)
    occupied = -kT * np.log(random.uniform(*weights[::-1], 20000))
    exact = -kT * np.log(kT * (weights[0] - weights[1]) / (high - low))
    for offset in (-8.0, 0.0):
        sums = averages.fermi((inserted - offset) / kT).mean(axis=1)
        of_solution = averages.fermi((offset - occupied) / kT)
        found = averages.potential_from_ratio(sums, np.ones(100), of_solution, offset, 300.0)
        assert_close(found, exact, atol=0.05)


def test_the_stored_model_is_that_of_the_data(example):
    """A new fit has the held-out errors that the stored model and the results state."""
    correction = example("correction")
    fit = correction.fit_correction(*correction.read_dimers())
    stored = lp.load_model(MODEL).training
    assert stored["data"]["sha256"] == fit.metadata["training"]["data"]["sha256"]
    for pair, errors in fit.metadata["training"]["errors_held_out"].items():
        expected = stored["errors_held_out"][pair]
        assert errors["configurations"] == expected["configurations"]
        assert_close(errors["energy_kJ_per_mol"]["rms"], expected["energy_kJ_per_mol"]["rms"], rtol=1e-3)
        assert_close(errors["rms_force_kJ_per_mol_nm"], expected["rms_force_kJ_per_mol_nm"], rtol=1e-3)


def test_held_out_errors_without_the_fitting_module(example, results):
    """The stored errors of energies, from the stored model and the force field alone."""
    field, correction = example("force_field"), example("correction")
    _, held_out = correction.read_dimers()
    positions = np.array([each.positions for each in held_out])
    reference = np.array([each.energy for each in held_out])
    context = context_of(field.make_system(1))
    baseline = np.array([energy_of(context, each) for each in positions])
    corrected = baseline + correction.evaluate_dimers(lp.load_model(MODEL), positions)
    for name, chosen in (("attractive", reference < 0), ("repulsive", reference >= 0)):
        expected = results["held out"][name]
        assert chosen.sum() == expected["dimers"]
        for label, energies in (("OPLS-AA/TIP3P", baseline), ("corrected", corrected)):
            rms = np.sqrt(np.mean((energies - reference)[chosen] ** 2))
            assert_close(rms, expected[label]["energy"], rtol=1e-3)


@pytest.mark.slow
def test_the_example_of_methane_runs(tmp_path):
    output = run_script(FOLDER / "methane.py", tmp_path, "--quick", "--output", "out")
    for name in ("methane_water.pt", "methane.png", "domain.csv", "fit/curves.png"):
        assert (tmp_path / "out" / name).stat().st_size > 500, name
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert "\n| corrected | " in output
    check_results(results, error=12.0, error_of_change=1.5)


def test_the_stored_results_of_methane(results):
    check_results(results, error=1.0, error_of_change=0.3)
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, row in results["table"].items():
        if name != "experiment":
            cells = "|".join(" " if each is None else f" {each[0]:.2f} ± {each[1]:.2f} " for each in row[:2])
            assert f"| {name} |{cells}|" in readme
    for name, errors in results["held out"].items():
        for label in ("OPLS-AA/TIP3P", "corrected"):
            cells = " | ".join(f"{errors[label][each]:.2f}" for each in ("energy", "net force", "torque"))
            assert f"| {name}, {errors['dimers']} | {label} | {cells} |" in readme


def check_results(results, error, error_of_change):
    """Insertions and simulations agree on the change of the free energy; the force field is that of the literature."""
    insertions, solutions = results["insertions"], results["solutions"]
    # OPLS-AA methane in other fixed-charge models of water: 9.1 to 10.5 kJ/mol.
    assert abs(insertions["OPLS-AA/TIP3P"][0] - 9.5) < error
    for name in ("OPLS-AA/TIP3P", "corrected"):
        assert abs(results["insertions and solutions"][name][0] - insertions[name][0]) < error
    assert solutions["largest difference of plugin and tables"] < 0.02
    for name in ("acceptance ratio", "thermodynamic integration"):
        assert abs(solutions[name][0] - insertions["change"][0]) < error_of_change
    # What lies below 0.27 nm is left out: far less than the statistical error, in kJ/mol.
    kT = 8.314462618e-3 * results["conditions"]["temperature"]
    left_out = kT * insertions["fraction of the weight with C-O below 0.28 nm"]
    assert left_out < 0.05 * min(insertions[name][1] for name in ("OPLS-AA/TIP3P", "corrected"))
    assert -1.0 < insertions["tail of Lennard-Jones"] < -0.6
