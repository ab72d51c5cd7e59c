# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the CPU platform with every instruction set of this machine, in boxes of all shapes, and with several numbers
of threads.
"""

import functools
import math

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, REFERENCE, evaluate
from conformance_files import PAIR_PROGRAMS
from cpu_instructions import OTHERS, SETS, VARIABLE, assert_portable, context_of, missing, small_force
from network_programs import NUM_FEATURES, network_force
from program_cases import METHODS, assert_is_the_model, conformance_case


def test_the_best_instruction_set_is_chosen_and_named(monkeypatch):
    best = next(name for name in SETS if name not in missing())
    for value in ("", None):
        if value is None:
            monkeypatch.delenv(VARIABLE, raising=False)
        else:
            monkeypatch.setenv(VARIABLE, value)
        force = small_force()
        system = openmm.System()
        system.addParticle(1.0)
        system.addParticle(1.0)
        system.addForce(force)
        info = force.getKernelInfo(CPU.context(system))
        assert (info["platform"], info["neighbor_list"], info["instruction_set"]) == ("CPU", "own", best)


def test_requested_instruction_set_is_used(instructions):
    force = small_force()
    assert force.getKernelInfo(context_of(force, instructions))["instruction_set"] == instructions


def test_instruction_set_of_another_processor_is_refused():
    for instructions in OTHERS:
        with pytest.raises(openmm.OpenMMException, match=f"LEARNEDPAIR_CPU_INSTRUCTIONS is '{instructions}'; expected"):
            context_of(small_force(), instructions)


@pytest.mark.parametrize("switching", [False, True], ids=["plain", "switched"])
@pytest.mark.parametrize("shape", ["rectangular", "triclinic", "cluster"])
def test_tables_agree_with_reference(instructions, shape, switching):
    chains = systems.Chains(periodic=shape != "cluster", triclinic=shape == "triclinic")
    force = chains.learned()
    force.setUseSwitchingFunction(switching)
    force.setSwitchingDistance(0.45)
    system, positions = chains.together([force]), chains.positions
    CPU.assert_agrees(
        *evaluate(CPU.context(system, positions)),
        *evaluate(REFERENCE.context(system, positions)),
        what=f"{shape} {instructions}",
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [case.name for case in PAIR_PROGRAMS])
@pytest.mark.many_cases
def test_conformance_programs_agree_with_reference(instructions, name, method):
    assert_is_the_model(CPU, conformance_case, name, method)


BOXES = {
    "large": np.diag([4.0, 4.2, 4.4]),  # one image of each neighbor is the minimum image for a whole block
    "flat": np.diag([4.0, 4.0, 1.45]),  # except in one direction
    "triclinic": np.array([[4.2, 0, 0], [1.9, 4.1, 0], [-1.7, 1.3, 4.0]]),
    "cluster": None,
}


@functools.cache
def gas(shape, kind):
    """1200 random particles of two types with a table or a program, and the results of Reference.

    Every seventh particle is not covered. Particles are in many periodic images, and some pairs have the distance 0.
    """
    random = np.random.default_rng(7)
    box = BOXES[shape]
    count = 1200
    positions = random.random((count, 3)) @ (np.diag([4.0, 4.0, 4.0]) if box is None else box)
    if box is not None:
        positions += random.integers(-3, 4, (count, 3)) @ box
    positions[1::100] = positions[::100]
    types = np.where(np.arange(count) % 7 == 6, -1, random.integers(0, 2, count))
    if kind == "table":
        force = lp.LearnedPairForce(systems.table())
        force.setParticleTypes(types)
    else:
        features = np.random.default_rng(1).uniform(-1, 1, (2, NUM_FEATURES))
        force = network_force(kind, [None if k < 0 else int(k) if kind == "types" else features[k] for k in types])
    force.setCutoffDistance(min(0.7, force.getCutoffDistance()._value))
    if box is None:
        force.setNonbondedMethod(lp.LearnedPairForce.CutoffNonPeriodic)
    for i in range(0, count - 3, 5):
        force.addExclusion(i, i + 3)
    force.setScaleParameter("scale", 0.8)
    force.addEnergyParameterDerivative("scale")
    system = openmm.System()
    for _ in range(count):
        system.addParticle(10.0)
    if box is not None:
        system.setDefaultPeriodicBoxVectors(*box)
    system.addForce(force)
    return system, positions, observe(REFERENCE.context(system, positions))


def observe(context):
    state = context.getState(energy=True, forces=True, parameterDerivatives=True)
    return (
        state.getPotentialEnergy()._value,
        state.getForces(asNumpy=True)._value,
        state.getEnergyParameterDerivatives()["scale"],
    )


@pytest.mark.parametrize("kind", ["table", "types", "features"])
@pytest.mark.parametrize("shape", BOXES)
@pytest.mark.many_cases
def test_boxes_agree_with_reference(instructions, shape, kind):
    system, positions, (energy, forces, derivative) = gas(shape, kind)
    assert np.abs(forces).max() > 1
    context = CPU.context(system, positions)
    CPU.assert_agrees(*evaluate(context), energy, forces, what=f"{shape} {kind} {instructions}")
    assert abs(observe(context)[2] - derivative) <= 2e-5 * (
        abs(derivative) + np.sqrt(np.mean(forces**2)) * np.sqrt(forces.size)
    )
    alone = context.getState(forces=True).getForces(asNumpy=True)._value  # another loop runs without the energy
    CPU.assert_agrees(energy, alone, energy, forces, what="forces without energy")
    without = context.getState(energy=True).getPotentialEnergy()._value
    CPU.assert_agrees(without, forces, energy, forces, what="energy without forces")


@pytest.mark.parametrize("kind", ["table", "types", "features"])
@pytest.mark.parametrize("shape", BOXES)
@pytest.mark.many_cases
def test_results_are_those_of_the_portable_path(instructions, shape, kind):
    system, positions, _ = gas(shape, kind)
    assert_portable(instructions, system, positions)


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("kind", ["table", "types", "features"])
def test_any_number_of_threads(kind, threads):
    """With DeterministicForces, results are the same to the last bit each time."""
    system, positions, (energy, forces, _) = gas("large", kind)
    results = []
    for _ in range(2):
        context = openmm.Context(
            system,
            openmm.VerletIntegrator(0.001),
            openmm.Platform.getPlatform("CPU"),
            {"Threads": str(threads), "DeterministicForces": "true"},
        )
        context.setPositions(positions)
        assert context.getPlatform().getPropertyValue(context, "Threads") == str(threads)
        results.append(evaluate(context))
        CPU.assert_agrees(*results[-1], energy, forces, what=f"{threads} threads")
    assert results[0][0] == results[1][0]
    assert results[0][1].tobytes() == results[1][1].tobytes()


FUNCTIONS = {
    "exp": (np.exp, [-120, 120]),
    "expm1": (np.expm1, [-30, 30]),
    "log": (np.log, [1e-30, 50]),
    "log1p": (np.log1p, [-0.999, 50]),
    "sin": (np.sin, [-200, 200]),
    "cos": (np.cos, [-200, 200]),
    "tanh": (np.tanh, [-12, 12]),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), [-80, 80]),
    "erf": (np.vectorize(math.erf), [-4, 4]),
    "erfc": (np.vectorize(math.erfc), [-4, 9]),
    "sqrt": (np.sqrt, [0, 50]),
    "abs": (np.abs, [-3, 3]),
    "floor": (np.floor, [-40, 40]),
}
#: In units in the last place (ULP) of single precision; for sin and cos, whose arguments are rounded, in ULPs of 1.
MAX_ULPS = 4


def results_of_function(value, features):
    """g of each row of features, where `value` holds the lines of g from v4 on: f = r g has the derivative g, which is
    the force between two particles that are far from all others. The features are v3, and the result is the last line.
    """
    count, width = features.shape
    lines = ["v0[1] = distance", f"v1[{width}] = particle1", f"v2[{width}] = particle2", f"v3[{width}] = add v1 v2"]
    lines += value
    lines += [f"v{len(lines)}[1] = mul v0 v{len(lines) - 1}", f"output v{len(lines)}"]
    force = lp.LearnedPairForce(
        lp.PairProgram("\n".join(lines) + "\n", np.zeros(0), num_features=width, min_distance=0.01)
    )
    for row in features:
        force.addParticle(row)
        force.addParticle(np.zeros(width))
    force.setNonbondedMethod(lp.LearnedPairForce.CutoffNonPeriodic)
    force.setCutoffDistance(0.5)
    force.setInnerCutoffDistance(0.01)
    system = openmm.System()
    for _ in range(2 * count):
        system.addParticle(1.0)
    system.addForce(force)
    sites = np.stack(np.unravel_index(np.arange(count), (13, 13, 13)), axis=1) * 1.0
    positions = np.stack([sites, sites + [0.25, 0, 0]], axis=1).reshape(-1, 3)
    forces = CPU.context(system, positions).getState(forces=True).getForces(asNumpy=True)._value
    assert (forces[::2, 0] == -forces[1::2, 0]).all()
    return forces[::2, 0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_elementary_functions_are_accurate(instructions, name):
    exact, (low, high) = FUNCTIONS[name]
    random = np.random.default_rng(3)
    count = 2000
    x = np.concatenate(
        [
            random.uniform(low, high, count // 2),
            random.uniform(max(low, -2), min(high, 2), count // 4),
            random.uniform(max(low, -1e-2), 1e-2, count // 4),
        ]
    ).astype(np.float32)
    x = np.where((x < low) | (x > high), np.float32(0.5), x)
    found, expected = results_of_function([f"v4[1] = {name} v3"], x[:, None].astype(float)), exact(x.astype(float))
    with np.errstate(over="ignore"):
        single = expected.astype(np.float32)
    representable = (np.abs(single) < 1e37) & ((np.abs(single) >= np.finfo(np.float32).tiny) | (single == 0))
    assert representable.sum() > 0.6 * count
    assert np.isinf(found[np.isinf(single)]).all()
    assert (np.abs(found[np.abs(single) < np.finfo(np.float32).tiny]) <= 2 * np.finfo(np.float32).tiny).all(), (
        "subnormal numbers may be zero"
    )
    ulp = np.full(count, np.spacing(np.float32(1))) if name in ("sin", "cos") else np.spacing(np.abs(single))
    error = np.abs(found - expected)[representable] / ulp[representable]
    worst = int(np.argmax(error))
    assert error.max() <= MAX_ULPS, (
        f"{name}({x[representable][worst]!r}) is off by {error.max():.1f} units in the last place"
    )


def test_atan2_is_accurate(instructions):
    """In all quadrants, for all magnitudes, and at zeros of both signs: a product with 1 or -1 gives 0 the sign.

    Lengths and signs of y and x are separate features.
    """
    random = np.random.default_rng(4)
    magnitude = 10.0 ** random.uniform(-35, 38, (2, 400))
    close = random.uniform(0, 2, (2, 1400))  # of the same order of magnitude
    equal = np.repeat(random.uniform(0, 2, (1, 80)), 2, axis=0)
    special = np.array(np.meshgrid([0, 1e-37, 1, 3e38], [0, 1e-37, 1, 3e38])).reshape(2, -1)
    lengths = np.concatenate([magnitude, close, equal, np.repeat(special, 4, axis=1)], axis=1)
    lengths = lengths.astype(np.float32).astype(float)
    signs = random.choice([-1.0, 1.0], lengths.shape)
    signs[:, -4 * special.shape[1] :] = np.tile([[1, 1, -1, -1], [1, -1, 1, -1]], special.shape[1])
    found = results_of_function(
        [
            "v4[2] = gather v3 {0 1}",
            "v5[2] = gather v3 {2 3}",
            "v6[2] = mul v4 v5",
            "v7[1] = gather v6 {0}",
            "v8[1] = gather v6 {1}",
            "v9[1] = atan2 v7 v8",
        ],
        np.concatenate([lengths, signs]).T,
    )
    y, x = lengths * signs
    expected = np.arctan2(y, x)
    tiny = np.finfo(np.float32).tiny
    normal = np.abs(expected) >= tiny
    error = np.abs(found - expected)[normal] / np.spacing(np.abs(expected[normal]).astype(np.float32))
    worst = int(np.argmax(error))
    assert error.max() <= MAX_ULPS, (
        f"atan2({y[normal][worst]!r}, {x[normal][worst]!r}) is off by {error.max():.1f} units in the last place"
    )
    assert (np.abs(found[~normal]) <= 2 * tiny).all(), "subnormal numbers may be zero"


def test_results_do_not_overwrite_operands_that_are_still_read(instructions):
    """A vector times one of its own elements, at the last use of both."""
    text = (
        "v0[1] = distance; v1[4] = particle1; v2[4] = particle2; v3[4] = add v1 v2; v4[4] = mul v3 v0; v5[1] = gather"
        " v4 {1}; v6[4] = mul v4 v5; v7[1] = sum v6 {1 4 1}; v8[4] = sub v3 v0; v9[1] = gather v8 {2}; v10[4] = less v8"
        " v9; v11[1] = sum v10 {1 4 1}; v12[1] = add v7 v11; output v12"
    ).replace("; ", "\n") + "\n"
    force = lp.LearnedPairForce(lp.PairProgram(text, np.zeros(0), num_features=4, min_distance=0.01))
    random = np.random.default_rng(0)
    force.setAllParticleFeatures(random.uniform(-1, 1, (60, 4)))
    force.setNonbondedMethod(lp.LearnedPairForce.NoCutoff)
    system = openmm.System()
    for _ in range(60):
        system.addParticle(1.0)
    system.addForce(force)
    positions = random.random((60, 3)) * 2
    CPU.assert_agrees(
        *evaluate(CPU.context(system, positions)), *evaluate(REFERENCE.context(system, positions)), what=instructions
    )
