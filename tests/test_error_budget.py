# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the error budget of `learnedpair check`: tables, single precision, and the spread of a committee."""

import json
import re

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, REFERENCE, assert_close
from learnedpair.cli import main
from openmm import app, unit


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Water with a correction that is the mean of two models, as files; and with its correction as a program."""
    folder = tmp_path_factory.mktemp("budget")
    topology, positions = systems.relaxed_water(64)
    with models.few_samples():
        for seed in (0, 1):
            lp.export_model(
                models.network(seed=seed), folder / f"{seed}.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17
            )
        committee = lp.load_committee([folder / "0.pt", folder / "1.pt"])
        for name, options in (("table", {}), ("program", dict(representation="program", tabulate_radial=False))):
            system = systems.water_system(topology, cutoff=0.6)
            lp.add_correction(system, topology, committee, **options)
            (folder / f"{name}.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    with open(folder / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, file)
    return folder, committee


@pytest.fixture
def one_thread():
    """Contexts on the CPU platform have one thread: rounding errors depend on the order in which threads add forces."""
    platform = openmm.Platform.getPlatform("CPU")
    before = platform.getPropertyDefaultValue("Threads")
    platform.setPropertyDefaultValue("Threads", "1")
    yield
    platform.setPropertyDefaultValue("Threads", before)


def budget(folder, capsys, name, *arguments):
    """The contributions by their source, and what the command prints."""
    options = ["--steps", "0", "--platform", "CPU", "--json", str(folder / "c.json")]
    assert main(["check", str(folder / f"{name}.xml"), str(folder / "t.pdb"), *options, *arguments]) == 0
    (contributions,) = json.loads((folder / "c.json").read_text(encoding="utf-8"))["error_budgets"]
    return {each["source"]: each for each in contributions}, capsys.readouterr().out


def evaluated(target, force, folder):
    """Energy and forces of a correction alone, at the positions of the file."""
    structure = app.PDBFile(str(folder / "t.pdb"))
    system = openmm.System()
    for _ in range(force.getNumParticles()):
        system.addParticle(1.0)
    system.setDefaultPeriodicBoxVectors(*structure.topology.getPeriodicBoxVectors())
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(target.name))
    context.setPositions(structure.getPositions())
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def correction(folder, name):
    system = openmm.XmlSerializer.deserialize((folder / f"{name}.xml").read_text(encoding="utf-8"))
    (force,) = [each for each in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(each)]
    return lp.LearnedPairForce.cast(openmm.XmlSerializer.clone(force))


@pytest.mark.parametrize(
    "name, sources",
    [
        ("table", ["tables", "single precision"]),
        ("program", ["tables and single precision"]),  # Reference runs the program: the difference contains both
    ],
)
def test_the_parts_of_the_budget(name, sources, files, capsys, one_thread):
    folder, committee = files
    found, text = budget(folder, capsys, name, "--members", str(folder / "0.pt"), str(folder / "1.pt"))
    assert list(found) == [*sources, "committee", "sum"]
    measured = found[sources[-1]]
    reference = evaluated(REFERENCE, correction(folder, name), folder)
    single = evaluated(CPU, correction(folder, name), folder)
    assert_close(measured["energy"], abs(single[0] - reference[0]), rtol=1e-6, atol=1e-9)
    error = single[1] - reference[1]
    assert_close(measured["rms_force"], np.sqrt(np.mean(error**2)), rtol=1e-6)
    assert_close(measured["largest_force"], np.abs(error).max(), rtol=1e-6)
    members = [evaluated(REFERENCE, each, folder) for each in committee.create_member_forces(correction(folder, name))]
    spread = np.abs(members[0][1] - members[1][1]) / np.sqrt(2)
    assert_close(found["committee"]["energy"], abs(members[0][0] - members[1][0]) / np.sqrt(2), rtol=1e-6)
    assert_close(found["committee"]["rms_force"], np.sqrt(np.mean(spread**2)), rtol=1e-6)
    assert_close(found["committee"]["largest_force"], spread.max(), rtol=1e-6)
    for quantity in ("energy", "rms_force", "largest_force"):
        parts = [found[source][quantity] for source in (*sources, "committee")]
        assert_close(found["sum"][quantity], sum(parts), rtol=1e-9)
    assert "Error budget of correction 1 in this structure, in kJ/mol and, for components of forces, kJ/mol/nm:" in text
    assert "sample standard deviation of 2 members" in text


def test_the_bound_of_tables_holds(files, capsys):
    """The difference between the table and the program, both in double precision, is within the bound."""
    folder, _ = files
    found, _ = budget(folder, capsys, "table")
    exact = evaluated(REFERENCE, correction(folder, "program"), folder)
    table = evaluated(REFERENCE, correction(folder, "table"), folder)
    error = np.abs(table[1] - exact[1])
    assert 0 < abs(table[0] - exact[0]) <= found["tables"]["energy"]
    assert 0 < error.max() <= found["tables"]["largest_force"]
    assert np.sqrt(np.mean(error**2)) <= found["tables"]["rms_force"]


def test_without_a_committee_there_are_two_parts(files, capsys):
    found, text = budget(files[0], capsys, "table")
    assert list(found) == ["tables", "single precision", "sum"] and "committee" not in text.split("Error budget")[1]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--members", "0.pt", "--members", "1.pt"], "--members was given 2 times, and .* has 1 corrections"),
        (["--members", "0.pt"], "the number of members is 1; expected at least two models"),
        (["--members", "0.pt", "nowhere.pt"], "nowhere.pt: there is no such file"),
    ],
)
def test_wrong_members_are_refused(arguments, message, files, capsys, monkeypatch):
    monkeypatch.chdir(files[0])
    assert main(["check", "table.xml", "t.pdb", "--steps", "0", "--platform", "CPU", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)
