# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of committees: the mean of several models, and the reporter of their spread."""

import copy
import functools
import io
import math
import pickle
import subprocess
import sys

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import DOUBLE, PLATFORMS, REFERENCE, SEVERAL_DEVICES, TARGETS, assert_close, evaluate, on
from documentation import python_code
from learnedpair.models.pytorch.modules import copy_of_module
from openmm import XmlSerializer, app, unit
from simulations import rows_of, simulate, simulation_of

MEMBERS = 3
TYPED = dict(types=["A", "B"], cutoff=0.6, inner_cutoff=0.2)
#: The features and the global parameter of the formulas below; a program evaluates them.
CHARGED = dict(
    features={"q": (-1.0, 1.0), "size": (0.5, 2.0)},
    global_parameters={"screening": (4.0, 1.0, 8.0)},
    cutoff=0.6,
    inner_cutoff=0.2,
)
MEAN, ENERGY, RMS = "mean E (kJ/mol)", "spread of E (kJ/mol)", "RMS spread of F (kJ/mol/nm)"
MAX, WORST = "max spread of F (kJ/mol/nm)", "particle of max"


class Formula(torch.nn.Module):
    """A symmetric formula of two features and a global parameter, for a member with a number of its own."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, r, features1, features2, screening):
        q, size = features1[:, 0] * features2[:, 0], features1[:, 1] * features2[:, 1]
        envelope = torch.clamp(1 - (r / 0.6) ** 2, min=0) ** 3
        return ((20 + self.number) * q * torch.exp(-screening * r) / r + self.number * size) * envelope


@functools.cache
def typed():
    """A committee of networks of types."""
    with models.few_samples():
        return lp.load_committee([models.network(inner=0.2, seed=seed) for seed in range(MEMBERS)], **TYPED)


@functools.cache
def charged():
    """A committee of formulas of features."""
    with models.few_samples():
        return lp.load_committee([Formula(float(number)) for number in (1, 3, 4, 9)], **CHARGED)


def particles_of(model, chains):
    """The particles of some chains as a model takes them; None where a chain has no type."""
    if model.types:
        return [None if each < 0 else model.types[each] for each in chains.types]
    rows = zip(chains.charges, 0.6 + 0.1 * (np.arange(chains.count) % 7))
    return [None if each < 0 else row for each, row in zip(chains.types, rows)]


def elaborate(model, chains, **arguments):
    """A force with exclusions, exceptions, interaction groups, a scale, switching and other than the default values."""
    force = model.create_force(particles_of(model, chains), **{"representation": "program", **arguments})
    force.addExclusions(chains.molecule_pairs[::2])
    force.addExceptions([(3 * i, 3 * i + 4) for i in range(9)], 0.5)
    force.addInteractionGroup(range(chains.count // 2), range(chains.count))
    force.setScaleParameter("lam", 0.75)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.5)
    force.setInnerCutoffDistance(0.21)
    if model.global_parameters:
        force.setGlobalParameterDefaultValue(0, 5.0)
    return force


def separately(forces, chains, box, positions, **parameters):
    """The energy and forces of each force alone on the Reference platform, in a System of its own."""
    results = []
    for force in forces:
        context = REFERENCE.context(chains.together([force]))
        if box is not None:
            context.setPeriodicBoxVectors(*box)
        for name, value in parameters.items():
            context.setParameter(name, value)
        context.setPositions(positions)
        results.append(evaluate(context))
    return results


def of_members(committee, chains, make=elaborate):
    """A force of each member, made one by one."""
    return [make(member, chains) for member in committee.members]


def by_hand(results):
    """The numbers of a row from the results of separate runs, written as loops; and the spread of each particle."""
    energies, forces = zip(*results)
    count = len(energies)
    mean = sum(energies) / count
    spread = math.sqrt(sum((energy - mean) ** 2 for energy in energies) / (count - 1))
    mean_forces = sum(forces) / count
    sigma = []
    for i in range(len(mean_forces)):
        squares = sum(np.dot(each[i] - mean_forces[i], each[i] - mean_forces[i]) for each in forces)
        sigma.append(math.sqrt(squares / (count - 1)))
    return mean, spread, np.array(sigma)


def assert_row(row, results, covered, target):
    """Require the numbers of a row to be those of separate runs."""
    mean, spread, sigma = by_hand(results)
    energies, forces = zip(*results)
    size = max(abs(np.array(energies))) + 0.1 * np.sqrt(np.mean(np.square(forces)) * 3 * len(sigma))
    for index, energy in enumerate(energies):
        assert_close(row[f"E of members[{index}] (kJ/mol)"], energy, atol=target.energy_tolerance * size)
    assert_close(row[MEAN], mean, atol=target.energy_tolerance * size, what="mean energy")
    assert_close(row[ENERGY], spread, atol=2 * target.energy_tolerance * size, what="spread of energies")
    rms, tolerance = np.sqrt(np.mean(np.square(forces))), 1e-8 if target.exact else 2e-4
    assert spread > 100 * target.energy_tolerance * size and sigma.max() > 100 * tolerance * rms, "too small to be seen"
    assert_close(row[RMS], np.sqrt(np.mean(sigma[covered] ** 2)), atol=tolerance * rms, what="RMS spread of forces")
    assert_close(row[MAX], sigma.max(), atol=tolerance * rms, what="maximum spread of forces")
    assert sigma[int(row[WORST])] >= sigma.max() - 2 * tolerance * rms


def report(target, force, committee, chains, prepare=lambda simulation: None, **arguments):
    """The row of a reporter after one step, and the Simulation."""
    file = io.StringIO()
    simulation = simulate(target, chains, [force], steps=0)
    prepare(simulation)
    simulation.reporters.append(lp.CommitteeReporter(file, 1, committee, **arguments))
    simulation.step(1)
    (row,) = rows_of(file)
    return row, simulation


# ---- the mean


@pytest.mark.parametrize(
    "target, committee",
    [
        pytest.param(target, committee, id=f"{target}-{committee.__name__}")
        for committee, targets in ((charged, TARGETS), (typed, PLATFORMS))
        for target in targets
    ],
    indirect=["target"],
)
def test_the_mean_is_that_of_separate_runs(target, committee):
    """The program of the mean is exact, so that energies and forces agree to the rounding of the platform."""
    chains, model = systems.Chains(), committee()
    make = functools.partial(elaborate, evaluation="exact")
    results = [
        evaluate(target.context(chains.together([make(each, chains)]), chains.positions))
        for each in (model, *model.members)
    ]
    (energy, forces), members = results[0], results[1:]
    mean_energy, mean_forces = (sum(each) / len(members) for each in zip(*members))
    rms, size = np.sqrt(np.mean(mean_forces**2)), 1 + max(abs(each) for each, _ in members)
    tolerance = 1e-9 if target.exact else 1e-6
    assert np.sqrt(np.mean((forces - mean_forces) ** 2)) <= tolerance * rms
    assert abs(energy - mean_energy) <= tolerance * size
    assert max(abs(each - mean_energy) for each, _ in members) > 1e-3 * size, "the members must differ"


def test_the_table_of_the_mean_is_as_small_as_that_of_a_member_and_within_its_tolerance():
    chains, model = systems.Chains(), typed()
    table = model.create_force(particles_of(model, chains))
    assert table.lowering_report["representation"] == "table"
    largest = max(each.create_force(particles_of(model, chains)).lowering_report["knots"] for each in model.members)
    assert table.lowering_report["knots"] <= 1.5 * largest
    function, r = table.getFunction(), np.random.default_rng(0).uniform(0.2, 0.6, 500)
    for pair in ((0, 0), (0, 1), (1, 1)):
        types = [np.full(len(r), each) for each in pair]
        slopes = np.mean([each.evaluate(r, *types)[1] for each in model.members], axis=0)
        error = np.abs(function.evaluate(*pair, r)[1] - slopes)
        assert (error <= 1e-4 * (np.abs(slopes) + 1)).all()


def test_a_program_of_a_committee_that_becomes_a_table_keeps_the_names_of_the_members():
    force = typed().create_force(["A", "B", "B"], representation="program")
    members = force.lowering_report["members"]
    lp.tabulate(force)
    assert force.lowering_report["representation"] == "table"
    assert force.lowering_report["members"] == members and len(members) == MEMBERS


def test_evaluate_and_its_derivatives_are_means():
    model = charged()
    pairs = np.array([0.25, 0.4, 0.55]), np.full((3, 2), 0.8), np.array([[-1.0, 1.0]] * 3)
    for name in ("evaluate", "evaluate_derivatives"):
        results = [getattr(each, name)(*pairs, screening=2.0) for each in (model, *model.members)]
        found, *others = [np.array(result["screening"] if isinstance(result, dict) else result) for result in results]
        assert_close(found, np.mean(others, axis=0), rtol=1e-12, what=name)


def test_members_in_other_units_are_converted():
    """The same function in angstrom and kcal/mol, and a second one in nm and kJ/mol."""

    class Well(torch.nn.Module):
        def __init__(self, depth, unit_of_length):
            super().__init__()
            self.depth, self.unit_of_length = depth, unit_of_length

        def forward(self, r, type1, type2):
            return self.depth * torch.clamp(1 - (r * self.unit_of_length) ** 2, min=0) ** 3

    first = lp.load_model(
        Well(1.0, 0.1), types=["A"], cutoff=10, inner_cutoff=2, length_unit="angstrom", energy_unit="kcal/mol"
    )
    second = lp.load_model(Well(2.0, 1.0), types=["A"], cutoff=1, inner_cutoff=0.2)
    model = lp.load_committee([first, second])
    assert (model.cutoff, model.inner_cutoff) == (1.0, 0.2)
    energy, dEdR = model.evaluate([0.5], [0], [0])
    assert_close(energy, [(4.184 + 2) / 2 * 0.75**3], rtol=1e-12)
    assert_close(dEdR, [-(4.184 + 2) / 2 * 6 * 0.5 * 0.75**2], rtol=1e-12)
    program = model.create_force(["A", "A"], representation="program").getFunction()
    found = program.evaluate(np.array([0.5]), np.array([0]), np.array([0]))
    assert_close(found, [energy, dEdR], rtol=1e-12)
    same = lp.load_committee([first, lp.load_model(Well(3.0, 0.1), **vars(first.metadata))])
    assert same.metadata.length_unit == "angstrom"
    assert_close(same.evaluate([0.5], [0], [0])[0], [4.184 * 2 * 0.75**3], rtol=1e-12)


def test_files_and_modules_and_models_can_be_members(tmp_path):
    paths = [tmp_path / "a.pt", tmp_path / "b.pt2"]
    networks = [models.network(inner=0.2, seed=seed) for seed in range(3)]
    for path, network in zip(paths, networks):
        lp.export_model(network, path, description=f"network {path.name}", **TYPED)
    model = lp.load_committee([*paths, lp.load_model(networks[2], **TYPED)])
    assert model.source == "committee of 3 (a.pt, b.pt2, TypedPairNetwork)"
    assert model.description == "network a.pt; network b.pt2"
    assert [each.source for each in model.members] == ["a.pt", "b.pt2", "TypedPairNetwork"]
    arguments = [0.3, 0.4], [0, 0], [1, 1]
    expected = typed().evaluate(*arguments)
    particles = ["A", "B", "B"]
    program = model.create_force(particles, representation="program").getFunction()
    copies = pickle.loads(pickle.dumps(model)), copy.deepcopy(model)
    for each in (model, *copies):
        assert_close(each.evaluate(*arguments), expected, rtol=1e-12)
        assert each.digest == model.digest and len(each.members) == 3
    assert_close(program.evaluate(*map(np.array, arguments)), expected, rtol=1e-9)
    text = str(model)
    assert text.startswith("PairModel committee of 3") and text.count("\n  member:      ") == 3


def test_a_committee_writes_tables_and_updates_forces(tmp_path):
    (table, *_) = typed().write_table(tmp_path / "mean.table", "lammps", rows=4000)
    assert table.max_relative_force_error < 1e-3
    read = lp.load_tables(tmp_path / "mean.table")
    arguments = [0.3, 0.45], [0, 0], [1, 1]
    assert_close(read.evaluate(*arguments)[0], typed().evaluate(*arguments)[0], rtol=1e-3)
    force = typed().create_force(["A", "B"], representation="program")
    other = lp.load_committee([models.network(inner=0.2, seed=seed) for seed in (5, 6, 7)], **TYPED)
    other.update_force(force)
    assert [each["digest"] for each in force.lowering_report["members"]] == [each.digest for each in other.members]
    found = force.getFunction().evaluate(*map(np.array, arguments))
    assert_close(found, other.evaluate(*arguments), rtol=1e-9)


def test_training_a_committee_is_possible_through_its_energy():
    """PairEnergy accepts a committee like any other model, with its units."""
    positions = torch.tensor([[0.0, 0, 0], [0.3, 0, 0], [0, 0.4, 0]], dtype=torch.float64)
    types = torch.tensor([0, 1, 1])
    found, *others = [float(lp.nn.PairEnergy(each)(positions, None, types)) for each in (typed(), *typed().members)]
    assert_close(found, np.mean(others), rtol=1e-12)


# ---- models that do not fit together


def another(**metadata):
    """A network with other metadata than the members of typed()."""
    cutoff = metadata.get("cutoff", 0.6)
    return lp.load_model(models.network(cutoff=cutoff, inner=0.2, seed=9), **{**TYPED, **metadata})


def another_formula(**metadata):
    return lp.load_model(Formula(2.0), **{**CHARGED, **metadata})


@pytest.mark.filterwarnings("ignore:.*in single precision")
@pytest.mark.parametrize(
    "committee, make, message",
    [
        (typed, lambda: another(types=["B", "A"]), r"types of members\[1\].*: \['B', 'A'\]; of .*: \['A', 'B'\]"),
        (typed, lambda: another(types={"A": "HOH:O", "B": None}), "assignment rules .* 'HOH:O'.* types=..."),
        (typed, lambda: another_formula(), r"types of members\[1\] \(Formula\): none; of .*\['A', 'B'\]"),
        (
            typed,
            lambda: another(cutoff=0.7),
            r"cutoff in nm of members\[1\] \(TypedPair.*: 0.7; of members\[0\] .*: 0.6",
        ),
        (typed, lambda: another(inner_cutoff=0.25), "inner cutoff in nm of .* 0.25; .* 0.2"),
        (typed, lambda: another(switching_distance=0.5), "switching distance in nm of .* 0.5; .* none"),
        (typed, lambda: another(truncated=True), "'truncated' of .* True; .* False"),
        (typed, lambda: another(uncovered="*:*"), r"rule for uncovered atoms of .*: \*:\*; .* none.*uncovered=..."),
        (
            charged,
            lambda: another_formula(features={"q": (-2.0, 1.0), "size": (0.5, 2.0)}),
            r"ranges of features of .*\(-2.0, 1.0\).*features=...",
        ),
        (
            charged,
            lambda: another_formula(features={"size": (0.5, 2.0), "q": (-1.0, 1.0)}),
            r"features of members\[1\].*\['size', 'q'\]; .*same order",
        ),
        (
            charged,
            lambda: another_formula(global_parameters={"screening": (4.0, 1.0, 9.0)}),
            r"global parameters .*\(4.0, 1.0, 9.0\).*global_parameters=...",
        ),
        (
            charged,
            lambda: another_formula(energy_unit="kcal/mol"),
            r"members\[1\] \(Formula\) is written in nm and kcal/mol, .* global parameters \(screening\)",
        ),
        (
            typed,
            lambda: lp.load_model(models.network(inner=0.2, seed=0), **TYPED),
            r"has the same energies as members\[0\]",
        ),
    ],
)
def test_members_that_differ_are_refused(committee, make, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_committee([committee().members[0], make()])


def test_wrong_arguments_of_load_committee(tmp_path):
    with pytest.raises(TypeError, match="the members are a str; expected a list of models"):
        lp.load_committee("a.pt")
    with pytest.raises(TypeError, match="the members are a CommitteeModel"):
        lp.load_committee(typed())
    with pytest.raises(lp.ModelError, match="the number of members is 1; expected at least two"):
        lp.load_committee([models.network()], **TYPED)
    with pytest.raises(lp.ModelError, match=r"members\[0\]: .*none.pt: there is no such file"):
        lp.load_committee([tmp_path / "none.pt", tmp_path / "none.pt"])
    with pytest.raises(TypeError, match=r"members\[0\] \(Typed.*\) is a PairModel, .* and cutoff=... was given"):
        lp.load_committee(typed().members, cutoff=0.5)
    with pytest.raises(TypeError, match="is a committee; export its members one by one"):
        lp.export_model(typed(), tmp_path / "mean.pt", **TYPED)


# ---- the forces of members


def settings_of(force):
    """The XML of a force with the function, the name and the report of another one."""
    plain = copy.copy(force)
    plain.setFunction(systems.table() if force.getNumFeatures() == 0 else charged().create_force([]).getFunction())
    plain.setName("")
    return XmlSerializer.serialize(plain)


@pytest.mark.parametrize("committee", [typed, charged], ids=["types", "features"])
def test_forces_of_members_have_all_settings_of_the_force(committee):
    """Also those that were changed after the force was made."""
    chains, model = systems.Chains(), committee()
    force = elaborate(model, chains)
    force.setForceGroup(3)
    force.setTableTolerance(2e-5)
    force.setEvaluation(force.TableEvaluation)
    before, settings = XmlSerializer.serialize(force), settings_of(force)
    forces = model.create_member_forces(force)
    assert XmlSerializer.serialize(force) == before
    for index, (each, member) in enumerate(zip(forces, model.members, strict=True)):
        assert settings_of(each) == settings
        assert each.lowering_report["digest"] == member.digest
        assert each.getName() == f"members[{index}] ({member.source})"
        if model.global_parameters:
            assert each.getGlobalParameterDefaultValue(0) == 5.0
    assert len({XmlSerializer.serialize(each) for each in forces}) == len(forces)


def test_forces_of_members_are_tables_if_the_force_is_one():
    chains, model = systems.Chains(), typed()
    force = model.create_force(particles_of(model, chains), tolerance=3e-5)
    reports = [each.lowering_report for each in model.create_member_forces(force)]
    assert [(each["representation"], each["tolerance"]) for each in reports] == [("table", 3e-5)] * MEMBERS


def test_forces_that_members_do_not_fit_are_refused():
    chains = systems.Chains(molecules=10)
    force = charged().create_force(particles_of(charged(), chains))
    with pytest.raises(lp.LoweringError, match="the model has the types A, B, and the force was made for the features"):
        typed().create_member_forces(force)
    other = lp.LearnedPairForce(lp.PairTable(1, 0.2, 0.6, [[1.0, 0.0]], [[0.0, 0.0]], [0]))
    with pytest.raises(lp.LoweringError, match="has 2 types and 0 features, and the function of the force 1 and 0"):
        typed().create_member_forces(other)
    parameters = {**CHARGED, "global_parameters": {"kappa": 1.0}}

    class Other(Formula):
        def forward(self, r, features1, features2, kappa):
            return super().forward(r, features1, features2, kappa)

    renamed = lp.load_model(Other(1.0), **parameters).create_force(particles_of(charged(), chains))
    with pytest.raises(lp.LoweringError, match="the global parameters screening, and the force kappa"):
        charged().create_member_forces(renamed)


# ---- the reporter


@on(TARGETS)
@pytest.mark.core
def test_the_spread_is_that_of_separate_contexts(target):
    """With features, exclusions, exceptions, interaction groups, switching, and parameters that have changed."""
    chains, committee = systems.Chains(triclinic=True), charged()
    changed = dict(lam=0.5, screening=3.0)

    def change(simulation):
        for name, value in changed.items():
            simulation.context.setParameter(name, value)

    row, simulation = report(target, elaborate(committee, chains), committee, chains, change)
    state = simulation.context.getState(positions=True)
    box, positions = state.getPeriodicBoxVectors(), state.getPositions()
    results = separately(of_members(committee, chains), chains, box, positions, **changed)
    assert row["step"] == 1 and row["time (ps)"] == pytest.approx(1e-5)
    assert_row(row, results, chains.types >= 0, target)
    energy = simulation.context.getState(energy=True).getPotentialEnergy()._value
    assert_close(row[MEAN], energy, rtol=10 * target.energy_tolerance, what="the energy of the simulated force")


@on([*PLATFORMS, *DOUBLE])
def test_tables_of_types_without_a_box(target):
    chains, committee = systems.Chains(periodic=False), typed()
    method = lp.LearnedPairForce.CutoffNonPeriodic

    def make(model, chains):
        force = model.create_force(particles_of(model, chains), nonbonded_method=method)
        force.addExclusions(chains.molecule_pairs)
        return force

    row, simulation = report(target, make(committee, chains), committee, chains)
    positions = simulation.context.getState(positions=True).getPositions()
    assert_row(row, separately(of_members(committee, chains, make), chains, None, positions), chains.types >= 0, target)


def test_the_box_of_a_barostat_is_followed(target):
    chains, committee, file = systems.Chains(), charged(), io.StringIO()
    barostat = systems.seeded(openmm.MonteCarloBarostat(20000, 300, 1))
    reporter = lp.CommitteeReporter(file, 1, committee)
    integrator = systems.seeded(openmm.LangevinMiddleIntegrator(300, 1, 1e-5))
    forces = [elaborate(committee, chains), chains.bonded(), barostat]
    simulation = simulate(target, chains, forces, reporter, steps=30, integrator=integrator)
    state = simulation.context.getState(positions=True)
    box = state.getPeriodicBoxVectors(asNumpy=True)._value
    assert abs(box[0, 0] / chains.box[0, 0] - 1) > 1e-3, "the volume must have changed"
    rows = rows_of(file)
    assert len(rows) == 30
    results = separately(of_members(committee, chains), chains, box, state.getPositions())
    assert_row(rows[-1], results, chains.types >= 0, target)


def test_a_box_that_changes_while_no_particle_moves(target):
    """OpenMM would keep its neighbor list on GPUs; see test_box_changes.py."""
    chains, committee, file = systems.Chains(molecules=200), charged(), io.StringIO()

    def make(model, chains):
        force = model.create_force(particles_of(model, chains))
        force.addExclusions(chains.molecule_pairs)
        return force

    reporter = lp.CommitteeReporter(file, 1, committee)
    simulation = simulate(target, chains, [make(committee, chains)], steps=0)
    reporter.describeNextReport(simulation)
    positions = simulation.context.getState(positions=True).getPositions()
    members = of_members(committee, chains, make)
    for edge in (8.0, chains.box[0, 0], 8.0, 0.93 * chains.box[0, 0]):
        box = edge * np.eye(3)
        simulation.context.setPeriodicBoxVectors(*box)
        reporter.report(simulation, simulation.context.getState(positions=True))
        results = separately(members, chains, box, positions)
        assert_row(rows_of(file)[-1], results, chains.types >= 0, target)
    energies = [row[MEAN] for row in rows_of(file)]
    assert min(abs(energies[1] - energies[0]), abs(energies[3] - energies[2])) > 100


def test_positions_and_forces_of_virtual_sites_stay_on_the_sites():
    chains, committee, file = systems.Chains(), charged(), io.StringIO()
    system = chains.together([elaborate(committee, chains), chains.bonded()])
    for site in range(2, chains.count, 3):
        system.setParticleMass(site, 0)
        system.setVirtualSite(site, openmm.TwoParticleAverageSite(site - 2, site - 1, 0.4, 0.6))
    context = REFERENCE.context(system, integrator=openmm.VerletIntegrator(1e-4))
    simulation = simulation_of(context, chains, lp.CommitteeReporter(file, 3, committee), steps=3)
    positions = simulation.context.getState(positions=True).getPositions(asNumpy=True)._value
    (row,) = rows_of(file)
    results = separately(of_members(committee, chains), chains, chains.box, positions)
    assert_row(row, results, chains.types >= 0, REFERENCE)


def test_only_covered_particles_count():
    """The RMS spread does not depend on particles that no member acts on."""
    chains, committee = systems.Chains(molecules=12), typed()
    row, simulation = report(REFERENCE, elaborate(committee, chains), committee, chains)
    positions = simulation.context.getState(positions=True).getPositions()
    _, _, sigma = by_hand(separately(of_members(committee, chains), chains, chains.box, positions))
    covered = chains.types >= 0
    assert 0 < covered.sum() < chains.count and not sigma[~covered].any()
    assert_close(row[RMS], np.sqrt((sigma**2).sum() / covered.sum()), rtol=1e-6)


def test_the_simulation_is_that_without_a_reporter():
    chains, committee = systems.Chains(), typed()
    forces = [elaborate(committee, chains), chains.bonded()]

    def run(*reporters):
        integrator = systems.seeded(openmm.LangevinMiddleIntegrator(300, 1, 0.001))
        simulation = simulate(REFERENCE, chains, forces, *reporters, steps=20, integrator=integrator)
        positions = simulation.context.getState(positions=True).getPositions(asNumpy=True)._value
        return XmlSerializer.serialize(simulation.system), XmlSerializer.serialize(simulation.integrator), positions

    system, integrator, positions = run()
    system_with, integrator_with, positions_with = run(lp.CommitteeReporter(io.StringIO(), 3, committee))
    assert system_with == system and integrator_with == integrator and np.array_equal(positions_with, positions)


def test_members_are_computed_at_reports_only(monkeypatch):
    import learnedpair.reporters.committee_reporter as module

    calls = []

    class Counted(module.MemberContext):
        def __init__(self, *arguments):
            calls.append("context")
            super().__init__(*arguments)

        def evaluate(self, *arguments):
            calls.append("evaluation")
            return super().evaluate(*arguments)

    monkeypatch.setattr(module, "MemberContext", Counted)
    chains, committee = systems.Chains(molecules=10), typed()
    reporter = lp.CommitteeReporter(io.StringIO(), 7, committee)
    simulation = simulate(REFERENCE, chains, [elaborate(committee, chains)], steps=0)
    assert calls == []
    simulation.reporters.append(reporter)
    simulation.step(20)
    assert calls == ["context", "evaluation", "evaluation"]


@on([*PLATFORMS, *SEVERAL_DEVICES])
def test_the_members_have_the_platform_of_the_simulation_or_another_one(target):
    chains, committee = systems.Chains(molecules=10), typed()
    reporter = lp.CommitteeReporter(io.StringIO(), 1, committee)
    other = lp.CommitteeReporter(io.StringIO(), 1, committee, platform="Reference")
    third = lp.CommitteeReporter(
        io.StringIO(), 1, committee, platform=openmm.Platform.getPlatform("CPU"), properties={"Threads": "1"}
    )
    simulate(target, chains, [elaborate(committee, chains)], reporter, other, third, steps=1)
    context = reporter._context._context
    platform = context.getPlatform()
    assert platform.getName() == target.name
    if target.precision:
        assert platform.getPropertyValue(context, "Precision") == target.precision
        assert len(platform.getPropertyValue(context, "DeviceIndex").split(",")) == target.devices
    if target.name == "CPU":
        assert platform.getPropertyValue(context, "Threads") == "2"
    assert other._context._context.getPlatform().getName() == "Reference"
    third = third._context._context
    assert third.getPlatform().getPropertyValue(third, "Threads") == "1"


def test_a_simulation_that_is_driven_by_one_member():
    """As in DP-GEN: the spread is that of the committee, whichever force makes the trajectory."""
    chains, committee = systems.Chains(), typed()
    force = elaborate(committee.members[1], chains)
    row, simulation = report(REFERENCE, force, committee, chains)
    positions = simulation.context.getState(positions=True).getPositions()
    results = separately(of_members(committee, chains), chains, chains.box, positions)
    assert_row(row, results, chains.types >= 0, REFERENCE)
    assert_close(row["E of members[1] (kJ/mol)"], evaluate(simulation.context)[0], rtol=1e-12)


def test_a_force_can_be_given():
    """Two forces of one committee are ambiguous."""
    chains, committee, file = systems.Chains(molecules=20), typed(), io.StringIO()
    forces = [elaborate(committee, chains), committee.create_force(particles_of(committee, chains))]
    with pytest.raises(ValueError, match=r"2 forces of the System were made from committee of 3 .* pass force=..."):
        simulate(REFERENCE, chains, forces, lp.CommitteeReporter(io.StringIO(), 1, committee), steps=1)
    reporter = lp.CommitteeReporter(file, 1, committee, force=forces[1])
    simulation = simulate(REFERENCE, chains, forces, reporter, steps=1)
    (row,) = rows_of(file)
    alone = REFERENCE.context(chains.together(forces[1:]))
    alone.setPositions(simulation.context.getState(positions=True).getPositions())
    assert_close(row[MEAN], evaluate(alone)[0], rtol=1e-4)


# ---- without PyTorch


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import openmm
import learnedpair as lp
from openmm import XmlSerializer, app
system, *members = [XmlSerializer.deserialize(open(name).read()) for name in sys.argv[1:5]]
topology = app.Topology()
residue = topology.addResidue("X", topology.addChain())
for _ in range(system.getNumParticles()):
    topology.addAtom("C", app.element.carbon, residue)
platform = openmm.Platform.getPlatform("Reference")
simulation = app.Simulation(topology, system, openmm.VerletIntegrator(1e-5), platform)
simulation.loadState(sys.argv[5])
simulation.context.setParameter("lam", 0.4)
simulation.reporters.append(lp.CommitteeReporter("spread.csv", 1, members))
simulation.step(1)
"""


