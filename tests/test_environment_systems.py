# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of environment functions in simulations and on GPUs: many periodic images and particles, lists that grow, a
barostat, checkpoints, other forces, and several devices.
"""

import copy

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import CPU, CUDA, DOUBLE, MIXED, OPENCL, REFERENCE, SEVERAL_DEVICES, assert_close, evaluate, on
from environment_functions import CUTOFF, INNER, environment
from environment_gas import CHANNELS, SHAPES, gas

#: On OpenCL only boxes whose code on the device differs.
CASES = [(target, shape, channels) for target, shapes in ((CUDA, SHAPES), (OPENCL, ("triclinic", "cluster")))
         for shape in shapes for channels in CHANNELS]  # fmt: skip
CASES += [(target, "large", "64") for target in (*MIXED, *DOUBLE)]


@pytest.mark.parametrize("target, shape, channels", CASES, indirect=["target"], ids=str)
def test_gpus_agree_with_reference(target, shape, channels):
    """Also if OpenMM sorts the particles, which are alike."""
    system, positions, expected = gas(shape, channels)
    context = target.context(system, positions)
    target.assert_agrees(*evaluate(context), *expected)
    info = lp.LearnedPairForce.cast(system.getForce(0)).getKernelInfo(context)
    assert (info["evaluation"], info["placement"]) == ("environment", "compacted pairs")
    target.assert_agrees(*evaluate(context), *expected)  # the sums of the first evaluation are gone


@on([CPU, OPENCL, CUDA])
@pytest.mark.core
def test_lists_grow_with_the_number_of_pairs(target):
    system, positions, expected = gas("cluster", "all")
    context = target.context(system, 8.0 * positions)
    assert np.abs(evaluate(context)[1]).max() < 1e-3 * np.abs(expected[1]).max()
    context.setPositions(positions)
    target.assert_agrees(*evaluate(context), *expected)


@on([CPU, OPENCL, CUDA])
def test_a_barostat_and_checkpoints(target):
    """After steps that change the box, forces are those of Reference at the same place; a checkpoint restores them."""
    system, positions, _ = gas("large", "angular")
    system = copy.deepcopy(system)
    barostat = openmm.MonteCarloBarostat(50.0, 300.0, 2)
    barostat.setRandomNumberSeed(1)
    system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(300.0, 1.0, 0.002)
    integrator.setRandomNumberSeed(1)
    context = target.context(system, positions, integrator)
    context.setVelocitiesToTemperature(300.0, 1)
    integrator.step(30)
    state = context.getState(positions=True)
    box = state.getPeriodicBoxVectors(asNumpy=True)._value
    assert np.abs(np.diag(box) / np.diag(SHAPES["large"]) - 1).max() > 1e-4
    fresh = REFERENCE.context(system)
    fresh.setPeriodicBoxVectors(*box)
    fresh.setPositions(state.getPositions())
    expected = evaluate(fresh)
    target.assert_agrees(*evaluate(context), *expected)
    checkpoint = context.createCheckpoint()
    integrator.step(10)
    assert abs(evaluate(context)[0] - expected[0]) > 1e-3
    context.loadCheckpoint(checkpoint)
    target.assert_agrees(*evaluate(context), *expected)


@on([CPU, OPENCL, CUDA])
@pytest.mark.parametrize("ours_first", [True, False])
@pytest.mark.parametrize("in_densities", [True, False])
def test_beside_other_forces(target, in_densities, ours_first):
    """A NonbondedForce with a longer cutoff and other exclusions, and a table: neither changes the other."""
    system, positions, _ = gas("large", "3 radial")
    learned = lp.LearnedPairForce.cast(copy.deepcopy(system.getForce(0)))
    learned.setUseDensityExclusions(in_densities)
    learned.setForceGroup(1)
    nonbonded = openmm.NonbondedForce()
    for k in range(len(positions)):
        nonbonded.addParticle(0.1 * (-1) ** k, 0.2, 0.3)
    for k in range(0, len(positions) - 3, 5):
        nonbonded.addException(k, k + 1, 0.0, 1.0, 0.0)
    nonbonded.setNonbondedMethod(nonbonded.CutoffPeriodic)
    nonbonded.setCutoffDistance(0.9)
    table = lp.LearnedPairForce(lp.PairTable(2, 0.2, 0.6, [[1.0, 0.0]], [[-2.5, -2.5]], [0] * 4))
    table.setParticleTypes([0] * len(positions))
    table.setForceGroup(2)
    forces = [learned, nonbonded, table]
    together = openmm.System()
    for _ in positions:
        together.addParticle(12.0)
    together.setDefaultPeriodicBoxVectors(*SHAPES["large"])
    apart = [copy.deepcopy(together) for _ in forces]
    positions = np.where(np.arange(len(positions))[:, None] == 5, positions + 0.2, positions)  # no atoms on top
    for each, alone in zip(forces, apart, strict=True):
        alone.addForce(copy.deepcopy(each))
    for each in forces if ours_first else reversed(forces):
        together.addForce(each)
    context = target.context(together, positions)
    for group, alone in zip((1, 0, 2), apart, strict=True):
        target.assert_agrees(*evaluate(context, {group}), *evaluate(REFERENCE.context(alone, positions)), str(group))


@on([OPENCL, CUDA])
def test_forces_of_one_system_are_independent(target):
    """Two environment functions with pair functions share OpenMM's kernel; a scale of 0 removes one of them."""
    system, positions, expected = gas("large", "all")
    system = copy.deepcopy(system)
    second = lp.LearnedPairForce.cast(copy.deepcopy(system.getForce(0)))
    second.setScaleParameter("second", 1.0)
    system.addForce(second)
    context = target.context(system, positions)
    target.assert_agrees(*evaluate(context), 2 * expected[0], 2 * expected[1])
    context.setParameter("second", 0.0)
    target.assert_agrees(*evaluate(context), *expected)


