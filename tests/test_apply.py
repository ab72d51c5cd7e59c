# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that add_correction() covers the right particles, with the right exclusions and boundary conditions."""

import functools
import itertools

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import REFERENCE, assert_close, evaluate
from learnedpair.applying.atom_table import AtomTable
from learnedpair.applying.exclusions import excluded_pairs
from openmm import app


def test_exclusions_with_wrong_particles_are_refused():
    model = lp.load_model(models.Formula(), types=["A", "B"], cutoff=0.4, inner_cutoff=0.1, switching_distance=0.3)
    system, topology = openmm.System(), app.Topology()
    residue = topology.addResidue("X", topology.addChain())
    for _ in range(3):
        system.addParticle(12.0)
        topology.addAtom("C", app.element.carbon, residue)
    system.addForce(openmm.NonbondedForce())
    for pair in ((0, 3), (1, 1), (-1, 2), (0, 2**20)):
        with pytest.raises(
            ValueError, match=r"exclusions has the pair \(-?\d, \d+\); expected two different particles from 0 to 2"
        ):
            lp.add_correction(system, topology, model, types=[0, 1, 1], exclusions=[pair])
    assert system.getNumForces() == 1


def excluded(force):
    return {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}


#: The first atom of each molecule of two_chains() has the type O of the water model, and no atom the type H.
FIRST_ATOMS = {"O": "*:C0", "H": None, None: [f"*:C{i}" for i in range(1, 6)]}


def two_chains():
    """Two molecules with 1-2, 1-3 and 1-4 pairs: hexane with united atoms."""
    topology = app.Topology()
    chain = topology.addChain()
    system = openmm.System()
    force = openmm.NonbondedForce()
    for _ in range(2):
        residue = topology.addResidue("BUT", chain)
        atoms = [topology.addAtom(f"C{i}", app.element.carbon, residue) for i in range(6)]
        for a, b in itertools.pairwise(atoms):
            topology.addBond(a, b)
    for _ in topology.atoms():
        system.addParticle(14.027)  # CH2
        force.addParticle(0.1, 0.3, 0.1)
    force.createExceptionsFromBonds([(a.index, b.index) for a, b in topology.bonds()], 0.8, 0.5)
    system.addForce(force)
    return system, topology, force


def test_defaults_of_a_correction_of_water():
    topology, positions, _ = systems.water(64)
    system = systems.water_system(topology, app.PME)
    force = lp.add_correction(system, topology, models.water_model())
    assert force.getParticleTypes().tolist() == [0, 1, 1] * 64
    assert excluded(force) == {
        pair for i in range(64) for pair in ((3 * i, 3 * i + 1), (3 * i, 3 * i + 2), (3 * i + 1, 3 * i + 2))
    }
    assert (force.getNonbondedMethod(), force.getForceGroup(), force.getScaleParameter()) == (
        force.CutoffPeriodic,
        0,
        "",
    )
    again = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
    assert int(again.this) == int(force.this)
    evaluate(REFERENCE.context(system, positions))


def test_correction_from_a_path_with_scale_and_force_group(tmp_path):
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    topology, _, _ = systems.water(64)
    system = systems.water_system(topology)
    force = lp.add_correction(system, topology, tmp_path / "m.pt", scale="lam", force_group=7, tolerance=1e-3)
    assert (force.getScaleParameter(), force.getScaleDefaultValue(), force.getForceGroup()) == ("lam", 1.0, 7)
    assert force.lowering_report["tolerance"] == 1e-3


@pytest.mark.parametrize("method, expected", [(0, 1), (1, 1), (2, 2), (3, 2), (4, 2), (5, 2)])
def test_periodicity_follows_the_nonbonded_force(method, expected):
    system, topology, nonbonded = two_chains()
    nonbonded.setNonbondedMethod(method)
    force = lp.add_correction(system, topology, models.water_model(), types=FIRST_ATOMS)
    assert force.getNonbondedMethod() == expected


