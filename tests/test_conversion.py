# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that a converted CustomNonbondedForce computes what OpenMM computes for the original."""

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import CPU, CUDA, DOUBLE, MIXED, OPENCL, REFERENCE, assert_close, observe, on
from expressions import (
    ATOMS,
    COUNT,
    CUTOFF,
    LENNARD_JONES,
    SOFT_CORE,
    assert_same_on_reference,
    exactly,
    in_context,
    make_force,
    result,
)
from openmm import XmlSerializer, unit

OPENCL_DOUBLE, CUDA_DOUBLE = DOUBLE


def assert_converted(force, what="", parameters=(), **size):
    """Require the converted force to equal the original on the Reference platform. Returns it."""
    expected = result(force, parameters=parameters, **size)
    converted = lp.from_custom_nonbonded(force)
    assert_same_on_reference(result(converted, parameters=parameters, **size), expected, what)
    return converted


# The functions of Lepton.

#: Each function, with arguments in its domain for r from 0.34 to 0.7 nm, on both sides of its kinks and steps.
FUNCTIONS = {
    "sqrt": "sqrt(r)",
    "exp": "exp(-3*r)",
    "log": "log(r)",
    "sin": "sin(9*r)",
    "cos": "cos(9*r)",
    "sec": "sec(r)",
    "csc": "csc(r)",
    "tan": "tan(2*r)",
    "cot": "cot(2*r)",
    "asin": "asin(2*r-1)",
    "acos": "acos(2*r-1)",
    "atan": "atan(5*r-2.5)",
    "atan2": "atan2(r-0.5,0.4-r)",
    "sinh": "sinh(2*r-1)",
    "cosh": "cosh(2*r-1)",
    "tanh": "tanh(4*r-2)",
    "erf": "erf(3*r-1.5)",
    "erfc": "erfc(3*r-1.5)",
    "step": "r*step(r-0.5)",
    "delta": "r+delta(r)+delta(0)",
    "square": "square(r)",
    "cube": "cube(r)",
    "recip": "recip(r)",
    "min": "min(r,0.5)",
    "max": "max(r^2,0.25)",
    "abs": "abs(r-0.5)",
    "floor": "r*floor(4*r)",
    "ceil": "r*ceil(4*r)",
    "select": "select(step(r-0.5),r^2,2*r)",
    "integer powers": "r^3 + r^-2 + (-r)^5 + r^0 + r^1",
    "large power": "(2*r)^70",
    "real powers": "r^2.5 + r^-0.5 + r^0.5",
    "power of a constant": "2^r",
    "power of functions": "(1+r)^(3*r)",
    "power with a parameter": "r^n",
    "signs": "-r - -3*r + (1-r)/-2",
    "definitions": "a*b; b=a+1; a=r^2",
    "numbers": "1.5e-1*r + 2E2*r^2 + .5",
    "no distance": "n",
    "zero": "0*r",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_expressions(name):
    assert_converted(make_force(FUNCTIONS[name], parameters={"n": 2.3}))


#: Arguments at the ends of domains, jumps and kinks; and large and small numbers. n is 2, and q is 0, 1 or -2.
EDGES = [
    "select(step(r-1), sqrt(r-1), r)",
    "r*sqrt(1-step(r-0.5))",
    "(r-0.5)^n",
    "(q1-q2)^(2+0*n)*r",
    "sqrt(abs(q1*q2))*r",
    "abs(q1*q2)^1.5*r^2",
    "(q1*q2)^0*r",
    "q1^n*q2^n+r",
    "(q1+q2)^3*r",
    "min(q1,q2)*max(q1,q2)*r",
    "select(q1*q2,r,r^2)",
    "delta(q1)*delta(q2)*r",
    "delta(q1-q2)*r",
    "step(q1*q2)*r + step(0)*r + step(-r)",
    "floor(q1+q2+0.5)*r + ceil(q1+q2)*r",
    "atan2(q1*q2,0)*r + atan2(0,r)",
    "asin(q1*q2/4)*r + acos(-1)*r + asin(1)*r",
    "exp(-2000*r)+r",
    "1e300*exp(-900*r)+r",
    "tanh(400*r)+erfc(20*r)+r",
    "cosh(30*r)",
    "r^-12-r^-6 + (r^2)^-3",
    "(-r)^2 - -r^2 + 2^3^r",
    "r^64+r^65+r^(1/3)+r^(-1/2)",
    "max(r-0.5,0)^2+min(0.5,r)^3",
]


@pytest.mark.parametrize("expression", EDGES)
def test_functions_at_the_ends_of_their_domains(expression):
    assert_converted(make_force(expression, {"q": [0.0, 1.0, -2.0]}, {"n": 2.0}))


ALL_FUNCTIONS = "+".join(f"({FUNCTIONS[name]})" for name in FUNCTIONS if name not in ("definitions", "large power"))


def test_functions_of_one_particle():
    """All functions in a computed value, where they are steps of the particle."""
    computed = {"x": f"{ALL_FUNCTIONS}; r=p"}
    force = make_force("x1*x2*exp(-3*r)", {"p": [0.36, 0.44, 0.61]}, {"n": 1.7}, computed=computed)
    assert_converted(force)


@on([CPU, OPENCL, CUDA_DOUBLE])
def test_all_functions_on_all_platforms(target):
    """Exactly: a curve with so many kinks has no table."""
    force = make_force(ALL_FUNCTIONS, parameters={"n": 2.3}, derivatives=["n"])
    expected = result(force)
    converted = exactly(lp.from_custom_nonbonded(force))
    found = result(converted, target)
    target.assert_agrees(*found[:2], *expected[:2])
    assert_close(found[2]["n"], expected[2]["n"], rtol=target.energy_tolerance)


# Tabulated functions.


def grid(*axes):
    """The values of a smooth function, with the first argument changing fastest."""
    arguments = np.meshgrid(*axes, indexing="ij")
    value = sum(np.exp(-x) * np.cos(3 * x + k) for k, x in enumerate(arguments)) + np.prod(arguments, axis=0)
    return value.ravel(order="F")


def repeated(*axes):
    """The values of a function whose values at both ends of each axis are equal."""
    turns = [2 * np.pi * (axis - axis[0]) / (axis[-1] - axis[0]) for axis in axes]
    arguments = np.meshgrid(*turns, indexing="ij")
    value = sum(np.sin(x + k) for k, x in enumerate(arguments)) * np.cos(arguments[0])
    for d in range(value.ndim):  # equal to the last digit
        np.moveaxis(value, d, 0)[-1] = np.moveaxis(value, d, 0)[0]
    return value.ravel(order="F")


X, Y, Z = np.linspace(0.2, 0.6, 9), np.linspace(0.5, 1.5, 7), np.linspace(0.1, 0.9, 6)
NARROW = np.linspace(0.4, 0.55, 8)
TABULATED = {
    "1": (lambda: openmm.Continuous1DFunction(grid(X), 0.2, 0.6), "q1*q2*f(r)"),
    "1, inside": (lambda: openmm.Continuous1DFunction(grid(NARROW), 0.4, 0.55), "q1*q2*f(r)"),
    "1, periodic": (lambda: openmm.Continuous1DFunction(repeated(NARROW), 0.4, 0.55, True), "q1*q2*f(r)"),
    "2": (lambda: openmm.Continuous2DFunction(9, 7, grid(X, Y), 0.2, 0.6, 0.5, 1.5), "f(r,q1+q2)"),
    "2, periodic": (
        lambda: openmm.Continuous2DFunction(8, 7, repeated(NARROW, Y), 0.4, 0.55, 0.5, 1.5, True),
        "f(r,q1+q2)",
    ),
    "3": (
        lambda: openmm.Continuous3DFunction(9, 7, 6, grid(X, Y, Z), 0.2, 0.6, 0.5, 1.5, 0.1, 0.9),
        "f(r,q1+q2,q1*q2)",
    ),
    "3, periodic": (
        lambda: openmm.Continuous3DFunction(8, 7, 6, repeated(NARROW, Y, Z), 0.4, 0.55, 0.5, 1.5, 0.1, 0.9, True),
        "f(r,q1+q2,q1*q2)",
    ),
    "discrete 1": (lambda: openmm.Discrete1DFunction([3.0, -1.0, 2.0]), "f(t1)*f(t2)*exp(-r)"),
    "discrete 1 of the distance": (lambda: openmm.Discrete1DFunction([3.0, -1.0, 2.0, 1.0, 4.0]), "r*f(5*r)"),
    "discrete 2": (
        lambda: openmm.Discrete2DFunction(3, 3, [1, 2, 3, 2, 4, 5, 3, 5, 6]),
        "f(t1,t2)*exp(-r)",
    ),
    "discrete 2, not square": (
        lambda: openmm.Discrete2DFunction(3, 5, np.arange(15.0) ** 2),
        "f(floor(abs(t1-t2)),t1+t2)*exp(-r)",
    ),
    "discrete 3": (
        lambda: openmm.Discrete3DFunction(2, 3, 5, np.arange(30.0) ** 1.5),
        "f(step(r-0.5),abs(t1-t2),t1+t2)*r",
    ),
}
PARTICLES = {"q": [0.3, 0.7, 0.55], "t": [0, 2, 1]}


@pytest.mark.parametrize("name", TABULATED)
def test_tabulated_functions(name):
    """Inside and outside of the ranges, which begin and end between 0.34 and 0.7 nm, or between values of q1+q2."""
    make_function, expression = TABULATED[name]
    assert_converted(make_force(expression, PARTICLES, functions={"f": make_function()}))


@pytest.mark.parametrize(
    "target, name",
    [(CPU, name) for name in TABULATED]
    + [(OPENCL, "1, inside"), (OPENCL_DOUBLE, "3"), (CUDA, "3, periodic"), (CUDA_DOUBLE, "discrete 1 of the distance")],
    indirect=["target"],
    ids=str,
)
def test_tabulated_functions_on_all_platforms(target, name):
    make_function, expression = TABULATED[name]
    force = make_force(expression, PARTICLES, functions={"f": make_function()})
    expected = result(force)
    target.assert_agrees(*result(exactly(lp.from_custom_nonbonded(force)), target)[:2], *expected[:2])


@pytest.mark.parametrize("expression", ["q1*q2*f(r*(1+lam))+f(r)", "f(sqrt(r^2+lam))*f(r)*q1*q2", "f(lam+0*q1)*r"])
@pytest.mark.parametrize("periodic", [False, True])
@on([REFERENCE, CPU, OPENCL, CUDA_DOUBLE])
def test_derivatives_of_tabulated_functions_of_global_parameters(target, periodic, expression):
    """dE/dlam contains the slope of the spline, and the forces of its program the second derivative."""
    values = repeated(NARROW) if periodic else grid(NARROW)
    functions = {"f": openmm.Continuous1DFunction(values, 0.4, 0.55, periodic)}
    force = make_force(expression, PARTICLES, {"lam": 0.1}, functions=functions, derivatives=["lam"])
    expected = result(force)
    assert expected[2]["lam"] != 0 or "0*q1" in expression
    found = result(exactly(lp.from_custom_nonbonded(force)), target)
    target.assert_agrees(*found[:2], *expected[:2])
    assert_close(found[2]["lam"], expected[2]["lam"], rtol=20 * target.energy_tolerance, atol=1e-6)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("k", range(5))
def test_values_at_the_knots(k, periodic):
    values = [2.0, -1.0, 0.5, 4.0, 2.0]
    knots = np.linspace(0.25, 0.5, 5)
    force = make_force("f(r)", functions={"f": openmm.Continuous1DFunction(values, 0.25, 0.5, periodic)}, count=2)
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    _, context = in_context(lp.from_custom_nonbonded(force, inner_cutoff=0.2), count=2)
    context.setPositions([[0, 0, 0], [knots[k], 0, 0]])
    assert_close(observe(context)[0], values[k], atol=1e-14)


# Names and definitions.

NAMES = {
    "per-particle parameters hide global parameters": ("q1*q2*g*exp(-r)", {"q": [1, 2, 3]}, {"q1": 7.0, "g": 2.0}, {}),
    "computed values hide global parameters": (
        "q1*q2*g1*g2*exp(-r)",
        {"q": [1, 2, 3]},
        {"g1": 5.0},
        {"g": "q+0.5"},
    ),
    "a definition hides the distance": ("q1*q2*r^2; r=5", {"q": [1, 2, 3]}, {}, {}),
    "a definition of the distance with itself": ("q1*q2*x^2; x=r+1", {"q": [1, 2, 3]}, {}, {}),
    "digits in names": ("q11*q12 + q21*q22*r", {"q1": [1, 2, 3], "q2": [5, 4, 3]}, {}, {}),
    "unused parameters": ("exp(-r)", {"q": [1, 2, 3]}, {"g": 3.0}, {"c": "q^2"}),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_mean_what_they_mean_in_openmm(name):
    expression, particles, parameters, computed = NAMES[name]
    assert_converted(make_force(expression, particles, parameters, computed=computed))


def test_computed_values_with_parameter_derivatives():
    """OpenMM refuses derivatives by parameters that a computed value reads; here they are right."""
    arguments = ("p1*p2*exp(-2*r)*h", {"c": [0.4, 0.5, 0.7]}, {"g": 2.0, "h": 0.5})
    force = make_force(*arguments, computed={"p": "c*g+c^2"}, derivatives=["g", "h"])
    converted = lp.from_custom_nonbonded(force)
    energy, forces, derivatives = result(converted)
    without = make_force(*arguments, computed={"p": "c*g+c^2"})
    assert_same_on_reference((energy, forces, {}), result(without))
    # The energy is a polynomial of second degree in g: a central difference is exact.
    high, low = (result(without, parameters={"g": g})[0] for g in (2.5, 1.5))
    assert_close([derivatives["g"], derivatives["h"]], [high - low, energy / 0.5], rtol=1e-12)


# Settings.


def test_settings_are_kept():
    force = make_force(LENNARD_JONES, ATOMS)
    force.setName("Argon and others")
    force.setForceGroup(7)
    force.setCutoffDistance(0.65)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.6)
    force.addExclusion(3, 1)
    force.addInteractionGroup([0, 1], [2, 3])
    converted = lp.from_custom_nonbonded(force)
    assert (converted.getName(), converted.getForceGroup()) == ("Argon and others", 7)
    assert converted.getNonbondedMethod() == converted.CutoffPeriodic
    assert converted.getCutoffDistance() == 0.65 * unit.nanometer
    assert converted.getUseSwitchingFunction() and converted.getSwitchingDistance() == 0.6 * unit.nanometer
    assert converted.getNumExclusions() == 1 and set(converted.getExclusionParticles(0)) == {1, 3}
    assert converted.getInteractionGroupParameters(0) == ({0, 1}, {2, 3})
    assert not converted.getUseLongRangeCorrection() and converted.getTableTolerance() == 1e-4
    assert converted.getEvaluation() == converted.AutomaticEvaluation
    assert_close(converted.getParticleFeatures(4), [0.25, 0.3])
    report = converted.lowering_report
    assert report["expression"] == LENNARD_JONES and report["features"] == ["sigma", "epsilon"]
    assert force.getNumExclusions() == 1 and force.getName() == "Argon and others"  # unchanged


def with_settings(periodic=True, switching=None, exclusions=(), groups=()):
    force = make_force(LENNARD_JONES, ATOMS, groups=groups)
    force.setNonbondedMethod(force.CutoffPeriodic if periodic else force.CutoffNonPeriodic)
    if switching is not None:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(switching)
    for pair in exclusions:
        force.addExclusion(*pair)
    return force


LEFT, MIDDLE, RIGHT = range(0, 12), range(8, 20), range(16, COUNT)
SETTINGS = {
    "periodic": {},
    "nonperiodic": {"periodic": False},
    "switching": {"switching": 0.5},
    "exclusions": {"exclusions": [(0, 1), (5, 2), (0, 9)], "switching": 0.4, "periodic": False},
    "two groups": {"groups": [(LEFT, RIGHT)]},
    "overlapping groups": {"groups": [(LEFT, MIDDLE)]},
    "a group with itself": {"groups": [(LEFT, LEFT)]},
    "all with all": {"groups": [(range(COUNT), range(COUNT))]},
    "both orders": {"groups": [(LEFT, RIGHT), (RIGHT, LEFT)]},
    "the same group twice": {"groups": [(LEFT, MIDDLE), (LEFT, MIDDLE)]},
    "three groups": {"groups": [(LEFT, MIDDLE), (MIDDLE, MIDDLE), (range(COUNT), RIGHT)], "exclusions": [(10, 11)]},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    """A pair counts once for each interaction group that it belongs to."""
    assert_converted(with_settings(**SETTINGS[name]))


def with_tables(force):
    """Converted, and evaluated with tables on all platforms: GPUs would run so short a program."""
    converted = lp.from_custom_nonbonded(force, tolerance=1e-6)
    converted.setEvaluation(converted.TableEvaluation)
    return converted


@on([CPU, OPENCL, CUDA])
def test_pairs_in_several_groups_on_all_platforms(target):
    force = with_settings(**SETTINGS["three groups"])
    inside, context = in_context(with_tables(force), target)
    target.assert_agrees(*observe(context)[:2], *result(force)[:2])
    assert inside.getKernelInfo(context)["evaluation"] == "table"


@pytest.mark.parametrize("lam", [0.0, 0.3, 1.0])
def test_changed_global_parameters(lam):
    force = make_force(SOFT_CORE, ATOMS, {"lam": 0.5}, derivatives=["lam"])
    assert_converted(force, parameters={"lam": lam})


@pytest.mark.parametrize("groups", [(), [(range(COUNT), range(5)), (range(5), range(COUNT))]])
def test_no_parameters(groups):
    converted = assert_converted(make_force("exp(-5*r)", groups=groups))
    assert converted.getNumFeatures() == (1 if groups else 0)


# Evaluation with tables.

LIQUIDS = {
    "Lennard-Jones": lambda: make_force(LENNARD_JONES, ATOMS),
    "soft core": lambda: make_force(SOFT_CORE, ATOMS, {"lam": 1.0}, derivatives=["lam"]),
    "screened charges": lambda: make_force("138.9*q1*q2*exp(-r/d)/r", {"q": [1, -1]}, {"d": 0.4}, derivatives=["d"]),
}


@pytest.mark.parametrize(
    "target, name",
    [
        *[(CPU, name) for name in LIQUIDS],
        (OPENCL, "soft core"),
        (CUDA, "Lennard-Jones"),
        *[(target, "screened charges") for target in MIXED],
    ],
    indirect=["target"],
    ids=str,
)
def test_tables_are_within_their_tolerance(target, name):
    force = LIQUIDS[name]()
    changed = {force.getGlobalParameterName(i): 0.3 for i in range(force.getNumGlobalParameters())}
    expected, after = result(force), result(force, parameters=changed)
    inside, context = in_context(with_tables(force), target)
    for expected_values in (expected, after):
        found = observe(context)
        target.assert_agrees(*found[:2], *expected_values[:2])
        for parameter, value in expected_values[2].items():
            assert_close(found[2][parameter], value, rtol=1e-4)
        for parameter, value in changed.items():
            context.setParameter(parameter, value)
    info = inside.getKernelInfo(context)
    assert info["evaluation"] == "table" and 0 < info["max_relative_force_error"] <= 1e-6
    assert info["num_curves"] == (2 if name == "screened charges" else 6)  # equal curves are stored once


@on(DOUBLE)
def test_double_precision_is_exact(target):
    force = LIQUIDS["soft core"]()
    inside, context = in_context(lp.from_custom_nonbonded(force), target)
    target.assert_agrees(*observe(context)[:2], *result(force)[:2])
    assert inside.getKernelInfo(context)["evaluation"] == "program"


def test_xml_round_trip():
    force = make_force("p1*p2*exp(-2*r)*g", {"c": [0.4, 0.5, 0.7]}, {"g": 2.0}, computed={"p": "c*g+c^2"})
    force.setName("Screened")
    converted = lp.from_custom_nonbonded(force, tolerance=1e-5, inner_cutoff=0.1 * unit.nanometer)
    xml = XmlSerializer.serialize(converted)
    copied = lp.LearnedPairForce.cast(XmlSerializer.deserialize(xml))
    assert XmlSerializer.serialize(copied) == xml
    assert copied.getName() == "Screened" and copied.getTableTolerance() == 1e-5
    assert copied.getInnerCutoffDistance() == 0.1 * unit.nanometer
    assert copied.lowering_report == converted.lowering_report
    assert copied.lowering_report["computed_values"] == {"p": "c*g+c^2"}
    assert_same_on_reference(result(copied), result(force))


# Updates of a Context.


@on([REFERENCE, CPU, CUDA])
def test_new_parameters_of_particles(target):
    force = make_force(LENNARD_JONES, ATOMS)
    inside, context = in_context(lp.from_custom_nonbonded(force, tolerance=1e-6), target)
    observe(context)
    other = make_force(LENNARD_JONES, {"sigma": [0.28, 0.22, 0.24], "epsilon": [0.5, 0.9]})
    inside.setAllParticleFeatures(lp.from_custom_nonbonded(other).getAllParticleFeatures())
    inside.updateParametersInContext(context)
    target.assert_agrees(*observe(context)[:2], *result(other)[:2])


@on([REFERENCE, CPU, OPENCL])
def test_new_values_of_tabulated_functions(target):
    def make(factor):
        functions = {
            "f": openmm.Continuous1DFunction(factor * grid(np.linspace(0.1, 0.8, 30)), 0.1, 0.8),
            "c": openmm.Discrete2DFunction(3, 3, np.array([1, 2, 3, 2, 4, 5, 3, 5, 6]) + factor),
        }
        return make_force("c(t1,t2)*f(r)*(1-(r/0.7)^2)^2", PARTICLES, functions=functions)

    inside, context = in_context(lp.from_custom_nonbonded(make(1.0), tolerance=1e-6), target)
    target.assert_agrees(*observe(context)[:2], *result(make(1.0))[:2])
    lp.update_from_custom_nonbonded(inside, make(-0.3))
    inside.updateParametersInContext(context)
    target.assert_agrees(*observe(context)[:2], *result(make(-0.3))[:2])


# The inner cutoff.


def inner_cutoff_of(force):
    return lp.from_custom_nonbonded(force).getInnerCutoffDistance()._value


def test_inner_cutoff_of_a_wall():
    """The energy of each pair exceeds 1,000 kJ/mol there, or there is no longer distance among those tried."""
    inner = inner_cutoff_of(make_force(LENNARD_JONES, {"sigma": [0.3], "epsilon": [0.6]}))
    x = (0.3 / inner) ** 6
    assert 0.1 < inner < 0.2 and 4 * 0.6 * x * (x - 1) >= 1000
    x = (0.3 / (1.25 * inner)) ** 6
    assert 4 * 0.6 * x * (x - 1) < 1000


def test_inner_cutoff_of_small_particles():
    """With sigma = 0.04 nm 1,000 kJ/mol are reached below 0.035 nm, where no pair of a simulation comes."""
    inner = inner_cutoff_of(make_force(LENNARD_JONES, {"sigma": [0.3, 0.04], "epsilon": [0.6, 0.2]}))
    assert_close(inner, 0.05 * CUTOFF, atol=1e-12)


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.5, 0.7])
def test_inner_cutoff_of_a_soft_core(lam):
    """There is no wall. Energies at all distances are right within 0.001 kJ/mol if lam is 0 or 0.5, which are examined,
    and at other values within little more.
    """
    force = make_force(SOFT_CORE, {"sigma": [0.3], "epsilon": [0.6]}, {"lam": 1.0}, count=2)
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    both = [force, lp.from_custom_nonbonded(force)]
    expected, found = (in_context(each, parameters={"lam": lam}, count=2)[1] for each in both)
    for r in np.geomspace(0.002, 0.2, 30):
        for context in (expected, found):
            context.setPositions([[0, 0, 0], [r, 0, 0]])
        energy = observe(expected)[0]
        assert_close(observe(found)[0], energy, atol=1e-3 + 1e-4 * abs(energy) * (lam not in (0, 0.5)))


