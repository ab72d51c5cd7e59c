# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of fits of expressions: how they are read, known parameters that are found again, errors, and refusals."""

import dataclasses
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import oracle
import pytest
import torch
from comparators import REFERENCE, assert_close
from learnedpair.fit import nonlinear
from learnedpair.fit.distances import Range
from learnedpair.fit.expected_errors import Errors
from learnedpair.fit.expression import read_expression
from learnedpair.fit.module import ExpressionCurves
from learnedpair.fit.nonlinear import Equations
from learnedpair.fit.pair_tensors import PairTensors

DIMERS = Path(__file__).resolve().parents[1] / "examples" / "rare_gases" / "dimers.csv"
VALUES = {"a": 0.7, "lambda": 1.9, "n": 11.5}

# Reading.


@pytest.mark.parametrize(
    "text, names",
    [
        ("a*exp(-lambda*r) - n/r^6", ["a", "lambda", "n"]),
        ("-r^2 + 2^-a^0.5 - -lambda/n/r", ["n", "lambda", "a"]),
        ("a - lambda - n*r - 3 - .5 + 1.5e-1", ["a", "lambda", "n"]),
        ("4*a*(x^2 - x); x = (y/r)^6; y = lambda/n", ["a", "lambda", "n"]),
        ("a*(1 - exp(-lambda*(r - n/20)))^2", ["a", "lambda", "n"]),
        ("a*square(r) + lambda*cube(r) - n*recip(r) + abs(a - r)", ["a", "lambda", "n"]),
        ("sqrt(r)*a + log(r)/n + erfc(lambda*r)/r + erf(a*r)*tanh(n*r)", ["a", "lambda", "n"]),
        ("sin(a*r) + cos(lambda*r)*tan(r/3) + sinh(a*r) - cosh(r)", ["a", "lambda"]),
        ("a*r^n + (r/2)^(1/2 + exp(0))\n+ sqrt(4)/r^cube(2)", ["a", "n"]),
    ],
)
def test_expressions_have_the_energies_and_forces_of_openmm(text, names):
    force, system = openmm.CustomNonbondedForce(text), openmm.System()
    for name in names:
        force.addGlobalParameter(name, VALUES[name])
    for _ in range(2):
        system.addParticle(1.0)
        force.addParticle([])
    system.addForce(force)
    context = REFERENCE.context(system, [[0, 0, 0], [0, 0, 1]])
    values = np.array([[VALUES[name] for name in names]])
    module = ExpressionCurves(text, read_expression(text, names), values, np.array([[0]]))
    r = torch.tensor([0.21, 0.5, 0.9, 1.3], dtype=torch.float64, requires_grad=True)
    for each in (module, torch.jit.script(module)):
        energy = each(r, torch.zeros(4, dtype=torch.int64), torch.zeros(4, dtype=torch.int64))
        (dEdR,) = torch.autograd.grad(energy.sum(), r)
        for k in range(4):
            context.setPositions([[0, 0, 0], [0, 0, r[k].item()]])
            state = context.getState(energy=True, forces=True)
            assert_close(energy[k].item(), state.getPotentialEnergy()._value, rtol=1e-12)
            assert_close(-dEdR[k].item(), state.getForces(asNumpy=True)._value[1, 2], rtol=1e-11)


