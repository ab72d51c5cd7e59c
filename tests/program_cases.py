# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Systems with programs of the conformance files, with their energies and forces from an interpreter of programs,
summed over pairs. They are cached, since their computation takes longer than most tests.
"""

import functools

import learnedpair as lp
import numpy as np
import oracle
import program_oracle
import systems
from comparators import REFERENCE, assert_close, observe
from conformance_files import PAIR_PROGRAMS

METHODS = {"CutoffPeriodic": 2, "CutoffNonPeriodic": 1, "NoCutoff": 0}
#: A factor for the global parameters, so that they differ from their default values.
MOVED = 0.85
SCALE = 0.7


def conformance(name):
    return next(case for case in PAIR_PROGRAMS if case.name == name)


def with_derivatives(force):
    """Add to a force a scale, and derivatives with respect to the scale and all global parameters; return it."""
    force.setScaleParameter("scale", 1.0)
    force.addEnergyParameterDerivative("scale")
    for index in range(force.getNumGlobalParameters()):
        force.addEnergyParameterDerivative(force.getGlobalParameterName(index))
    return force


def set_parameters(context, values):
    for name, value in {**values, "scale": SCALE}.items():
        assert context.getParameter(name) != value
        context.setParameter(name, value)


def expected_of(function, derivatives, cloud, particles, **options):
    """The energy, the forces and the contributions of pairs to the derivatives, for a scale of SCALE, and the number of
    pairs below the inner cutoff.

    Parameters
    ----------
    function, derivatives
        For oracle.energy_and_forces() and oracle.pair_derivatives().
    """
    options = dict(box=cloud.box, exclusions=cloud.exclusions, **options)
    energy, forces, below = oracle.energy_and_forces(function, cloud.positions, particles, **options)
    parts = oracle.pair_derivatives(derivatives, cloud.positions, particles, **options)
    unscaled = oracle.pair_derivatives(
        lambda *pairs: {"scale": function(*pairs)}, cloud.positions, particles, **options
    )
    return SCALE * energy, SCALE * forces, {**{name: SCALE * part for name, part in parts.items()}, **unscaled}, below


@functools.cache
def reference_of(case, *arguments):
    """Energy, forces and derivatives of a case on the Reference platform.

    ``case`` is a function that returns a System, positions and parameters, and perhaps more.
    """
    system, positions, parameters, *_ = case(*arguments)
    context = REFERENCE.context(system, positions)
    set_parameters(context, parameters)
    return observe(context)


def assert_is_the_model(target, case, *arguments):
    """Compare Reference with the oracle, to 1e-9, or another platform with Reference, within its bounds."""
    system, positions, parameters, (energy, forces, parts, below) = case(*arguments)
    assert below > 20, "the test must contain pairs below the inner cutoff"
    assert np.abs(forces).max() > 1
    what = f"{' '.join(map(str, arguments))} on {target}"
    expected_energy, expected_forces, derivatives = reference_of(case, *arguments)
    if target.name == "Reference":
        rms = np.sqrt(np.mean(forces**2))
        assert_close(expected_energy, energy, rtol=1e-9, what=f"energy, {what}")
        assert_close(expected_forces, forces, rtol=1e-9, atol=1e-9 * rms, what=f"forces, {what}")
        oracle.assert_derivatives_agree(target, derivatives, parts, what)
        return
    context = target.context(system, positions)
    set_parameters(context, parameters)
    energy, forces, derivatives = observe(context)
    target.assert_agrees(energy, forces, expected_energy, expected_forces, what)
    oracle.assert_derivatives_agree(target, derivatives, parts, what)


def function_of(case):
    """A PairProgram, its parameters, and two functions for the oracle.

    Energies come from the plain interpreter, derivatives from the PairProgram itself, which test_conformance.py
    compares with closed forms.
    """
    given = case.pair_program
    function = lp.PairProgram(
        case.text,
        case.weights,
        given.get("types", 0),
        given.get("features", 0),
        given["min_distance"],
        dict(given["globals"]),
    )
    parameters = {name: MOVED * value for name, value in given["globals"]}

    def columns(particle):
        return np.asarray(particle, dtype=float).reshape(len(particle), -1)

    def evaluate(r, particle1, particle2):
        (energy,) = program_oracle.evaluate(
            case.text,
            case.weights,
            distance=r,
            particle1=columns(particle1),
            particle2=columns(particle2),
            globals_=np.array(list(parameters.values())),
        )
        return energy[:, 0], function.evaluate(r, particle1, particle2, **parameters)[1]

    def evaluate_derivatives(r, particle1, particle2):
        return function.evaluate_derivatives(r, particle1, particle2, **parameters)

    return function, parameters, evaluate, evaluate_derivatives


@functools.cache
def conformance_case(name, method):
    """A System with a program of a conformance file, and the same data as from architecture_case()."""
    case = conformance(name)
    function, parameters, evaluate_pairs, evaluate_derivatives = function_of(case)
    cloud = systems.Cloud(
        cutoff=0.8, inner=0.1, seed=len(case.name), periodic=method == "CutoffPeriodic", triclinic=True
    )
    random = np.random.default_rng(2)
    given = (
        random.integers(0, function.num_types, cloud.count)
        if function.num_types
        else case.inputs["particle1"][random.integers(0, len(case.inputs["particle1"]), cloud.count)]
    )
    force = with_derivatives(cloud.excluded(lp.LearnedPairForce(function)))
    for particle in cloud.particles(given):
        force.addParticle(particle)
    force.setNonbondedMethod(METHODS[method])
    force.setCutoffDistance(0.8)
    particles = (
        np.where(cloud.covered, given, -1) if function.num_types else np.where(cloud.covered[:, None], given, np.nan)
    )
    expected = expected_of(
        evaluate_pairs,
        evaluate_derivatives,
        cloud,
        particles,
        cutoff=np.inf if method == "NoCutoff" else 0.8,
        inner_cutoff=0.1,
    )
    return cloud.system(force), cloud.positions, parameters, expected
