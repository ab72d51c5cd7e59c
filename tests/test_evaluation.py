# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the evaluation of programs with tables for their distinct particles, and of the choice of the evaluation."""

import copy
import functools
import re
import warnings

import architectures
import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import CPU, CUDA, DOUBLE, OPENCL, PLATFORMS, REFERENCE, SEVERAL_DEVICES, assert_close, evaluate, on
from learnedpair.force.expected_evaluation import describe_evaluation
from openmm import XmlSerializer
from running import Running

WITH_TABLES = PLATFORMS[1:]
#: The Systems of these tests are smaller than twice the cutoff, so that they cannot be periodic.
NON_PERIODIC = lp.LearnedPairForce.CutoffNonPeriodic


def cases(names, values, on_opencl):
    """Run a test for some values on all targets; on OpenCL, whose device code is that of CUDA, for the first values."""
    parameters = [
        pytest.param(target, *(value if isinstance(value, tuple) else (value,)))
        for target in WITH_TABLES
        for value in values[: on_opencl if target == OPENCL else None]
    ]
    return pytest.mark.parametrize(f"target, {names}", parameters, indirect=["target"], ids=str)


class Expression(torch.nn.Module):
    """A function of r, two features and the global parameters lam and mu, times an envelope that ends at 1 nm."""

    def __init__(self, code):
        super().__init__()
        self.code = code

    def forward(self, r, features1, features2, lam=None, mu=None):
        names = dict(r=r, a=features1[:, 0], b=features2[:, 0], lam=lam, mu=mu, torch=torch)
        return eval(self.code, names) * torch.clamp(1 - r**2, min=0) ** 3


def load(code, **global_parameters):
    return lp.load_model(
        Expression(code),
        features={"q": (-2, 2)},
        cutoff=1.0,
        inner_cutoff=0.2,
        global_parameters=global_parameters or None,
    )


def gas(count, distinct, seed=0):
    """Random positions, not closer than 0.1 nm, and features with some distinct values."""
    random = np.random.default_rng(seed)
    positions = []
    while len(positions) < count:
        position = random.uniform(0, 1.6, 3)
        if not positions or np.linalg.norm(np.array(positions) - position, axis=1).min() > 0.1:
            positions.append(position)
    values = np.linspace(-1.5, 1.5, distinct)
    return np.array(positions), values[np.arange(count) % distinct][:, None]


def system_of(force):
    """A System with a copy of the force alone."""
    system = openmm.System()
    for _ in range(force.getNumParticles()):
        system.addParticle(12.0)
    system.addForce(copy.deepcopy(force))
    return system


def in_context(force, target, positions, parameters=()):
    """The force in a System of its own, and a Context."""
    system = system_of(force)
    context = target.context(system, positions)
    for name, value in dict(parameters).items():
        context.setParameter(name, value)
    return lp.LearnedPairForce.cast(system.getForce(0)), context


def info_of(force, context):
    info = force.getKernelInfo(context)
    return {key: info[key] for key in ("evaluation", "exact_because", "num_curves", "num_curves_made")}


def assert_same_derivatives(context, reference, atol=0.0):
    """Require the derivatives by all parameters to agree with those of another Context."""
    found, expected = (
        dict(each.getState(parameterDerivatives=True, energy=True).getEnergyParameterDerivatives())
        for each in (context, reference)
    )
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(found[name], value, rtol=2e-5, atol=atol, what=f"the derivative by {name}")


# Agreement with the program.


@cases("name", ["feature_network", "two_parameters", "soft_core", "screening", "bilinear_gate"], on_opencl=2)
def test_tables_agree_with_the_program(target, name):
    """Energy, forces and derivatives by all parameters, with exclusions, a scale and the inner cutoff."""
    running = Running(name, target, evaluation="table", tolerance=1e-6)
    running.assert_equals_a_new_context("default values")
    info = running.force.getKernelInfo(running.context)
    assert info["evaluation"] == "table" and info["exact_because"] == ""
    assert 0 < info["num_curves"] <= 21 and 0 < info["max_relative_force_error"] <= 1e-6
    assert info["placement"] == {"CPU": "SIMD loop"}.get(target.name, "shared kernel")