@pytest.mark.parametrize(
    "text, message",
    [
        ("a*exp(-b*r) - c/r^6", "has the name 'c', which is not known; the known ones are r, a, b"),
        ("a*exp(-r)", "does not depend on b; add it, or leave it out"),
        ("a + b", "does not depend on r; add it"),
        ("a*r + c; d = b", "has the name 'c', which is not known; the known ones are r, a, b, d"),
        ("a*r; x = b", "does not depend on b"),
        ("a*exp(-b*r", r"cannot be read \('\(' was never closed"),
        ("a*b**r", r"has '\*\*'; expected numbers"),
        ("a*b*r # c", "has '#'; expected numbers"),
        ("a*b*r*0x10", "has '0x'; expected numbers"),
        ("a*b*r*1_0", "has '_'; expected numbers"),
        ("a*b*r; x = ((", "cannot be read"),
        ("a b r", "cannot be read"),
        ("a*b*gamma(r)", "has the function 'gamma'; the known ones are exp, log"),
        ("a*b*max(r, 1)", r"has 'max\(r, 1\)'; expected numbers, names"),
        ("a*b*r.real", "has 'r.real'; expected numbers"),
        ("a*b*r if 1 else r", "cannot be read"),
        ("a*b*r*(r>1)", "has 'r > 1'; expected numbers"),
        ("a*b*(r := 2)", r"has '\(r := 2\)'; expected numbers"),
        ("a*b*__import__('os').getpid()*r", "expected numbers, names"),
        ("a*b*r*'x'", "expected numbers, names"),
        ("a*b*r*1j", "expected numbers, names"),
        ("a*b*r + 1/0", "cannot be read"),
        ("a*b*r + log(-1)", "cannot be read"),
        ("a*b*r + (-1)^0.5", "has the constant .*j.; expected finite numbers"),
        ("a*b*r + 1e999", "has the constant inf; expected finite numbers"),
        ("a*b*r + 9^9^9^9^9", "cannot be read"),
        ("a*b*r*x; x = y; y = x", "defines x in terms of itself"),
        ("a*b*r; a = 2", "defines a, which is r, a parameter, or defined twice"),
        ("a*b*x; x = r; x = 2", "defines x, which is r, a parameter, or defined twice"),
        ("a*b*r; x", "has 'x'; expected a definition, name = value"),
        ("a*b*r; 2 = x", "has '2 = x'; expected a definition"),
        ("(" * 500 + "a*b*r" + ")" * 500, "cannot be read"),
        ("a*b*r" + "+r" * 20000, "cannot be read"),
        (" ; ", "expression is ' ; '; expected a text such as"),
        (3, "expression is 3; expected a text such as"),
    ],
)
def test_other_expressions_are_refused(text, message):
    with pytest.raises(lp.ModelError, match=message):
        read_expression(text, ["a", "b"])


# Known parameters.

BUCKINGHAM = "A*exp(-b*r) - C/r^6"
FORMS = {
    BUCKINGHAM: {
        ("X", "X"): {"A": 3e5, "b": 35.0, "C": 6e-3},
        ("X", "Y"): {"A": 1e5, "b": 31.0, "C": 9e-3},
        ("Y", "Y"): {"A": 7e4, "b": 33.0, "C": 1e-3},
    },
    "4*eps*((sigma/r)^12 - (sigma/r)^6)": {
        ("X", "X"): {"sigma": 0.34, "eps": 1.0},
        ("X", "Y"): {"sigma": 0.32, "eps": 0.5},
        ("Y", "Y"): {"sigma": 0.29, "eps": 1.7},
    },
}
START = {BUCKINGHAM: {"A": 2e5, "b": 40.0, "C": 4e-3}, "4*eps*((sigma/r)^12 - (sigma/r)^6)": {"sigma": 0.3, "eps": 1.0}}


def pair_function(form, pair, r):
    """The energy of a pair and its derivative."""
    p = FORMS[form][tuple(sorted(pair))]
    if form == BUCKINGHAM:
        wall = p["A"] * np.exp(-p["b"] * r)
        return wall - p["C"] / r**6, -p["b"] * wall + 6 * p["C"] / r**7
    x = (p["sigma"] / r) ** 6
    return 4 * p["eps"] * (x**2 - x), -24 * p["eps"] * (2 * x**2 - x) / r


def cluster(form, seed, box=None, energy=True, forces=True):
    """Three to five atoms of two types, at least 0.27 nm apart, with the energy and the forces of a form."""
    random = np.random.default_rng(seed)
    count = int(random.integers(3, 6))
    types = tuple(str(each) for each in random.choice(["X", "Y"], count))
    while True:
        positions = (0.8 if box is None else box) * random.random((count, 3))
        i, j, delta = oracle.displacements(positions, None if box is None else box * np.eye(3))
        r = np.linalg.norm(delta, axis=1)
        if r.min() > 0.27 and (box is None or r.min() < 0.8):
            break
    total, total_forces = 0.0, np.zeros((count, 3))
    for first, second, displacement, distance in zip(i, j, delta, r):
        value, slope = pair_function(form, (types[first], types[second]), distance)
        s, dsdr = (1.0, 0.0) if box is None else oracle.switching(distance, 0.7, 0.9)
        if box is not None and distance >= 0.9:
            continue
        total += s * value
        push = (s * slope + dsdr * value) * displacement / distance
        total_forces[first] += push
        total_forces[second] -= push
    return lp.fit.Configuration(
        f"cluster {seed}",
        types,
        positions,
        energy=total if energy else None,
        forces=total_forces if forces else None,
        box=None if box is None else box * np.eye(3),
    )


