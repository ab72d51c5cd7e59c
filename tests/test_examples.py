# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the example with features, that of the rare gases (its averages, and a short run), and active learning."""

import importlib
import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest
from comparators import assert_close
from scripts import run_script

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDER = EXAMPLES / "rare_gases"


@pytest.mark.slow
def test_the_example_with_features_runs(tmp_path):
    output = run_script(EXAMPLES / "feature_model" / "charge_penetration.py", tmp_path, "--output", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"penetration.pt", "penetration.png"}
    assert re.search(r"\n216 ions, SIMD loop", output)
    errors = [float(percent) for percent in re.findall(r"([\d.]+)%\n", output)]
    assert len(errors) == 3 and errors[0] == 0 and 0 < errors[1] < 1 and 0 < errors[2] < 1


@pytest.fixture
def example(monkeypatch):
    """A function that imports a module of the example."""
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in ("analysis", "axilrod_teller", "liquid"):
        sys.modules.pop(name, None)


def test_triples_are_those_of_openmm(example):
    """Periodic images, the cutoff of all three distances, and the energy, by OpenMM's force for sets of particles."""
    module = example("axilrod_teller")
    edge, cutoff = 1.6, 0.5
    grid = np.array(list(itertools.product(range(4), repeat=3))) * edge / 4
    positions = grid + np.random.default_rng(1).uniform(-0.06, 0.06, grid.shape)
    force = openmm.CustomManyParticleForce(
        3,
        "C9 * (1 + 3*cos(angle(p1,p2,p3))*cos(angle(p2,p3,p1))*cos(angle(p3,p1,p2)))"
        " / (distance(p1,p2)*distance(p2,p3)*distance(p3,p1))^3",
    )
    force.addGlobalParameter("C9", module.C9)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(cutoff)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    for _ in positions:
        system.addParticle(1.0)
        force.addParticle([])
    system.addForce(force)
    energy = potential_energy(system, positions)
    assert_close(module.axilrod_teller(positions, edge, cutoff), energy, rtol=1e-9)
    # An equilateral triangle has the energy 11/8 C9/r^9, and a line of three atoms -2 C9/(r r 2r)^3.
    triangle = 0.4 * np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(0.75), 0]])
    assert_close(module.axilrod_teller(triangle, 9.0, 3.0), 11 / 8 * module.C9 / 0.4**9, rtol=1e-12)
    line = 0.4 * np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    assert_close(module.axilrod_teller(line, 9.0, 3.0), -2 * module.C9 / (0.4**9 * 8), rtol=1e-12)
    assert module.axilrod_teller(line, 9.0, 0.7) == 0
    with pytest.raises(ValueError, match=r"cutoff is 0.6 nm; expected at most a third of the edge, 1.6 nm"):
        module.axilrod_teller(positions, edge, 0.6)


def potential_energy(system, positions):
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    return context.getState(energy=True).getPotentialEnergy()._value


def test_the_tail_is_that_of_openmm(example):
    liquid, analysis = example("liquid"), example("analysis")
    lengths = liquid.Lengths(cells=5, melting=0, equilibration=0, sampling=0)
    energies = []
    for corrected in (False, True):
        system, _ = liquid.box_of_argon(lengths)
        system.getForce(0).setUseDispersionCorrection(corrected)
        energies.append(potential_energy(system, liquid.lattice(lengths)))
    tail = analysis.tail_energy(liquid.lennard_jones_energy)
    assert tail < -0.1
    assert_close((energies[1] - energies[0]) / lengths.num_atoms, tail, rtol=3 / lengths.num_atoms)


def test_distances_and_peaks(example):
    liquid, analysis = example("liquid"), example("analysis")
    lengths = liquid.Lengths(cells=5, melting=0, equilibration=0, sampling=0)
    counts = liquid.count_distances(liquid.lattice(lengths), lengths.edge)
    nearest, second = lengths.edge / lengths.cells / np.sqrt(2), lengths.edge / lengths.cells
    assert counts[np.searchsorted(liquid.EDGES, nearest) - 1] == 6 * lengths.num_atoms
    assert counts[np.searchsorted(liquid.EDGES, second) - 1] == 3 * lengths.num_atoms
    random = np.random.default_rng(1).uniform(0, lengths.edge, (20, lengths.num_atoms, 3))
    gas = np.array([liquid.count_distances(each, lengths.edge) for each in random])
    assert_close(analysis.radial_distribution(gas, lengths)[-100:].mean(), 1.0, rtol=0.01)
    r = (liquid.EDGES[1:] + liquid.EDGES[:-1]) / 2
    assert_close(analysis.first_peak(3 - 50 * (r - 0.371) ** 2), (0.371, 3.0), rtol=1e-6)


