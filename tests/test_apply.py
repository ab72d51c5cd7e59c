# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""One line adds a correction to a System, with the right particles, exclusions and boundary conditions."""

import openmm
import pytest
from openmm import app

import learnedpair as lp
import models
import systems
from comparators import REFERENCE, evaluate


def excluded(force):
    return {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}


def dipeptide():
    """Two molecules with all kinds of bonded neighbors: butane twice, united atoms."""
    topology = app.Topology()
    chain = topology.addChain()
    system = openmm.System()
    force = openmm.NonbondedForce()
    for _ in range(2):
        residue = topology.addResidue("BUT", chain)
        atoms = [topology.addAtom(f"C{i}", app.element.carbon, residue) for i in range(6)]
        for a, b in zip(atoms, atoms[1:]):
            topology.addBond(a, b)
    for _ in topology.atoms():
        system.addParticle(14.0)
        force.addParticle(0.1, 0.3, 0.1)
    force.createExceptionsFromBonds([(a.index, b.index) for a, b in topology.bonds()], 0.8, 0.5)
    system.addForce(force)
    return system, topology, force


def test_defaults_on_water():
    topology, positions, _ = systems.water(64)
    system = systems.water_system(topology, app.PME)
    force = lp.add_correction(system, topology, models.water_model())
    assert force.getParticleTypes().tolist() == [0, 1, 1] * 64
    assert excluded(force) == {pair for i in range(64) for pair in ((3 * i, 3 * i + 1), (3 * i, 3 * i + 2), (3 * i + 1, 3 * i + 2))}
    assert (force.getNonbondedMethod(), force.getForceGroup(), force.getScaleParameter()) == (force.CutoffPeriodic, 0, "")
    again = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
    assert int(again.this) == int(force.this)
    evaluate(REFERENCE.context(system, positions))


def test_path_scale_and_group(tmp_path):
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    topology, _, _ = systems.water(64)
    system = systems.water_system(topology)
    force = lp.add_correction(system, topology, tmp_path / "m.pt", scale="lam", force_group=7, tolerance=1e-3)
    assert (force.getScaleParameter(), force.getScaleDefaultValue(), force.getForceGroup()) == ("lam", 1.0, 7)
    assert force.lowering_report["tolerance"] == 1e-3


@pytest.mark.parametrize("method, expected", [(0, 1), (1, 1), (2, 2), (3, 2), (4, 2), (5, 2)])
def test_periodicity_follows_the_nonbonded_force(method, expected):
    system, topology, nonbonded = dipeptide()
    nonbonded.setNonbondedMethod(method)
    force = lp.add_correction(system, topology, models.water_model(), types={"O": "BUT:C0"})
    assert force.getNonbondedMethod() == expected


def test_nonbonded_exclusions_are_all_exceptions():
    system, topology, nonbonded = dipeptide()
    force = lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0", "H": "*:C5"})
    assert excluded(force) == {tuple(sorted(nonbonded.getExceptionParameters(i)[:2])) for i in range(nonbonded.getNumExceptions())}
    assert (0, 3) in excluded(force) and (0, 4) not in excluded(force)  # scaled 1-4 pairs are excluded, too


def test_molecules_are_found_by_bonds_and_constraints():
    system, topology, _ = dipeptide()
    force = lp.add_correction(system, topology, models.water_model(), types={"O": ["*:C0", "*:C2"], "H": "*:C5"}, exclusions="molecules")
    assert excluded(force) == {(0, 2), (0, 5), (2, 5), (6, 8), (6, 11), (8, 11)}
    system, topology, _ = dipeptide()
    system.setParticleMass(6, 0.0)
    system.setVirtualSite(6, openmm.TwoParticleAverageSite(1, 2, 0.5, 0.5))
    force = lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0"}, exclusions="molecules")
    assert excluded(force) == {(0, 6)}
    system, topology, _ = dipeptide()
    system.addConstraint(0, 6, 0.3)
    force = lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0"}, exclusions="molecules")
    assert excluded(force) == {(0, 6)}


def test_given_exclusions_and_types():
    system, topology, _ = dipeptide()
    force = lp.add_correction(system, topology, models.water_model(), types=["O"] * 6 + [None] * 6, exclusions=[(1, 0), (0, 1), (4, 5)])
    assert excluded(force) == {(0, 1), (4, 5)}
    assert force.getParticleTypes().tolist() == [0] * 6 + [-1] * 6


def test_custom_nonbonded_force_is_followed_in_place_of_a_nonbonded_force():
    system, topology, nonbonded = dipeptide()
    custom = openmm.CustomNonbondedForce("r")
    for _ in range(12):
        custom.addParticle([])
    custom.addExclusion(2, 9)
    custom.setNonbondedMethod(custom.CutoffNonPeriodic)
    system.removeForce(0)
    system.addForce(custom)
    force = lp.add_correction(system, topology, models.water_model(), types={"O": "BUT:C0"})
    assert excluded(force) == {(2, 9)} and force.getNonbondedMethod() == force.CutoffNonPeriodic


