# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Systems with environment functions: a gas in boxes of several shapes, with few and with many channels."""

import functools

import learnedpair as lp
import numpy as np
import openmm
from comparators import REFERENCE, evaluate
from environment_functions import CUTOFF, INNER, curves, pair_table

SHAPES = {
    "large": np.diag([4.0, 4.2, 4.4]),
    "flat": np.diag([4.0, 4.0, 1.25]),
    "triclinic": np.array([[4.2, 0, 0], [1.9, 4.1, 0], [-1.7, 1.3, 4.0]]),
    "cluster": None,
}
#: The angular orders of the channels. There are fewer channels of an order than the numbers in a SIMD vector, or more;
#: and "angular" has no channel of order 0.
CHANNELS = {"3 radial": [0] * 3, "17 radial": [0] * 17, "angular": [3, 1, 1, 1, 2], "all": [0, 1, 2, 3] * 5}
CHANNELS["64"] = [0, 1, 2, 3] * 16


@functools.cache
def gas(shape, channels):
    """700 particles of two types in many periodic images, each in a cell of its own, and a pair at the same place:
    System, positions, and the results of Reference. u is a quadratic function of the densities.
    """
    orders, box = CHANNELS[channels], SHAPES[shape]
    random = np.random.default_rng(7)
    count, n = 700, len(orders)
    edges = np.diag([2.6, 2.6, 2.6]) if box is None else box
    places = np.stack(np.meshgrid(*3 * [np.arange(9)], indexing="ij"), axis=-1).reshape(-1, 3)
    fractions = (random.permutation(places)[:count] + random.uniform(0.2, 0.8, (count, 3))) / 9
    images = 0 if box is None else random.integers(-1, 3, (count, 3))
    positions = (fractions + images) @ edges
    positions[5] = positions[6]
    values, slopes = curves(orders)
    text = (
        f"v0[{n}] = densities\nv1[{n * n}] = weight\nv2[{n}] = linear v1 v0\nv3[{n}] = mul v2 v0\n"
        f"v4[1] = sum v3 {{1 {n} 1}}\noutput v4"
    )
    function = lp.EnvironmentFunction(
        2, INNER, CUTOFF, orders, values, slopes, [0, 1, 2, 3], text, random.normal(size=n * n) / n, pair=pair_table()
    )
    force = lp.LearnedPairForce(function)
    types = random.integers(0, 2, count)
    types[::9] = -1
    force.setParticleTypes(types)
    force.setNonbondedMethod(force.CutoffNonPeriodic if box is None else force.CutoffPeriodic)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.5)
    for k in range(0, count - 3, 5):
        force.addExclusion(k, k + 1)
        force.addException(k, k + 2, 0.5)
    system = openmm.System()
    for _ in range(count):
        system.addParticle(12.0)
    if box is not None:
        system.setDefaultPeriodicBoxVectors(*box)
    system.addForce(force)
    return system, positions, evaluate(REFERENCE.context(system, positions))