def data_of(configurations):
    return lp.fit.ReferenceData(configurations, "clusters", "a known function")


def clusters(form, count=40, **options):
    return data_of([cluster(form, seed, **options) for seed in range(count)])


def dimers(r, energies, types=("X", "X")):
    return [
        lp.fit.Configuration(f"dimer {x:.4g}", types, [[0, 0, 0], [0, 0, x]], energy=e) for x, e in zip(r, energies)
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options", [dict(), dict(forces=False), dict(energy=False), dict(box=1.9), dict(box=1.9, energy=False)], ids=str
)
def test_known_parameters_are_found(form, options):
    fit = lp.fit.fit_expression(
        clusters(form, **options), form, START[form], cutoff=0.9, switching_distance=0.7, types=["X", "Y"]
    )
    assert list(fit.pairs) == [("X", "X"), ("X", "Y"), ("Y", "Y")]
    for pair, expected in FORMS[form].items():
        found = fit.pairs[pair].parameters
        assert list(found) == list(START[form])
        for name, value in expected.items():
            assert_close(found[name], value, rtol=1e-6, what=f"{name} of {pair}")
        r = np.linspace(0.25, 1.1, 9)
        energy, slope = fit.pairs[pair].evaluate(r)
        expected = pair_function(form, pair, r)
        assert_close(energy, expected[0], rtol=1e-6, atol=1e-9)
        assert_close(slope, expected[1], rtol=1e-6, atol=1e-9)


def test_derivatives_by_the_parameters_are_differences():
    """Of the rows of energies and forces, with a box and without."""
    for options in (dict(), dict(box=1.9), dict(energy=False)):
        configurations = [*clusters(BUCKINGHAM, 4, **options), *clusters(BUCKINGHAM, 3, forces=False)]
        tensors = PairTensors.of(configurations, ["X", "Y"], Range(0.9, 0.7), Errors((0.1, 0.02), (2.0, 0.01)))
        curve = torch.tensor([[0, 1], [1, 2]])[tensors.types[0], tensors.types[1]]
        equations = Equations(tensors, read_expression(BUCKINGHAM, ["A", "b", "C"]), curve, (3, 3))
        x = np.array([[2e5, 34.0, 5e-3], [1e5, 30.0, 8e-3], [8e4, 32.0, 2e-3]]).ravel()
        found = equations.derivatives(x)
        for k in range(9):
            step = 1e-5 * x[k] * (np.arange(9) == k)
            difference = (equations.errors(x + step) - equations.errors(x - step)) / (2e-5 * x[k])
            assert_close(found[:, k], difference, rtol=1e-6, atol=1e-8 * np.abs(difference).max())


def test_rows_have_the_order_of_the_configurations():
    """Some have an energy, some have forces, some have both: the errors of each are at its place."""
    parts = [clusters(BUCKINGHAM, 3, **options) for options in (dict(), dict(energy=False), dict(forces=False))]
    configurations = [each for group in zip(*parts) for each in group]
    shifted = [
        dataclasses.replace(
            each,
            energy=None if each.energy is None else each.energy + 1e-3 * (k + 1),
            forces=None
            if each.forces is None
            else each.forces + 1e-2 * (k + 1) * np.arange(each.forces.size).reshape(-1, 3),
        )
        for k, each in enumerate(configurations)
    ]
    start = {name: {pair: FORMS[BUCKINGHAM][pair][name] for pair in FORMS[BUCKINGHAM]} for name in ("A", "b", "C")}
    fit = lp.fit.fit_expression(data_of(shifted), BUCKINGHAM, start, cutoff=0.9)
    for fitted, predicted in zip(fit.predictions(), fit.predict(fit.data)):
        assert fitted.configuration is predicted.configuration
        for name in ("energy", "forces"):
            first, second = getattr(fitted, name), getattr(predicted, name)
            assert (first is None) == (second is None) == (getattr(fitted.configuration, name) is None)
            if first is not None:
                assert_close(first, second, rtol=1e-7, atol=1e-9)