def test_members_from_xml_need_no_pytorch(tmp_path):
    chains, committee = systems.Chains(), typed()
    force = elaborate(committee, chains)

    def change(simulation):
        simulation.saveState(str(tmp_path / "state.xml"))
        simulation.context.setParameter("lam", 0.4)

    row, simulation = report(REFERENCE, force, committee, chains, change)
    files = ["system.xml", "0.xml", "1.xml", "2.xml"]
    for name, each in zip(files, [simulation.system, *committee.create_member_forces(force)], strict=True):
        (tmp_path / name).write_text(XmlSerializer.serialize(each), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *files, "state.xml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    (found,) = rows_of(io.StringIO((tmp_path / "spread.csv").read_text(encoding="utf-8")))
    for name, value in row.items():
        assert_close(found[name], value, rtol=1e-9, what=name)


# ---- candidates


def frames_of(text):
    """The frames of an extended XYZ file: entries of the comment line, symbols, and the columns of numbers."""
    lines, frames = text.splitlines(), []
    while lines:
        count = int(lines.pop(0))
        comment = lines.pop(0)
        rows = [lines.pop(0).split() for _ in range(count)]
        entries, quoted = {}, comment.split('"')
        for outside, inside in zip(quoted[::2], [*quoted[1::2], None]):
            pairs = [entry.partition("=")[::2] for entry in outside.split()]
            if inside is not None:
                pairs[-1] = (pairs[-1][0], inside)
            entries.update(pairs)
        frames.append((entries, [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=float)))
    return frames


@pytest.mark.parametrize("periodic", [True, False])
def test_candidates_are_the_configurations_within_the_limits(periodic):
    chains, committee, candidates, file = systems.Chains(periodic=periodic), typed(), io.StringIO(), io.StringIO()
    method = lp.LearnedPairForce.CutoffPeriodic if periodic else lp.LearnedPairForce.CutoffNonPeriodic

    def make(model, chains):
        return elaborate(model, chains, nonbonded_method=method)

    def run(file, **arguments):
        reporter = lp.CommitteeReporter(file, 2, committee, **arguments)
        forces = [make(committee, chains), chains.bonded()]
        return simulate(REFERENCE, chains, forces, reporter, steps=20, integrator=openmm.VerletIntegrator(0.001))

    run(file)
    largest = sorted(row[MAX] for row in rows_of(file))
    low, high = largest[3], largest[7]
    file = io.StringIO()
    limits = (low * unit.kilojoule_per_mole / unit.nanometer, high)
    run(file, select=limits, candidates=candidates)
    rows = [row for row in rows_of(file) if low <= row[MAX] < high]
    frames, members = frames_of(candidates.getvalue()), of_members(committee, chains, make)
    assert len(rows) == len(frames) == 4
    for row, (entries, symbols, columns) in zip(rows, frames):
        assert int(entries["step"]) == row["step"] and float(entries["time_ps"]) == row["time (ps)"]
        assert entries["Properties"] == "species:S:1:pos:R:3:force_spread:R:1"
        assert symbols == ["C"] * chains.count
        assert float(entries["max_force_spread_kJ_mol_nm"]) == row[MAX]
        assert float(entries["energy_spread_kJ_mol"]) == row[ENERGY]
        assert float(entries["mean_energy_kJ_mol"]) == row[MEAN]
        assert entries["pbc"] == ("T T T" if periodic else "F F F")
        box = None
        if periodic:
            box = np.array(entries["Lattice"].split(), dtype=float).reshape(3, 3) / 10
            assert_close(box, chains.box, rtol=1e-8)
        assert "Lattice" not in entries or periodic
        # The positions of the frame have this spread, particle by particle.
        results = separately(members, chains, box, columns[:, :3] / 10)
        mean, _, sigma = by_hand(results)
        assert_close(mean, row[MEAN], rtol=1e-6, atol=1e-4)
        assert_close(columns[:, 3], sigma, rtol=1e-4, atol=1e-4)
        assert int(entries["particle_of_max"]) == row[WORST] == np.argmax(columns[:, 3])


def test_candidates_can_be_read_by_ase(tmp_path):
    io_of_ase = pytest.importorskip("ase.io")
    chains, committee, path = systems.Chains(triclinic=True), typed(), tmp_path / "candidates.xyz"
    reporter = lp.CommitteeReporter(io.StringIO(), 1, committee, select=(0, math.inf), candidates=path)
    simulation = simulate(REFERENCE, chains, [elaborate(committee, chains)], steps=0)
    simulation.topology = app.Topology()
    residue = simulation.topology.addResidue("X", simulation.topology.addChain())
    for index in range(chains.count):
        simulation.topology.addAtom("X", [app.element.chlorine, app.element.hydrogen, None][index % 3], residue)
    simulation.reporters.append(reporter)
    simulation.step(2)
    state = simulation.context.getState(positions=True, enforcePeriodicBox=True)
    frames = io_of_ase.read(path, index=":", format="extxyz")
    assert len(frames) == 2
    atoms = frames[-1]
    assert atoms.get_chemical_symbols() == (["Cl", "H", "X"] * chains.count)[: chains.count]
    assert_close(atoms.positions, state.getPositions(asNumpy=True).value_in_unit(unit.angstrom), atol=1e-6)
    assert_close(atoms.cell.array, 10 * chains.box, rtol=1e-8)
    assert atoms.pbc.all() and atoms.info["step"] == 2
    assert_close(atoms.arrays["force_spread"].max(), atoms.info["max_force_spread_kJ_mol_nm"], rtol=1e-5)


# ---- files and arguments


def test_files_are_replaced_or_continued(tmp_path):
    chains, committee = systems.Chains(molecules=10), typed()
    path, candidates = tmp_path / "spread.csv", tmp_path / "candidates.xyz"

    def run(members=committee, **arguments):
        reporter = lp.CommitteeReporter(path, 2, members, select=(0, math.inf), candidates=candidates, **arguments)
        simulate(REFERENCE, chains, [elaborate(committee, chains)], reporter)
        lines = path.read_text(encoding="utf-8").splitlines()
        return lines, len(frames_of(candidates.read_text(encoding="utf-8")))

    for _ in range(2):
        lines, frames = run()
        assert (len(lines), frames) == (3, 2)
    lines, frames = run(append=True)
    assert [line.split(",")[0] for line in lines] == ["step", "2", "4", "2", "4"] and frames == 4
    fewer = committee.create_member_forces(elaborate(committee, chains))[:2]
    with pytest.raises(ValueError, match="spread.csv has the columns step, .* or the same number of members"):
        run(fewer, append=True)
    assert path.read_text(encoding="utf-8").splitlines() == lines
    path.unlink()
    assert len(run(append=True)[0]) == 3


def test_candidates_have_a_file_of_their_own(tmp_path):
    """Not that of the numbers, under any name, and not one in a folder that does not exist."""
    path = tmp_path / "a.csv"
    path.write_text("old", encoding="utf-8")
    select = (0, math.inf)
    for same in (path, str(path), tmp_path / "." / "a.csv"):
        with pytest.raises(ValueError, match="candidates is .*, the file of the numbers; name another one"):
            lp.CommitteeReporter(path, 1, typed(), select=select, candidates=same)
    with pytest.raises(ValueError, match="candidates is .*: there is no such folder"):
        lp.CommitteeReporter(path, 1, typed(), select=select, candidates=tmp_path / "none" / "c.xyz")
    text = io.StringIO()
    with pytest.raises(ValueError, match="the file of the numbers"):
        lp.CommitteeReporter(text, 1, typed(), select=select, candidates=text)
    assert path.read_text(encoding="utf-8") == "old"


FRAME = "2\nProperties=species:S:1:pos:R:3\nO 0 0 0\nH 1 0 0\n"


@pytest.mark.parametrize(
    "content, message",
    [
        (FRAME + FRAME[:-3], "c.xyz ends within the frame that begins in line 5; remove this frame to append"),
        (FRAME + FRAME[:-1], "c.xyz ends within the frame that begins in line 5; remove this frame to append"),
        (FRAME + FRAME[:-8], "c.xyz ends within the frame that begins in line 5; remove this frame to append"),
        ("2\n", "c.xyz ends within the frame that begins in line 1; remove this frame to append"),
        ("a,b\n1,2\n", "c.xyz is not an XYZ file, or a damaged one, after line 0; give another file to append to"),
        (FRAME + "O 0 0 0\n", "c.xyz is not an XYZ file, or a damaged one, after line 1; give another file"),
        (b"\xff\xfe", "c.xyz is not an XYZ file, or a damaged one"),
    ],
)
def test_candidates_that_end_within_a_frame_are_not_continued(content, message, tmp_path):
    path = tmp_path / "c.xyz"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    arguments = dict(select=(1, 2), candidates=path, append=True)
    with pytest.raises(ValueError, match=message):
        lp.CommitteeReporter(tmp_path / "spread.csv", 1, typed(), **arguments)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    path.write_text(FRAME + FRAME, encoding="utf-8")
    lp.CommitteeReporter(tmp_path / "spread.csv", 1, typed(), **arguments)
    assert path.read_text(encoding="utf-8") == FRAME + FRAME


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (dict(reportInterval=0), ValueError, "CommitteeReporter: reportInterval is 0; expected at least 1 step"),
        (dict(reportInterval=0.5), TypeError, "reportInterval is 0.5; expected an integer, the number of steps"),
        (dict(file=3), TypeError, "CommitteeReporter: the file is 3; expected a path, or a text file that is open"),
        (
            dict(select=(1, 2), candidates=3),
            TypeError,
            "CommitteeReporter: candidates is 3; expected a path, or",
        ),
        (dict(members="a.pt"), TypeError, "the members are a str; expected a committee"),
        (dict(members=[1, 2]), TypeError, r"members\[0\] is a int; expected a committee"),
        (dict(members=[openmm.HarmonicBondForce()] * 2), TypeError, r"members\[0\] is a HarmonicBondForce"),
        (dict(members=[]), ValueError, "the number of members is 0; expected 2 to 32"),
        (dict(platform="Abacus"), ValueError, "There is no platform 'Abacus'"),
        (dict(select=(1, 2)), ValueError, "select was given without candidates"),
        (dict(candidates="c.xyz"), ValueError, "candidates was given without select"),
        (dict(select=3, candidates="c.xyz"), TypeError, r"select is 3; expected \(low, high\)"),
        (dict(select=(2, 1), candidates="c.xyz"), ValueError, r"select is \(2, 1\); expected 0 <= low < high"),
        (dict(select=(math.nan, 1), candidates="c.xyz"), ValueError, r"select is \(nan, 1\)"),
        (dict(select=("a", 1), candidates="c.xyz"), TypeError, "select: got 'a'; expected a number"),
        (dict(select=(1 * unit.kelvin, 1), candidates="c.xyz"), TypeError, "select contains 1 K; expected kJ/mol/nm"),
    ],
)
def test_wrong_arguments_of_the_reporter(arguments, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        lp.CommitteeReporter(**{"file": "spread.csv", "reportInterval": 1, "members": typed(), **arguments})
    assert list(tmp_path.iterdir()) == [], "no file is made or replaced"


def change_exception(force):
    force.setExceptionParameters(3, 9, 13, 0.25)


def change_exclusion(force):
    force.setExclusionParticles(0, 5, 50)


def change_groups(force):
    force.setInteractionGroupParameters(0, range(7), range(9))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda force: force.setCutoffDistance(0.5), "the cutoff: 0.6 nm and 0.5 nm"),
        (lambda force: force.setUseSwitchingFunction(False), "the switching distance: 0.5 nm and none"),
        (lambda force: force.setScaleParameter("other"), "the scale parameter: lam and other"),
        (lambda force: force.setParticleType(4, -1), "the type of particle 4: 1 and -1"),
        (
            lambda force: force.setNonbondedMethod(force.CutoffNonPeriodic),
            "the nonbonded method: CutoffPeriodic and CutoffNonPeriodic",
        ),
        (lambda force: force.addExclusion(5, 50), "the number of exclusions: 60 and 61"),
        (change_exclusion, r"the excluded pairs: \(0, 1\) and .*"),
        (change_exception, r"the exceptions: \(9, 13\) with the factor 0.5 and \(9, 13\) with the factor 0.25"),
        (change_groups, "the particles of interaction group 0"),
    ],
)
def test_forces_with_other_settings_are_refused(change, message):
    """Among each other, and in comparison with the force of the System."""
    chains, committee = systems.Chains(), typed()
    forces = committee.create_member_forces(elaborate(committee, chains))
    force = elaborate(committee, chains)
    change(forces[1])
    with pytest.raises(ValueError, match=rf"members\[0\] and members\[1\] differ in {message}"):
        lp.CommitteeReporter(io.StringIO(), 1, forces)
    change(forces[0])
    change(forces[2])
    with pytest.raises(ValueError, match=r"of the System and that of members\[0\] differ in"):
        simulate(REFERENCE, chains, [force], lp.CommitteeReporter(io.StringIO(), 1, forces), steps=1)