def test_inner_cutoff_of_a_straight_line():
    """DPD: continued exactly, for any inner cutoff up to a fourth of the cutoff."""
    force = make_force("25*(1-r/0.7)*step(0.7-r)")
    assert 0.1 < inner_cutoff_of(force) <= CUTOFF / 4
    _, context = in_context(lp.from_custom_nonbonded(force))
    moved = np.array(context.getState(positions=True).getPositions(asNumpy=True)._value)
    moved[1] = moved[0] + [1e-3, 2e-3, 0]
    _, expected_context = in_context(force)
    for each in (context, expected_context):
        each.setPositions(moved)
    assert_same_on_reference(observe(context), observe(expected_context))


#: Expressions without a repulsive wall, whose energies at the distances of ions, or near a short distance, matter;
#: values of per-particle and of global parameters; values after the conversion; and a distance.
WITHOUT_WALLS = {
    "ions": ("138.935*q1*q2*erfc(2*r)/r+1e5*step(-q1*q2)*exp(-r/0.03)", {"q": [2.0, -2.0]}, {}, {}, 0.18),
    "a narrow well": ("-50*exp(-((r-0.1)/0.005)^2)", {}, {}, {}, 0.103),
    "two parameters": ("a*b*4*((0.25/r)^12-(0.25/r)^6)", {}, {"a": 0.0, "b": 0.0}, {"a": 1.0, "b": 1.0}, 0.24),
}