def test_the_quantum_correction_of_an_oscillator(example):
    """Its energy exceeds kT by (hbar omega)^2 / (12 kT) in first order, in each direction."""
    liquid, analysis = example("liquid"), example("analysis")
    omega = 7.0  # 1/ps
    x = np.random.default_rng(1).normal(scale=np.sqrt(liquid.KT / liquid.MASS) / omega, size=(2_000_000, 3))
    squared_force = np.sum((liquid.MASS * omega**2 * x) ** 2, axis=1)
    energy = liquid.MASS * omega**2 * np.sum(x**2, axis=1) / 2
    exact = 3 * (analysis.HBAR * omega) ** 2 / (12 * liquid.KT)
    assert_close(analysis.quantum_energy(squared_force, energy), exact, rtol=0.01)


def test_pressures_are_derivatives_by_the_density(example):
    """The energy of triples is homogeneous of the degree -9: scaled configurations have the pressure 3 E/V. A free
    energy that is proportional to the density has the pressure rho A.
    """
    liquid, analysis = example("liquid"), example("analysis")
    noise = np.random.default_rng(1).normal(scale=0.02, size=(20, 108, 3))
    states = []
    for density in (0.96, 1.0, 1.04):
        lengths = liquid.Lengths(cells=3, melting=0, equilibration=0, sampling=0, density=density)
        positions = (liquid.lattice(lengths) / lengths.edge + noise) * lengths.edge
        unused = np.zeros(len(noise))
        samples = liquid.Samples(unused, unused, np.full(len(noise), 500.0 * density), unused, positions)
        states.append((lengths, samples))
    found = analysis.first_order_pressures(states[0], states[2])
    triples, _, remainder = analysis.triples_of(states[1][1], states[1][0])
    factor = liquid.ATOMS_PER_NM3 * liquid.MPA
    assert_close(found["Axilrod-Teller"][0], 3 * (triples.mean() + remainder) * factor, rtol=0.005)
    assert_close(found["quantum"][0], analysis.QUANTUM * 500.0 * factor, rtol=0.005)
    assert found["quantum"][1] < 1e-9


@pytest.mark.slow
def test_the_example_of_the_rare_gases_runs(tmp_path):
    output = run_script(FOLDER / "rare_gases.py", tmp_path, "--quick", "--output", "out")
    fits = [f"fit_{name}/{figure}.png" for name in ("whole", "argon_correction") for figure in ("curves", "parity")]
    for name in ("whole.pt", "argon_correction.pt", "domain.csv", "liquid.png", *fits):
        assert (tmp_path / "out" / name).stat().st_size > 1000, name
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["training domain"] == {"reports": 40, "pairs below": 0, "pairs above": 0}
    check_results(results, energy_error=0.06, pressure_error=12)
    assert "\n| ab initio pairs | -6." in output


def test_the_stored_results_of_the_rare_gases():
    results = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    check_results(results, energy_error=0.03, pressure_error=4)
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, row in results["table"].items():
        if name != "experiment":
            assert f"| {name} | {row[0][0]:.3f} ± {row[0][1]:.3f} | {row[1][0]:.1f} ± {row[1][1]:.1f} |" in readme


def check_results(results, energy_error, pressure_error):
    """Pairs alone bind too much; triples correct it; the sum agrees with experiment within the given errors."""
    table = results["table"]
    energies = {name: row[0][0] for name, row in table.items()}
    pressures = {name: row[1][0] for name, row in table.items()}
    pairs, complete = "ab initio pairs", "+ quantum"
    assert energies[pairs] < energies["experiment"] - 0.2 and pressures[pairs] < -15
    assert abs(energies[complete] - energies["experiment"]) < energy_error
    assert abs(pressures[complete] - pressures["experiment"]) < pressure_error
    assert abs(energies["Lennard-Jones"] + 6.0) < 0.05
    assert 0.27 < results["Axilrod-Teller"]["energy"][0] < 0.33 and 24 < results["Axilrod-Teller"]["pressure"][0] < 31
    assert 0.02 < results["quantum"]["energy"][0] < 0.09 and 1 < results["quantum"]["pressure"][0] < 6
    for name in ("Lennard-Jones", pairs):
        position, height = table[name][2][0], table[name][3][0]
        assert 0.36 < position < 0.39 and 2.8 < height < 3.3
    assert results["largest difference of correction and whole potential"] < 1e-3


@pytest.fixture
def learning(monkeypatch, example):
    """The module of the example of active learning that chooses dimers; it uses the liquid of the rare gases."""
    monkeypatch.syspath_prepend(EXAMPLES / "active_learning")
    yield example("learning")
    sys.modules.pop("learning", None)