def test_other_features_are_refused():
    chains, committee = systems.Chains(molecules=10), charged()
    forces = committee.create_member_forces(elaborate(committee, chains))
    forces[2].setParticleFeatures(4, [0.5, 1.5])
    with pytest.raises(ValueError, match=r"members\[2\] differ in the features of particle 4: .* and \[0.5, 1.5\]"):
        lp.CommitteeReporter(io.StringIO(), 1, forces)


def test_forces_with_another_number_of_particles_or_features_are_refused():
    few, many = systems.Chains(molecules=10), systems.Chains(molecules=11)
    for committee in (typed(), charged()):
        forces = [committee.create_member_forces(elaborate(committee, chains))[0] for chains in (few, many)]
        with pytest.raises(ValueError, match=r"members\[1\] differ in the number of particles: 30 and 33;"):
            lp.CommitteeReporter(io.StringIO(), 1, forces)
    forces = [each.create_member_forces(elaborate(each, few))[0] for each in (typed(), charged())]
    with pytest.raises(ValueError, match=r"members\[1\] differ in the number of features: 0 and 2;"):
        lp.CommitteeReporter(io.StringIO(), 1, forces)


def test_systems_that_the_members_do_not_fit_are_refused():
    chains, committee = systems.Chains(molecules=10), typed()
    other = systems.Chains(molecules=11)
    forces = committee.create_member_forces(elaborate(committee, chains))

    def attempt(chains, force, members):
        simulate(REFERENCE, chains, [force], lp.CommitteeReporter(io.StringIO(), 1, members), steps=1)

    with pytest.raises(ValueError, match="no force of the System was made from committee of 3 .* pass force=..."):
        attempt(chains, chains.bonded(), committee)
    with pytest.raises(ValueError, match="the forces of the members have 30 particles, and the System 33"):
        attempt(other, other.bonded(), forces)
    with pytest.raises(ValueError, match="depend on the parameter 'lam', and the Context has only none at all"):
        attempt(chains, chains.bonded(), forces)
    uncovered = committee.create_force([None] * chains.count)
    with pytest.raises(ValueError, match="no particle is covered"):
        attempt(chains, chains.bonded(), committee.create_member_forces(uncovered))