@pytest.mark.parametrize("name", WITHOUT_WALLS)
def test_energies_at_short_distances_are_kept(name):
    expression, particles, parameters, later, r = WITHOUT_WALLS[name]
    force = make_force(expression, particles, parameters, count=2)
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    force.setCutoffDistance(1.0)
    converted = lp.from_custom_nonbonded(force)
    assert_close(converted.getInnerCutoffDistance()._value < r, True)
    found = []
    for each in (force, converted):
        _, context = in_context(each, CPU, parameters=later, count=2)
        context.setPositions([[0, 0, 0], [r, 0, 0]])
        found.append(observe(context))
    assert abs(found[0][0]) > 1 / 3
    assert_close(found[1][0], found[0][0], rtol=1e-4)
    assert_close(found[1][1], found[0][1], rtol=1e-3, atol=1e-3)


def test_zeros_do_not_choose_the_inner_cutoff():
    """Particles without charges may get some later."""
    force = make_force("138.935*q1*q2*erfc(3*r)/r", {"q": [0.0]}, count=2)
    assert_close(inner_cutoff_of(force), 0.01 * CUTOFF, atol=1e-12)


def test_the_inner_cutoff_is_not_above_the_switching_distance():
    force = make_force("1e5*exp(-4*r)")
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.05)
    assert lp.from_custom_nonbonded(force).getInnerCutoffDistance()._value <= 0.05
    assert_converted(force)


