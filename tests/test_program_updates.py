# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that a Context updated with new weights, features and parameters equals a new one; and programs in XML."""

import copy
import functools
import pickle
import re

import architectures
import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import DOUBLE, OPENCL, PLATFORMS, REFERENCE, TENSOR_CORES, assert_close, evaluate, on
from openmm import XmlSerializer, unit
from running import Running, load, load_known

# A program in OpenMM's kernel and one in its own kernel, for types and for features; and three programs with global
# parameters.
UPDATED = ("one_hot", "typed_tanh", "bilinear_gate", "feature_network", "two_parameters", "soft_core", "screening")


#: Weights are uploaded as fragments for tensor cores, and as larger numbers in double precision.
UPDATED_ON_TARGETS = [
    pytest.param(target, name, "exact", marks=[pytest.mark.core] * (name in ("typed_tanh", "soft_core")))
    for name in UPDATED
    for target in PLATFORMS
    + TENSOR_CORES * (name in ("typed_tanh", "feature_network"))
    + DOUBLE * (name in ("typed_tanh", "soft_core"))
] + [
    pytest.param(target, name, "auto", marks=[pytest.mark.core] * (name == "soft_core"))
    for name in ("feature_network", "two_parameters", "soft_core")
    for target in PLATFORMS[1:]
    if target != OPENCL or name == "two_parameters"
]


@pytest.mark.parametrize("target, name, evaluation", UPDATED_ON_TARGETS, indirect=["target"], ids=str)
def test_updates_equal_a_new_context(target, name, evaluation):
    """One Context goes through all possible changes, and is compared with a new Context after each change."""
    running = Running(name, target, evaluation=evaluation, tolerance=1e-6)
    energies = [running.assert_equals_a_new_context("first")]

    def update(what):
        running.force.updateParametersInContext(running.context)
        energies.append(running.assert_equals_a_new_context(what))
        assert abs(energies[-1] - energies[-2]) > 1e-4 * abs(energies[-2]), f"{what} must change the energy"

    load_known(name, seed=7).update_force(running.force)
    update("new weights")
    running.set_particles(list(running.particles(40, seed=2)))
    update("more distinct particles")
    running.set_particles(list(running.particles(2, seed=3)))
    update("fewer distinct particles")
    running.set_particles(
        [None if i % 4 == 0 else particle for i, particle in enumerate(running.particles(20, seed=4))]
    )
    update("particles uncovered")
    running.set_particles(
        [None if i % 5 == 2 else particle for i, particle in enumerate(running.particles(30, seed=5))]
    )
    update("others uncovered")
    running.context.setParameter("scale", -1.4)
    for parameter, default in running.model.global_parameters.items():
        running.context.setParameter(parameter, 0.5 * default)
    energies.append(running.assert_equals_a_new_context("parameters"))
    running.model.update_force(running.force)
    running.set_particles(list(running.particles(12, seed=6)))
    update("weights and particles while parameters do not have their default values")


@functools.cache
def tabulated_and_updated(name):
    """A force with a tabulated radial part (in a Running), and a copy with other weights. Cached, since making them
    takes seconds.
    """
    first = Running(name, tabulate_radial=True, tolerance=1e-4)  # keeps the System alive, which owns the force
    updated = copy.deepcopy(first.force)
    load_known(name, seed=7).update_force(updated, tolerance=2e-3)  # larger, since other weights may need more knots
    return first, updated


@on(PLATFORMS + TENSOR_CORES + DOUBLE)
@pytest.mark.parametrize("name", ["typed_network", "feature_network"])
def test_updates_of_programs_with_a_tabulated_radial_part(target, name):
    """update_force() keeps the number of knots, and reports the error of the new table."""
    made, updated = tabulated_and_updated(name)
    running = Running(name, target, force=copy.deepcopy(made.force))
    first, report = running.assert_equals_a_new_context("first"), running.force.lowering_report
    running.force.setFunction(updated.getFunction())
    running.force.lowering_report = updated.lowering_report
    running.force.updateParametersInContext(running.context)
    assert abs(running.assert_equals_a_new_context("new weights") - first) > 1e-2 * abs(first)
    assert running.force.lowering_report["radial_knots"] == report["radial_knots"] > 0
    assert running.force.lowering_report["digest"] != report["digest"]
    assert 0 < running.force.lowering_report["max_relative_force_error"] <= 2e-3