@on([CPU, CUDA])
def test_the_force_error_is_within_the_tolerance(target):
    """Two particles at many distances, at the default tolerance."""
    model = load("torch.exp(-8*r)*(3 + a*b) + a*b*torch.sin(20*r)")
    force = model.create_force([[1.2], [-0.7]], nonbonded_method=NON_PERIODIC)
    force, context = in_context(force, target, np.zeros((2, 3)))
    distances = np.random.default_rng(1).uniform(0.2, 1.0, 200)
    _, expected = model.evaluate(distances, np.full((200, 1), 1.2), np.full((200, 1), -0.7))
    for r, dEdR in zip(distances, expected, strict=True):
        context.setPositions([[0, 0, 0], [r, 0, 0]])
        found = evaluate(context)[1][0, 0]
        assert abs(found - dEdR) <= 1.05e-4 * (abs(dEdR) + 1), r
    info = force.getKernelInfo(context)
    assert info["num_curves"] == 1 and 1e-6 < info["max_relative_force_error"] <= 1e-4
    assert info["table_bytes"] % 12 == 0 and 32 * 12 < info["table_bytes"] < 5_000


@on(SEVERAL_DEVICES)
def test_tables_on_several_devices(target):
    model = load("torch.exp(-8*r)*(3 + a*b)")
    positions, features = gas(60, 3)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table", tolerance=1e-6)
    expected = evaluate(in_context(force, REFERENCE, positions)[1])
    force, context = in_context(force, target, positions)
    target.assert_agrees(*evaluate(context), *expected)
    assert force.getKernelInfo(context)["num_devices"] == 2


def test_equal_curves_are_stored_once():
    """The function depends on the product of the features, which is the same for (1, 1) and (-1, -1)."""
    model = load("torch.exp(-8*r)*a*b")
    features = [[1.0], [1.0], [-1.0], [-1.0]]
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table")
    force, context = in_context(force, CPU, gas(4, 1)[0])
    assert info_of(force, context) == {
        "evaluation": "table",
        "exact_because": "",
        "num_curves": 2,
        "num_curves_made": 3,
    }


def test_only_pairs_that_may_interact_get_curves():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    positions, _ = gas(6, 1)
    features = np.linspace(-1, 1, 6)[:, None]
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table")
    force.addInteractionGroup({0, 1}, {2, 3})
    force, context = in_context(force, CPU, positions)
    assert force.getKernelInfo(context)["num_curves"] == 4


# Live changes.