def test_inner_cutoff_of_the_caller():
    force = make_force(LENNARD_JONES, ATOMS)
    inner = lp.from_custom_nonbonded(force, inner_cutoff=1.5 * unit.angstrom).getInnerCutoffDistance()._value
    assert_close(inner, 0.15, atol=1e-15)


# Equivalent types.


def type_force(expression="a(t1,t2)/r^12-b(t1,t2)/r^6", **more):
    """Types 0 and 2 have the same rows, and so have 1 and 3, but only in a."""
    a = 1e-6 * np.array([[1, 2, 1, 2], [2, 5, 2, 5], [1, 2, 1, 2], [2, 5, 2, 5.0]])
    b = 1e-3 * np.array([[1, 3, 1, 3], [3, 2, 3, 2], [1, 3, 1, 3], [3, 2, 3, 9.0]])
    functions = {name: openmm.Discrete2DFunction(4, 4, values.ravel()) for name, values in (("a", a), ("b", b))}
    return make_force(expression, {"t": [0, 1, 2, 3]}, functions=functions, **more)


def num_types(force):
    return len(np.unique(lp.from_custom_nonbonded(force).getAllParticleFeatures()))


def test_equivalent_types_are_merged():
    assert num_types(type_force()) == 3
    assert num_types(type_force("a(t1,t2)/r^12")) == 2
    assert_converted(type_force())
    assert_converted(type_force("a(t1,t2)/r^12"))