def test_update_that_needs_more_knots_of_the_radial_part_is_refused():
    running = Running("typed_network", tabulate_radial=True, tolerance=1e-2)
    function, report = running.force.getFunction(), running.force.lowering_report
    with pytest.raises(
        lp.LoweringError, match=f"does not reach the tolerance 1e-07 with {report['radial_knots']} knots"
    ):
        running.model.update_force(running.force, tolerance=1e-7)
    assert running.force.getFunction().text == function.text and running.force.lowering_report == report


def other_network():
    """A model of another structure, with the types and global parameters of two_parameters."""
    return lp.load_model(models.TwoParameters(), **architectures.by_name("two_parameters").metadata)


@pytest.mark.slow
def test_models_of_another_structure_are_refused():
    running = Running("two_parameters")
    force = running.force
    before = force.getFunction()
    refused = {
        "another structure, domain or global parameters": [
            other_network(),
            load("two_parameters", 7, inner_cutoff=0.2),
            load("two_parameters", 7, global_parameters={"temperature": 300.0, "lam": 0.8}),
        ],
        "the model has the types A, C, B, and the force was made for the types A, B, C": [
            load("two_parameters", 7, types=["A", "C", "B"])
        ],
        "the switching distance of the model is 0.5, and that of the force None nm": [
            load("two_parameters", 7, switching_distance=0.5)
        ],
    }
    for message, others in refused.items():
        for model in others:
            with pytest.raises(lp.LoweringError, match=message + ".*make a new force"):
                model.update_force(force)
    with pytest.raises(
        lp.LoweringError, match="the model has the features .*, and the force was made for .*make a new force"
    ):
        load("feature_network").update_force(force)
    assert force.getFunction().text == before.text and force.getFunction().weights.tobytes() == before.weights.tobytes()
    assert force.lowering_report["types"] == ["A", "B", "C"]


def program_like(function, **changes):
    arguments = dict(
        text=function.text,
        weights=function.weights,
        num_types=function.num_types,
        num_features=function.num_features,
        min_distance=function.min_distance,
        global_parameters=function.global_parameters,
    )
    return lp.PairProgram(**{**arguments, **changes})


