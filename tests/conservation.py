# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Energy is conserved as well with a correction as without it."""

import functools

import numpy as np
import openmm
import systems
from comparators import Target
from openmm import app

#: Seeds of the initial velocities. A single run drifts by up to a thousandth of the kinetic energy, up or down: means
#: are compared.
SEEDS = range(1, 5)


def drift(correct, seed):
    """Half a picosecond of 216 water molecules on CPU: how far the total energy drifts, how much it fluctuates, and the
    kinetic energy.
    """
    topology, positions = systems.relaxed_water(216)
    system = systems.water_system(topology, app.PME, cutoff=0.65)
    correct(system, topology)
    context = Target("CPU", None).context(system, positions, openmm.VerletIntegrator(0.001))
    context.setVelocitiesToTemperature(300, seed)
    context.getIntegrator().step(100)
    totals = []
    for _ in range(50):
        context.getIntegrator().step(10)
        state = context.getState(energy=True)
        totals.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
    return np.polyfit(np.arange(50), totals, 1)[0] * 50, np.std(totals), state.getKineticEnergy()._value


@functools.cache
def plain_drift():
    return np.mean([drift(lambda system, topology: None, seed) for seed in SEEDS], axis=0)


def assert_as_good_as_without(correct):
    """Compare with plain TIP3P water; correct(system, topology) adds the correction."""
    plain, plain_noise, kinetic = plain_drift()
    corrected, noise, _ = np.mean([drift(correct, seed) for seed in SEEDS], axis=0)
    assert np.isfinite([corrected, noise]).all()
    # No worse than plain water, up to a thousandth of the kinetic energy, which is what plain runs differ by.
    assert abs(corrected) <= abs(plain) + 1e-3 * kinetic, (
        f"drift {corrected:.3g} against {plain:.3g} kJ/mol, kinetic energy {kinetic:.4g}"
    )
    assert noise <= 1.5 * plain_noise + 1e-3 * kinetic