def write_candidate(path, spreads, positions):
    """Write a configuration in a cubic box of 3 nm as a CommitteeReporter does, with positions in nm."""
    comment = 'Lattice="30 0 0 0 30 0 0 0 30" Properties=species:S:1:pos:R:3:force_spread:R:1 pbc="T T T"'
    atoms = [f"Ar {x} {y} {z} {spread}" for (x, y, z), spread in zip(10 * np.array(positions), spreads, strict=True)]
    path.write_text("\n".join([str(len(atoms)), comment, *atoms]) + "\n", encoding="utf-8")


def test_new_dimers_are_those_on_which_the_members_disagree(learning, tmp_path):
    """Distances of the atom with the largest spread, through the box, below the cutoff, and not of existing dimers."""
    data = learning.Reference().compute(learning.FIRST)
    committee = learning.train(data)
    r = np.linspace(0.34, 0.5, 17)
    spread = learning.spread_of_pairs(committee, r)
    assert (np.diff(spread) < 0).all()
    forces = [member.evaluate(r, np.zeros(17, int), np.zeros(17, int))[1] for member in committee.members]
    deviations = np.array(forces) - np.mean(forces, axis=0)
    assert_close(spread, np.sqrt((deviations**2).sum(axis=0) / 4), rtol=1e-9)
    # Of the first atom: 0.34 nm through the box; 0.36; 0.281, as 0.28; 1.45, too far; 0.375, as 0.36; and 0.45.
    positions = [[0.1, y, z] for y, z in ((0, 0), (2.66, 0), (0.36, 0), (0, 0.281), (1.45, 0), (0.375, 0), (0, 2.55))]
    write_candidate(tmp_path / "c.xyz", [3, 1, 2, 1, 1, 1, 1], positions)
    assert_close(learning.choose(tmp_path / "c.xyz", committee, data, 2), [0.34, 0.36], atol=1e-9)
    assert_close(learning.choose(tmp_path / "c.xyz", committee, data, 9), [0.34, 0.36, 0.45], atol=1e-9)
    # Members leave out every fifth dimer, and none the ends.
    domains = [member.domain["Ar", "Ar"] for member in committee.members]
    assert domains == 5 * [(0.24, 2.0)]
    assert sorted(member.training["data"]["configurations"] for member in committee.members) == [9, 9, 9, 9, 10]


@pytest.mark.slow
def test_the_example_of_active_learning_runs(tmp_path):
    output = run_script(EXAMPLES / "active_learning" / "active_learning.py", tmp_path, "--quick", "--output", "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert (tmp_path / "out" / "rounds.png").stat().st_size > 10_000
    check_rounds(results)
    assert results["options"] == {"quick": True}
    assert f"\n| 0 | 11 | {results['rounds'][0]['spread']:.2f} |" in output and "\n| by hand | " in output


def test_the_stored_results_of_active_learning():
    results = json.loads((EXAMPLES / "active_learning" / "results.json").read_text(encoding="utf-8"))
    check_rounds(results)
    assert results["seconds"] < 180 and results["options"] == {"quick": False}
    readme = (EXAMPLES / "active_learning" / "README.md").read_text(encoding="utf-8")
    names = [*map(str, range(len(results["rounds"]))), "by hand"]
    for name, each in zip(names, [*results["rounds"], results["by hand"]], strict=True):
        forces = " | ".join(f"{each[key]:.2f}" for key in ("spread", "largest_spread", "error", "largest_error"))
        new = ", ".join(f"{r:.3f}" for r in each["new"])
        assert f"\n| {name} | {each['dimers']} | {forces} | {each['energy_error']:.4f} | {new} |\n" in readme


def check_rounds(results):
    """Spread and true error fall from round to round until the largest spread is below the limit; without contacts, the
    spread does not show the error.
    """
    rounds = results["rounds"]
    first, second, last = rounds[0], rounds[1], rounds[-1]
    assert 3 <= len(rounds) <= 6 and last["largest_spread"] <= results["limit"] == 1.0 and last["new"] == []
    assert [each["dimers"] for each in rounds] == [11 + 2 * k for k in range(len(rounds))]
    assert all(0.28 < r < 0.5 for each in rounds for r in each["new"])
    for key in ("spread", "error", "largest_spread", "largest_error"):
        assert second[key] < first[key] / 3 and last[key] < first[key] / 8, key
    assert 5 < first["spread"] < 20 and 3 < first["error"] < 13
    assert last["error"] < 0.4 and abs(last["energy_error"]) < 0.02 and abs(first["energy_error"]) > 0.3
    blind = results["without contacts"]
    assert blind["error"] > 10 * blind["spread"]
