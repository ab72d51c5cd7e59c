# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the messages about rules that select no atom or only a part of residues, which contain names and counts."""

import warnings

import learnedpair as lp
import models
import openmm
import pytest
import systems
from openmm import app, unit


def renamed_water(rename, molecules=64):
    """Water in which rename(residue), called for each residue, changes names of residues or atoms."""
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(app.ForceField("amber14/tip3p.xml"), numAdded=molecules)
    system = systems.water_system(modeller.topology)
    for residue in modeller.topology.residues():
        rename(residue)
    return system, modeller.topology


def h3(residue):
    list(residue.atoms())[2].name = "H3"


def apply(system, topology, **arguments):
    return lp.add_correction(system, topology, models.water_model(), **arguments)


def test_partly_covered_residues_give_a_warning():
    system, topology = renamed_water(h3, 100)
    with pytest.warns(
        UserWarning,
        match=(
            r"^add_correction: the rules cover residues in part: HOH \(100 residues\) has a type for O, H1 and none for"
            r" H3\. If that is meant, say so by a rule of the type None"
        ),
    ):
        force = apply(system, topology)
    assert (force.getParticleTypes() >= 0).sum() == 200


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "left_out",
    ["*:*", "HOH:H3", ["WAT:H3", "HOH:H3"], lambda atom: atom.name == "H3"],
    ids=["rest", "rule", "list", "function"],
)
def test_atoms_may_be_left_out_on_purpose(left_out):
    system, topology = renamed_water(h3)
    force = apply(system, topology, types={None: left_out})
    assert force.getParticleTypes().tolist() == [0, 1, -1] * 64


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rule", ["*:*", ["*:*"], ("*:*", "*:*")])
def test_rule_for_all_other_atoms_may_select_none(rule):
    topology, _, _ = systems.water(64)
    force = apply(systems.water_system(topology), topology, types={None: rule})
    assert force.getParticleTypes().tolist() == [0, 1, 1] * 64


@pytest.mark.filterwarnings("error")
def test_metadata_of_a_model_may_leave_atoms_out(tmp_path):
    lp.export_model(
        models.network(1),
        tmp_path / "oxygen.pt",
        types={"O": "HOH:O", None: ["HOH:H1", "HOH:H2"]},
        cutoff=0.6,
        inner_cutoff=0.17,
    )
    model = lp.load_model(tmp_path / "oxygen.pt")
    assert model.types == ["O"] and model.uncovered == ["HOH:H1", "HOH:H2"]
    topology, _, _ = systems.water(64)
    assert (
        lp.add_correction(systems.water_system(topology), topology, model).getParticleTypes().tolist()
        == [0, -1, -1] * 64
    )
    assert lp.load_model(tmp_path / "oxygen.pt", uncovered="HOH:H1").uncovered == "HOH:H1"


def test_different_treatment_of_equal_residues_gives_a_warning():
    def rename(residue):
        residue.name = "WAT" if residue.index >= 60 else residue.name

    system, topology = renamed_water(rename)
    with pytest.warns(
        UserWarning,
        match=(
            r"residues of the same structure are treated differently: HOH with 3 of 3 atoms covered \(60 residues\) and"
            r" WAT with 0 of 3 atoms covered \(4 residues\)"
        ),
    ):
        apply(system, topology)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        system, topology = renamed_water(rename)
        apply(system, topology, types={None: "WAT:*"})


@pytest.mark.filterwarnings("error")
def test_isomers_may_be_treated_differently():
    """Leucine and isoleucine have the same elements but different bonds."""
    topology = app.Topology()
    chain = topology.addChain()
    for name, bonds in (("LEU", ((0, 1), (1, 2), (1, 3))), ("ILE", ((0, 1), (1, 2), (2, 3)))):
        for _ in range(2):
            residue = topology.addResidue(name, chain)
            atoms = [topology.addAtom(f"C{i}", app.element.carbon, residue) for i in range(4)]
            for a, b in bonds:
                topology.addBond(atoms[a], atoms[b])
    system = openmm.System()
    for _ in range(16):
        system.addParticle(12.011)
    system.addForce(openmm.NonbondedForce())
    model = lp.load_model(models.network(1), types={"C": "LEU:*"}, cutoff=0.6, inner_cutoff=0.17)
    assert lp.add_correction(system, topology, model).getParticleTypes().tolist() == [0] * 4 + [0] * 4 + [-1] * 8


@pytest.mark.filterwarnings("error")
def test_virtual_sites_and_whole_residues_need_no_type():
    field = app.ForceField("amber14/tip4pew.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, model="tip4pew", numAdded=60, ionicStrength=2 * unit.molar)
    force = apply(
        field.createSystem(modeller.topology, nonbondedMethod=app.CutoffPeriodic, nonbondedCutoff=0.6),
        modeller.topology,
    )
    assert {
        atom.name for atom, kind in zip(modeller.topology.atoms(), force.getParticleTypes(), strict=True) if kind < 0
    } == {"M", "Na", "Cl"}


def salt_water():
    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, numAdded=60, ionicStrength=2 * unit.molar)
    return (
        field.createSystem(modeller.topology, nonbondedMethod=app.CutoffPeriodic, nonbondedCutoff=0.6),
        modeller.topology,
    )