# Errors and bounds.


def noisy(count=24, noise=0.02, seed=1):
    r = np.linspace(0.3, 0.8, count)
    value, _ = pair_function(BUCKINGHAM, ("X", "X"), r)
    return dimers(r, value + noise * np.random.default_rng(seed).normal(size=count))


def test_a_linear_expression_has_the_solution_and_the_errors_of_linear_least_squares():
    """With the default expected errors: a thousandth of the depth plus a hundredth of the value."""
    data = data_of(noisy())
    fit = lp.fit.fit_expression(data, "A/r^12 - C/r^6 + D/r^8", {"A": 1e-6, "C": 0.0, "D": 0.0}, cutoff=0.9)
    r, energies = np.array([[each.positions[1, 2], each.energy] for each in data]).T
    expected = 1e-3 * -energies.min() + 1e-2 * np.abs(energies)
    matrix = np.stack([r**-12, -(r**-6), r**-8], axis=1) / expected[:, None]
    solution = np.linalg.lstsq(matrix, energies / expected, rcond=None)[0]
    residuals = matrix @ solution - energies / expected
    covariance = np.linalg.inv(matrix.T @ matrix) * (residuals**2).sum() / (len(r) - 3)
    result = fit.pairs["X", "X"]
    assert_close(list(result.parameters.values()), solution, rtol=1e-6)
    assert_close(list(result.standard_errors.values()), np.sqrt(np.diag(covariance)), rtol=1e-5)
    for k, each in enumerate(fit.predictions()):
        others = np.arange(len(r)) != k
        without = np.linalg.lstsq(matrix[others], (energies / expected)[others], rcond=None)[0]
        assert_close(each.energy, residuals[k] * expected[k], rtol=1e-6, atol=1e-9)
        assert_close(each.energy_left_out, (matrix[k] @ without) * expected[k] - energies[k], rtol=1e-5, atol=1e-8)


def test_leave_one_out_errors_are_nearly_those_of_fits_without_a_configuration():
    data, start = noisy(noise=0.005), FORMS[BUCKINGHAM]["X", "X"]
    fit = lp.fit.fit_expression(data_of(data), BUCKINGHAM, start, cutoff=0.9)
    found, expected = [], []
    for k, each in enumerate(fit.predictions()):
        others = data_of([*data[:k], *data[k + 1 :]])
        inner = fit.model.inner_cutoff  # otherwise the function is a straight line at the shortest distance
        without = lp.fit.fit_expression(others, BUCKINGHAM, start, cutoff=0.9, inner_cutoff=inner)
        found.append(each.energy_left_out)
        expected.append(without.predict(data_of([data[k]]))[0].energy)
    found, expected = np.array(found), np.array(expected)
    differ = np.abs(expected - [each.energy for each in fit.predictions()]).max()
    assert np.abs(found - expected).max() < 0.05 * differ


def test_standard_errors_are_the_scatter_of_repeated_fits():
    start = FORMS[BUCKINGHAM]["X", "X"]
    options = dict(cutoff=0.9, energy_error=(0.01, 0.0))
    fits = [
        lp.fit.fit_expression(data_of(noisy(noise=0.01, seed=seed)), BUCKINGHAM, start, **options)
        for seed in range(400)
    ]
    for name in start:
        values = np.array([fit.pairs["X", "X"].parameters[name] for fit in fits])
        errors = np.array([fit.pairs["X", "X"].standard_errors[name] for fit in fits])
        # The standard deviation of 400 values has a standard error of 3.5 %: 1/sqrt(2 * 400).
        assert_close(np.median(errors), values.std(ddof=1), rtol=0.1)


