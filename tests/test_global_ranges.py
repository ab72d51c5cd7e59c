# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that models are checked, compared and tabulated over the ranges of global parameters, which bind a Context."""

import copy
import doctest
import itertools

import learnedpair as lp
import learnedpair.models.metadata.parameters
import numpy as np
import openmm
import pytest
import torch
from comparators import REFERENCE, evaluate
from learnedpair.models.metadata.parameters import GlobalParameter, settings
from openmm import unit

CHARGED = dict(features={"q": (-1, 1)}, cutoff=0.6, inner_cutoff=0.1)


pytestmark = [
    pytest.mark.all_samples,
    # The model has two parameters, and most expressions use only one of them.
    pytest.mark.filterwarnings("ignore:.*the global parameter '(lam|mu)' changes nothing"),
]


class Expression(torch.nn.Module):
    """An expression of r, of the charges a and b, of an envelope and of the global parameters lam and mu."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def forward(self, r, features1, features2, lam, mu):
        names = {
            "r": r,
            "a": features1[:, 0],
            "b": features2[:, 0],
            "lam": lam,
            "mu": mu,
            "envelope": torch.clamp(1 - (r / 0.6) ** 2, min=0) ** 3,
        }
        return eval(self.text, {"torch": torch}, names)


def load(text, lam=0.0, mu=1.0):
    return lp.load_model(Expression(text), **CHARGED, global_parameters={"lam": lam, "mu": mu})


@pytest.mark.parametrize(
    "text, lam, mu, message",
    [
        (
            "lam * torch.exp(-r / 0.3) * (1 + a)",
            0.0,
            1.0,
            r"asymmetric: .*, lam = .*\n.*does not vanish at the cutoff: .*, lam = ",
        ),
        ("lam * mu * (1 + a) * envelope", 0.0, 0.0, "asymmetric: .*, lam = 1, mu = 1 "),
        ("torch.where(lam > 0.5, a, a + b) * envelope", 0.0, 1.0, "asymmetric: .*, lam = 1, "),
        ("torch.where(lam > 0.99, a, a + b) * envelope", (0.0, -1.0, 1.0), 1.0, "asymmetric: .*, lam = 1, "),
        ("(a + b) * envelope + lam * mu", 0.0, 0.0, "does not vanish at the cutoff: .*, lam = 1, mu = 1 "),
        (
            "(a + b) * envelope / (lam - 1)",
            0.0,
            1.0,
            (
                "not finite: .*, lam = 1, .* No range was given, so that lam from 0 to 1, mu from 0 to 1 was assumed;"
                " .* pass global_parameters={'lam': \\(0, low, high\\), 'mu': \\(1, low, high\\)}"
            ),
        ),
        ("torch.exp(400 * lam) * (a + b) * envelope", 0.0, 1.0, "too large: .*, lam = 1, mu = "),
        (
            "lam.detach() * (a + b) * envelope",
            0.0,
            1.0,
            (
                "the derivative with respect to the global parameter 'lam' is not that of the energy: .*, lam = 0, mu ="
                " 1 automatic differentiation gives 0 kJ/mol, and the energy changes by"
            ),
        ),
        (
            "(lam + 0.5 * lam.detach()) * (a + b) * envelope",
            1.0,
            1.0,
            "the derivative with respect to the global parameter 'lam' is not that of the energy",
        ),
        (
            "0 * lam * a * b * envelope",
            0.0,
            1.0,
            (
                "the model is zero for every pair, at every distance from 0.1 to 0.6 nm, and for every value of the"
                " global parameters"
            ),
        ),
        ("torch.where(lam < -1, 1.0, 0.0) * a * b * envelope", 0.0, 1.0, "the model is zero for every pair"),
    ],
)
@pytest.mark.many_cases
def test_errors_at_other_values_than_the_defaults_are_found(text, lam, mu, message):
    with pytest.raises(lp.ModelError, match="(?s)" + message):
        load(text, lam, mu)


@pytest.mark.parametrize(
    "text, lam",
    [
        ("lam * a * b * envelope", 0.0),
        ("torch.where(lam > 0.5, 2 * a * b, a * b * (lam + 1.5)) * envelope", 0.0),  # a branch where dE/dlam jumps
        ("torch.sqrt(lam) * a * b * envelope", 0.5),  # dE/dlam is infinite at an end of the range
        ("a * b * envelope / lam", (0.5, 0.1, 1.0)),
    ],
)
@pytest.mark.many_cases
def test_models_that_are_right_over_the_range_are_accepted(text, lam):
    assert load(text, lam).global_parameters["lam"] == (lam[0] if isinstance(lam, tuple) else lam)


def test_ranges_are_assumed_if_not_given():
    assert doctest.testmod(learnedpair.models.metadata.parameters).failed == 0
    model = lp.load_model(
        Expression("lam * mu * a * b * envelope"), **CHARGED, global_parameters={"lam": 1.0, "mu": 300 * unit.kelvin}
    )
    assert model.global_parameters == {"lam": 1.0, "mu": 300.0} and model.global_parameter_ranges == {
        "lam": (0.0, 1.0),
        "mu": (150.0, 600.0),
    }
    given = lp.load_model(
        Expression("lam * mu * a * b * envelope"),
        **CHARGED,
        global_parameters={"lam": (1, -1, 2), "mu": (300 * unit.kelvin, 280, 400)},
    )
    assert given.global_parameter_ranges == {"lam": (-1.0, 2.0), "mu": (280.0, 400.0)}
    assert "lam = 1 (-1 to 2); mu = 300 (280 to 400)" in str(given) and "lam = 1 (0 to 1, assumed)" in str(model)


@pytest.mark.parametrize(
    "given, message",
    [
        (
            (0.5, 0.0),
            r"has the entry 'lam': \(0.5, 0.0\); expected a name and its default value, or \(default, low, high\)",
        ),
        (
            (0.5, 1.0, 0.0),
            (
                r"the global parameter 'lam' is \(0.5, 1.0, 0.0\); expected \(default, low, high\) with low < high and"
                r" the default between them"
            ),
        ),
        ((2.0, 0.0, 1.0), "the default between them"),
        ((0.0, 0.0, 0.0), "with low < high"),
        ((0.0, 0.0, float("inf")), "finite numbers"),
        ("01x", "expected a name and its default value"),
    ],
)
def test_wrong_ranges_are_refused(given, message):
    with pytest.raises(lp.ModelError, match=message):
        load("lam * a * b * envelope", given)


@pytest.mark.parametrize("count", range(7))
def test_settings_are_the_defaults_all_ends_and_levels_between_them(count):
    parameters = {f"g{k}": GlobalParameter(0.3 + k, k, k + 1) for k in range(count)}
    found = settings(parameters)
    assert found[0] == {name: parameter.default for name, parameter in parameters.items()} and found == settings(
        parameters
    )
    points = {tuple(values.values()) for values in found}
    assert len(points) == len(found) <= 20
    for name, parameter in parameters.items():
        assert {values[name] for values in found} >= set(np.linspace(parameter.low, parameter.high, 9))
    ends = [(p.low, p.high) for p in parameters.values()]
    assert points >= set(itertools.product(*ends) if count <= 3 else zip(*ends))


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.network = lp.nn.FeaturePairNetwork(2, 0.6, hidden=(8, 8), num_basis=8, inner=0.17, energy_scale=30.0)

    def forward(self, r, features1, features2, lam):
        return lam * self.network(r, features1, features2)


@pytest.mark.slow
def test_tolerance_of_a_table_does_not_depend_on_the_default():
    """With the default 0, at which the energy is zero, every table used to be accepted."""
    rows = np.random.default_rng(0).uniform([-1, 0.5], [1, 2], (6, 2))
    first, second = np.triu_indices(6)
    r = np.tile(np.linspace(0.17, 0.6, 1009), len(first))
    particles = np.repeat(rows[first], 1009, axis=0), np.repeat(rows[second], 1009, axis=0)
    knots = []
    for default in (0.0, 0.25, 1.0):
        model = lp.load_model(
            Network(),
            features={"q": (-1, 1), "w": (0.5, 2)},
            cutoff=0.6,
            inner_cutoff=0.17,
            global_parameters={"lam": default},
        )
        force = model.create_force(rows, tolerance=1e-4, evaluation="exact")
        knots.append(force.lowering_report["radial_knots"])
        _, dEdR = model.evaluate(r, *particles, lam=1.0)
        error = np.abs(force.getFunction().evaluate(r, *particles, lam=1.0)[1] - dEdR) / (np.abs(dEdR) + 1)
        assert error.max() <= 1e-4
        assert force.lowering_report["max_relative_force_error"] > 0.2 * error.max(), (
            "the report must be about the whole range"
        )
        assert force.lowering_report["global_parameter_ranges"] == {"lam": [0.0, 1.0]}
    assert max(knots) < 1.2 * min(knots) and min(knots) > 60


def coupled_system(lam=(0.0, 0.0, 1.0)):
    """Twenty charged particles whose interaction is proportional to lam."""
    model = lp.load_model(
        Expression("lam * mu * a * b * envelope"), **CHARGED, global_parameters={"lam": lam, "mu": 2.0}
    )
    system = openmm.System()
    for _ in range(20):
        system.addParticle(12.0)
    system.setDefaultPeriodicBoxVectors((1.3, 0, 0), (0, 1.3, 0), (0, 0, 1.3))
    system.addForce(model.create_force([[(-1) ** k * 0.7] for k in range(20)]))
    return system, np.random.default_rng(1).uniform(0, 1.3, (20, 3))


def test_values_outside_the_range_are_refused_in_a_context(target):
    system, positions = coupled_system()
    context, reference = target.context(system, positions), REFERENCE.context(system, positions)
    for value in (0.0, 0.3, 1.0, 1 + 1e-9):
        for each in (context, reference):
            each.setParameter("lam", value)
        target.assert_agrees(*evaluate(context), *evaluate(reference))
    for value in (-0.01, 1.01):
        context.setParameter("lam", value)
        with pytest.raises(
            openmm.OpenMMException,
            match=(
                rf"the global parameter 'lam' is {value} in this Context, and the function was checked for values from"
                r" 0 to 1; stay in that range, or make the force from a model with a wider one"
            ),
        ):
            evaluate(context)
    context.setParameter("lam", 0.5)
    reference.setParameter("lam", 0.5)
    target.assert_agrees(*evaluate(context), *evaluate(reference))


def test_range_of_a_force_can_be_set(target):
    system, positions = coupled_system()
    force = lp.LearnedPairForce.cast(system.getForce(0))
    assert force.getGlobalParameterRange(0) == (0.0, 1.0) and force.getGlobalParameterRange(1) == (1.0, 4.0)
    context = target.context(system, positions)
    context.setParameter("lam", 1.5)
    force.setGlobalParameterRange(0, -2, 2 * unit.dimensionless)
    with pytest.raises(openmm.OpenMMException, match="for values from 0 to 1"):
        evaluate(context)
    force.updateParametersInContext(context)
    reference = REFERENCE.context(system, positions)
    reference.setParameter("lam", 1.5)
    target.assert_agrees(*evaluate(context), *evaluate(reference))
    force.setGlobalParameterRange(0, 0.5, 1)
    with pytest.raises(
        openmm.OpenMMException,
        match='global parameter "lam" has the default value 0 and the range 0.5 to 1; the default must be in the range',
    ):
        target.context(system, positions)
    with pytest.raises(openmm.OpenMMException, match="global parameter index 2 is out of range"):
        force.setGlobalParameterRange(2, 0, 1)


def test_copies_of_a_force_have_its_ranges():
    system, _ = coupled_system((0.0, -0.1, 1.25))
    again = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(system))
    third = copy.deepcopy(system)
    forces = [lp.LearnedPairForce.cast(each.getForce(0)) for each in (system, again, third)]
    assert [force.getGlobalParameterRange(0) for force in forces] == [(-0.1, 1.25)] * 3
    assert forces[1].getFunction().global_parameter_ranges == {"lam": (-0.1, 1.25), "mu": (1.0, 4.0)}


def test_programs_have_no_range_unless_one_is_given():
    text = "v0[1] = distance\nv1[1] = globals\nv2[1] = mul v0 v1\noutput v2"
    assert lp.PairProgram(text, [], num_types=1, global_parameters={"g": 1.0}).global_parameter_ranges == {
        "g": (-np.inf, np.inf)
    }
    function = lp.PairProgram(text, [], num_types=1, global_parameters={"g": (1.0, 0.5, 2.0)})
    assert function.global_parameters == {"g": 1.0} and function.global_parameter_ranges == {"g": (0.5, 2.0)}
    with pytest.raises(
        openmm.OpenMMException,
        match=(
            'the global parameter "g" has the default value 3 and the range 0.5 to 2; the default must be in the range'
        ),
    ):
        lp.PairProgram(text, [], num_types=1, global_parameters={"g": (3.0, 0.5, 2.0)})
    with pytest.raises(
        openmm.OpenMMException, match='the global parameter "g" has 2 numbers; expected its default value, or'
    ):
        lp.PairProgram(text, [], num_types=1, global_parameters={"g": (1.0, 0.5)})
