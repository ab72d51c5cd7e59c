# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the GPU kernel for large programs, which compacts pairs in range: full, sparse and empty tiles, and networks
with and without tensor cores.
"""

import functools

import architectures
import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import (
    CUDA,
    DOUBLE,
    MIXED,
    OPENCL,
    REFERENCE,
    SEVERAL_DEVICES,
    TENSOR_CORES,
    evaluate,
    kernels_of,
    on,
)

CUTOFF = 0.6


def make_system(positions, edge, types, periodic=True):
    """Particles of different masses, so that OpenMM does not reorder them, whose interaction is a network."""
    force = architectures.load(architectures.by_name("both_orders"), "script").create_force(
        types, representation="program", evaluation="exact"
    )
    force.setCutoffDistance(CUTOFF)
    if not periodic:
        force.setNonbondedMethod(lp.LearnedPairForce.CutoffNonPeriodic)
    system = openmm.System()
    if periodic:
        system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    for i in range(len(positions)):
        system.addParticle(1 + 0.01 * i)
    system.addForce(force)
    return system


def assert_right(target, system, positions):
    context = target.context(system, positions)
    assert kernels_of(system, context) == ["compacted pairs" + ", tensor cores" * target.tensor_cores]
    expected = evaluate(REFERENCE.context(system, positions))
    target.assert_agrees(*evaluate(context), *expected)
    return context, expected


COUNTS = (2, 31, 32, 33, 64, 100)


def targets_and_boxes(k, count):
    """Targets, and whether the system is periodic.

    Periodicity affects the distance of a pair, but not the tiles: it is tested on OpenCL or on CUDA for each number of
    particles.
    """
    places = [(OPENCL, k % 2 == 0), (CUDA, k % 2 == 1), (TENSOR_CORES[0], k % 2 == 0)]
    if count == 33:
        places += [(target, True) for target in DOUBLE]
    if count == 100:
        places += [(DOUBLE[1], False), *zip(SEVERAL_DEVICES, (True, False), strict=True)]
    return places


@pytest.mark.parametrize(
    "target, count, periodic",
    [
        pytest.param(target, count, periodic, marks=[pytest.mark.core] * (count == 33))
        for k, count in enumerate(COUNTS)
        for target, periodic in targets_and_boxes(k, count)
    ],
    indirect=["target"],
    ids=str,
)
def test_all_pairs_in_range(target, count, periodic):
    """All pairs of each tile are in range: 1024, or 496 on the diagonal."""
    positions = np.random.default_rng(count).uniform(0, 0.34, (count, 3))
    _, expected = assert_right(target, make_system(positions, 2.0, [i % 2 for i in range(count)], periodic), positions)
    assert abs(expected[0]) > 0.1


@on([OPENCL, CUDA, *TENSOR_CORES, *DOUBLE])
def test_few_pairs_in_range(target):
    """Most tiles have one pair or none; every second particle is not covered."""
    positions = np.random.default_rng(3).uniform(0, 4.0, (300, 3))
    _, expected = assert_right(
        target, make_system(positions, 4.0, [(0, None, 1, None)[i % 4] for i in range(300)]), positions
    )
    assert 0 < np.count_nonzero(np.abs(expected[1]).max(axis=1)) < 150


@on([OPENCL, CUDA, *TENSOR_CORES, *SEVERAL_DEVICES])
def test_no_pair_in_range(target):
    positions = np.arange(100)[:, None] * np.array([[0.7, 0.0, 0.0]])
    context, _ = assert_right(target, make_system(positions, 80.0, [0] * 100), positions)
    energy, forces = evaluate(context)
    assert energy == 0 and not forces.any()


@pytest.mark.core
@on([OPENCL, CUDA, *TENSOR_CORES])
def test_interaction_groups_and_exclusions_leave_pairs_out(target):
    count = 100
    positions = np.random.default_rng(5).uniform(0, 0.9, (count, 3))
    system = make_system(positions, 2.0, [i % 2 for i in range(count)])
    force = lp.LearnedPairForce.cast(system.getForce(0))
    force.addInteractionGroup(range(0, 40), range(30, count))
    for i in range(0, count - 1, 3):
        force.addExclusion(i, i + 1)
    assert_right(target, system, positions)


@on([OPENCL, CUDA, *TENSOR_CORES, *DOUBLE[1:], *SEVERAL_DEVICES[1:]])
def test_neighbor_list_that_exceeds_its_first_allocation(target):
    """Particles in random order: nearly all blocks are neighbors, more than OpenMM first allocates memory for."""
    count, edge = 1600, 2.6
    positions = np.random.default_rng(6).uniform(0, edge, (count, 3))
    context, _ = assert_right(target, make_system(positions, edge, [i % 2 for i in range(count)]), positions)
    context.setPositions(positions[::-1])
    moved = evaluate(context)
    expected = evaluate(REFERENCE.context(context.getSystem(), positions[::-1]))
    target.assert_agrees(*moved, *expected)


@on(MIXED)
def test_particles_of_a_large_program_alone_are_sorted(target):
    """Every 250 steps OpenMM sorts particles in space and wraps them into the box, which neighbor lists and single
    precision need, but only if its default kernel has a cutoff. Here all particles move by four boxes in each step.
    Without wrapping, their final coordinates would be too large for forces in single precision.
    """
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


class ProgramWriter:
    """Writes the text and the weights of a program step by step."""

    def __init__(self, rng):
        self.rng, self.lines, self.weights = rng, [], []

    def step(self, size, what):
        self.lines.append(f"v{len(self.lines)}[{size}] = {what}")
        return f"v{len(self.lines) - 1}"

    def given(self, numbers):
        self.weights.extend(numbers)
        return self.step(len(numbers), "weight")

    def weight(self, size, scale=1.0):
        return self.given(self.rng.normal(0, scale, size))

    def apply(self, function, size, vector):
        return self.step(size, f"{function} {vector}")

    def waves(self, r, size):
        """Radial basis functions: cosines with random frequencies."""
        return self.apply("cos", size, self.step(size, f"mul {r} {self.weight(size, 4.0)}"))

    def layer(self, vector, columns, rows):
        product = self.step(rows, f"linear {self.weight(rows * columns, columns**-0.5)} {vector}")
        return self.step(rows, f"add {product} {self.weight(rows, 0.3)}")

    def program(self, output, **arguments):
        return lp.PairProgram("\n".join([*self.lines, f"output {output}"]), self.weights, min_distance=0.1, **arguments)


def random_network(seed):
    """Vectors of length 1 to 40 and layers of width 16 to 40; features in two layers, a vector that is used twice, and
    two kinds of sums.
    """
    rng = np.random.default_rng(seed)
    text = ProgramWriter(rng)
    num_features, basis = rng.integers(1, 41, 2)
    widths = rng.integers(16, 41, 2)
    r, features = text.step(1, "distance"), [text.step(num_features, f"particle{k}") for k in (1, 2)]
    both = text.step(num_features, f"add {features[0]} {features[1]}")
    hidden = text.layer(text.waves(r, basis), basis, widths[0])
    hidden = text.step(widths[0], f"add {hidden} {text.layer(both, num_features, widths[0])}")
    hidden = text.apply(rng.choice(["tanh", "sigmoid", "sin"]), widths[0], hidden)
    gate = text.apply("sigmoid", widths[1], text.layer(both, num_features, widths[1]))
    hidden = text.step(widths[1], f"mul {gate} {text.layer(hidden, widths[0], widths[1])}")
    summed = text.step(1, f"sum {hidden} {{1 {widths[1]} 1}}")
    squared = text.step(widths[1], f"mul {hidden} {hidden}")
    energy = text.step(1, f"add {summed} {text.step(1, f'linear {text.weight(widths[1])} {squared}')}")
    return text.program(energy, num_features=int(num_features))


def shapes_of_one_matrix():
    """The same weight as a matrix of 16 rows and as a matrix of 32 rows."""
    text = ProgramWriter(np.random.default_rng(20))
    r, matrix = text.step(1, "distance"), text.weight(512, 0.2)
    energies = []
    for rows, columns in ((16, 32), (32, 16)):
        hidden = text.apply("tanh", rows, text.step(rows, f"linear {matrix} {text.waves(r, columns)}"))
        energies.append(text.step(1, f"sum {hidden} {{1 {rows} 1}}"))
    return text.program(text.step(1, f"add {energies[0]} {energies[1]}"), num_types=1)


def matrices_in_both_orders():
    """Two matrices applied in one order and in the other: the products with one matrix cannot all precede those with
    the other.
    """
    text = ProgramWriter(np.random.default_rng(21))
    r, first, second = text.step(1, "distance"), text.weight(256, 0.3), text.weight(256, 0.3)
    vector = text.waves(r, 16)
    energies = []
    for one, other in ((first, second), (second, first)):
        hidden = text.apply("tanh", 16, text.step(16, f"linear {one} {vector}"))
        hidden = text.apply("tanh", 16, text.step(16, f"linear {other} {hidden}"))
        energies.append(text.step(1, f"sum {hidden} {{1 16 1}}"))
    return text.program(text.step(1, f"mul {energies[0]} {energies[1]}"), num_types=1)


def cancelling_branches():
    """The difference of two branches that differ by a tenth: products must be as accurate as those of floats."""
    rng = np.random.default_rng(22)
    text = ProgramWriter(rng)
    vector = text.waves(text.step(1, "distance"), 32)
    matrix, last = rng.normal(0, 32**-0.5, 1024), rng.normal(0, 1, 32)
    energies = []
    for numbers, sign in ((matrix, 1), (matrix + rng.normal(0, 0.1 * 32**-0.5, 1024), -1)):
        hidden = text.apply("tanh", 32, text.step(32, f"linear {text.given(numbers)} {vector}"))
        energies.append(text.step(1, f"linear {text.given(sign * last)} {hidden}"))
    return text.program(text.step(1, f"add {energies[0]} {energies[1]}"), num_types=1)


NETWORKS = {
    **{f"random {seed}": functools.partial(random_network, seed) for seed in range(12)},
    "one matrix, two shapes": shapes_of_one_matrix,
    "two matrices in both orders": matrices_in_both_orders,
    "branches that cancel": cancelling_branches,
}


#: CUDA computes all networks, with and without tensor cores, and a few of them in double precision and on several
#: devices. OpenCL computes a few.
FEW = ("random 0", "one matrix, two shapes", "branches that cancel")


@pytest.mark.parametrize(
    "target, name",
    [
        pytest.param(target, name, marks=[pytest.mark.core] * (name in FEW))
        for name in NETWORKS
        for target in [CUDA, *TENSOR_CORES]
        + [OPENCL, DOUBLE[1], SEVERAL_DEVICES[1]] * (name in FEW)
        + [OPENCL] * (name in ("random 1", "random 2", "two matrices in both orders"))
        + [DOUBLE[0], SEVERAL_DEVICES[0]] * (name == FEW[0])
    ],
    indirect=["target"],
    ids=str,
)
def test_networks_agree_with_reference(target, name):
    rng = np.random.default_rng(100)
    function = NETWORKS[name]()
    force = lp.LearnedPairForce(function)
    if function.num_features > 0:
        force.setAllParticleFeatures(rng.uniform(-1, 1, (60, function.num_features)))
    else:
        force.setParticleTypes([0] * 60)
    force.setCutoffDistance(CUTOFF)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors((1.3, 0, 0), (0, 1.3, 0), (0, 0, 1.3))
    for _ in range(60):
        system.addParticle(1.0)
    system.addForce(force)
    positions = rng.uniform(0, 1.3, (60, 3))
    context = target.context(system, positions)
    assert kernels_of(system, context) == ["compacted pairs" + ", tensor cores" * target.tensor_cores]
    target.assert_agrees(*evaluate(context), *evaluate(REFERENCE.context(system, positions)))