def test_a_parameter_at_its_bound_is_a_constant():
    """The others, their standard errors and the errors without a configuration are those of a fit with this number."""
    data, start = data_of(noisy()), {"A": 2e5, "b": 33.0, "C": 4e-3}
    bounded = lp.fit.fit_expression(data, BUCKINGHAM, start, cutoff=0.9, bounds={"C": (0, 5e-3), "A": (0, np.inf)})
    fixed = lp.fit.fit_expression(data, "A*exp(-b*r) - 5e-3/r^6", {"A": 2e5, "b": 33.0}, cutoff=0.9)
    first, second = bounded.pairs["X", "X"], fixed.pairs["X", "X"]
    assert first.parameters["C"] == 5e-3 and np.isnan(first.standard_errors["C"])
    for name in ("A", "b"):
        assert_close(first.parameters[name], second.parameters[name], rtol=1e-6)
        assert_close(first.standard_errors[name], second.standard_errors[name], rtol=1e-4)
    for a, b in zip(bounded.predictions(), fixed.predictions()):
        assert_close(a.energy_left_out, b.energy_left_out, rtol=1e-4, atol=1e-7)
    assert "C = 0.005 (at its bound)" in str(bounded)
    assert bounded.model.training["errors_left_out"]["X-X"]["standard_errors"]["C"] is None
    free = lp.fit.fit_expression(data, BUCKINGHAM, start, cutoff=0.9, bounds={"C": (0, 0.1)})
    assert 5e-3 < free.pairs["X", "X"].parameters["C"] < 0.1 and "bound" not in str(free)


def test_starting_values_of_pairs_of_types():
    """Two minima: each pair of types goes to the one that is next to its starting value."""
    r = np.linspace(0.3, 0.8, 20)
    configurations = [
        *dimers(r, 2 * r + 4, ("X", "X")),
        *dimers(r, 2 * r + 4, ("Y", "X")),
    ]
    start = {"a": {("X", "X"): 1.0, ("Y", "X"): -1.0}, "b": 1.0}
    fit = lp.fit.fit_expression(data_of(configurations), "b*r + a^2", start, cutoff=0.9)
    assert_close(fit.pairs["X", "X"].parameters["a"], 2.0, rtol=1e-9)
    assert_close(fit.pairs["Y", "X"].parameters["a"], -2.0, rtol=1e-9)


# The result.


@pytest.fixture(scope="module")
def rare_gases():
    data = lp.fit.read_dimers(DIMERS, length_unit="angstrom", energy_unit="kcal/mol", method="RG10N")
    data = data.select(lambda each: each.positions[1, 2] > 0.28 and set(each.types) <= {"Ar", "Kr"})
    return lp.fit.fit_expression(data, BUCKINGHAM, {"A": 1e5, "b": 30.0, "C": 5e-3}, cutoff=1.2)


def test_a_saved_fit_is_the_function_and_has_its_record(rare_gases, tmp_path):
    held_out = data_of(dimers([0.38, 0.5], [-1.17, -0.3], ("Ar", "Ar")))
    fit = rare_gases.with_held_out(held_out)
    for name in ("fit.pt", "fit.pt2"):
        model = fit.save(tmp_path / name)
        assert model.types == ["Ar", "Kr"] and model.switching_distance == 1.08
        for first, second in ((0, 0), (0, 1), (1, 0), (1, 1)):
            result = fit.pairs[model.types[first], model.types[second]]
            found = model.evaluate([0.35, 0.6], 2 * [first], 2 * [second])
            for part, expected in zip(found, result.evaluate([0.35, 0.6])):
                assert_close(part, expected, rtol=1e-12)
    training = model.training
    assert training["expression"] == BUCKINGHAM == fit.expression
    recorded = training["errors_left_out"]["Ar-Kr"]
    assert recorded["parameters"] == fit.pairs["Ar", "Kr"].parameters
    assert recorded["standard_errors"] == fit.pairs["Ar", "Kr"].standard_errors
    assert 0 < recorded["energy_kJ_per_mol"]["rms"] < 0.1
    r, expected = np.array([0.38, 0.5]), np.array([-1.17, -0.3])
    errors = fit.pairs["Ar", "Ar"].evaluate(r)[0] - expected
    found = training["errors_held_out"]["Ar-Ar"]["energy_kJ_per_mol"]
    assert_close(found["rms"], np.sqrt(np.mean(errors**2)), rtol=1e-9)
    shortest = min(each.positions[1, 2] for each in fit.data if each.types == ("Ar", "Kr"))
    assert model.domain["Ar", "Kr"][0] == shortest
    text = str(fit)
    assert text.isascii() and f"expression in kJ/mol, r in nm: {BUCKINGHAM}\n" in text
    value, error = fit.pairs["Kr", "Kr"].parameters["b"], fit.pairs["Kr", "Kr"].standard_errors["b"]
    assert f"b = {value:.8g} +- {error:.2g}" in text


