# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the accuracy of forces in large systems, where single precision limits coordinates, as documented."""

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, CUDA, DOUBLE, PLATFORMS, REFERENCE, TARGETS, evaluate, on

COUNT = 400
#: The RMS error of forces, relative to the RMS force: near the origin, and per nm of the largest coordinate.
NEAR, PER_NM = 2e-6, 6e-7


def rms_error(target, positions, edge=None):
    random = np.random.default_rng(1)
    system = openmm.System()
    for i in range(COUNT):
        system.addParticle(1 + 0.01 * i)
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes(random.integers(0, 2, COUNT))
    if edge is None:
        force.setNonbondedMethod(force.CutoffNonPeriodic)
    else:
        system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    system.addForce(force)
    found, expected = (evaluate(platform.context(system, positions))[1] for platform in (target, REFERENCE))
    return np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean())


def cluster(origin):
    return np.asarray(origin) + np.random.default_rng(0).uniform(0, 1.9, (COUNT, 3))


@pytest.mark.parametrize(
    "target, edge",
    [(target, edge) for edge in (10.0, 25.0) for target in (REFERENCE, CPU, CUDA)]
    + [(target, 51.0) for target in TARGETS],
    indirect=["target"],
    ids=str,
)
def test_accuracy_at_places_in_large_boxes(target, edge):
    """In the middle, at the far end, and across the end, where particles are in several periodic images."""
    for place, largest in ((edge / 2 - 0.95, edge / 2 + 0.95), (edge - 1.9, edge), (edge - 0.95, edge)):
        error = rms_error(target, cluster([place] * 3), edge)
        if target == CPU:  # which wraps coordinates to between -edge/2 and edge/2
            largest = min(largest, edge / 2)
        assert error <= (1e-9 if target.exact else NEAR + PER_NM * largest), f"{error:.2e} at {place} nm of {edge} nm"


@on([*PLATFORMS, *DOUBLE[1:]])
@pytest.mark.parametrize("distance", [10.0, 100.0])
def test_accuracy_of_clusters_that_are_far_apart(target, distance):
    positions = cluster([0.0] * 3)
    positions[COUNT // 2 :, 0] += distance
    error = rms_error(target, positions)
    assert error <= (1e-9 if target.exact else NEAR + PER_NM * distance), f"{error:.2e} with {distance} nm"