CHANGES = {
    "structure of the program": lambda f: f.setFunction(
        other_network().create_force([0, 1, 2], representation="program", evaluation="exact").getFunction()
    ),
    "program into a table": lambda f: f.setFunction(systems.table()),
    "structure of the program: its steps, and the lengths": lambda f: f.setFunction(
        program_like(f.getFunction(), num_types=2)
    ),
    "names of the global parameters": lambda f: f.setFunction(
        program_like(f.getFunction(), global_parameters={"lam": 0.8, "other": 300.0})
    ),
    "energy parameter derivatives": lambda f: f.addEnergyParameterDerivative("temperature"),
    "inner cutoff distance": lambda f: f.setInnerCutoffDistance(0.2),
    "scale parameter": lambda f: f.setScaleParameter("other", 0.8),
    "number of particles": lambda f: f.addParticle(1),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.many_cases
def test_updates_of_other_properties_are_refused(what):
    running = Running("two_parameters")
    force = running.model.create_force(list(running.particles(6)), representation="program", evaluation="exact")
    force.setScaleParameter("scale", 0.8)
    force.addEnergyParameterDerivative("lam")
    system = running.cloud.system(force)
    context = REFERENCE.context(system, running.cloud.positions)
    before = evaluate(context)[0]
    CHANGES[what](force)
    with pytest.raises(openmm.OpenMMException, match=f"cannot change (the|a) {what}.*reinitialize"):
        force.updateParametersInContext(context)
    assert evaluate(context)[0] == before


@pytest.mark.parametrize(
    "change, words",
    [
        (
            lambda f: f.setGlobalParameterDefaultValue(0, 0.1),
            r'the parameter "lam" from 0.8 to 0.1, .* call setParameter\("lam", 0.1\) on the Context',
        ),
        (
            lambda f: f.setScaleParameter("scale", 0.3),
            r'the parameter "scale" from 0.8 to 0.3, .* call setParameter\("scale", 0.3\) on the Context',
        ),
    ],
)
def test_update_of_default_values_is_refused(change, words):
    running = Running("two_parameters")
    context = REFERENCE.context(running.system, running.cloud.positions)
    change(running.force)
    with pytest.raises(openmm.OpenMMException, match="cannot change the default value of " + words):
        running.force.updateParametersInContext(context)


def test_update_of_a_table_by_a_program_is_refused():
    chains = systems.Chains(molecules=27)
    force = chains.learned()
    system = chains.system()
    system.addForce(force)
    context = REFERENCE.context(system, chains.positions)
    force.setFunction(
        program_like(
            load("typed_network").create_force([0, 1], representation="program", evaluation="exact").getFunction(),
            num_types=3,
        )
    )
    with pytest.raises(
        openmm.OpenMMException, match="cannot change a program into a table, a table into a program.*reinitialize"
    ):
        force.updateParametersInContext(context)


class WithCutoff(torch.nn.Module):
    """A model whose cutoff is a weight, so that the text of the program does not depend on it."""

    def __init__(self, cutoff):
        super().__init__()
        self.register_buffer("cutoff", torch.tensor([cutoff], dtype=torch.float64))

    def forward(self, r, features1, features2):
        return features1[:, 0] * features2[:, 0] * torch.clamp(1 - (r / self.cutoff) ** 2, min=0) ** 3


def with_cutoff(cutoff, low=-1, high=1):
    return lp.load_model(WithCutoff(cutoff), features={"q": (low, high)}, cutoff=cutoff, inner_cutoff=0.1)


def test_update_with_a_model_of_another_cutoff_is_refused():
    force = with_cutoff(0.5).create_force([[0.3], [-0.9]])
    for cutoff in (0.4, 0.9):
        with pytest.raises(
            lp.LoweringError,
            match=(
                f"the cutoff of the model is {cutoff} nm, and that of the model that the force was made from is 0.5 nm;"
                " make a new force"
            ),
        ):
            with_cutoff(cutoff).update_force(force)
    force.setCutoffDistance(0.45)  # users may shorten the cutoff
    with_cutoff(0.5).update_force(force)
    assert force.getCutoffDistance()._value == 0.45


def test_update_requires_features_within_the_ranges_of_the_model():
    force = with_cutoff(0.5).create_force([None, [0.3], [-0.9]])
    with pytest.raises(ValueError, match="the feature 'q' of particle 2 is -0.9; expected -0.5 to 0.5"):
        with_cutoff(0.5, -0.5, 0.5).update_force(force)


def test_a_function_of_other_features_is_refused():
    running = Running("feature_network")
    with pytest.raises(
        openmm.OpenMMException, match="the new function has 5 features, the old one 8; create a new force"
    ):
        running.force.setFunction(
            load("radial_filter").create_force([[0.1] * 5], representation="program", evaluation="exact").getFunction()
        )


@pytest.mark.parametrize("setter", ["setAllParticleFeatures", "setParticleFeatures", "addParticle"])
def test_features_stay_within_the_ranges_of_the_model(setter):
    """The ranges are part of the force and of its XML."""
    original = load("charge_penetration").create_force([[0.5, 9.0], None])
    for force in (original, lp.LearnedPairForce.cast(XmlSerializer.clone(original))):
        for features, message in (
            ([0.5, 20.5], r"the feature 'alpha' of particle \d is 20\.5; expected 8 to 20"),
            ([np.nan, 9.0], r"'q' of particle \d is nan"),
        ):
            with pytest.raises(ValueError, match=message):
                set_features(force, setter, features)
        assert force.getNumParticles() == 2 and force.getParticleFeatures(1) is None
        set_features(force, setter, [-1.0, 20.0])
        assert force.getParticleFeatures(force.getNumParticles() - 1).tolist() == [-1.0, 20.0]


def set_features(force, setter, features):
    """Set the features of particle 1, or of a new particle."""
    arguments = {
        "setAllParticleFeatures": ([None, features],),
        "setParticleFeatures": (1, features),
        "addParticle": (features,),
    }
    getattr(force, setter)(*arguments[setter])


@pytest.mark.parametrize(
    "features",
    [
        [[0.5 * unit.elementary_charge, 9.0], None],
        [None, [0.5, 9.0] * unit.nanometer],
        [[0.5, 9.0], [0.5, 9.0]] * unit.nanometer,
    ],
)
def test_features_with_units_are_refused(features):
    """The units of features are those of the training data, which only the model determines."""
    model = load("charge_penetration")
    with pytest.raises(
        TypeError, match="have the unit (elementary charge|nanometer); expected plain numbers in the units"
    ):
        model.create_force(features)
    with pytest.raises(
        TypeError, match="have the unit (elementary charge|nanometer); expected plain numbers in the units"
    ):
        model.create_force([[0.5, 9.0], None]).setAllParticleFeatures(features)


def test_features_out_of_range_are_refused_by_the_function_itself():
    """The ranges are in the function and its XML, not in the report, so that C++ and XML check them too."""
    running = Running("feature_network", REFERENCE)
    force = running.force
    force.lowering_report = {}
    for value, message in ((np.nan, "is nan; expected a finite"), (99.0, "is 99; expected -1 to 1")):
        with pytest.raises(ValueError, match=f"the feature 'h7' of particle 3 {message}"):
            force.setParticleFeatures(3, [0.1] * 7 + [value])
    text = XmlSerializer.serialize(force)
    assert text.count("<Feature ") == 8
    narrower = text.replace('high="1" low="-1" name="h7"', 'high="-2" low="-3" name="h7"')
    assert narrower != text
    with pytest.raises(openmm.OpenMMException, match="the feature 'h7' of particle 0 is .*; expected -3 to -2"):
        XmlSerializer.deserialize(narrower)


@pytest.mark.parametrize("name", ["soft_core", "two_parameters"])
def test_reinitialize_applies_all_changes(target, name):
    """Another program with the same global parameters, whose values in the Context are kept."""
    running = Running(name, target)
    running.context.setParameter("lam", 0.35)
    before = running.assert_equals_a_new_context("before")
    function = running.force.getFunction()
    running.force.setFunction(
        program_like(
            function,
            text=function.text.replace("output v", f"v{function.text.count('=')}[1] = neg v").strip()
            + f"\noutput v{function.text.count('=')}\n",
        )
    )
    running.set_particles(
        [None if i % 3 == 0 else particle for i, particle in enumerate(running.particles(20, seed=2))]
    )
    running.context.reinitialize(preserveState=True)
    assert running.context.getParameter("lam") == 0.35
    after = running.assert_equals_a_new_context("after")
    assert abs(after - before) > 0.1 * abs(before)


def test_parameters_have_their_default_values_in_a_new_context(target):
    running = Running("two_parameters")
    running.force.setGlobalParameterDefaultValue(0, 0.4)
    running.target, running.context = target, target.context(running.system, running.cloud.positions)
    assert running.context.getParameter("lam") == 0.4 and running.context.getParameter("temperature") == 300.0
    energy = running.assert_equals_a_new_context("the force's default value")
    running.context.setParameter("lam", 0.8)
    assert_close(running.assert_equals_a_new_context("another value"), 4 * energy, rtol=1e-9 if target.exact else 1e-5)


# XML.

EXTREME = np.array(
    [0.0, -0.0, 5e-324, -2.2250738585072e-309, 1.7976931348623157e308, 1 / 3, np.nextafter(1, 2), -1e-300]
)
TEXT = """v0[1] = distance
v1[2] = particle1
v2[2] = particle2
v3[2] = globals
v4[8] = weight
v5[1] = sum v4 {1 8 1}
v6[3] = literal inf -0 4.94065645841247e-324
v7[1] = max v6 {1 3 1}
v8[1] = minimum v0 v7
v9[2] = mul v1 v2
v10[1] = sum v9 {1 2 1}
v11[1] = mul v8 v10
v12[1] = gather v3 {1}
v13[1] = mul v11 v12
v14[1] = select v5 v13 v11
v15[1] = literal -inf
v16[1] = maximum v14 v15
output v16
"""
FEATURES = [[1.5, -0.0], None, [5e-324, 1 / 3], [-2.0, 1e300], None]


def elaborate_force():
    function = lp.PairProgram(
        TEXT,
        EXTREME,
        num_features=2,
        min_distance=0.1,
        global_parameters={'lambda <1> & "2" more': 0.25, "\u03bb": 1 / 3},
    )
    force = lp.LearnedPairForce(function)
    for features in FEATURES:
        force.addParticle(features)
    force.setName("program")
    force.setForceGroup(3)
    force.setCutoffDistance(0.9)
    force.setInnerCutoffDistance(0.15)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.6)
    force.setGlobalParameterDefaultValue(1, np.nextafter(0.7, 1))
    force.setScaleParameter("scale", -0.3)
    force.addEnergyParameterDerivative("\u03bb")
    force.addExclusion(0, 2)
    force.addInteractionGroup([0], [2, 3])
    force.lowering_report = {"representation": "program", "features": ["a", "b"]}
    return force


