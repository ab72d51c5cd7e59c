# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of add_correction(between=...), interaction groups that are chosen by rules or lists of particles."""

import warnings

import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import pytest
import systems
from comparators import PLATFORMS, evaluate, kernels_of, on
from learnedpair.applying.interaction_groups import count_pairs
from openmm import app

MOLECULES = 64
COUNT = 3 * MOLECULES
OXYGENS, HYDROGENS = set(range(0, COUNT, 3)), set(range(COUNT)) - set(range(0, COUNT, 3))
SOLUTE, SOLVENT = set(range(9)), set(range(9, COUNT))
ALL = set(range(COUNT))
#: Elements of between, and the sets of particles that they must select.
CASES = {
    "names": ([("HOH:O", "HOH:O")], [(OXYGENS, OXYGENS)]),
    "element and list": ([("O", ["HOH:H1", app.element.hydrogen])], [(OXYGENS, HYDROGENS)]),
    "function": ([(lambda atom: atom.index < 9, lambda atom: atom.index >= 9)], [(SOLUTE, SOLVENT)]),
    "list in any order": ([([8, 2, 0, 1, 7, 6, 5, 4, 3], range(9, COUNT))], [(SOLUTE, SOLVENT)]),
    "arrays": ([(np.arange(9, dtype=np.uint8), np.arange(COUNT)[::-1])], [(SOLUTE, ALL)]),
    "set and rule": ([(SOLUTE, "*:*")], [(SOLUTE, ALL)]),
    "two pairs that overlap": (
        ((range(9), "O"), ("HOH:H1", "HOH:*")),
        [(SOLUTE, OXYGENS), (set(range(1, COUNT, 3)), ALL)],
    ),
}


def correct(between=None, topology=None, molecules=MOLECULES, **arguments):
    """Water with a correction: the System and its LearnedPairForce."""
    topology = topology or systems.relaxed_water(molecules)[0]
    system = systems.water_system(topology)
    model = arguments.pop("model", None) or models.water_model()
    return system, lp.add_correction(system, topology, model, between=between, force_group=1, **arguments)


@pytest.mark.parametrize("case", CASES)
@on(PLATFORMS)
def test_only_pairs_of_the_selected_particles_interact(target, case):
    between, groups = CASES[case]
    positions, box = systems.relaxed_water(MOLECULES)[1], systems.water(MOLECULES)[2]
    with warnings.catch_warnings():
        warnings.simplefilter("error" if "overlap" not in case else "ignore")
        system, force = correct(between)
    assert [force.getInteractionGroupParameters(k) for k in range(force.getNumInteractionGroups())] == groups
    expected = oracle.energy_and_forces(
        systems.table_function(force.getFunction()),
        positions,
        force.getParticleTypes(),
        cutoff=0.6,
        inner_cutoff=0.17,
        box=box,
        exclusions=[force.getExclusionParticles(k) for k in range(force.getNumExclusions())],
        allowed=lambda i, j: any((i in a and j in b) or (j in a and i in b) for a, b in groups),
    )
    assert np.abs(expected[1]).max() > 1
    context = target.context(system, positions)
    target.assert_agrees(*evaluate(context, groups={1}), *expected[:2], what=case)
    if target.on_gpus:
        assert kernels_of(system, context) == ["shared kernel"]


def test_particles_that_are_not_covered_may_be_selected():
    types = [None if k < 3 else name for k, name in enumerate(["O", "H", "H"] * MOLECULES)]
    _, force = correct([(SOLUTE, SOLVENT)], types=types)
    assert force.getInteractionGroupParameters(0) == (SOLUTE, SOLVENT)


@pytest.mark.parametrize(
    "between, message",
    [
        ([], r"between is empty, so that no pair would interact; expected between=\[\(rule, rule\), ...\]"),
        ([("HOH:OW", "O")], r"between\[0\]\[0\], 'HOH:OW', selects no atom; did you mean HOH:O \(64 atoms\)"),
        ([("O", "O"), ("O", "C")], r"between\[1\]\[1\], 'C', selects no atom; the topology has HOH:O \(64 atoms\)"),
        ([("O", lambda atom: False)], r"between\[0\]\[1\], <function .*, selects no atom; the topology has HOH:O"),
        ([("O", "LIG")], r"between\[0\]\[1\] is 'LIG'; expected 'RESIDUE:ATOM', the symbol of an element"),
        ([("O", lambda atom: atom.nonsense)], r"between\[0\]\[1\], a function, was called for atom 0 \(HOH:O\) and"),
        ([("O", [])], r"between\[0\]\[1\] is empty and selects no particle"),
        ([("O", np.array([], dtype=int))], r"between\[0\]\[1\] is empty and selects no particle"),
        ([("O", [0, 192])], r"between\[0\]\[1\] has the particle 192; expected particles from 0 to 191\.$"),
        ([("O", [-1])], r"between\[0\]\[1\] has the particle -1; expected particles from 0 to 191\.$"),
        ([([0, 1], [2])], r"no pair of between\[0\], \[0, 1\] and \[2\], interacts: all 2 are excluded"),
        ([([5], [5])], r"no pair of between\[0\], \[5\] and \[5\], has two different particles; correct the rules"),
    ],
)
def test_rules_without_pairs_are_refused(between, message):
    with pytest.raises(ValueError, match=f"add_correction: {message}"):
        correct(between)