@on([REFERENCE, CPU, OPENCL, CUDA])
@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_densities_of_any_size(target, factor):
    """Small and large densities are as accurate as others: the fixed-point sums of GPUs have a scale of their own."""
    system, positions, expected = gas("large", "3 radial")
    system = copy.deepcopy(system)
    force = lp.LearnedPairForce.cast(system.getForce(0))
    function = force.getFunction()
    force.setFunction(
        lp.EnvironmentFunction(
            2,
            INNER,
            CUTOFF,
            function.angular,
            [factor * v for v in function.values],
            [factor * s for s in function.slopes],
            function.curve_indices,
            function.text,
            function.weights / factor**2,
            pair=function.pair,
        )  # fmt: skip
    )
    target.assert_agrees(*evaluate(target.context(system, positions)), *expected)


@on([REFERENCE, CPU, OPENCL, CUDA, *DOUBLE])
def test_knots_that_no_distance_reaches_do_not_matter(target):
    """Densities diverge at short distances, as in tables of embedded-atom potentials; the inner cutoff is beyond."""
    system, positions, _ = gas("large", "3 radial")
    r = np.linspace(0.001, CUTOFF, 600)
    values = ((CUTOFF / r) ** 6 - 1)[:, None] * (1 - (r / CUTOFF) ** 2)[:, None] ** 2
    slopes = np.gradient(values[:, 0], r)[:, None]
    assert values[0, 0] > 1e16 and abs(values[r > INNER]).max() < 1e3
    text = "v0[1] = densities\nv1[1] = literal 1\nv2[1] = add v0 v1\nv3[1] = sqrt v2\noutput v3"
    function = lp.EnvironmentFunction(2, r[0], CUTOFF, [0], [values], [slopes], [0] * 4, text)
    force = lp.LearnedPairForce(function)
    force.setParticleTypes([0] * len(positions))
    force.setInnerCutoffDistance(INNER)
    system = copy.deepcopy(system)
    system.removeForce(0)
    system.addForce(force)
    expected = evaluate(REFERENCE.context(system, positions))
    assert np.abs(expected[1]).max() > 1
    target.assert_agrees(*evaluate(target.context(system, positions)), *expected)


@on([REFERENCE, CPU, OPENCL, CUDA])
@pytest.mark.parametrize("exception", [False, True])
def test_atoms_that_do_not_interact_have_no_force_even_if_a_slope_is_infinite(exception, target):
    """The energy -sqrt(q) has an infinite slope at q = 0. Particle 2 is near 0, which has no other neighbor, and loses
    its type in a Context.
    """
    r = np.linspace(INNER, CUTOFF, 50)
    values, slopes = (CUTOFF - r)[:, None] ** 2, -2 * (CUTOFF - r)[:, None]
    text = "v0[1] = densities\nv1[1] = sqrt v0\nv2[1] = neg v1\noutput v2"
    force = lp.LearnedPairForce(lp.EnvironmentFunction(1, INNER, CUTOFF, [0], [values], [slopes], [0], text))
    force.setParticleTypes([0] * 5)
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    if exception:
        force.addException(0, 2, 0.5)
    system = openmm.System()
    for _ in range(5):
        system.addParticle(12.0)
    system.addForce(force)
    positions = [[0, 0, 0], [5, 0, 0], [0.3, 0, 0], [5.3, 0, 0], [5, 0.3, 0]]
    context = target.context(system, positions)
    assert np.abs(evaluate(context)[1][[0, 2]]).max() > 0.1
    force = lp.LearnedPairForce.cast(system.getForce(0))
    force.setParticleTypes([0, 0, -1, 0, 0])
    force.updateParametersInContext(context)
    energy, forces = evaluate(context)
    expected = evaluate(REFERENCE.context(system, positions))
    assert np.array_equal(forces[[0, 2]], np.zeros((2, 3))) and np.abs(expected[1][1]).max() > 0.1
    target.assert_agrees(energy, forces, *expected)


@on(SEVERAL_DEVICES)
def test_several_devices_are_refused(target):
    system, positions, _ = gas("large", "3 radial")
    with pytest.raises(openmm.OpenMMException, match="this Context has 2 devices, and a force with an environment"):
        target.context(system, positions)


@on([CPU, OPENCL, CUDA])
def test_no_particle_has_a_neighbor_or_is_covered(target):
    for types, energy in (([0] * 40, None), ([-1] * 40, 0.0)):
        force = lp.LearnedPairForce(environment(False))
        force.setParticleTypes(types)
        system = openmm.System()
        for _ in types:
            system.addParticle(12.0)
        system.addForce(force)
        positions = 2.0 * np.arange(40)[:, None] * np.ones(3)
        force.setNonbondedMethod(force.CutoffNonPeriodic)
        found = evaluate(target.context(system, positions))
        expected = evaluate(REFERENCE.context(system, positions)) if energy is None else (energy, np.zeros((40, 3)))
        assert_close(found[0], expected[0], rtol=1e-6)
        assert np.array_equal(found[1], expected[1])
