# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that `learnedpair check` measures what it says, passes what is right, and fails what is wrong."""

import copy
import json
import math
import subprocess
import sys

import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import pytest
import systems
from comparators import REFERENCE, TARGETS, assert_close, evaluate, on
from learnedpair.checking import conservation, differences, pairs, platforms
from learnedpair.checking.results import Result, format_results, rms
from learnedpair.checking.subject import Subject, evaluate_alone
from learnedpair.checking.targets import REFERENCE as REFERENCE_TARGET
from learnedpair.checking.targets import Target, find_targets
from learnedpair.cli import main
from learnedpair.force.pairs import find_pairs
from openmm import app, unit

CPU_TARGET = Target("CPU", "single", can_choose=False)


def subject_of(system, positions, box=None, **parameters):
    return Subject("s.xml", system, np.asarray(positions), None if box is None else np.asarray(box), parameters)


def silent(text):
    """A progress that nobody sees."""


def measured(subject):
    """Results on Reference and CPU, by platform and quantity."""
    report = platforms.check_platforms(subject, [REFERENCE_TARGET, CPU_TARGET], silent)
    return report, {(each.where, each.quantity): each for each in report.results}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A box of water with a correction and its model, as files."""
    folder = tmp_path_factory.mktemp("check")
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology, cutoff=0.6)
    with models.few_samples():
        model = lp.export_model(
            models.network(), folder / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17, description="random"
        )
        lp.export_model(models.network(seed=1), folder / "other.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
        plain = openmm.XmlSerializer.serialize(system)
        lp.add_correction(system, topology, model)
    (folder / "plain.xml").write_text(plain, encoding="utf-8")
    (folder / "s.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    with open(folder / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, file)
    return folder


def check(files, *arguments, system="s.xml"):
    return main(["check", str(files / system), str(files / "t.pdb"), "--platform", "CPU", *map(str, arguments)])


def test_table_and_json_hold_the_same_numbers(files, tmp_path, capfd):
    assert check(files, "--model", files / "m.pt", "--steps", 200, "--json", tmp_path / "check.json") == 0
    captured = capfd.readouterr()
    document = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    assert document["passed"] and all(each["passed"] for each in document["results"])
    for each in document["results"]:
        line = next(
            line
            for line in captured.out.splitlines()
            if line.startswith(each["subject"]) and f"{each['where']} " in line and f" {each['quantity']} " in line
        )
        assert f"{each['value']:.2e}" in line and f"{each['limit']:.2e}" in line and " pass" in line
    (correction,) = document["corrections"]
    assert correction["model"]["digest"] == correction["lowering_report"]["digest"]
    for text in (
        correction["model"]["digest"],
        f"OpenMM {openmm.Platform.getOpenMMVersion()}",
        f"openmm-learnedpair {lp.__version__}",
        "random",
        "OpenCL, all: not checked: left out, since --platform does not name it",
        "CPU, SIMD loop",
        "All ",
    ):
        assert text in captured.out, text
    assert "..." not in captured.out and "CPU, single: energy and forces ..." in captured.err
    simulation = document["simulation"]
    assert simulation["steps"] == 200 and simulation["drift_with_kJ_per_mol_ps"] != 0
    quantities = [each["quantity"] for each in document["results"]]
    assert quantities.count("force error, RMS") == 2 and "energy drift per degree of freedom" in quantities


def test_another_model_fails(files, capfd):
    assert check(files, "--model", files / "other.pt", "--steps", 0) == 1
    out = capfd.readouterr().out
    assert "ANOTHER digest" in out and "NOT within their limits" in out
    failed = [line for line in out.splitlines() if line.endswith("FAIL") or "FAIL [" in line]
    assert failed and all("PyTorch" in line for line in failed)


def test_exceptions_have_their_factors(files, capfd):
    """Pairs of different molecules get factors; without them, the comparison with the model would fail."""
    system = openmm.XmlSerializer.deserialize((files / "s.xml").read_text(encoding="utf-8"))
    (force,) = (lp.LearnedPairForce.cast(f) for f in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(f))
    positions = np.array(app.PDBFile(str(files / "t.pdb")).positions._value)
    box = np.array([vector._value for vector in system.getDefaultPeriodicBoxVectors()])
    near = find_pairs(force, positions, box)
    chosen = near.r < 0.35
    close = np.column_stack([near.i, near.j])[chosen]
    force.addExceptions(close, np.resize([0.5, 0.0, -1.0, 2.0], len(close)))
    after = find_pairs(force, positions, box)
    assert len(near.r) - len(after.r) == len(close[1::4]) > 0 and set(after.factors) == {0.5, -1.0, 1.0, 2.0}
    (files / "exceptions.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    assert check(files, "--model", files / "m.pt", "--steps", 0, system="exceptions.xml") == 0, capfd.readouterr().out


def test_a_stated_error_above_the_tolerance_fails(files, tmp_path, capfd):
    text = (files / "s.xml").read_text(encoding="utf-8")
    system = openmm.XmlSerializer.deserialize(text)
    force = next(each for each in system.getForces() if lp.LearnedPairForce.is_learned_pair_force(each))
    force = lp.LearnedPairForce.cast(force)
    force.lowering_report = {**force.lowering_report, "max_relative_force_error": 2e-4}
    (tmp_path / "s.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    arguments = ["check", str(tmp_path / "s.xml"), str(files / "t.pdb"), "--platform", "CPU", "--steps", "0"]
    assert main(arguments) == 1
    assert "1 of " in capfd.readouterr().out


@pytest.mark.parametrize(
    "arguments, system, message",
    [
        ([], "plain.xml", "plain.xml: the System has no LearnedPairForce, so there is nothing to check"),
        ([], "nowhere.xml", "nowhere.xml: there is no such file"),
        (["--steps", 5], "s.xml", "--steps is 5; expected at least 100, or 0 for no simulation"),
        (["--time-step", -1], "s.xml", "--time-step is -1.0; expected a positive number"),
        (["--platform", "Abacus"], "s.xml", "There is no platform 'Abacus' here"),
        (["--json", "nowhere/x.json"], "s.xml", "nowhere/x.json: there is no such folder"),
        (["--parameter", "lam=1"], "s.xml", "--parameter lam: "),
        (["--parameter", "lam"], "s.xml", "--parameter is 'lam'; expected NAME=VALUE with a number"),
    ],
)
def test_wrong_usage_has_the_status_2_and_one_sentence(files, arguments, system, message, capfd):
    assert check(files, *arguments, system=system) == 2
    captured = capfd.readouterr()
    errors = [line for line in captured.err.splitlines() if not line.endswith("...")]
    assert len(errors) == 1 and message in errors[0] and captured.out == ""


def test_the_number_of_models_must_be_that_of_corrections(files, capfd):
    assert check(files, "--model", files / "m.pt", "--model", files / "m.pt") == 2
    assert "--model was given 2 times, and " in capfd.readouterr().err


def test_it_runs_without_torch(files):
    code = "import sys; sys.modules['torch'] = None; from learnedpair.cli import main; sys.exit(main())"
    arguments = ["check", "s.xml", "t.pdb", "--platform", "CPU", "--steps", "0"]
    result = subprocess.run([sys.executable, "-c", code, *arguments], cwd=files, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "within their limits" in result.stdout


# ---- what is measured


@pytest.mark.parametrize("periodic, triclinic", [(True, False), (True, True), (False, False)])
def test_pairs_are_those_of_an_independent_enumeration(periodic, triclinic):
    chains = systems.Chains(periodic=periodic, triclinic=triclinic)
    force = chains.learned()
    first, second = set(range(0, 60)), set(range(30, chains.count))
    force.addInteractionGroup(first, second)
    force.addInteractionGroup({0, 1, 2}, {3, 4, 5})
    found = find_pairs(force, chains.positions, chains.box)

    def allowed(a, b):
        groups = [(first, second), ({0, 1, 2}, {3, 4, 5})]
        return any((a in one and b in two) or (b in one and a in two) for one, two in groups)

    i, j, delta, r = oracle.pairs_in_range(
        chains.positions,
        chains.types,
        cutoff=systems.CUTOFF,
        box=chains.box,
        exclusions=chains.molecule_pairs,
        allowed=allowed,
    )
    assert set(zip(found.i.tolist(), found.j.tolist())) == set(zip(i.tolist(), j.tolist())) and len(found.i) == len(i)
    order, expected = np.lexsort((found.j, found.i)), np.lexsort((j, i))
    assert_close(found.r[order], r[expected], rtol=1e-12)
    assert_close(found.delta[order], delta[expected], atol=1e-12)


def test_forces_of_a_correction_alone_in_its_group_beside_others():
    """With the groups of the other forces unchanged, and a correction in the group of another force."""
    chains = systems.Chains()
    learned = chains.learned(group=2)
    system = chains.together([chains.nonbonded(group=2), learned, chains.bonded(), learned])
    subject = subject_of(system, chains.positions, chains.box)
    assert [force.getForceGroup() for force in subject.separated.getForces()] == [2, 0, 3, 1]
    assert [force.getForceGroup() for force in system.getForces()] == [2, 2, 3, 2]
    expected = evaluate(REFERENCE.context(chains.together([learned]), chains.positions))
    report, results = measured(subject)
    assert len(report.expected) == 2
    for each in report.expected:
        assert_close(each.energy, expected[0], rtol=1e-12)
        assert_close(each.forces, expected[1], atol=1e-9)
    assert all(result.passed for result in results.values()), format_results(report.results)


def test_too_few_force_groups():
    chains = systems.Chains(molecules=10)
    bonds = [chains.bonded(group) for group in range(31)]
    system = chains.together([*bonds, chains.learned(), chains.learned()])
    with pytest.raises(ValueError, match="the System has 2 corrections, and its other forces leave 1 of 32"):
        subject_of(system, chains.positions, chains.box)


def test_wrong_forces_fail():
    """Random errors, one wrong component, a wrong energy, and numbers that are not finite."""
    chains = systems.Chains()
    energy, forces = evaluate(REFERENCE.context(chains.together([chains.learned()]), chains.positions))
    expected = platforms.Expected(energy, forces)
    noise = np.random.default_rng(0).normal(size=forces.shape)

    def verdicts(target, energy, forces):
        return [each.passed for each in platforms.compare("c", target, energy, forces, expected, pairs.Allowance())]

    assert verdicts(CPU_TARGET, energy, forces) == [True, True, True]
    assert verdicts(CPU_TARGET, energy, forces + 3e-5 * rms(forces) * noise) == [True, False, True]
    one_wrong = forces.copy()
    one_wrong[4, 1] += 2e-4 * rms(forces)
    assert verdicts(CPU_TARGET, energy, one_wrong)[2] is False
    assert verdicts(CPU_TARGET, energy * (1 + 1e-3), forces)[0] is False
    assert verdicts(CPU_TARGET, math.nan, forces * math.nan) == [False, False, False]
    assert verdicts(Target("OpenCL", "double", True), energy, forces * (1 + 1e-8)) == [True, False, False]


@pytest.mark.parametrize("periodic, triclinic", [(True, True), (False, False)])
def test_differences_find_forces_that_are_not_the_derivative(periodic, triclinic):
    chains = systems.Chains(periodic=periodic, triclinic=triclinic)
    subject = subject_of(chains.together([chains.bonded(), chains.learned()]), chains.positions, chains.box)
    context = subject.prepare(REFERENCE.context(subject.separated))
    _, forces = evaluate(context, 1 << subject.groups[0])

    def verdicts(forces):
        correction, group = subject.corrections[0], subject.groups[0]
        results = differences.check_differences(subject, correction, group, context, forces, "c", REFERENCE_TARGET)
        return [each.passed for each in results]

    assert verdicts(forces) == [True, True]
    assert verdicts(forces * 1.001) == [False, False]


def test_a_truncated_function_is_compared_away_from_its_jump():
    """At the cutoff the energy jumps; particles with a partner there are not moved."""
    r = np.linspace(0.1, 0.6, 301)
    table = lp.PairTable(1, 0.1, 0.6, [5 - r], [-np.ones_like(r)], [0])

    def subject(*positions):
        force = lp.LearnedPairForce(table)
        force.setNonbondedMethod(force.CutoffNonPeriodic)
        force.setParticleTypes(np.zeros(len(positions), int))
        system = openmm.System()
        for _ in positions:
            system.addParticle(1.0)
        system.addForce(force)
        return subject_of(system, positions)

    at_cutoff = [0, 0, 0], [0.6 - 1e-6, 0, 0]
    _, results = measured(subject(*at_cutoff, [0, 3, 0], [0, 3.3, 0]))
    assert results["Reference, double", "force - differences, 2 together"].passed
    assert results["Reference, double", "force - differences, 2 alone"].passed
    _, results = measured(subject(*at_cutoff))
    result = results["Reference, double", "force - differences"]
    assert not result.passed and "each has a partner at the cutoff" in result.note


def four_site_water():
    """A correction that acts on the virtual sites of TIP4P water."""
    modeller = app.Modeller(app.Topology(), [])
    field = app.ForceField("amber14/tip4pew.xml")
    modeller.addSolvent(field, model="tip4pew", numAdded=64)
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.6)
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    box = [list(vector.value_in_unit(unit.nanometer)) for vector in modeller.topology.getPeriodicBoxVectors()]
    model = lp.load_model(models.network(), types={"O": "HOH:M", "H": "HOH:H1"}, cutoff=0.6, inner_cutoff=0.17)
    lp.add_correction(system, modeller.topology, model, types={None: ["HOH:O", "HOH:H2"]})
    return subject_of(system, positions, box), model


def test_virtual_sites():
    """OpenMM moves their forces to other particles, and they follow these."""
    from learnedpair.checking.model import check_model

    subject, model = four_site_water()
    report, results = measured(subject)
    assert all(each.passed for each in results.values()), format_results(report.results)
    compared = check_model(subject, subject.corrections[0], model, "c", silent)
    assert all(each.passed for each in compared), format_results(compared)
    _, forces = evaluate_alone(subject, subject.corrections[0])
    sites = [i for i in range(subject.system.getNumParticles()) if subject.system.isVirtualSite(i)]
    assert np.abs(forces[sites]).max() > 1


@on(TARGETS)
def test_right_forces_pass_on_all_targets(target):
    """A table and a program, beside other forces."""
    chains = systems.Chains()
    particles = [None if each < 0 else "OH"[each] for each in chains.types]
    program = models.water_model().create_force(particles, representation="program")
    program.addExclusions(chains.molecule_pairs)
    system = chains.together([chains.nonbonded(), chains.learned(), program, chains.bonded()])
    precision = target.precision or ("double" if target == REFERENCE else "single")
    chosen = Target(target.name, precision, can_choose=target.precision is not None)
    targets = [REFERENCE_TARGET] if target == REFERENCE else [REFERENCE_TARGET, chosen]
    report = platforms.check_platforms(subject_of(system, chains.positions, chains.box), targets, silent)
    assert not report.skipped and len(report.targets) == len(targets)
    assert all(each.passed for each in report.results), format_results(report.results)
    count = sum("differences" in each.quantity for each in report.results if each.where == str(chosen))
    assert count == (4 if target.exact else 0)


def test_a_program_with_tables_has_their_tolerance_in_its_limits():
    chains = systems.Chains()
    model = models.water_model()
    particles = [None if each < 0 else "OH"[each] for each in chains.types]
    force = model.create_force(particles, representation="program", evaluation="table", tolerance=1e-2)
    force.addExclusions(chains.molecule_pairs)
    report, results = measured(subject_of(chains.together([force]), chains.positions, chains.box))
    assert all(each.passed for each in results.values()), format_results(report.results)
    tables = results["CPU, single", "pair force error of tables"]
    assert 0 < tables.value <= tables.limit == 1e-2
    error = results["CPU, single", "force error, RMS"]
    assert error.limit < 0.2 and "since Reference runs the program" in error.note
    exact = copy.copy(force)
    exact.setEvaluation(exact.ExactEvaluation)
    _, results = measured(subject_of(chains.together([exact]), chains.positions, chains.box))
    assert results["CPU, single", "force error, RMS"].limit == pytest.approx(1e-5, rel=0.02)
    assert ("CPU, single", "pair force error of tables") not in results


def test_allowance_of_one_pair_and_of_three():
    """By the definition of the tolerance: the force error of a pair is at most tolerance (|F| + 1 kJ/mol/nm)."""
    table = systems.table()
    force = lp.LearnedPairForce(table)
    force.setNonbondedMethod(force.CutoffNonPeriodic)

    def allowed(positions):
        force.setParticleTypes(np.zeros(len(positions), int))
        found = find_pairs(force, np.array(positions, dtype=float), None)
        energy, dEdR = pairs.pair_functions(force, found, {})
        return pairs.allowance_of_tables(force, found, dEdR, 1e-3, -2.0)

    size = 2e-3 * (abs(systems.curve(0.3, 0)[1]) + 1)
    one = allowed([[0, 0, 0], [0.3, 0, 0]])
    assert one.largest == pytest.approx(size, rel=1e-5)
    assert one.rms == pytest.approx(size / np.sqrt(3), rel=1e-5)
    assert one.energy == pytest.approx(size * (systems.CUTOFF - systems.INNER) / 64, rel=1e-5)
    three = allowed([[0, 0, 0], [0.3, 0, 0], [0.15, 0.3 * np.sqrt(0.75), 0]])
    assert three.largest == pytest.approx(2 * size, rel=1e-5)
    inside = 2e-3 * (abs(systems.curve(systems.INNER, 0)[1]) + 1)
    assert allowed([[0, 0, 0], [0.1, 0, 0]]).energy == pytest.approx(inside * 0.1, rel=1e-5)


def test_parameters_and_scale_reach_all_comparisons():
    from learnedpair.checking.model import check_model

    chains = systems.Chains()
    model = lp.load_model(
        models.TwoParameters(),
        types=["A", "B", "C"],
        cutoff=0.7,
        inner_cutoff=0.2,
        global_parameters={"lam": (0.5, 0.1, 2.0), "temperature": (300.0, 200.0, 400.0)},
    )
    force = model.create_force([None if each < 0 else "AB"[each] for each in chains.types])
    force.setScaleParameter("s", 0.0)
    force.addExclusions(chains.molecule_pairs)
    system = chains.together([force])
    with pytest.raises(ValueError, match="is switched off, since its scale 's' is 0; .* --parameter s=1"):
        measured(subject_of(system, chains.positions, chains.box))
    with pytest.raises(ValueError, match="--parameter lom: s.xml has no such global parameter, only "):
        measured(subject_of(system, chains.positions, chains.box, lom=1.0))
    subject = subject_of(system, chains.positions, chains.box, s=0.7, lam=1.5)
    report, results = measured(subject)
    assert all(each.passed for each in results.values()), format_results(report.results)
    compared = check_model(subject, subject.corrections[0], model, "c", silent)
    assert all(each.passed for each in compared), format_results(compared)
    without = report.expected[0].energy
    doubled, _ = measured(subject_of(system, chains.positions, chains.box, s=1.4, lam=1.5))
    assert_close(doubled.expected[0].energy, 2 * without, rtol=1e-12)


def test_other_types_are_refused():
    from learnedpair.checking.model import check_model

    chains = systems.Chains(molecules=10)
    force = models.water_model().create_force([None if each < 0 else "OH"[each] for each in chains.types])
    subject = subject_of(chains.together([force]), chains.positions, chains.box)
    other = lp.load_model(models.network(), types=["Na", "Cl"], cutoff=0.6, inner_cutoff=0.17)
    with pytest.raises(ValueError, match="takes the types O, H, and .* the types Na, Cl; give the model"):
        check_model(subject, subject.corrections[0], other, "c", silent)


def test_a_structure_without_pairs_in_range_is_refused():
    chains = systems.Chains(molecules=10, periodic=False)
    subject = subject_of(chains.together([chains.learned()]), 100.0 * chains.positions)
    with pytest.raises(ValueError, match="has no force on any particle in this structure"):
        measured(subject)


def test_a_platform_that_fails_only_with_the_correction_is_a_failure(monkeypatch):
    """Without the correction the System runs: the failure is not an excuse to leave the platform out."""
    chains = systems.Chains(molecules=10)
    subject = subject_of(chains.together([chains.learned()]), chains.positions, chains.box)
    original = Target.context

    def context(self, system, integrator=None):
        names = [force.getName() for force in system.getForces()]
        if self.platform == "CPU" and (everything or "LearnedPairForce" in names):
            raise openmm.OpenMMException("out of order")
        return original(self, system, integrator)

    monkeypatch.setattr(Target, "context", context)
    everything = False
    report, _ = measured(subject)
    assert [each.note for each in report.results if not each.passed] == ["out of order"] and not report.skipped
    everything = True
    report, _ = measured(subject)
    assert all(each.passed for each in report.results)
    assert [each.reason for each in report.skipped] == [
        "the System cannot run there even without a correction (out of order)"
    ]


def test_every_platform_is_checked_or_skipped_with_a_reason():
    targets, skipped = find_targets()
    assert targets[0] == REFERENCE_TARGET and CPU_TARGET in targets
    for name in ("OpenCL", "CUDA"):
        precisions = {each.precision for each in [*targets, *skipped] if each.platform == name}
        assert precisions in ({"all"}, {"single", "mixed", "double"})
    assert all(len(each.reason) > 10 for each in skipped)


# ---- constant energy


def test_drift_of_a_known_line():
    times = np.linspace(1, 2, 100)
    noise = np.random.default_rng(0).normal(size=100)
    drift = conservation._drift(times, 6 * times + 5 + 0.1 * noise, freedom=3)
    assert drift.slope == pytest.approx(2, abs=0.1) and drift.fluctuation == pytest.approx(0.1, rel=0.2)
    assert abs(drift.slope - 2) < 3 * drift.error < 0.2


def test_baths_are_removed_and_freedom_is_counted():
    system = systems.water_system(systems.water(64)[0])
    system.addForce(openmm.MonteCarloBarostat(1, 300))
    system.addForce(openmm.AndersenThermostat(300, 1))
    names = [force.getName() for force in conservation.without_baths(system).getForces()]
    assert names and not {"MonteCarloBarostat", "AndersenThermostat", "CMMotionRemover"} & set(names)
    assert conservation.degrees_of_freedom(system) == 64 * 6  # rigid
    assert system.getNumForces() == len(names) + 3


def test_a_simulation_that_gains_energy_fails():
    """A time step that is too long for the bonds, which only the System with the correction has."""
    chains = systems.Chains()
    subject = subject_of(chains.together([chains.learned(), chains.bonded()]), chains.positions, chains.box)
    plain = chains.together([])

    def simulate(time_step):
        return conservation.check_conservation(subject, plain, chains.positions, CPU_TARGET, 200, time_step, silent)[1][
            0
        ]

    assert simulate(0.0002).passed
    result = simulate(0.08)
    assert not result.passed


def test_not_a_number_fails_and_is_null_in_json():
    result = Result("c", "CPU", "x", math.nan, 1.0, "kJ/mol", "out of order")
    assert not result.passed and result.as_dict()["value"] is None
    assert any("FAIL [1]" in line for line in format_results([result]))