def test_pairs_of_types_that_no_configuration_connects_are_fitted_one_by_one(rare_gases):
    """The expected errors are those of each pair of types."""
    for pair, result in rare_gases.pairs.items():
        data = rare_gases.data.select(lambda each, pair=pair: sorted(each.types) == sorted(pair))
        alone = lp.fit.fit_expression(data, BUCKINGHAM, {"A": 1e5, "b": 30.0, "C": 5e-3}, cutoff=1.2)
        for name, value in alone.pairs[pair].parameters.items():
            assert_close(result.parameters[name], value, rtol=1e-9)


def test_figures_of_an_expression(rare_gases, tmp_path):
    paths = lp.fit.plot_fit(rare_gases, tmp_path / "report")
    assert [Path(path).name for path in paths] == ["curves.png", "errors.png", "coverage.png", "parity.png"]
    assert all(Path(path).stat().st_size > 10_000 for path in paths)


@pytest.mark.parametrize("representation", ["table", "program"])
def test_the_force_in_openmm_has_the_fitted_energy(representation):
    """Pairs of types without data have no energy."""
    r = np.linspace(0.3, 0.9, 30)
    data = data_of(dimers(r, pair_function(BUCKINGHAM, ("X", "Y"), r)[0], ("X", "Y")))
    fit = lp.fit.fit_expression(data, BUCKINGHAM, START[BUCKINGHAM], cutoff=0.9, truncated=True)
    method = lp.LearnedPairForce.CutoffNonPeriodic
    force = fit.model.create_force(["X", "Y", "X", "Y"], nonbonded_method=method, representation=representation)
    system = openmm.System()
    for _ in range(4):
        system.addParticle(1.0)
    system.addForce(force)
    positions = 0.35 * np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.3]])
    state = REFERENCE.context(system, positions).getState(energy=True)
    expected = 0.0
    for i, j in ((0, 1), (0, 3), (1, 2), (2, 3)):
        distance = np.linalg.norm(positions[i] - positions[j])
        expected += pair_function(BUCKINGHAM, ("X", "Y"), distance)[0]
    assert_close(state.getPotentialEnergy()._value, expected, atol=1e-3)


def test_models_of_different_expressions_have_different_digests():
    r = np.linspace(0.3, 0.9, 30)
    data = data_of(dimers(r, 2 / r))
    first, second = (lp.fit.fit_expression(data, text, {"a": 2.0}, cutoff=0.9) for text in ("a/r", "a*r^-1"))
    assert first.pairs["X", "X"].parameters == second.pairs["X", "X"].parameters
    assert first.model.digest != second.model.digest


# Refusals.