COPIES = {
    "xml": lambda f: lp.LearnedPairForce.cast(XmlSerializer.deserialize(XmlSerializer.serialize(f))),
    "twice": lambda f: COPIES["xml"](COPIES["xml"](f)),
    "deepcopy": copy.deepcopy,
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.many_cases
def test_copies_are_equal_to_the_last_bit(how):
    force = elaborate_force()
    copied = COPIES[how](force)
    assert isinstance(copied, lp.LearnedPairForce)
    for name in (
        "getName",
        "getForceGroup",
        "getNonbondedMethod",
        "getCutoffDistance",
        "getInnerCutoffDistance",
        "getUseSwitchingFunction",
        "getSwitchingDistance",
        "getScaleParameter",
        "getScaleDefaultValue",
        "getNumExclusions",
        "getNumInteractionGroups",
        "getNumEnergyParameterDerivatives",
        "getNumGlobalParameters",
        "getNumFeatures",
        "getNumParticles",
    ):
        assert getattr(force, name)() == getattr(copied, name)(), name
    assert copied.lowering_report == force.lowering_report
    assert copied.getEnergyParameterDerivativeName(0) == "\u03bb"
    for index in range(2):
        assert copied.getGlobalParameterName(index) == force.getGlobalParameterName(index)
        assert copied.getGlobalParameterDefaultValue(index) == force.getGlobalParameterDefaultValue(index)
    function, again = force.getFunction(), copied.getFunction()
    assert again.text == function.text == TEXT
    assert again.weights.tobytes() == EXTREME.tobytes()
    assert again.min_distance == function.min_distance
    assert np.array_equal(copied.getAllParticleFeatures(), force.getAllParticleFeatures(), equal_nan=True)
    assert [features is None for features in FEATURES] == [
        copied.getParticleFeatures(i) is None for i in range(len(FEATURES))
    ]
    for i, features in enumerate(FEATURES):
        if features is not None:
            assert copied.getParticleFeatures(i).tobytes() == np.array(features).tobytes()
    copied.setParticleFeatures(0, None)
    assert force.getParticleFeatures(0) is not None, "a copy must be independent"


@pytest.mark.parametrize("name", ["soft_core", "typed_tanh"])
def test_copied_systems_have_the_same_energy_and_forces(target, name):
    running = Running(name)
    expected = evaluate(REFERENCE.context(running.system, running.cloud.positions))
    for again in (XmlSerializer.deserialize(XmlSerializer.serialize(running.system)), copy.deepcopy(running.system)):
        context = target.context(again, running.cloud.positions)
        target.assert_agrees(*evaluate(context), *expected)
        if target.name == "Reference":
            assert evaluate(context)[0] == expected[0]


def test_xml_of_a_large_network_is_not_much_larger_than_its_weights():
    """64-64-64-1: 11,000 weights of 8 bytes; base64 needs 4/3 of that."""
    running = Running("wide")
    assert len(running.force.getFunction().weights) > 10000
    assert len(XmlSerializer.serialize(running.system)) < 400000


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize("name", ["soft_core", "two_parameters"])
def test_checkpoints_continue_identically(platform, name):
    """Reference continues bit by bit. CPU continues up to rounding errors: it builds a new neighbor list, whose order
    determines the order in which forces are summed.
    """
    running = Running(name)

    def context():
        context = openmm.Context(
            running.system,
            openmm.VerletIntegrator(1e-4),
            openmm.Platform.getPlatform(platform),
            {"Threads": "1"} if platform == "CPU" else {},
        )
        context.setPositions(running.cloud.positions)
        return context

    first = context()
    first.setVelocitiesToTemperature(300, 1)
    first.setParameter("lam", 0.45)
    first.getIntegrator().step(3)
    checkpoint = first.createCheckpoint()
    first.getIntegrator().step(5)
    other = context()
    other.loadCheckpoint(checkpoint)
    assert other.getParameter("lam") == 0.45
    other.getIntegrator().step(5)
    positions = [c.getState(positions=True).getPositions(asNumpy=True)._value for c in (first, other)]
    if platform == "Reference":
        assert (positions[0] == positions[1]).all()
    assert_close(positions[0], positions[1], rtol=0, atol=1e-11)
    assert np.abs(positions[0] - running.cloud.positions).max() > 1e-5


DAMAGES = {
    "weights cut": (
        'weights="',
        lambda text: text.replace('weights="', 'weights="AAAAAAAA8D8=" old="', 1),
        "weights|numbers",
    ),
    "half a weight": (
        'weights="',
        lambda text: text.replace('weights="', 'weights="AAAA', 1),
        "middle of a number|weights",
    ),
    "a character of the weights": (
        'weights="',
        lambda text: text.replace('weights="', 'weights="!', 1),
        "character '!'",
    ),
    "another operation": (
        "= select ",
        lambda text: text.replace("= select ", "= chooses ", 1),
        "v14.*chooses|chooses.*v14",
    ),
    "a step missing": ("v9[2] = mul v1 v2;", lambda text: text.replace("v9[2] = mul v1 v2;", "", 1), "v10|v9"),
    "no end": ("output v16;", lambda text: text.replace("output v16;", "", 1), "output"),
    "a longer value": (
        "v9[2] = mul",
        lambda text: text.replace("v9[2] = mul", "v9[3] = mul", 1),
        "v9.*length|length.*v9",
    ),
    "features missing": (
        'features="',
        lambda text: text.replace(' features="', ' features="AAAAAAAA8D8=" old="', 1),
        "there are 1 features, but the covered particles have 6",
    ),
    "no features": ('features="', lambda text: text.replace(' features="', ' old="', 1), "features"),
    "features that are not numbers": (
        'features="',
        lambda text: text.replace(' features="', ' features="?', 1),
        "character '\\?'",
    ),
    "particles missing": ("<Particles", lambda text: text.replace("<Particles", "<Particle", 1), "Particles"),
    "no types and no features": (
        "<Feature ",
        lambda text: re.sub(r"<Feature [^>]*/>", "", text),
        "0 types and 0 features",
    ),
    "other features": (
        "<Feature ",
        lambda text: text.replace("<Feature ", '<Feature high="1" low="0" name="third"/><Feature ', 1),
        "takes 2 numbers for each particle; expected 3",
    ),
    "a parameter missing": (
        "<GlobalParameter",
        lambda text: (
            text[: text.index("<GlobalParameter")] + text[text.index("/>", text.index("<GlobalParameter")) + 2 :]
        ),
        "takes 2 global parameters, but 1 are named",
    ),
    "no program": ("<PairProgram", lambda text: text.replace("PairProgram", "PairNetwork"), "PairTable|PairProgram"),
    "newer version": (
        'version="5"',
        lambda text: text.replace('useSwitchingFunction="1" version="5"', 'useSwitchingFunction="1" version="7"'),
        "version 7.*version 5",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_xml_is_refused(damage):
    there, change, message = DAMAGES[damage]
    text = XmlSerializer.serialize(elaborate_force())
    assert there in text and change(text) != text
    with pytest.raises(openmm.OpenMMException, match=message):
        XmlSerializer.deserialize(change(text))


def test_truncated_xml_is_refused():
    """OpenMM's parser accepts it as complete; exclusions and interaction groups would be lost without an error."""
    text = XmlSerializer.serialize(elaborate_force())
    for length in range(text.index("<Force") + len("<Force"), text.index("<End"), 7):
        with pytest.raises(openmm.OpenMMException):
            XmlSerializer.deserialize(text[:length])
    with pytest.raises(
        openmm.OpenMMException,
        match="LearnedPairForce: the XML ends in the middle of the force; it was cut off when it was written or copied",
    ):
        XmlSerializer.deserialize(text[: text.index("<InteractionGroup ")])


#: The XML of a force with a table.
TABLE_XML = """<?xml version="1.0" ?>
<Force cutoff=".6" evaluation="1" forceGroup="0" innerCutoff=".2" method="2" name="LearnedPairForce" report=" end"
scaleDefault=".5" scaleParameter="s" switchingDistance=".6" tableTolerance=".0001" type="LearnedPairForce"
useDensityExclusions="1" useLongRangeCorrection="0" useSwitchingFunction="0" version="5">
	<PairTable curveIndices="0 0 0 0" maxDistance=".6" minDistance=".2" numTypes="2">
		<Curve energies="AAAAAAAA8D8AAAAAAADgvwAAAAAAAAAA" knots="3" slopes="AAAAAAAAAMBVVVVVVVXVPwAAAAAAAAAA"/>
	</PairTable>
	<Particles types="0 1 -1"/>
	<EnergyParameterDerivatives>
		<Parameter name="s"/>
	</EnergyParameterDerivatives>
	<Exclusions count="1" pairs="0 1"/>
	<Exceptions count="1" factors="AAAAAAAA4D8=" pairs="0 2"/>
	<InteractionGroups>
		<InteractionGroup set1="0" set2="1 2"/>
	</InteractionGroups>
	<End/>
</Force>
"""


def test_xml_of_a_table():
    force = lp.LearnedPairForce.cast(XmlSerializer.deserialize(TABLE_XML))
    table = force.getFunction()
    assert isinstance(table, lp.PairTable)
    assert_close(table.energies[0], [1.0, -0.5, 0.0])
    assert_close(table.slopes[0], [-2.0, 1 / 3, 0.0])
    assert (force.getParticleTypes() == [0, 1, -1]).all()
    assert force.getNumFeatures() == 0 and force.getNumGlobalParameters() == 0
    assert force.getScaleParameter() == "s" and force.getScaleDefaultValue() == 0.5
    assert force.getExclusionParticles(0) == (0, 1)
