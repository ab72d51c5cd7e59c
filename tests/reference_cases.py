# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Systems that several files test with, and what their energies and forces are by PyTorch or by an interpreter of
programs, summed over pairs. They are cached, since computing that takes longer than most tests."""

import functools

import architectures
import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import program_oracle
import systems
from comparators import REFERENCE, assert_close, observe
from conformance_files import PAIR_PROGRAMS

METHODS = {"CutoffPeriodic": 2, "CutoffNonPeriodic": 1, "NoCutoff": 0}
#: What the global parameters are multiplied with, so that they do not have their default values.
MOVED = 0.85
SCALE = 0.7


# A table: water.

TOLERANCE = 1e-4


@functools.cache
def corrected_water(shape, switching):
    """A box or a cluster of water, every seventh molecule uncovered; the force, and what PyTorch says of it."""
    topology, positions, box = systems.water(64, triclinic=(shape == "triclinic"))
    periodic = shape != "cluster"
    model = models.water_model(switching_distance=0.45) if switching else models.water_model()
    names = lp.assign_types(topology, models.RULES)
    names = [None if i // 3 % 7 == 6 else name for i, name in enumerate(names)]
    system = openmm.System()
    for _ in names:
        system.addParticle(12.0)
    if periodic:
        system.setDefaultPeriodicBoxVectors(*box)
    # Without exclusions, the hydrogens and oxygens of one molecule are pairs below the inner cutoff.
    exclusions = [(3 * k, 3 * k + 1) for k in range(0, len(names) // 3, 2)]
    force = model.create_force(
        names,
        nonbonded_method=lp.LearnedPairForce.CutoffPeriodic if periodic else lp.LearnedPairForce.CutoffNonPeriodic,
        tolerance=TOLERANCE,
    )
    for pair in exclusions:
        force.addExclusion(*pair)
    system.addForce(force)
    types = np.array([model.type_index(name) for name in names])
    expected = oracle.energy_and_forces(
        model.evaluate,
        positions,
        types,
        cutoff=model.cutoff,
        inner_cutoff=model.inner_cutoff,
        box=box if periodic else None,
        exclusions=exclusions,
        switching_distance=model.switching_distance,
    )
    return system, positions, force.lowering_report, expected


# Programs.


def conformance(name):
    return next(case for case in PAIR_PROGRAMS if case.name == name)


def with_derivatives(force):
    """The force with a scale, and the derivatives with respect to the scale and all global parameters."""
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
    """Energy, forces, and what each pair adds to the derivatives, scaled by SCALE; the number of pairs below the inner
    cutoff.

    Parameters
    ----------
    function, derivatives
        As oracle.energy_and_forces() and oracle.pair_derivatives() take them.
    """
    options = dict(box=cloud.box, exclusions=cloud.exclusions, **options)
    energy, forces, below = oracle.energy_and_forces(function, cloud.positions, particles, **options)
    parts = oracle.pair_derivatives(derivatives, cloud.positions, particles, **options)
    unscaled = oracle.pair_derivatives(
        lambda *pairs: {"scale": function(*pairs)}, cloud.positions, particles, **options
    )
    return SCALE * energy, SCALE * forces, {**{name: SCALE * part for name, part in parts.items()}, **unscaled}, below


@functools.cache
def architecture_case(architecture):
    """A System with a program of an architecture, its positions and parameters, and what PyTorch says of it."""
    model = architectures.load(architecture, "script")
    cloud = systems.Cloud(cutoff=model.cutoff, inner=model.inner_cutoff, seed=len(architecture.name))
    rows = architectures.particles(architecture, cloud.count, seed=3, distinct=12)
    force = with_derivatives(cloud.excluded(model.create_force(cloud.particles(rows), representation="program")))
    parameters = {name: MOVED * value for name, value in model.global_parameters.items()}
    particles = (
        np.where(cloud.covered, rows, -1) if model.features is None else np.where(cloud.covered[:, None], rows, np.nan)
    )
    expected = expected_of(
        functools.partial(model.evaluate, **parameters),
        functools.partial(model.evaluate_derivatives, **parameters),
        cloud,
        particles,
        cutoff=model.cutoff,
        inner_cutoff=model.inner_cutoff,
        switching_distance=model.switching_distance,
    )
    return cloud.system(force), cloud.positions, parameters, expected


@functools.cache
def reference_of(case, *arguments):
    """What the Reference platform says of a case, a function that returns a System, positions and parameters first."""
    system, positions, parameters, *_ = case(*arguments)
    context = REFERENCE.context(system, positions)
    set_parameters(context, parameters)
    return observe(context)


def assert_is_the_model(target, case, *arguments):
    """Reference against the oracle, to 1e-9; everything else against Reference, within its bounds."""
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
    """A PairProgram and its functions for the oracle: energies by the plain interpreter, slopes and derivatives by the
    program that test_conformance.py compares with closed forms.
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
    """A System with a program that is written in a conformance file; see architecture_case()."""
    case = conformance(name)
    function, parameters, evaluate_pairs, evaluate_derivatives = function_of(case)
    cloud = systems.Cloud(
        cutoff=0.8, inner=0.1, seed=len(case.name), periodic=method == "CutoffPeriodic", triclinic=True
    )
    random = np.random.default_rng(2)
    rows = (
        random.integers(0, function.num_types, cloud.count)
        if function.num_types
        else case.inputs["particle1"][random.integers(0, len(case.inputs["particle1"]), cloud.count)]
    )
    force = with_derivatives(cloud.excluded(lp.LearnedPairForce(function)))
    for row in cloud.particles(rows):
        force.addParticle(row)
    force.setNonbondedMethod(METHODS[method])
    force.setCutoffDistance(0.8)
    particles = (
        np.where(cloud.covered, rows, -1) if function.num_types else np.where(cloud.covered[:, None], rows, np.nan)
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