R = np.linspace(0.3, 0.8, 12)
WRONG = [
    (dict(parameters={}), "parameters is {}; expected a dict with the starting value of each parameter"),
    (dict(parameters=[1.0]), r"parameters is \[1.0\]; expected a dict"),
    (dict(parameters={"r": 1.0}), "parameters has the name 'r'; expected letters, digits and underscores, and not r"),
    (dict(parameters={"a b": 1.0}), "parameters has the name 'a b'; expected letters"),
    (dict(parameters={"A": "2", "b": 1.0}), "the starting value of A is '2'; expected a finite number"),
    (dict(parameters={"A": np.nan, "b": 1.0}), "the starting value of A is nan; expected a finite number"),
    (
        dict(parameters={"A": {("X", "Z"): 1.0}, "b": 1.0}),
        r"has A for the pairs \('X', 'Z'\); expected one value for each pair of types of the data: \('X', 'X'\)",
    ),
    (
        dict(parameters={"A": {("X", "X"): 1.0, ("X", "Z"): 1.0}, "b": 1.0}),
        r"has A for the pairs \('X', 'X'\), \('X', 'Z'\); expected one value for each pair of types of the data",
    ),
    (dict(bounds={"C": (0, 1)}), r"bounds is {'C': \(0, 1\)}; expected a dict with some of A, b"),
    (dict(bounds={"A": (1, 0)}), r"bounds has A: \(1, 0\); expected \(lowest, highest\), which may be infinite"),
    (dict(bounds={"A": 5}), "bounds has A: 5; expected"),
    (dict(bounds={"b": (0, 5)}), "the starting value of b is 10; expected one within its bounds, 0 and 5"),
    (dict(expression="A*exp(-b*r) + c"), "has the name 'c', which is not known"),
    (dict(expression="A*exp(-r)"), "does not depend on b; add it, or leave it out"),
    (dict(cutoff=-1), "fit_expression: cutoff is -1; expected a positive number"),
    (dict(types=["Z"]), "fit_expression: the data have the type 'X', and types has"),
    (
        dict(expression="A*log(b*(r - 0.5))"),
        "fit_expression: X-X: the expression or a derivative of it is not finite for X-X at 0.3 nm, with the starting"
        " values A = 1, b = 10; choose other starting values",
    ),
    (dict(expression="A*abs(r - 0.3)^0.5 + b"), "or a derivative of it is not finite for X-X at 0.3 nm"),
    (
        dict(expression="A*b*exp(-10*r)"),
        "X-X: the data do not determine A of X-X and b of X-X: a change of them together changes no error, at A of X-X",
    ),
    (
        dict(parameters={"A": 2.0, "b": 300.0}),
        "the data do not determine A of X-X and b of X-X: a change of them together changes no error, at A of X-X = 2",
    ),
    (
        dict(expression="sqrt(b)/r + A", bounds={"b": (0, 20)}, energies=-1 / R),
        "X-X: the fit came to parameters for which a derivative of the expression is not finite: A of X-X = .*, b of"
        " X-X = 0; choose other starting values, or bounds",
    ),
    (dict(expression="A*exp(-10*r) + 0*b"), "the data do not determine b of X-X: a change of it changes no error"),
    (
        dict(expression="A*exp(-b*r)", bounds={"A": (0, 1.5), "b": (9.5, 11)}, energies=50 * np.exp(-2 * R)),
        "all parameters are at their bounds: A of X-X = 1.5, b of X-X = 9.5; choose wider bounds",
    ),
    (dict(expression="A*exp(-b*r) + 1/(r - 0.851)^4", cutoff=1.0), "ExpressionCurves"),
]


@pytest.mark.parametrize("options, message", WRONG, ids=[message for _, message in WRONG])
def test_wrong_fits_are_refused(options, message):
    options = dict(expression="A*exp(-b*r)", parameters={"A": 1.0, "b": 10.0}, cutoff=0.9) | options
    data = data_of(dimers(R, options.pop("energies", 2 * np.exp(-9 * R))))
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.fit_expression(data, options.pop("expression"), options.pop("parameters"), **options)


def test_fewer_data_than_parameters_are_refused():
    data = data_of(dimers(R[:2], 2 * np.exp(-9 * R[:2])))
    with pytest.raises(lp.ModelError, match="the data do not determine A of X-X and b of X-X and C of X-X"):
        lp.fit.fit_expression(data, "A*exp(-b*r) + C", {"A": 1.0, "b": 10.0, "C": 0.1}, cutoff=0.9)


def test_a_fit_that_does_not_converge_is_refused(monkeypatch):
    monkeypatch.setattr(nonlinear, "MAX_EVALUATIONS", 3)
    with pytest.raises(
        lp.ModelError, match="fit_expression: X-X: the fit has not converged in 3 evaluations, and is now at A of X-X ="
    ):
        lp.fit.fit_expression(data_of(noisy()), BUCKINGHAM, START[BUCKINGHAM], cutoff=0.9)


def test_without_scipy_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match="^fit_expression needs SciPy: pip install scipy$"):
        lp.fit.fit_expression(data_of(noisy()), BUCKINGHAM, START[BUCKINGHAM], cutoff=0.9)