@pytest.mark.parametrize(
    "between, message",
    [
        ("HOH:O", r"between is 'HOH:O'; expected a list of pairs of rules, between=\[\(rule, rule\), ...\]"),
        ({"O": "H"}, r"between is {'O': 'H'}; expected a list of pairs"),
        (("O", "H"), r"between is the tuple \('O', 'H'\); expected a list of pairs .*, also for one pair"),
        ((["O", "H"], ["H", "O"]), "between is the tuple .* also for one pair"),
        (["O", "H"], r"between\[0\] is 'O'; expected a pair of rules, in a list"),
        ([("O", "H", "H")], r"between\[0\] is \('O', 'H', 'H'\); expected a pair of rules"),
        ([("O", 5)], r"between\[0\]\[1\] is 5; expected a rule, as in assign_types\(\), or a list of indices"),
        ([("O", ["HOH:H1", 5])], r"between\[0\]\[1\], \['HOH:H1', 5\], mixes rules and indices; give two pairs"),
        ([("O", [1.0, 2.0])], r"between\[0\]\[1\]: 1.0 is not the index of a particle; expected an integer"),
        ([("O", np.ones(192, dtype=bool))], r"between\[0\]\[1\] is a mask; expected indices .* np.flatnonzero\(mask\)"),
        ([("O", [True, False])], r"between\[0\]\[1\]: True is not the index of a particle"),
        ([("O", np.ma.array([1, 2], mask=[True, False]))], r"between\[0\]\[1\] is a masked array"),
    ],
)
def test_other_forms_are_refused(between, message):
    with pytest.raises((TypeError, ValueError), match=f"add_correction: {message}"):
        correct(between)


def test_atoms_in_place_of_indices_are_refused():
    topology, _ = systems.relaxed_water(MOLECULES)
    with pytest.raises(TypeError, match=r"between\[0\]\[0\] has atoms of a topology; expected their indices"):
        correct([(list(topology.atoms())[:3], "O")])


def test_uncovered_selections_are_refused():
    types = [None if k < 9 else name for k, name in enumerate(["O", "H", "H"] * MOLECULES)]
    with pytest.raises(
        ValueError, match=r"between\[0\]\[0\], {.*}, selects 9 particles, and the correction covers none"
    ):
        correct([(SOLUTE, SOLVENT)], types=types)


def test_a_failed_selection_does_not_change_the_system():
    topology, _ = systems.relaxed_water(MOLECULES)
    system = systems.water_system(topology)
    before = system.getNumForces()
    with pytest.raises(ValueError, match="excluded"):
        lp.add_correction(system, topology, models.water_model(), between=[([0, 1], [2])])
    assert system.getNumForces() == before


def test_overlaps_and_repeated_pairs_give_a_warning():
    with pytest.warns(UserWarning, match=r"between\[0\] has 1 particle on both sides, whose pairs .* the first 8\."):
        correct([(range(9), range(8, COUNT))])
    with pytest.warns(UserWarning, match=r"between\[0\] and between\[2\] select the same pairs, which count once"):
        correct([("O", "H"), ("O", "O"), ("H", "O")])


def test_pairs_are_counted_as_an_enumeration_counts_them():
    random = np.random.default_rng(0)
    for _ in range(50):
        first, second = random.random((2, 9)) < random.random((2, 1))
        pairs = {(i, j) for i in range(9) for j in range(i) if (first[i] and second[j]) or (first[j] and second[i])}
        exclusions = {(i, j) for i in range(9) for j in range(i) if random.random() < 0.3}
        assert count_pairs(first, second, sorted(exclusions)) == (len(pairs), len(pairs - exclusions))


def test_a_model_with_features_has_interaction_groups():
    model = lp.load_model(
        lp.nn.FeaturePairNetwork(1, 0.6, hidden=(8, 8), num_basis=8, inner=0.17, energy_scale=30.0),
        features={"q": (-1.0, 1.0)},
        cutoff=0.6,
        inner_cutoff=0.17,
    )
    system, force = correct([(SOLUTE, SOLVENT)], model=model, features=[[-0.8], [0.4], [0.4]] * MOLECULES)
    positions, box = systems.relaxed_water(MOLECULES)[1], systems.water(MOLECULES)[2]
    expected = oracle.energy_and_forces(
        lambda r, a, b: model.evaluate(r, a, b),
        positions,
        force.getAllParticleFeatures(),
        cutoff=0.6,
        inner_cutoff=0.17,
        box=box,
        exclusions=[force.getExclusionParticles(k) for k in range(force.getNumExclusions())],
        allowed=lambda i, j: (i in SOLUTE) != (j in SOLUTE),
    )
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    energy, forces = evaluate(context, groups={1})
    assert abs(energy - expected[0]) < 1e-4 * abs(expected[0])
    assert np.abs(forces - expected[1]).max() < 1e-3 * np.abs(expected[1]).max()