@pytest.mark.parametrize("expression", ["a(t1,t2)/r^12+t1*t2*r", "a(max(t1,t2),min(t1,t2))/r^12", "t1*t2*r"])
def test_types_that_are_used_elsewhere_are_not_merged(expression):
    force = type_force(expression)
    assert num_types(force) == 4
    assert_converted(force)


def test_types_in_both_orders_are_merged():
    force = type_force("(a(t1,t2)+a(t2,t1))/r^12")
    assert num_types(force) == 2
    assert_converted(force)


def test_types_that_a_computed_value_reads_are_not_merged():
    force = type_force("a(t1,t2)/r^12+c1*c2", computed={"c": "t"})
    assert num_types(force) == 4
    assert_converted(force)


@on([REFERENCE, CPU, OPENCL])
def test_types_that_were_merged_may_differ_after_an_update(target):
    def make(values):
        functions = {"a": openmm.Discrete2DFunction(3, 3, values)}
        return make_force("a(t1,t2)*exp(-3*r)", {"t": [0, 1, 2]}, functions=functions)

    equal, different = make([1, 1, 2, 1, 1, 2, 2, 2, 5.0]), make([1, 10, 2, 10, 100, 2, 2, 2, 5.0])
    inside, context = in_context(lp.from_custom_nonbonded(equal), target)
    target.assert_agrees(*observe(context)[:2], *result(equal)[:2])
    function = lp.from_custom_nonbonded(different).getFunction()
    with pytest.raises(ValueError, match=r"types that mean the same were merged .* \(t\), .* use learnedpair.update_"):
        inside.setFunction(function)
    lp.update_from_custom_nonbonded(inside, different)
    inside.updateParametersInContext(context)
    target.assert_agrees(*observe(context)[:2], *result(different)[:2])