def call(**arguments):
    system, topology, _ = dipeptide()
    if arguments.pop("remove", False):
        system.removeForce(0)
    if arguments.pop("extra", False):
        system.addParticle(1.0)
    return lp.add_correction(system, topology, models.water_model(), **arguments)


@pytest.mark.parametrize("arguments, message", [
    ({}, "no particle has a type of TypedPairNetwork.*residue and atom names"),
    (dict(types={"N": "*:C0"}), "rule for the type 'N', but TypedPairNetwork has O, H"),
    (dict(types=["O"] * 11), "11 types were given, but the System has 12 particles"),
    (dict(types={"O": "*:C0"}, extra=True), "topology has 12 atoms, but the System has 13 particles"),
    (dict(types=["O"] * 13, extra=True, exclusions="molecules"), "topology has 12 atoms, but the System has 13 particles"),
    (dict(types={"O": "*:C0"}, exclusions="all"), "exclusions is 'all'; expected 'nonbonded', 'molecules'"),
    (dict(types={"O": "*:C0"}, remove=True), "no NonbondedForce or CustomNonbondedForce.*exclusions='molecules'"),
    (dict(types={"O": "*:C0", "H": "*:H?"}), r"the rule of the type 'H', '\*:H\?', selects no atom; check residue and atom names"),
    (dict(types={"O": "*:C0"}, scale=""), "scale is ''; expected the name"),
    (dict(types={"O": "*:C0"}, scale=0.5), "scale is 0.5; expected the name of a global parameter"),
    (dict(types={"O": "*:C0"}, features=[[1.0]] * 12), "features were given, but the model has types"),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        call(**arguments)


def test_a_model_without_rules_needs_types():
    system, topology, _ = dipeptide()
    with pytest.raises(ValueError, match="does not say which atoms have the type 'O'; give types"):
        lp.add_correction(system, topology, models.water_model(types=["O", "H"]))


def test_a_rule_inside_the_model_that_selects_nothing_is_pointed_out():
    system, topology, _ = dipeptide()
    with pytest.warns(UserWarning, match="the rule of the type 'H', 'HOH:H1', selects no atom; if the topology has such atoms under other names, give types"):
        lp.add_correction(system, topology, models.water_model(types={"O": "BUT:C0", "H": "HOH:H1"}))


def test_the_same_correction_twice_is_pointed_out():
    system, topology, _ = dipeptide()
    lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0"})
    with pytest.warns(UserWarning, match="already has a correction from TypedPairNetwork, and gets another one"):
        lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0"})


def test_the_force_may_outlive_the_name_of_its_system():
    import gc

    system, topology, _ = dipeptide()
    force = lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0"})
    del system
    gc.collect()
    assert force.getNumParticles() == 12
    assert "LearnedPairForce': 2 of 12 particles covered, cutoff 0.6 nm" in repr(force)


def test_exclusions_are_whole_numbers():
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        call(types={"O": "*:C0"}, exclusions=[(0.5, 1.7)])


def test_nothing_is_added_when_something_is_wrong():
    system, topology, _ = dipeptide()
    with pytest.raises(ValueError):
        lp.add_correction(system, topology, models.water_model(), types={"O": "*:C0"}, exclusions="all")
    assert system.getNumForces() == 1


def test_assignment_rules():
    _, topology, _ = dipeptide()
    assign = lp.assign_types
    assert assign(topology, {"A": "BUT:C1", "B": ["BUT:C2", "*:C3"]}) == [None, "A", "B", "B", None, None] * 2
    assert assign(topology, {"A": "C"}) == ["A"] * 12
    assert assign(topology, {"A": app.element.carbon}) == ["A"] * 12
    assert assign(topology, {"A": lambda atom: atom.index > 9}) == [None] * 10 + ["A"] * 2
    assert assign(topology, {"A": "HOH:*"}) == [None] * 12
    with pytest.raises(ValueError, match=r"atom 0 \(BUT:C0\) is selected by the rules of both 'A' and 'B'"):
        assign(topology, {"A": "C", "B": "*:C0"})
    for wrong in ("Xx", "BUT:", "a:b:c", 5, None):
        with pytest.raises(ValueError, match="the rule of 'A' is .*; expected 'RESIDUE:ATOM'"):
            assign(topology, {"A": wrong})


def test_correction_on_every_platform(target):
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology, app.PME, cutoff=0.6)
    lp.add_correction(system, topology, models.water_model(), force_group=3)
    expected = evaluate(REFERENCE.context(system, positions), groups={3})
    target.assert_agrees(*evaluate(target.context(system, positions), groups={3}), *expected)
