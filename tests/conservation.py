# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Energy is conserved as well with a correction as without it: what is left is the error of the time step."""

import functools

import numpy as np
import openmm
import systems
from comparators import CPU
from openmm import app

#: In ps.
STEP, DURATION = 0.001, 0.3


def smooth_water(molecules):
    """Water in which no force jumps at the cutoff, as forces of NonbondedForce usually do. Their jumps would change the
    total energy by ten times as much as the time step does, whatever a correction adds to that.
    """
    topology, positions = systems.relaxed_water(molecules)
    system = systems.water_system(topology, app.CutoffPeriodic, cutoff=0.65)
    nonbonded = next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))
    nonbonded.setUseSwitchingFunction(True)
    nonbonded.setSwitchingDistance(0.5)
    nonbonded.setReactionFieldDielectric(1e10)
    return system, topology, positions


def fluctuation(correct, step):
    """How far the total energy of 216 water molecules strays in a run, as a standard deviation in kJ/mol."""
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
    """Compare with plain TIP3P water; correct(system, topology) adds the correction.

    Of 1400 kJ/mol of kinetic energy the total strays by 0.1 kJ/mol, with and without correction, and by a quarter of
    that if the step is halved, as the error of the integrator does: measured factors are 3.95 to 4.02. Forces that
    differ from the derivative of the energy by a thousandth show, and so do those that jump at the cutoff.
    """
    coarse, fine = fluctuation(correct, STEP), fluctuation(correct, STEP / 2)
    assert coarse <= 1.5 * plain_fluctuation(), f"{coarse:.3g} kJ/mol, and {plain_fluctuation():.3g} without correction"
    assert 3.5 < coarse / fine < 4.5, f"from {coarse:.3g} to {fine:.3g} kJ/mol with half the step"