def test_nonbonded_exclusions_are_all_exceptions():
    system, topology, nonbonded = two_chains()
    force = lp.add_correction(
        system,
        topology,
        models.water_model(),
        types={"O": "*:C0", "H": "*:C5", None: lambda atom: atom.name[1] in "1234"},
    )
    assert excluded(force) == {
        tuple(sorted(nonbonded.getExceptionParameters(i)[:2])) for i in range(nonbonded.getNumExceptions())
    }
    assert (0, 3) in excluded(force) and (0, 4) not in excluded(force)  # scaled 1-4 pairs are also excluded


def test_molecules_are_found_by_bonds_and_constraints():
    system, topology, _ = two_chains()
    force = lp.add_correction(
        system,
        topology,
        models.water_model(),
        types={"O": ["*:C0", "*:C2"], "H": "*:C5", None: lambda atom: atom.name[1] in "134"},
        exclusions="molecules",
    )
    assert excluded(force) == {(0, 2), (0, 5), (2, 5), (6, 8), (6, 11), (8, 11)}

    def connected(change):
        """The covered pairs within a molecule after a change that connects the two chains."""
        system, topology, _ = two_chains()
        change(system)
        is_covered = np.isin(np.arange(12), (0, 6))
        return list(map(tuple, excluded_pairs("molecules", system, AtomTable(topology, "test"), is_covered).tolist()))

    def drude(system):
        force = openmm.DrudeForce()
        force.addParticle(6, 0, -1, -1, -1, -0.1, 0.001, 1, 1)
        system.addForce(force)

    assert connected(lambda system: None) == []
    assert connected(
        lambda system: (
            system.setParticleMass(6, 0.0),
            system.setVirtualSite(6, openmm.TwoParticleAverageSite(1, 2, 0.5, 0.5)),
        )
    ) == [(0, 6)]
    assert connected(lambda system: system.addConstraint(0, 6, 0.3)) == [(0, 6)]
    assert connected(drude) == [(0, 6)]


def test_given_exclusions_and_types_are_used():
    system, topology, _ = two_chains()
    force = lp.add_correction(
        system, topology, models.water_model(), types=["O"] * 6 + [None] * 6, exclusions=[(1, 0), (0, 1), (4, 5)]
    )
    assert excluded(force) == {(0, 1), (4, 5)}
    assert force.getParticleTypes().tolist() == [0] * 6 + [-1] * 6


def test_custom_nonbonded_force_is_followed_if_there_is_no_nonbonded_force():
    system, topology, nonbonded = two_chains()
    custom = openmm.CustomNonbondedForce("r")
    for _ in range(12):
        custom.addParticle([])
    custom.addExclusion(2, 9)
    custom.setNonbondedMethod(custom.CutoffNonPeriodic)
    system.removeForce(0)
    system.addForce(custom)
    force = lp.add_correction(system, topology, models.water_model(), types=FIRST_ATOMS)
    assert excluded(force) == {(2, 9)} and force.getNonbondedMethod() == force.CutoffNonPeriodic


