# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests environment functions on the CPU platform with every instruction set of this machine, with several numbers of
threads, and with a list that follows the particles.
"""

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import CPU, REFERENCE, evaluate
from cpu_instructions import SETS, VARIABLE, assert_portable, missing
from environment_functions import CUTOFF, INNER, curves
from environment_gas import CHANNELS, SHAPES, gas


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_all_instruction_sets_agree_with_reference(instructions, shape, channels):
    system, positions, expected = gas(shape, channels)
    for threads in (1, 2, 5):
        properties = {"Threads": str(threads), "DeterministicForces": str(threads == 5).lower()}
        platform = openmm.Platform.getPlatform("CPU")
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, properties)
        context.setPositions(positions)
        CPU.assert_agrees(*evaluate(context), *expected)
    info = lp.LearnedPairForce.cast(system.getForce(0)).getKernelInfo(context)
    assert (info["evaluation"], info["instruction_set"]) == ("environment", instructions)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.many_cases
def test_results_are_those_of_the_portable_path(instructions, shape, channels):
    system, positions, _ = gas(shape, channels)
    assert_portable(instructions, system, positions)


def test_vectors_that_channels_do_not_fill_are_not_used(monkeypatch):
    """With AVX-512, eight channels take the shorter vectors of AVX2, unless the user chooses."""
    monkeypatch.delenv(VARIABLE, raising=False)
    best = next(name for name in SETS if name not in missing())
    for count, expected in ((8, "AVX2" if best == "AVX512" else best), (16, best)):
        values, slopes = curves([0] * count)
        text = f"v0[{count}] = densities\nv1[1] = sum v0 {{1 {count} 1}}\noutput v1"
        function = lp.EnvironmentFunction(2, INNER, CUTOFF, [0] * count, values, slopes, [0, 1, 2, 3], text)
        force = lp.LearnedPairForce(function)
        force.setParticleTypes([0, 1])
        force.setNonbondedMethod(force.CutoffNonPeriodic)
        force.setCutoffDistance(CUTOFF)
        force.setInnerCutoffDistance(INNER)
        system = openmm.System()
        for _ in range(2):
            system.addParticle(12.0)
        system.addForce(force)
        assert force.getKernelInfo(CPU.context(system))["instruction_set"] == expected


def test_the_list_follows_the_particles_and_the_box():
    """After steps that build the list again, and after a change of the box."""
    system, positions, _ = gas("large", "all")
    integrator = openmm.VerletIntegrator(0.002)
    context = CPU.context(system, positions, integrator)
    context.setVelocitiesToTemperature(300, 1)
    for k in range(4):
        velocities = np.random.default_rng(k).normal(0, 3, positions.shape)
        context.setPositions(positions + 0.1 * k * velocities)
        if k == 3:
            context.setPeriodicBoxVectors(*(1.05 * SHAPES["large"]))
        state = context.getState(positions=True, energy=True, forces=True)
        fresh = REFERENCE.context(system, state.getPositions(asNumpy=True)._value)
        fresh.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
        CPU.assert_agrees(*evaluate(context), *evaluate(fresh))
