# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks that energy is conserved as well with a correction as without it, up to the error of the time step."""

import functools

import numpy as np
import openmm
import systems
from comparators import CPU
from openmm import app

#: In ps.
STEP, DURATION = 0.001, 0.3


def smooth_water(molecules):
    """Water without discontinuous forces: NonbondedForce is switched and its Coulomb force is zero at the cutoff.

    Jumps of the force at the cutoff would change the total energy ten times as much as the finite time step does, and
    hide an error of the correction.
    """
    topology, positions = systems.relaxed_water(molecules)
    system = systems.water_system(topology, app.CutoffPeriodic, cutoff=0.65)
    nonbonded = next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))
    nonbonded.setUseSwitchingFunction(True)
    nonbonded.setSwitchingDistance(0.5)
    nonbonded.setReactionFieldDielectric(1e10)
    return system, topology, positions


def fluctuation(correct, step):
    """The standard deviation of the total energy of 216 water molecules during a run, in kJ/mol."""
    system, topology, positions = smooth_water(216)
    correct(system, topology)
    integrator = openmm.VerletIntegrator(step)
    integrator.setConstraintTolerance(1e-7)
    context = CPU.context(system, positions, integrator)
    context.setVelocitiesToTemperature(300, 1)
    integrator.step(round(0.05 / step))
    totals = []
    for _ in range(50):
        integrator.step(round(DURATION / 50 / step))
        state = context.getState(energy=True)
        totals.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
    return np.std(totals)


@functools.cache
def plain_fluctuation():
    return fluctuation(lambda system, topology: None, STEP)


def assert_as_good_as_without(correct):
    """Compare the energy fluctuation with that of plain TIP3P water; correct(system, topology) adds the correction.

    The kinetic energy is 1400 kJ/mol, and the total energy fluctuates by 0.1 kJ/mol, with and without correction. The
    error of the Verlet integrator is quadratic in the step, so half the step gives a quarter of the fluctuation
    (measured factors: 3.95 to 4.02). The test detects forces that differ from the derivative of the energy by 0.1%, and
    forces that jump at the cutoff.
    """
    coarse, fine = fluctuation(correct, STEP), fluctuation(correct, STEP / 2)
    assert coarse <= 1.5 * plain_fluctuation(), f"{coarse:.3g} kJ/mol, and {plain_fluctuation():.3g} without correction"
    assert 3.5 < coarse / fine < 4.5, f"from {coarse:.3g} to {fine:.3g} kJ/mol with half the step"