RULES = {"Na": "NA:Na", "O": "HOH:O", None: ["HOH:H1", "HOH:H2"]}


def salt_model(**rules):
    return lp.load_model(models.network(2), types={**RULES, **rules}, cutoff=0.6, inner_cutoff=0.17)


@pytest.mark.parametrize(
    "rule, message",
    [
        ("NA:NA", r"The rule of the type 'Na', 'NA:NA', selects no atom; did you mean NA:Na \(2 atoms\)\?$"),
        ("na:Na", r"did you mean NA:Na \(2 atoms\)\?$"),
        ("SOD:Na", r"did you mean NA:Na \(2 atoms\)\?$"),
        ("WAT:O", r"did you mean HOH:O \(56 atoms\), "),
        ("HOH:H3", r"did you mean HOH:H1 \(56 atoms\), HOH:H2 .*, HOH:O "),
        (["HOH:Na", "*:NA"], r"did you mean HOH:O .*NA:Na"),
        ("K", r"the topology has HOH:.* Correct the rule, or say that there are no such atoms by types={'Na': None}"),
        (
            lambda atom: False,
            r"the topology has HOH:.* Correct the rule, or say that there are no such atoms by types={'Na': None}",
        ),
    ],
)
@pytest.mark.many_cases
def test_rules_that_select_no_atom_are_refused_with_similar_names(rule, message):
    system, topology = salt_water()
    with pytest.raises(ValueError, match=message):
        lp.add_correction(system, topology, salt_model(), types={"Na": rule})
    assert not any(lp.LearnedPairForce.is_learned_pair_force(force) for force in system.getForces())


def test_given_rules_complete_those_of_the_model():
    """They used to replace the model's rules, so that oxygen had no type."""
    system, topology = salt_water()
    force = lp.add_correction(system, topology, salt_model(Na="Li"), types={"Na": "Na"})
    types = {atom.element.symbol: kind for atom, kind in zip(topology.atoms(), force.getParticleTypes(), strict=True)}
    assert (types["Na"], types["O"], types["H"], types["Cl"]) == (0, 1, -1, -1)
    system, topology = salt_water()
    with pytest.warns(
        UserWarning,
        match=(
            "there are no atoms of the type 'O', and the rule of TypedPairNetwork, 'HOH:O', selects 56: they get no"
            " correction. If that is meant, say so by a rule of the type None, types={None: 'HOH:O'}"
        ),
    ):
        force = lp.add_correction(system, topology, salt_model(), types={"O": None, None: None})
    assert {
        atom.element.symbol for atom, kind in zip(topology.atoms(), force.getParticleTypes(), strict=True) if kind >= 0
    } == {"Na"}


def test_a_type_without_a_rule_is_refused():
    system, topology = salt_water()
    with pytest.raises(
        ValueError,
        match=(
            "does not say which atoms have the type 'Na'; give types={'Na': rule, ...}, with None in place of a rule if"
            " there are no such atoms"
        ),
    ):
        lp.add_correction(system, topology, salt_model(Na=None), types={"O": "HOH:O"})


def test_assign_types_accepts_rules_for_none():
    topology, _, _ = systems.water(64)
    assert lp.assign_types(topology, {"O": "O", None: "HOH:H1"}) == ["O", None, None] * 64
    assert lp.assign_types(topology, {"H": "HOH:H1", None: "*:*"}) == [None, "H", None] * 64
    with pytest.raises(ValueError, match="the rule of None is 5; expected 'RESIDUE:ATOM'"):
        lp.assign_types(topology, {"H": "HOH:H1", None: 5})


def test_a_correction_whose_curves_are_zero_is_refused():
    class Ions(lp.nn.TypedPairNetwork):
        def forward(self, r, type1, type2):
            return super().forward(r, type1, type2) * (type1 + type2)

    topology, _, _ = systems.water(64)
    model = lp.load_model(
        Ions(2, 0.6, hidden=(8, 8), num_basis=8, inner=0.17, energy_scale=10.0),
        types={"O": "HOH:O", "H": "HOH:H1"},
        cutoff=0.6,
        inner_cutoff=0.17,
    )
    with pytest.raises(ValueError, match="the correction of Ions would do nothing: all curves of its table are zero"):
        lp.add_correction(
            systems.water_system(topology), topology, model, types={"H": None, None: ["HOH:H1", "HOH:H2"]}
        )
    assert lp.add_correction(systems.water_system(topology), topology, model, types={None: "HOH:H2"})
