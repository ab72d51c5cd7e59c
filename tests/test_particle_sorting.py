# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""OpenMM sorts particles in space and keeps them in the box, which neighbor lists and single precision need."""

import numpy as np
import openmm
import pytest
from comparators import REFERENCE, evaluate
from test_compacted_pairs import GPUS, make_system


@pytest.mark.parametrize("target", [target for target in GPUS if target.precision == "mixed"], ids=str, indirect=True)
def test_a_large_program_alone_has_its_particles_sorted(target):
    """OpenMM does that every 250 steps, and only if it has a cutoff in its default kernel. Here all particles fly past
    four boxes in a
    step; where they end, single precision has no digits left for the forces."""
    positions = np.random.default_rng(8).uniform(0, 2.0, (60, 3))
    system = make_system(positions, 2.0, [i % 2 for i in range(60)])
    context = target.context(system, positions, openmm.VerletIntegrator(1e-6))
    context.setVelocities(np.full((60, 3), 8e6))
    context.getIntegrator().step(250)
    context.setVelocities(np.zeros((60, 3)))
    context.getIntegrator().step(3)
    state = context.getState(positions=True)
    moved = state.getPositions(asNumpy=True)._value
    np.testing.assert_allclose(moved, positions + 2000, atol=1e-6)
    target.assert_agrees(*evaluate(context), *evaluate(REFERENCE.context(system, moved)))
