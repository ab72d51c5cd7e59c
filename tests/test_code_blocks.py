# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Every block of Python code in the documentation is executed: here, or in the test of its subject."""

from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import REFERENCE, assert_close, evaluate
from documentation import NOT_RUN, RUN_BY, pages, python_code
from learnedpair.data import WATER
from openmm import app, unit

TESTS = Path(__file__).parent


@pytest.fixture
def water(tmp_path, monkeypatch):
    """A box of water in a folder with the model delta.pt, as names for blocks that continue a script."""
    monkeypatch.chdir(tmp_path)
    with models.few_samples():
        lp.export_model(models.network(), "delta.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology)
    return dict(lp=lp, np=np, app=app, unit=unit, system=system, topology=topology, positions=positions)


def run(page, number, names, *replaced):
    """Execute a block of a page with the given names, after replacements, and return all names after it."""
    code = python_code(page)[number]
    for old, new in replaced:
        assert old in code
        code = code.replace(old, new)
    exec(compile(code, page, "exec"), names)
    return names


# What is executed where


def problems(name, number_of_blocks):
    """What is wrong with the entries of a page in RUN_BY and NOT_RUN."""
    executed = [number for numbers in RUN_BY.get(name, {}).values() for number in numbers]
    left_out = [number for page, number in NOT_RUN if page == name]
    if sorted(executed + left_out) != list(range(number_of_blocks)):
        yield f"{name} has {number_of_blocks} blocks; {executed} are executed, and {left_out} are not"
    for test in RUN_BY.get(name, {}):
        if name not in (TESTS / test).read_text(encoding="utf-8"):
            yield f"tests/{test} does not name {name}"


def test_every_block_is_executed_or_has_a_reason():
    found = {name: len(python_code(name)) for name in pages()}
    assert [problem for name, number in found.items() for problem in problems(name, number)] == []
    assert {*RUN_BY, *(page for page, _ in NOT_RUN)} <= {name for name, number in found.items() if number}
    assert all(len(reason) > 20 for reason in NOT_RUN.values())


def test_blocks_that_no_test_executes_are_found():
    assert list(problems("docs/theory.md", 2)) == ["docs/theory.md has 2 blocks; [0] are executed, and [] are not"]
    assert list(problems("docs/new.md", 1)) == ["docs/new.md has 1 blocks; [] are executed, and [] are not"]


# Blocks that are executed nowhere else


def test_the_bound_of_tables(capsys):
    """The error of the force of a table of r^4 is the bound of the page, and an eighth of it with twice the knots."""
    run("docs/theory.md", 0, {})
    assert_close(list(map(float, capsys.readouterr().out.split())), [1, 1 / 8], rtol=1e-5)


def test_a_compiled_model_is_added_like_its_model(water):
    run("docs/user/models.md", 0, water)
    topology, positions = systems.relaxed_water(200)
    energies = []
    for model in (WATER, "water.xml"):
        system = systems.water_system(topology)
        lp.add_correction(system, topology, model)
        energies.append(evaluate(REFERENCE.context(system, positions))[0])
    assert_close(energies[1], energies[0], rtol=1e-9)


def test_files_of_an_ensemble_are_written(water):
    names = dict(openmm=openmm, simulation=simulation_of(water))
    run("examples/ensemble/README.md", 0, names)
    for name, kind in (("system.xml", openmm.System), ("state.xml", openmm.State)):
        assert isinstance(openmm.XmlSerializer.deserialize(Path(name).read_text(encoding="utf-8")), kind)


def simulation_of(water):
    """A Simulation of the box of water."""
    platform = openmm.Platform.getPlatform("Reference")
    simulation = app.Simulation(water["topology"], water["system"], openmm.VerletIntegrator(0.001), platform)
    simulation.context.setPositions(water["positions"])
    return simulation


def test_a_system_is_accelerated(water, capsys):
    custom = openmm.CustomNonbondedForce("10*q1*q2*exp(-r/0.3)/r")
    custom.addPerParticleParameter("q")
    for atom in water["topology"].atoms():
        custom.addParticle([-0.8 if atom.element.symbol == "O" else 0.4])
    custom.setNonbondedMethod(custom.CutoffPeriodic)
    custom.setCutoffDistance(0.6)
    water["system"].addForce(custom)
    run("docs/user/swapping-in.md", 0, water)
    assert capsys.readouterr().out.startswith("1 of 1 CustomNonbondedForces replaced:")
    assert lp.LearnedPairForce.is_learned_pair_force(water["system"].getForces()[-1])


def test_a_network_of_features_is_evaluated_exactly(water):
    class Charges(torch.nn.Module):
        def forward(self, r, features1, features2):
            return features1[:, 0] * features2[:, 0] * torch.clamp(1 - (r / 0.6) ** 2, min=0) ** 3

    lp.export_model(Charges(), "delta.pt", features={"charge": (-1, 1)}, cutoff=0.6, inner_cutoff=0.1)
    rows = [[-0.8 if atom.element.symbol == "O" else 0.4] for atom in water["topology"].atoms()]
    force = run("docs/user/tables-and-programs.md", 0, water | dict(rows=rows))["force"]
    assert force.getEvaluation() == lp.LearnedPairForce.ExactEvaluation
    assert isinstance(force.getFunction(), lp.PairProgram)


def test_a_table_of_lammps_becomes_a_correction(water):
    lp.load_model("delta.pt").write_table("water.table", "lammps")
    names = run("docs/user/tables-of-other-engines.md", 0, water)
    assert names["model"].types == ["O", "H"] and names["force"].getParticleTypes().tolist()[:3] == [0, 1, 1]


def test_pairs_of_two_parts_only(water):
    """The water of one residue takes the place of the ligand."""
    first, *_ = water["topology"].residues()
    first.name = "LIG"
    try:
        names = run("docs/user/beside-openmm.md", 0, water, ('"delta.pt"', '"delta.pt", types={"O": "O", "H": "H"}'))
    finally:
        first.name = "HOH"
    (groups,) = [names["force"].getInteractionGroupParameters(0)]
    assert list(map(list, groups)) == [[0, 1, 2], list(range(3, 192))]


def test_a_committee_of_splines(water):
    ends = np.linspace(0, 0.003, 8)  # several at both ends, so that each member has some
    distances = np.concatenate([0.22 + ends, np.linspace(0.23, 0.57, 40), 0.58 - ends])
    dimers = [
        lp.fit.Configuration(str(k), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=(1 - r) ** 3)
        for k, r in enumerate(distances)
    ]
    names = dict(lp=lp, data=lp.fit.ReferenceData(dimers, source="a formula", method="a test"))
    committee = run("docs/user/committees.md", 1, names)["committee"]
    assert len(committee.members) == 4
    assert_close(committee.evaluate([0.4], [0], [0])[0], [0.6**3], rtol=0.05)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*cover residues in part")  # the splines are those of oxygen alone
def test_a_liquid_is_refined(water, tmp_path, capsys):
    """The block of the page, with short simulations of a small box."""
    fitted = lp.fit.fit_splines(oxygen_dimers(), cutoff=0.5, types={"O": "HOH:O"})
    names = run(
        "docs/user/fitting.md",
        2,
        water | dict(fit=fitted),
        ("equilibration=20.0", 'platform="CPU", time_step=0.001, equilibration=0.05'),
        ("sampling=100.0", "sampling=1.0"),
        ("initial=0.02,", "initial=0.02, max_rounds=1,"),
    )
    assert len(names["result"].rounds) >= 1 and (tmp_path / "water.pt").exists()
    assert names["model"].types == ["O"] and "pressure" in capsys.readouterr().out.lower()


def oxygen_dimers():
    """Energies of pairs of oxygen atoms from a formula."""
    return lp.fit.ReferenceData(
        [
            lp.fit.Configuration(f"{r:.3f}", ("O", "O"), [[0, 0, 0], [0, 0, r]], energy=-(r**-6) / 1e5)
            for r in np.linspace(0.25, 0.6, 20)
        ],
        source="a formula",
        method="a test",
    )