def test_updates_from_other_forces_are_refused():
    converted = lp.from_custom_nonbonded(make_force("r"))
    with pytest.raises(ValueError, match="comes from 'r', and the CustomNonbondedForce has the expression 'r\\^2'"):
        lp.update_from_custom_nonbonded(converted, make_force("r^2"))
    for what, values, change in (
        ("number of particles", r"\d+ and 2", lambda _: make_force("r", count=2)),
        ("computed values", r"{} and {'v': '2'}", lambda force: force.addComputedValue("v", "2")),
        ("cutoff", r"0\.7 nm and 0\.5 nm", lambda force: force.setCutoffDistance(0.5)),
        ("number of interaction groups", "0 and 1", lambda force: force.addInteractionGroup([0], [1])),
    ):
        force = make_force("r")
        result = change(force)
        force = result if isinstance(result, openmm.Force) else force
        with pytest.raises(ValueError, match=f"the {what} of the LearnedPairForce and .* differ: {values};"):
            lp.update_from_custom_nonbonded(converted, force)
    with pytest.raises(TypeError, match="the force is a CustomNonbondedForce; expected a LearnedPairForce"):
        lp.update_from_custom_nonbonded(make_force("r"), make_force("r"))
    with pytest.raises(TypeError, match=r"the new force is a LearnedPairForce; expected an openmm\.Custom"):
        lp.update_from_custom_nonbonded(converted, converted)