def test_a_topology_of_other_atoms_is_refused():
    chains, committee = systems.Chains(molecules=10), typed()
    simulation = simulate(REFERENCE, chains, [elaborate(committee, chains)], steps=0)
    simulation.topology = app.Topology()
    simulation.reporters.append(
        lp.CommitteeReporter(io.StringIO(), 1, committee, select=(1, 2), candidates=io.StringIO())
    )
    with pytest.raises(ValueError, match="the topology has 0 atoms, and the System 30 particles"):
        simulation.step(1)


def test_the_module_of_a_committee_can_be_copied():
    """deepcopy() alone would make the parameters of TorchScript modules unusable."""
    scripted = [lp.load_model(torch.jit.script(models.network(inner=0.2, seed=k)), **TYPED) for k in range(2)]
    model = lp.load_committee(scripted)
    module = copy_of_module(copy.deepcopy(model).module.members[0])
    arguments = torch.tensor([0.3], dtype=torch.float64), torch.tensor([0]), torch.tensor([1])
    assert_close(module(*arguments).detach(), scripted[0].evaluate([0.3], [0], [1])[0], rtol=1e-12)


# ---- the documentation


@pytest.mark.slow
def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training, splines, running, storing, loading = python_code("docs/user/committees.md")
    topology, positions = systems.relaxed_water(64)
    system, platform = systems.water_system(topology), openmm.Platform.getPlatform("CPU")
    random = torch.Generator().manual_seed(0)
    r = torch.rand(200, generator=random) * 0.4 + 0.2
    type1, type2 = (torch.randint(2, (200,), generator=random) for _ in range(2))
    names = dict(app=app, system=system, topology=topology, platform=platform, r=r, type1=type1, type2=type2)
    names |= dict(energies=(1 - r / 0.6) ** 2 * (type1 + type2 - 1), integrator=openmm.VerletIntegrator(0.0005))
    exec(training.replace("20000", "20"), names)
    running = running.replace("integrator)\n", "integrator, platform)\n", 1).replace("1000", "2")
    exec(running.replace("(20, 200)", "(0, 1e6)"), names)
    exec(storing, names)
    exec(loading.replace("1000", "2").replace("spread.csv", "again.csv"), names)
    names["simulation"].context.setPositions(positions)
    names["simulation"].step(4)
    rows, again = (
        rows_of(io.StringIO((tmp_path / name).read_text(encoding="utf-8"))) for name in ("spread.csv", "again.csv")
    )
    assert len(rows) == len(again) == 2 and rows[0][MAX] > 0
    for name, value in rows[1].items():
        assert_close(again[1][name], value, rtol=1e-4, what=name)
    assert len(frames_of((tmp_path / "candidates.xyz").read_text(encoding="utf-8"))) == 2