@on(WITH_TABLES)
def test_a_global_parameter_changes_the_tables_without_a_new_context(target):
    model = load("torch.exp(-(6 + lam)*r)*(3 + a*b)", lam=(0.0, 0.0, 2.0))
    positions, features = gas(60, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table", tolerance=1e-6)
    force.addEnergyParameterDerivative("lam")
    reference = in_context(force, REFERENCE, positions)[1]
    force, context = in_context(force, target, positions)
    made = []
    for lam in (0.0, 1.0, 2.0, 0.0, 1.0, 2.0):
        for each in (context, reference):
            each.setParameter("lam", lam)
        target.assert_agrees(*evaluate(context), *evaluate(reference), what=f"lam = {lam}")
        assert_same_derivatives(context, reference)
        made.append(force.getKernelInfo(context)["num_curves_made"])
    assert made == [3, 6, 9, 9, 9, 9]  # the tables of values that were used before are kept


@cases(
    "code, made",
    [
        ("lam*torch.exp(-(6 + mu)*r)*(3 + a*b)", 6),
        ("-lam*torch.exp(-8*r)*(3 + a*b)/(1 + mu)", 3),
        ("(torch.exp(-8*r)*(3 + a*b)) * mu * lam**2", 3),
    ],
    on_opencl=1,
)
def test_a_factor_of_global_parameters_is_not_tabulated(target, code, made):
    """Only the parameter mu of the first function changes its curves."""
    model = load(code, lam=(0.3, 0.0, 1.0), mu=(0.5, 0.0, 1.0))
    positions, features = gas(60, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table", tolerance=1e-6)
    for name in ("mu", "lam"):
        force.addEnergyParameterDerivative(name)
    reference = in_context(force, REFERENCE, positions)[1]
    force, context = in_context(force, target, positions)
    for values in ({"lam": 0.3}, {"lam": 1.0}, {"lam": 0.0}, {"lam": 0.7}, {"mu": 1.0}):
        for each in (context, reference):
            for name, value in values.items():
                each.setParameter(name, value)
        target.assert_agrees(*evaluate(context), *evaluate(reference), what=str(values))
        assert_same_derivatives(context, reference, atol=1e-5)
    assert force.getKernelInfo(context)["num_curves_made"] == made


@on(WITH_TABLES)
def test_new_features_make_new_curves_only(target):
    model = load("torch.exp(-8*r)*(3 + a + b + a*b)")
    positions, features = gas(60, 3)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table", tolerance=1e-6)
    force, context = in_context(force, target, positions)
    assert force.getKernelInfo(context)["num_curves_made"] == 6
    features[features == features.max()] = 0.3
    features[:5] = 0.7
    force.setAllParticleFeatures(features)
    force.updateParametersInContext(context)
    expected = evaluate(in_context(force, REFERENCE, positions)[1])
    target.assert_agrees(*evaluate(context), *expected)
    info = force.getKernelInfo(context)
    assert (info["num_curves"], info["num_curves_made"]) == (10, 13)  # of the 4 values, 2 were there before


def update(force, context):
    force.updateParametersInContext(context)
    evaluate(context)


#: Added to a short function: on GPUs, "auto" runs programs of few operations if their tables have many curves.
LONG = " + 1e-7*(" + " + ".join(f"torch.sin({k}*r)" for k in range(2, 14)) + ")"


@pytest.mark.parametrize("evaluation", ["auto", "table"])
@on(WITH_TABLES)
def test_tables_return_when_they_fit_again(target, evaluation):
    """On GPUs the room for tables is reserved when a Context is created: here for 20 more feature vectors."""
    model = load("torch.exp(-8*r)*(3 + a + b + a*b)" + LONG)
    positions, few = gas(60, 3)
    many = np.linspace(-1, 1, 60)[:, None]
    force = model.create_force(few, nonbonded_method=NON_PERIODIC, evaluation=evaluation, tolerance=1e-6)
    force, context = in_context(force, target, positions)
    evaluate(context)
    for features in (many, few):
        force.setAllParticleFeatures(features)
        fits = features is few or target == CPU
        if evaluation == "table" and not fits:
            with pytest.raises(openmm.OpenMMException, match="need more memory than .*; call reinitialize"):
                update(force, context)
            continue
        update(force, context)
        target.assert_agrees(*evaluate(context), *evaluate(in_context(force, REFERENCE, positions)[1]))
        info = force.getKernelInfo(context)
        assert info["evaluation"] == ("table" if fits else "program")
        assert fits or info["exact_because"].endswith("reserved for them; call reinitialize() on the Context")


def test_tables_that_are_too_large_are_refused_at_once():
    model = load("torch.exp(-8*r)*(3 + a + b + a*b)")
    positions = np.random.default_rng(1).uniform(0, 5, (800, 3))
    features = np.linspace(-1, 1, 800)[:, None]
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table")
    with pytest.raises(openmm.OpenMMException, match="319600 pairs .* need about 274 MiB, and at most 64 MiB"):
        in_context(force, CPU, positions)


def test_results_do_not_depend_on_earlier_values():
    """Checkpoints and replicas can be continued in any Context."""
    model = load("torch.exp(-(6 + lam)*r)*(3 + a*b)", lam=(0.0, 0.0, 2.0))
    positions, features = gas(60, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table")
    contexts = [in_context(force, CPU, positions)[1] for _ in range(2)]
    for lam in (1.7, 0.2, 1.1):
        contexts[0].setParameter("lam", lam)
        evaluate(contexts[0])
    contexts[1].setParameter("lam", 1.1)
    (energy, forces), (other_energy, other_forces) = (evaluate(context) for context in contexts)
    assert abs(energy - other_energy) < 1e-6 * abs(energy)
    assert_close(forces, other_forces, atol=2e-6 * np.abs(forces).max())


# The choice.


@on([REFERENCE, *DOUBLE])
def test_double_precision_is_exact(target):
    model = load("torch.exp(-8*r)*(3 + a*b)")
    positions, features = gas(20, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC)
    force, context = in_context(force, target, positions)
    evaluate(context)
    info = info_of(force, context)
    assert info["evaluation"] == "program" and info["num_curves"] == 0
    assert info["exact_because"] == (
        "the Reference platform evaluates exactly"
        if target == REFERENCE
        else "the platform computes in double precision"
    )


@on(DOUBLE)
def test_tables_in_double_precision_if_they_are_asked_for(target):
    model = load("torch.exp(-8*r)*(3 + a*b)")
    positions, features = gas(20, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation="table", tolerance=1e-9)
    expected = evaluate(in_context(force, REFERENCE, positions)[1])
    force, context = in_context(force, target, positions)
    target.assert_agrees(*evaluate(context), *expected)
    assert force.getKernelInfo(context)["evaluation"] == "table"


def test_too_many_distinct_particles_are_evaluated_exactly():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    positions, features = gas(210, 210)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC)
    force, context = in_context(force, CPU, positions)
    info = info_of(force, context)
    assert info["evaluation"] == "program"
    assert info["exact_because"] == (
        "the particles have 21945 pairs of distinct types or feature vectors, and tables for so many would take too"
        " long to make"
    )


def test_thousands_of_distinct_particles_are_evaluated_exactly():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    features = np.linspace(-1.5, 1.5, 2500)[:, None]
    positions = 2.0 * np.stack(np.meshgrid(*[np.arange(14)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[:2500]
    force, context = in_context(model.create_force(features, nonbonded_method=NON_PERIODIC), CPU, positions)
    assert info_of(force, context)["exact_because"] == (
        "the particles have 2500 distinct types or feature vectors, and tables are possible for at most 2047"
    )


def test_no_cutoff_is_evaluated_exactly():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    positions, features = gas(20, 2)
    force = model.create_force(features, nonbonded_method=lp.LearnedPairForce.NoCutoff)
    force, context = in_context(force, CPU, positions)
    assert info_of(force, context)["exact_because"] == "tables end at the cutoff, and the force has none"
    with pytest.raises(lp.LoweringError, match="tables end at the model's cutoff, and NoCutoff has none"):
        model.create_force(features, nonbonded_method=lp.LearnedPairForce.NoCutoff, evaluation="table")
    force.setEvaluation(force.TableEvaluation)
    with pytest.raises(openmm.OpenMMException, match="cannot be evaluated with tables: tables end at the cutoff"):
        in_context(force, CPU, positions)


KINK = "torch.exp(-8*r)*(3 + a*b)*torch.where(r < 0.517, 1.0, 1.0 - (r - 0.517)*40)"


@on([CPU, CUDA])
def test_a_kink_is_evaluated_exactly(target):
    model = load(KINK)
    positions, features = gas(20, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC)
    expected = evaluate(in_context(force, REFERENCE, positions)[1])
    force, context = in_context(force, target, positions)
    target.assert_agrees(*evaluate(context), *expected)
    because = force.getKernelInfo(context)["exact_because"]
    assert because.startswith("the table for (q = -1.5) and (q = -1.5) does not reach the tolerance 0.0001 with 4097")
    force.setEvaluation(force.TableEvaluation)
    with pytest.raises(
        openmm.OpenMMException,
        match=r"cannot be evaluated with tables: the table for \(q = -1.5\) and .*at 0.51.* nm the force is .* and the"
        " error .*Use automatic or exact evaluation",
    ):
        in_context(force, target, positions)


#: A function that has a kink in r if lam is near 0.3, and is not finite if lam is near 0.7.
BAD_VALUES = (
    "(1 + lam)*torch.exp(-8*r*(1 + lam))*(3 + a*b)"
    "*torch.where((r > 0.517) & (torch.abs(lam - 0.3) < 0.01), 1 - (r - 0.517)*40, 1.0)"
    "/(1 - torch.where((r > 0.3) & (torch.abs(lam - 0.7) < 0.01), 1.0, 0.0))"
)


BAD = {0.3: r"lam = 0.3 does not reach the tolerance", 0.7: r"\(q = -1.5\) at lam = 0.7 at .* is not finite"}


@pytest.mark.parametrize("evaluation", ["auto", "table"])
@pytest.mark.parametrize("bad", BAD)
@on([*WITH_TABLES, SEVERAL_DEVICES[1]])
def test_tables_return_after_a_bad_value(target, bad, evaluation):
    model = load(BAD_VALUES, lam=(0.0, 0.0, 1.0))
    positions, features = gas(60, 2)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, evaluation=evaluation, tolerance=1e-6)
    reference = in_context(force, REFERENCE, positions)[1]
    force, context = in_context(force, target, positions)
    context.setParameter("lam", bad)
    if evaluation == "table":
        with pytest.raises(openmm.OpenMMException, match=BAD[bad]):
            evaluate(context)
    else:
        context.getState(energy=True)
        info = force.getKernelInfo(context)
        assert info["evaluation"] == "program" and re.search(BAD[bad], info["exact_because"])
    for each in (context, reference):
        each.setParameter("lam", 0.2)
    target.assert_agrees(*evaluate(context), *evaluate(reference))
    info = force.getKernelInfo(context)
    assert info["evaluation"] == "table" and info["num_curves_made"] == 6


def steps_with(context, values, name="lam"):
    """Evaluate the energy once for each value of a parameter."""
    for value in values:
        context.setParameter(name, float(value))
        context.getState(energy=True)


TOO_OFTEN = "global parameters, features or weights change too often for tables"


@on(WITH_TABLES)
def test_parameters_that_change_often_are_evaluated_exactly(target):
    """Few particles with many distinct features: tables cost more than exact evaluation."""
    model = load("torch.exp(-(6 + lam)*r)*(3 + a*b)" + LONG, lam=(0.0, 0.0, 2.0))
    positions, features = gas(16, 16)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, tolerance=1e-6)
    reference = in_context(force, REFERENCE, positions)[1]
    force, context = in_context(force, target, positions)

    def require(evaluation, because):
        info = info_of(force, context)
        assert (info["evaluation"], info["exact_because"]) == (evaluation, because)
        reference.setParameter("lam", context.getParameter("lam"))
        target.assert_agrees(*evaluate(context), *evaluate(reference), what=evaluation)

    require("table", "")
    steps_with(context, [0.1, 0.2])
    require("table", "")
    steps_with(context, [0.3, 0.4])
    require("program", TOO_OFTEN)
    steps_with(context, [0.1])  # its tables are kept
    require("table", "")
    steps_with(context, [0.5])
    require("program", TOO_OFTEN)
    steps_with(context, [0.5] * 420)
    require("table", "")
    steps_with(context, [0.6, 0.7, 0.8, 0.9])
    require("program", TOO_OFTEN)
    steps_with(context, [0.1] * 420)
    steps_with(context, [1.1])  # the first change in a long time
    require("table", "")


@on(WITH_TABLES)
def test_features_that_change_often_are_evaluated_exactly(target):
    model = load("torch.exp(-8*r)*(3 + a*b)" + LONG)
    positions, features = gas(16, 16)
    force = model.create_force(features, nonbonded_method=NON_PERIODIC, tolerance=1e-6)
    force, context = in_context(force, target, positions)
    found = []
    for shift in (0.01, 0.02, 0.03, 0.04, 0.05):
        force.setAllParticleFeatures(features + shift)
        force.updateParametersInContext(context)
        target.assert_agrees(*evaluate(context), *evaluate(in_context(force, REFERENCE, positions)[1]))
        found.append(force.getKernelInfo(context)["evaluation"])
    assert found == ["table", "table", "program", "program", "program"]
    assert force.getKernelInfo(context)["exact_because"] == TOO_OFTEN
    for _ in range(400):
        context.getState(energy=True)
    assert force.getKernelInfo(context)["evaluation"] == "table"
    target.assert_agrees(*evaluate(context), *evaluate(in_context(force, REFERENCE, positions)[1]))


def test_parameters_that_change_often_keep_tables_that_are_cheap():
    """Many particles with two distinct features."""
    model = load("torch.exp(-(6 + lam)*r)*(3 + a*b)", lam=(0.0, 0.0, 2.0))
    positions, features = gas(16, 2)
    positions = np.concatenate([positions + [2 * k, 0, 0] for k in range(80)])
    force = model.create_force(np.tile(features, (80, 1)), nonbonded_method=NON_PERIODIC)
    force, context = in_context(force, CPU, positions)
    steps_with(context, np.linspace(0, 1, 40))
    assert info_of(force, context)["evaluation"] == "table"


# What is said before a Context exists.


def test_almost_equal_features_are_reported():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    exact = np.random.default_rng(2).integers(0, 5, (300, 1)) / 5
    noisy = exact + np.random.default_rng(3).uniform(-1e-6, 1e-6, exact.shape)
    message = "have 300 distinct feature vectors, .* at most 199, .*: rounded to 0.001 of .* ranges, 5 are left"
    with pytest.warns(UserWarning, match=message):
        model.create_force(noisy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.create_force(exact)
        model.create_force(noisy, evaluation="exact")
        model.create_force(noisy, evaluation="table")
        model.create_force(noisy, nonbonded_method=lp.LearnedPairForce.NoCutoff)
        model.create_force(noisy[:199])
        model.create_force(np.linspace(-1, 1, 300)[:, None])


def test_the_evaluation_is_described_before_there_is_a_context():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    many = np.linspace(-1, 1, 201)[:, None]
    assert describe_evaluation(model.create_force(many[:200])) == (
        "with tables for 200 distinct feature vectors, up to 19,900 curves, in single and mixed precision, unless"
        " tables take too long to make"
    )
    assert describe_evaluation(model.create_force(many)) == (
        "the program is run for every pair, since 201 distinct feature vectors have 20,100 pairs, more than 20,000"
    )
    assert describe_evaluation(model.create_force(many, evaluation="table")).endswith("single and mixed precision")
    assert describe_evaluation(model.create_force(many, evaluation="exact")).endswith("since the force asks for it")
    no_cutoff = model.create_force(many[:3], nonbonded_method=lp.LearnedPairForce.NoCutoff)
    assert describe_evaluation(no_cutoff).endswith("since tables need a cutoff")
    typed = architectures.load(architectures.by_name("two_parameters"), "module").create_force([0, 1, None])
    assert describe_evaluation(typed).startswith("with tables for 2 distinct types, up to 1 curve, in single")


# The settings of a force.


def test_evaluation_and_tolerance_are_part_of_the_force():
    model = load("torch.exp(-8*r)*(3 + a*b)")
    force = model.create_force([[1.0], [1.0]], nonbonded_method=NON_PERIODIC)
    assert (force.getEvaluation(), force.getTableTolerance()) == (force.AutomaticEvaluation, 1e-4)
    other = model.create_force([[1.0], [1.0]], nonbonded_method=NON_PERIODIC, evaluation="exact", tolerance=1e-3)
    assert (other.getEvaluation(), other.getTableTolerance()) == (other.ExactEvaluation, 1e-3)
    other.setEvaluation(other.TableEvaluation)
    for again in (copy.deepcopy(other), lp.LearnedPairForce.cast(XmlSerializer.clone(other))):
        assert (again.getEvaluation(), again.getTableTolerance()) == (other.TableEvaluation, 1e-3)
        assert isinstance(again.getFunction(), lp.PairProgram) and again.getFunction().text == other.getFunction().text
    assert lp.LearnedPairForce(other.getFunction()).getEvaluation() == other.ExactEvaluation


def test_wrong_settings_are_refused():
    force = architectures.load(architectures.by_name("two_parameters"), "module").create_force([0, 0])
    for wrong, error in [
        (3, ValueError),
        (2**31, ValueError),
        (-1, ValueError),
        ("table", TypeError),
        (True, TypeError),
    ]:
        for name, constant in [("setEvaluation", "AutomaticEvaluation"), ("setNonbondedMethod", "NoCutoff")]:
            with pytest.raises(error, match=f"{name}: got {wrong!r}; expected LearnedPairForce.{constant}, "):
                getattr(force, name)(wrong)
    for tolerance in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(openmm.OpenMMException, match="the tolerance of tables is .*; it must be positive"):
            force.setTableTolerance(tolerance)
    with pytest.raises(lp.LoweringError, match="there is no evaluation 'tables'; expected 'auto', 'exact' or 'table'"):
        load("a*b").create_force([[1.0]], evaluation="tables")
    with pytest.raises(lp.LoweringError, match="there is no evaluation .'table'.; expected 'auto', 'exact' or 'table'"):
        load("a*b").create_force([[1.0]], evaluation=["table"])
    with pytest.raises(lp.LoweringError, match="the tolerance is 10+; expected a positive number"):
        load("a*b").create_force([[1.0]], tolerance=10**400)
    with pytest.raises(lp.LoweringError, match="the tolerance is True; expected a positive number"):
        load("a*b").create_force([[1.0]], tolerance=True)


def test_exact_evaluation_of_types_makes_a_program():
    model = architectures.load(architectures.by_name("both_orders"), "module")
    make = functools.partial(model.create_force, [0, 1, None], nonbonded_method=NON_PERIODIC)
    assert isinstance(make().getFunction(), lp.PairTable)
    assert isinstance(make(evaluation="exact").getFunction(), lp.PairProgram)
    with pytest.raises(lp.LoweringError, match="a table is an interpolation, .*use representation='program'"):
        make(representation="table", evaluation="exact")


@pytest.mark.parametrize("change", [lambda f: f.setEvaluation(f.ExactEvaluation), lambda f: f.setTableTolerance(1e-3)])
def test_updates_cannot_change_the_evaluation(change):
    positions, features = gas(4, 2)
    force = load("torch.exp(-8*r)*(3 + a*b)").create_force(features, nonbonded_method=NON_PERIODIC)
    force, context = in_context(force, CPU, positions)
    change(force)
    with pytest.raises(
        openmm.OpenMMException, match="cannot change the evaluation or the tolerance of tables.*reinitialize"
    ):
        force.updateParametersInContext(context)


# What trying to break tables has found.

SCALED = """v0[1] = distance
v1[1] = particle1
v2[1] = particle2
v3[1] = mul v1 v2
v4[1] = weight
v5[1] = literal {literal}
v6[1] = mul v4 v5
v7[1] = mul v6 v0
v8[1] = exp v7
v9[1] = mul v3 v8
v10[1] = add v9 v8
output v10
"""


def scaled_program(literal, weight):
    return lp.PairProgram(SCALED.format(literal=literal), [weight], num_features=1, min_distance=0.1)


def program_force(program, features):
    force = lp.LearnedPairForce(program)
    force.setNonbondedMethod(NON_PERIODIC)
    force.setCutoffDistance(1.0)
    force.setEvaluation(force.TableEvaluation)
    force.setAllParticleFeatures(features)
    return force


@on(WITH_TABLES)
def test_a_program_with_other_literals_makes_new_tables(target):
    """Its weights are equal; the tables of the first program used to be kept."""
    force, context = in_context(
        program_force(scaled_program(-2.0, 3.0), [[1.0], [0.5]]), target, [[0, 0, 0], [0.4, 0, 0]]
    )
    before = evaluate(context)[0]
    force.setFunction(scaled_program(-4.0, 3.0))
    force.updateParametersInContext(context)
    assert_close(evaluate(context)[0], before * np.exp(-2.4), rtol=1e-5)


def test_a_refused_update_changes_nothing():
    """Curves were filed under the features of the refused update, and returned for these features later."""
    count = 2100  # more distinct particles than interaction classes
    positions = np.column_stack(
        [np.repeat(np.arange(count // 2), 2) * 3.0, np.tile([0, 0.4], count // 2), np.zeros(count)]
    )
    first, refused = np.tile([[1.0], [0.5]], (count // 2, 1)), np.linspace(0.5, 2, count)[:, None]
    force, context = in_context(program_force(scaled_program(-2.0, 3.0), first), CPU, positions)
    before = evaluate(context)[0]
    force.setAllParticleFeatures(refused)
    with pytest.raises(openmm.OpenMMException, match="2100 distinct types or feature vectors"):
        force.updateParametersInContext(context)
    assert evaluate(context)[0] == before
    force.setAllParticleFeatures(np.tile(refused[:2], (count // 2, 1)))
    force.updateParametersInContext(context)
    expected = count // 2 * (refused[0, 0] * refused[1, 0] + 1) * np.exp(-2.4)
    assert_close(evaluate(context)[0], expected, rtol=1e-5)


def test_rounding_errors_of_a_constant_are_no_contradiction():
    """The function is zero up to rounding for equal particles, and its slopes did not agree with its energies."""
    zero = "torch.sin(7*a*r)*torch.cos(7*b*r) + torch.cos(7*a*r)*torch.sin(7*b*r) - torch.sin(7*(a + b)*r)"
    model = load(f"(a - b)**2 * torch.exp(-8*r) + 5*({zero})")
    force = model.create_force([[1.2], [1.2], [-0.7]], nonbonded_method=NON_PERIODIC, evaluation="table")
    positions = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0]]
    found, expected = (evaluate(in_context(force, target, positions)[1]) for target in (CPU, REFERENCE))
    CPU.assert_agrees(*found, *expected)


def test_exponentials_close_to_the_largest_number():
    text = """v0[1] = distance
v1[1] = particle1
v2[1] = particle2
v3[1] = add v1 v2
v4[1] = add v3 v0
v5[1] = literal 708.5
v6[1] = add v4 v5
v7[1] = exp v6
v8[1] = literal 1e-307
v9[1] = mul v7 v8
output v9
"""
    force = program_force(lp.PairProgram(text, [], num_features=1, min_distance=0.1), [[0.0], [0.0]])
    context = in_context(force, CPU, [[0, 0, 0], [0.9, 0, 0]])[1]
    assert_close(evaluate(context)[0], np.exp(709.4 - 307 * np.log(10)), rtol=1e-5)


def test_the_tolerance_holds_for_the_whole_function():
    """A factor that is not tabulated multiplies the error of the tables."""
    model = load("lam * (3 + a*b) * torch.exp(-8*r) * 1e-3", lam=(1000.0, 0.0, 1000.0))
    force = model.create_force([[1.2], [-0.7]], nonbonded_method=NON_PERIODIC)
    context = in_context(force, CPU, np.zeros((2, 3)))[1]
    reference = in_context(force, REFERENCE, np.zeros((2, 3)))[1]
    for r in np.random.default_rng(1).uniform(0.2, 1.0, 200):
        for each in (context, reference):
            each.setPositions([[0, 0, 0], [r, 0, 0]])
        found, expected = (evaluate(each)[1][0, 0] for each in (context, reference))
        assert abs(found - expected) <= 1.05e-4 * (abs(expected) + 1), r


@on(WITH_TABLES)
def test_the_derivative_by_a_parameter_that_is_not_used_is_zero(target):
    """The kernel for GPUs did not compile: there was no table of the derivative, and no coefficient either."""
    program = lp.PairProgram(
        SCALED.format(literal=-2.0), [3.0], num_features=1, min_distance=0.1, global_parameters={"lam": 0.5}
    )
    force = program_force(program, [[1.0], [0.5]])
    force.addEnergyParameterDerivative("lam")
    context = in_context(force, target, [[0, 0, 0], [0.4, 0, 0]])[1]
    state = context.getState(energy=True, parameterDerivatives=True)
    assert_close(state.getPotentialEnergy()._value, 1.5 * np.exp(-2.4), rtol=1e-5)
    assert dict(state.getEnergyParameterDerivatives()) == {"lam": 0.0}


def test_repeated_squares_of_a_factor():
    """lam**(2**30) times a function of r: the time to find the factor used to double with each step."""
    squares = "".join(f"v{k + 1}[1] = mul v{k} v{k}\n" for k in range(11, 41))
    text = SCALED.replace("output v10\n", f"v11[1] = globals\n{squares}v42[1] = mul v10 v41\noutput v42\n")
    lam = 0.5 ** (1 / 2**30)
    program = lp.PairProgram(
        text.format(literal=-2.0), [3.0], num_features=1, min_distance=0.1, global_parameters={"lam": lam}
    )
    context = in_context(program_force(program, [[1.0], [0.5]]), CPU, [[0, 0, 0], [0.4, 0, 0]])[1]
    assert_close(evaluate(context)[0], 0.75 * np.exp(-2.4), rtol=1e-4)
    squared = "".join(f"v{k + 1}[1] = mul v{k} v{k}\n" for k in range(10, 40))
    text = SCALED.replace("output v10\n", f"{squared}output v40\n")
    program = lp.PairProgram(text.format(literal=0.0), [3.0], num_features=1, min_distance=0.1)
    context = in_context(program_force(program, [[0.0], [0.0]]), CPU, [[0, 0, 0], [0.4, 0, 0]])[1]
    assert evaluate(context)[0] == 1


@on(WITH_TABLES)
def test_an_update_may_change_the_factor(target):
    """The output of the first program is not a product, and has no factor; that of the second one is."""
    product = "v11[1] = globals\nv12[1] = mul v11 v10\n"
    programs = [
        lp.PairProgram(
            SCALED.format(literal=-2.0).replace("output v10\n", f"{product}{last}output v{n}\n"),
            [3.0],
            num_features=1,
            min_distance=0.1,
            global_parameters={"lam": (0.5, 0.0, 1.0)},
        )
        for last, n in (("v13[1] = gather v12 {0}\n", 13), ("", 12))
    ]
    force = program_force(programs[0], [[1.0], [0.5]])
    force.setEvaluation(force.AutomaticEvaluation)
    force, context = in_context(force, target, [[0, 0, 0], [0.4, 0, 0]])
    evaluate(context)
    force.setFunction(programs[1])
    force.updateParametersInContext(context)
    for lam in (0.5, 0.25):
        context.setParameter("lam", lam)
        assert_close(evaluate(context)[0], lam * 1.5 * np.exp(-2.4), rtol=1e-5)


SHORT = "torch.exp(-8*r)*(3 + a*b)"


@pytest.mark.parametrize(
    "text, distinct, evaluations", [(SHORT, 5, "program"), (SHORT, 4, "table"), (SHORT + LONG, 5, "table")]
)
@on(WITH_TABLES)
def test_short_programs_with_many_curves_run_on_gpus(target, text, distinct, evaluations):
    positions, features = gas(16, distinct)
    force = load(text).create_force(features, nonbonded_method=NON_PERIODIC)
    described = force.describe_for(system_of(force))
    force, context = in_context(force, target, positions)
    info = force.getKernelInfo(context)
    assert info["evaluation"] == ("table" if target == CPU else evaluations)
    because = re.compile(
        r"the program has only \d+ operations per pair, which take no longer than a lookup in \d+ curves"
    )
    assert described["evaluation"] == "table"
    assert bool(because.fullmatch(described["exact_on_gpus_because"])) == (evaluations == "program")
    assert bool(because.fullmatch(info["exact_because"])) == (info["evaluation"] == "program")


@pytest.mark.parametrize("distinct, updated, evaluation", [(4, 5, "table"), (5, 4, "program")])
@on([target for target in WITH_TABLES if target != CPU])
def test_whether_a_short_program_runs_on_gpus_is_decided_once(target, distinct, updated, evaluation):
    model = load(SHORT)
    positions, features = gas(16, distinct)
    force, context = in_context(model.create_force(features, nonbonded_method=NON_PERIODIC), target, positions)
    evaluate(context)
    because = force.getKernelInfo(context)["exact_because"]
    force.setAllParticleFeatures(gas(16, updated)[1])
    update(force, context)
    info = force.getKernelInfo(context)
    assert (info["evaluation"], info["exact_because"]) == (evaluation, because)
    target.assert_agrees(*evaluate(context), *evaluate(in_context(force, REFERENCE, positions)[1]))