class Coupled(torch.nn.Module):
    """A network with two features, plus an interaction of the first feature that a global parameter scales."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.network = lp.nn.FeaturePairNetwork(2, 0.6, hidden=(8, 8), num_basis=8, inner=0.17, energy_scale=30.0)

    def forward(self, r, features1, features2, lam):
        envelope = torch.clamp(1 - (r / 0.6) ** 2, min=0) ** 3
        return self.network(r, features1, features2) + lam * lam * features1[:, 0] * features2[:, 0] / r * envelope


RANGES = {"q": (-1.0, 1.0), "w": (0.5, 2.0)}


@functools.cache
def feature_model():
    return lp.load_model(
        Coupled(), features=RANGES, cutoff=0.6, inner_cutoff=0.17, global_parameters={"lam": (1.5, 0.0, 2.0)}
    )


@functools.cache
def plain_feature_model():
    """A model without global parameters, with which checks and tables would take several times as long."""
    torch.manual_seed(3)
    network = lp.nn.FeaturePairNetwork(2, 0.6, hidden=(8, 8), num_basis=8, inner=0.17, energy_scale=30.0)
    return lp.load_model(network, features=RANGES, cutoff=0.6, inner_cutoff=0.17)


def water_features(molecules):
    """Features of each atom of water; the second molecule is not covered, and the hydrogens differ."""
    rows = [row for i in range(molecules) for row in ([-0.8, 1.5], [0.4, 0.9], [0.4, 0.8 + 0.1 * (i % 3)])]
    return rows[:3] + [None] * 3 + rows[6:]


def call(**arguments):
    system, topology, _ = two_chains()
    model = arguments.pop("model", models.water_model)()
    if arguments.pop("remove", False):
        system.removeForce(0)
    if arguments.pop("extra", False):
        system.addParticle(1.0)
    return lp.add_correction(system, topology, model, **arguments)


def test_correction_with_features_agrees_with_pytorch():
    topology, positions = systems.relaxed_water(64)
    _, _, box = systems.water(64)
    system = systems.water_system(topology, app.PME)
    features = water_features(64)
    force = lp.add_correction(
        system,
        topology,
        feature_model(),
        features=features,
        representation="program",
        evaluation="exact",
        force_group=3,
    )
    rows = np.array([[np.nan] * 2 if row is None else row for row in features])
    assert np.array_equal(force.getAllParticleFeatures(), rows, equal_nan=True)
    assert (force.getNonbondedMethod(), len(excluded(force))) == (force.CutoffPeriodic, 192)
    x = torch.tensor(np.asarray(positions), requires_grad=True)
    expected = lp.nn.PairEnergy(feature_model())(x, torch.tensor(box), torch.tensor(rows), excluded(force))
    expected.backward()
    energy, forces = evaluate(REFERENCE.context(system, positions), groups={3})
    assert_close(energy, expected.item(), rtol=1e-9)
    assert_close(forces, -x.grad.numpy(), atol=1e-9 * np.abs(x.grad.numpy()).max())


def test_features_may_be_lists_or_arrays():
    rows = np.linspace([-1, 0.5], [1, 2], 12)
    objects = np.empty(12, dtype=object)
    objects[:] = [None, *map(list, rows[1:])]

    def found(features):
        return call(
            model=plain_feature_model, features=features, representation="program", evaluation="exact"
        ).getAllParticleFeatures()

    assert np.array_equal(found(rows), rows)
    assert np.array_equal(found(rows.astype(np.float32)), rows.astype(np.float32))
    for given in (objects, [None, *map(tuple, rows[1:])]):
        assert np.isnan(found(given)[0]).all() and np.array_equal(found(given)[1:], rows[1:])


def test_only_covered_particles_of_molecules_are_excluded():
    features = [[0.1, 1.0] if i in (0, 2, 7, 9) else None for i in range(12)]
    assert excluded(call(model=plain_feature_model, features=features, exclusions="molecules")) == {(0, 2), (7, 9)}


@pytest.mark.parametrize("method, expected", [(0, 1), (1, 1), (2, 2), (4, 2)])
def test_periodicity_with_features(method, expected):
    """If the other force has NoCutoff, the correction has the cutoff of the model nevertheless."""
    system, topology, nonbonded = two_chains()
    nonbonded.setNonbondedMethod(method)
    force = lp.add_correction(system, topology, plain_feature_model(), features=[[0.1, 1.0]] * 12)
    assert (force.getNonbondedMethod(), force.getCutoffDistance()._value) == (expected, 0.6)


@pytest.mark.slow
def test_representation_and_tabulate_radial_are_passed_on():
    rows = [[0.1, 1.0]] * 12

    def knots(**arguments):
        return call(model=plain_feature_model, features=rows, **arguments).lowering_report["radial_knots"]

    by_default = knots(evaluation="exact")
    assert by_default > 0 and knots(evaluation="exact", tabulate_radial=False) == 0 and knots() == 0
    assert knots(representation="program", evaluation="exact") == 0
    assert knots(representation="program", evaluation="exact", tabulate_radial=True) == by_default
    assert knots(tolerance=1e-6, evaluation="exact") > 2 * by_default
    assert isinstance(call(types=["O"] * 12).getFunction(), lp.PairTable)
    assert isinstance(
        call(types=["O"] * 12, representation="program", evaluation="exact").getFunction(), lp.PairProgram
    )
    with pytest.raises(
        lp.LoweringError, match="the model has features, and a table is for types; use representation='program'"
    ):
        knots(representation="table")


def test_global_parameters_can_be_set_in_a_context():
    system, topology, _ = two_chains()
    force = lp.add_correction(system, topology, feature_model(), features=[[0.5, 1.0]] * 12, scale="s", force_group=1)
    force.addEnergyParameterDerivative("lam")
    context = REFERENCE.context(system, 0.6 * np.random.default_rng(0).random((12, 3)))
    assert (context.getParameter("lam"), context.getParameter("s")) == (1.5, 1.0)
    energies = []
    for value in (0.4, 0.4 + 1e-4, 0.4 - 1e-4):
        context.setParameter("lam", value)
        energies.append(evaluate(context, groups={1})[0])
    context.setParameter("lam", 0.4)
    derivative = context.getState(parameterDerivatives=True).getEnergyParameterDerivatives()["lam"]
    assert abs(derivative) > 0.1
    assert_close(derivative, (energies[1] - energies[2]) / 2e-4, rtol=1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {},
            (
                r"The rule of the type 'O' in TypedPairNetwork, 'HOH:O', selects no atom; the topology has BUT:C0 \(2"
                r" atoms\), .* Correct the rule, or say that there are no such atoms by types={'O': None}"
            ),
        ),
        (
            dict(types={"O": None, "H": None}),
            "the correction of TypedPairNetwork would do nothing: no particle is covered",
        ),
        (dict(types=[None] * 12), "would do nothing: no particle is covered"),
        (dict(types=["O"] + [None] * 11), "would do nothing: one particle alone is covered"),
        (
            dict(types=["O"] * 2 + [None] * 10),
            "would do nothing: all pairs of the 2 particles that are covered are excluded",
        ),
        (dict(types={"N": "*:C0"}), "rule for the type 'N', but TypedPairNetwork has O, H"),
        (dict(types=["O"] * 11), "11 types were given, but the System has 12 particles"),
        (dict(types=FIRST_ATOMS, extra=True), "topology has 12 atoms, but the System has 13 particles"),
        (
            dict(types=["O"] * 13, extra=True, exclusions="molecules"),
            "topology has 12 atoms, but the System has 13 particles",
        ),
        (dict(types=FIRST_ATOMS, exclusions="all"), "exclusions is 'all'; expected 'nonbonded', 'molecules'"),
        (dict(types=FIRST_ATOMS, remove=True), "no NonbondedForce or CustomNonbondedForce.*exclusions='molecules'"),
        (
            dict(types={**FIRST_ATOMS, "H": "*:H?"}),
            r"The rule of the type 'H', '\*:H\?', selects no atom; the topology has BUT:C0",
        ),
        (
            dict(types={**FIRST_ATOMS, "H": lambda atom: "False"}),
            r"the rule of 'H', a function, was called for atom 0 \(BUT:C0\) and returned 'False'; expected True or",
        ),
        (dict(types={**FIRST_ATOMS, "H": lambda atom: float("nan")}), "and returned nan; expected True or False"),
        (
            dict(types={**FIRST_ATOMS, "H": lambda atom: atom.nonsense}),
            "the rule of 'H', a function, was called for atom 0 .* and raised AttributeError: .*nonsense",
        ),
        (dict(types=FIRST_ATOMS, scale=""), "scale is ''; expected the name"),
        (dict(types=FIRST_ATOMS, scale=0.5), "scale is 0.5; expected the name of a global parameter"),
        (
            dict(types=FIRST_ATOMS, features=[[1.0]] * 12),
            r"features were given, but TypedPairNetwork takes types \(O, H\); leave them out\.$",
        ),
        (
            dict(features=[[1.0]] * 12),
            r"features were given, but TypedPairNetwork takes types \(O, H\); leave them out\.$",
        ),
        (
            dict(model=lambda: models.water_model(types=["O", "H"]), features=[[1.0]] * 12),
            r"features were given, but TypedPairNetwork takes types \(O, H\); give types instead\.$",
        ),
        (
            dict(model=feature_model),
            (
                r"no features were given, but Coupled takes features \(q, w\); give features alone, one row for each"
                r" particle, None where the model does not apply\.$"
            ),
        ),
        (
            dict(model=feature_model, types=FIRST_ATOMS),
            r"types were given, but Coupled takes features \(q, w\); give features alone",
        ),
        (
            dict(model=feature_model, types=["O"] * 12, features=[[0.1, 1.0]] * 12),
            r"types and features were given, but Coupled takes features \(q, w\); give features alone",
        ),
        (
            dict(model=feature_model, features=[[0.1, 1.0]] * 11),
            "11 feature vectors were given, but the System has 12 particles; give one for each, None",
        ),
        (
            dict(model=feature_model, features=np.ones((13, 2))),
            "13 feature vectors were given, but the System has 12 particles",
        ),
        (
            dict(model=feature_model, features=[None] * 12),
            "the correction of Coupled would do nothing: no particle is covered",
        ),
        (
            dict(model=feature_model, features="features.csv"),
            (
                r"the features are a str; expected an array or a sequence with one row \(q, w\), or None, for each"
                r" particle"
            ),
        ),
        (
            dict(model=feature_model, features={0: [0.1, 1.0]}),
            "the features are a dict; expected an array or a sequence",
        ),
        (dict(model=feature_model, features=0.5), "the features are a float; expected an array or a sequence"),
        (
            dict(model=feature_model, features=np.array(0.5)),
            "the features are a ndarray; expected an array or a sequence",
        ),
        (
            dict(model=feature_model, features=[[0.1, 1.0]] * 4 + [[np.nan, np.nan]] * 8),
            (
                "the feature 'q' of particle 4 is nan; expected a finite number, or None instead of the features of a"
                " particle that is not covered"
            ),
        ),
        (
            dict(model=feature_model, features=np.array([[0.1, 1.0]] * 11 + [[0.1, np.nan]])),
            "the feature 'w' of particle 11 is nan; expected a finite number",
        ),
        (
            dict(model=feature_model, features=[[0.1, 1.0]] * 11 + [[0.1, 2.5]]),
            "the feature 'w' of particle 11 is 2.5; expected 0.5 to 2, the range that the model was made for",
        ),
        (
            dict(model=feature_model, features=[[0.1, 1.0]] * 11 + [[0.1]]),
            r"particle 11 is \[0.1\]; expected 2 features \(q, w\), or None",
        ),
        (
            dict(model=feature_model, features=np.ones(12)),
            r"particle 0 is .*1.0.*; expected 2 features \(q, w\), or None",
        ),
        (
            dict(model=feature_model, features=[["0.1", "1.0"]] * 12),
            r"particle 0 is \['0.1', '1.0'\]; expected 2 features \(q, w\), or None",
        ),
        (dict(model=feature_model, features=[[True, 1.0]] * 12), r"particle 0 is \[True, 1.0\]; expected 2 features"),
        (
            dict(model=feature_model, features=np.zeros((12, 2), dtype="datetime64[s]")),
            r"particle 0 is array(.|\n)*; expected 2 features",
        ),
        (
            dict(model=feature_model, features=[np.ma.array([0.1, 1.0], mask=[False, True])] * 12),
            r"particle 0 is masked_array(.|\n)*; expected 2 features",
        ),
        (
            dict(model=feature_model, features=[[0.1, 1.0]] * 12, scale="lam"),
            "scale is 'lam', which is a global parameter of Coupled already; choose another name",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        call(**arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(types="OHHOHHOHHOHH"), "types is 'OHHOHHOHHOHH'; expected a dict of rules, or a list with one type"),
        (dict(types=5), "types is 5; expected a dict of rules"),
        (dict(types=np.ma.array([0] * 12, mask=[True] * 12)), "the types are a masked array"),
        (
            dict(model=feature_model, features=np.ma.array([[0.1, 1.0]] * 12, mask=[[True] * 2] * 12)),
            "the features are a masked array, and the values that it hides would be used; give a list with None",
        ),
        (dict(types=FIRST_ATOMS, exclusions=np.ma.array([[0, 1]], mask=[[True, False]])), "got a masked array"),
        (dict(types=FIRST_ATOMS, exclusions=[(True, False)]), r"\(True, False\) is not a pair|True is not the index"),
        (dict(types=FIRST_ATOMS, exclusions={0: 1}), "exclusions: got {0: 1}; expected pairs of particles"),
        (dict(types=FIRST_ATOMS, exclusions=[{0: 1, 2: 3}]), "{0: 1, 2: 3} is not a pair of particles"),
        (dict(types=FIRST_ATOMS, exclusions=np.ones((2, 3), int)), r"an array of int64 with shape \(2, 3\)"),
    ],
)
def test_arguments_of_wrong_types_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        call(**arguments)


def test_exclusions_may_be_any_iterable_of_pairs():
    for given in (
        {(0, 7), (2, 9)},
        ((i, 7 + i) for i in (0, 2)),
        np.array([[9, 2], [7, 0]], np.uint64),
        [[0, 7], (9, 2)],
    ):
        assert excluded(call(types=FIRST_ATOMS, exclusions=given)) == {(0, 7), (2, 9)}


def test_model_without_rules_needs_types():
    system, topology, _ = two_chains()
    with pytest.raises(ValueError, match="does not say which atoms have the type 'O'; give types"):
        lp.add_correction(system, topology, models.water_model(types=["O", "H"]))


def test_rule_of_the_model_that_selects_no_atom_is_refused_unless_replaced_by_none():
    system, topology, _ = two_chains()
    model = models.water_model(types={"O": "BUT:C0", "H": "HOH:H1"}, uncovered=[f"BUT:C{i}" for i in range(1, 6)])
    with pytest.raises(
        ValueError,
        match=r"The rule of the type 'H' in TypedPairNetwork, 'HOH:H1', selects no atom; .* types={'H': None}",
    ):
        lp.add_correction(system, topology, model)
    assert system.getNumForces() == 1
    assert (
        lp.add_correction(system, topology, model, types={"H": None}).getParticleTypes().tolist()
        == [0, -1, -1, -1, -1, -1] * 2
    )


def test_second_identical_correction_gives_a_warning():
    system, topology, _ = two_chains()
    lp.add_correction(system, topology, models.water_model(), types=FIRST_ATOMS)
    with pytest.warns(UserWarning, match="already has a correction from TypedPairNetwork, and gets another one"):
        lp.add_correction(system, topology, models.water_model(), types=FIRST_ATOMS)


def test_force_keeps_its_system_alive():
    import gc

    system, topology, _ = two_chains()
    force = lp.add_correction(system, topology, models.water_model(), types=FIRST_ATOMS)
    del system
    gc.collect()
    assert force.getNumParticles() == 12
    assert "LearnedPairForce': 2 of 12 particles covered (O 2), cutoff 0.6 nm" in repr(force)


@pytest.mark.parametrize("given", [(0.5, 1.7), (0, 1, 2), 3, "01"])
def test_exclusions_that_are_not_pairs_of_indices_are_refused(given):
    with pytest.raises(
        TypeError, match="exclusions: .* is not a pair of particles; expected two indices, which are integers"
    ):
        call(types=FIRST_ATOMS, exclusions=[given])


def test_failed_correction_does_not_change_the_system():
    system, topology, _ = two_chains()
    with pytest.raises(ValueError, match="exclusions"):
        lp.add_correction(system, topology, models.water_model(), types=FIRST_ATOMS, exclusions="all")
    assert system.getNumForces() == 1


def test_assignment_rules_select_atoms():
    _, topology, _ = two_chains()
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


def test_correction_agrees_with_reference(target):
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology, app.PME, cutoff=0.6)
    lp.add_correction(system, topology, models.water_model(), force_group=3)
    expected = evaluate(REFERENCE.context(system, positions), groups={3})
    target.assert_agrees(*evaluate(target.context(system, positions), groups={3}), *expected)


def test_correction_with_features_agrees_with_reference(target):
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology, app.PME, cutoff=0.6)
    # Reference runs the program: at the default tolerance, the error of the tables would be added to the platform's.
    lp.add_correction(system, topology, feature_model(), features=water_features(64), force_group=3, tolerance=1e-6)

    def observe(platform):
        context = platform.context(system, positions)
        context.setParameter("lam", 0.7)
        return evaluate(context, groups={3})

    target.assert_agrees(*observe(target), *observe(REFERENCE))


@pytest.mark.parametrize(
    "of_topology, of_system, is_periodic",
    [(3.0, 3.0, True), (None, 3.0, True), (None, None, False), (2.0, None, True)],
)
def test_a_system_without_forces_has_the_periodicity_of_its_box(of_topology, of_system, is_periodic):
    """A System without forces always says that it does not use periodic boundary conditions."""
    system, topology = gas_of(20, of_topology, of_system)
    force = lp.add_correction(system, topology, gas_model(), exclusions=[])
    assert force.usesPeriodicBoundaryConditions() == is_periodic


def test_a_box_that_the_system_lacks_is_refused():
    system, topology = gas_of(20, 3.0, None)
    with pytest.raises(ValueError, match=r"has a periodic box, \[3.0, 3.0, 3.0\] nm, and the System has none; call"):
        lp.add_correction(system, topology, gas_model(), exclusions=[])


def gas_of(count, of_topology, of_system):
    """Particles without forces, with cubic boxes, or None, in the topology and in the System."""
    system, topology = openmm.System(), app.Topology()
    for _ in range(count):
        topology.addAtom("Ar", app.element.argon, topology.addResidue("AR", topology.addChain()))
        system.addParticle(39.95)
    if of_topology is not None:
        topology.setPeriodicBoxVectors(np.eye(3) * of_topology)
    if of_system is not None:
        system.setDefaultPeriodicBoxVectors(*(np.eye(3) * of_system))
    return system, topology


def gas_model():
    return lp.load_model(models.Formula(), types={"A": "AR:Ar"}, cutoff=0.6, inner_cutoff=0.1, switching_distance=0.5)


@pytest.mark.parametrize("with_bonds", [True, False])
def test_scale_14_without_pairs_is_refused(with_bonds):
    """Bonds that are missing in the topology, as after a PDB file without CONECT records, are the usual reason."""
    system, topology = gas_of(6, None, None)
    system.addForce(nonbonded := openmm.NonbondedForce())
    for _ in range(6):
        nonbonded.addParticle(0, 0.3, 0.5)
    atoms = list(topology.atoms())
    if with_bonds:
        topology.addBond(atoms[0], atoms[1])
    message = (
        "no two particles with a correction are three bonds" if with_bonds else "has none; .*or leave scale_14 out"
    )
    with pytest.raises(ValueError, match=f"scale_14.*{message}"):
        lp.add_correction(system, topology, gas_model(), scale_14=0.5)