# Refusals.


def no_cutoff(force):
    force.setNonbondedMethod(force.NoCutoff)


def not_a_number(force):
    force.setParticleParameters(3, [np.nan, 0.1])


REFUSALS = {
    "no cutoff": (LENNARD_JONES, ATOMS, no_cutoff, "it has no cutoff: .* Set a nonbonded method with a cutoff"),
    "asymmetric": (
        "sigma1*exp(-epsilon2*r)",
        ATOMS,
        None,
        r"the energy of a pair \(sigma1 = 0.3, epsilon1 = 0.6, sigma2 = 0.25, .*if its particles are exchanged.*"
        "write a symmetric expression",
    ),
    "unknown variable": ("sigma1*sigma2*qq*r", ATOMS, None, 'reads "qq", which is neither the distance r nor a'),
    "syntax": ("sigma1*(sigma2", ATOMS, None, r'the expression "sigma1\*\(sigma2" cannot be read'),
    "not finite": (LENNARD_JONES, ATOMS, not_a_number, 'parameter "sigma" of particle 3 is nan; it must be finite'),
    "number of parameters": (
        LENNARD_JONES,
        ATOMS,
        lambda force: force.setParticleParameters(2, [0.3]),
        "particle 2 has 1 parameters; expected 2",
    ),
    "names": (
        "q1*q2*r",
        {"q": [1.0], "c": [2.0]},
        lambda force: force.addPerParticleParameter("c"),
        'per-particle parameter "c1" has the name of another variable; rename it',
    ),
    "global and per-particle parameters of one name": (
        "lam*lam1*lam2*exp(-5*r)",
        {"lam": [2.0]},
        lambda force: force.addGlobalParameter("lam", 0.5),
        'global parameter "lam" has the name of another variable; rename it',
    ),
    "group": (
        LENNARD_JONES,
        ATOMS,
        lambda force: force.addInteractionGroup([0, 99], [1]),
        "interaction group 0 names particle 99, which does not exist",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    expression, particles, change, message = REFUSALS[name]
    force = make_force(expression, particles)
    force.setName("Mine")
    if change is not None:
        change(force)
    with pytest.raises(ValueError, match=f"CustomNonbondedForce 'Mine' cannot be converted: .*{message}"):
        lp.from_custom_nonbonded(force)


@pytest.mark.parametrize(
    "expression, functions",
    [
        ("lam*a1*b2*exp(-r)", None),  # symmetric while lam is 0
        ("a1*s(r)", {"s": openmm.Continuous1DFunction([1.0] * 9, 0.0, 0.2)}),
    ],
)
def test_asymmetry_is_found_at_other_values_and_short_distances(expression, functions):
    force = make_force(expression, {"a": [1.0, 2.0], "b": [3.0, 1.0]}, {"lam": 0.0}, functions=functions)
    with pytest.raises(ValueError, match="if its particles are exchanged"):
        lp.from_custom_nonbonded(force)


def test_groups_cannot_change_after_the_conversion():
    """The function knows how often each pair counts."""
    force = make_force("s1*s2*exp(-3*r)", {"s": [1.0, 2.0]})
    force.addInteractionGroup({0, 1}, {0, 1})
    force.addInteractionGroup({0}, {1})
    converted = lp.from_custom_nonbonded(force)
    assert converted.lowering_report["features"] == ["s", "interaction groups"]
    for change in (
        lambda: converted.addInteractionGroup({3}, {4}),
        lambda: converted.setInteractionGroupParameters(0, {3}, {4}),
    ):
        with pytest.raises(ValueError, match="InteractionGroup.*: a pair of this force counts once for each of its"):
            change()
    force = make_force("s1*s2*exp(-3*r)", {"s": [1.0, 2.0]})
    force.addInteractionGroup({0}, {1})
    assert lp.from_custom_nonbonded(force).addInteractionGroup({3}, {4}) == 1


@pytest.mark.parametrize("types", [[0, 1, 3], [0, -1, 1]])
def test_indices_outside_of_a_discrete_function_are_refused(types):
    functions = {"f": openmm.Discrete2DFunction(3, 3, [1, 2, 3, 2, 4, 5, 3, 5, 6])}
    force = make_force("f(t1,t2)*r", {"t": types}, functions=functions)
    with pytest.raises(ValueError, match="has an index outside of a discrete function, where OpenMM's"):
        lp.from_custom_nonbonded(force)


@pytest.mark.parametrize("value", [0, -0.1, np.nan, np.inf])
def test_inner_cutoffs_that_are_no_distance_are_refused(value):
    with pytest.raises(ValueError, match="inner_cutoff is .* nm; expected a (positive, finite )?distance"):
        lp.from_custom_nonbonded(make_force("r"), inner_cutoff=value)


@pytest.mark.parametrize("other", [openmm.NonbondedForce(), None, "r"])
def test_other_types_are_refused(other):
    with pytest.raises(TypeError, match=f"the force is a {type(other).__name__}; expected an openmm.CustomNonbonded"):
        lp.from_custom_nonbonded(other)


@pytest.mark.parametrize("expression", ["r+step(0.5-r)", "r+select(step(0.5-r),1,0)", "r^2+select(f(r),1,-0.5)"])
@on([CPU, OPENCL])
def test_jumps_of_the_energy_are_not_tabulated(target, expression):
    """The slopes on both sides of a jump may agree, so that the table would have the right force everywhere else."""
    values = openmm.Continuous1DFunction([1.0] * 5, 0.0, 0.5)
    force = make_force(expression, functions={"f": values} if "f(r)" in expression else None)
    converted = lp.from_custom_nonbonded(force)
    inside, context = in_context(converted, target)
    assert inside.getKernelInfo(context)["evaluation"] == "program"
    assert_close(observe(context)[0], result(force)[0], rtol=1e-5)


@pytest.mark.parametrize("value", [(0, 9, 0), (0, 0, 9), (9, 0, 0)])
def test_periodic_functions_of_three_arguments_with_different_ends_are_refused(value):
    """OpenMM's spline fitter would end the process."""
    values = np.zeros((5, 5, 5))
    values[tuple(4 if v else 2 for v in value)] = 1
    function = openmm.Continuous3DFunction(5, 5, 5, values.ravel().tolist(), 0, 1, 0, 1, 0, 1, True)
    with pytest.raises(ValueError, match='periodic tabulated function "f" has different values at the ends of an axis'):
        lp.from_custom_nonbonded(make_force("f(r,r,r)", functions={"f": function}))


def test_deep_parentheses_are_refused():
    with pytest.raises(ValueError, match="more than 1000 parentheses inside each other"):
        lp.from_custom_nonbonded(make_force("(" * 1001 + "r" + ")" * 1001))


def test_pairs_that_no_group_allows_are_not_examined():
    """Particles outside of all groups may have an index outside of the discrete function."""
    table = openmm.Discrete2DFunction(2, 2, [1.0, 2.0, 2.0, 3.0])
    force = make_force("f(t1,t2)*exp(-r)", {"t": [0, 1, -1]}, functions={"f": table})
    inside = [i for i in range(COUNT) if i % 3 < 2]
    force.addInteractionGroup(inside, inside)
    assert_converted(force)


def test_the_inner_cutoff_holds_for_all_of_many_pairs():
    """Many global parameters do not lessen the pairs that are examined."""
    rng = np.random.default_rng(0)
    particles = {"a": list(rng.uniform(1, 2, 99)) + [0.0], "s": [0.3] * 99 + [0.02]}
    expression = "a1*a2*((s1+s2)/(2*r))^12 + (1-step(a1-0.5))*(1-step(a2-0.5))*300*exp(-20*r) + 0*(g1+g2+g3+g4)"
    force = make_force(expression, particles, {f"g{k}": 1.0 for k in range(1, 5)}, count=200)
    assert lp.from_custom_nonbonded(force).getInnerCutoffDistance()._value < 0.02


def test_thousands_of_global_parameters():
    force = make_force("r*g0", parameters={f"g{k}": 1.0 for k in range(7000)})
    assert lp.from_custom_nonbonded(force).getNumGlobalParameters() == 7000
