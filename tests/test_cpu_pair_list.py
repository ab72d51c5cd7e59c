# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the neighbor list of the CPU platform is complete after particles have moved and the box has changed.

The energy of every pair is 1, so the total energy is the number of pairs.
"""

import itertools

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import CPU, evaluate
from network_programs import network_force

#: Pairs whose distance is closer to the cutoff than this, in nm, may or may not be counted in single precision.
ROUNDING = 2e-6
SHAPES = ("cube", "flat", "rod", "triclinic", "small", "cluster", "far away", "outliers")


class Particles:
    """Random particles with or without a box, and all pairs that interact within the cutoff.

    ``extent`` is the range of the particles' coordinates in units of the box vectors.
    """

    def __init__(self, shape, seed, extent=(-1, 2)):
        self.random = np.random.default_rng(seed)
        self.cutoff = self.random.uniform(0.5, 0.9)
        least = 2.6 * self.cutoff  # OpenMM allows cutoffs up to half of the box, which will shrink
        edges = {
            "cube": (3, 3, 3),
            "flat": (4, 4, 1),
            "rod": (1, 1, 12),
            "small": (1, 1, 1),
            "triclinic": (1.5, 1.7, 1.3),
        }.get(shape)
        self.box = None if edges is None else np.diag(least * np.array(edges))
        if shape == "triclinic":
            a, b, c = np.diag(self.box)
            self.box[1, 0], self.box[2, 0], self.box[2, 1] = 0.49 * a, -0.48 * a, 0.47 * b
        self.count = int(self.random.integers(2, 60) if shape == "small" else self.random.integers(600, 1100))
        if self.box is None:
            self.positions = self.random.uniform(0, 2.5, (self.count, 3))
            self.positions += {"cluster": 0, "far away": 1e4, "outliers": 0}[shape]
            if shape == "outliers":
                self.positions[::50] *= 1e5
        else:
            self.positions = self.random.uniform(*extent, (self.count, 3)) @ self.box
        self.covered = self.random.random(self.count) < 0.8
        pairs = self.random.integers(0, self.count, (3 * self.count, 2))
        self.excluded = {tuple(sorted(map(int, pair))) for pair in pairs if pair[0] != pair[1]}
        first, second = np.triu_indices(self.count, 1)
        listed = self.covered[first] & self.covered[second]
        listed &= np.array([pair not in self.excluded for pair in zip(first.tolist(), second.tolist(), strict=True)])
        # Particles that interact with all others, while the rest interact only with these.
        self.group = None if seed % 2 == 0 else self.random.random(self.count) < 0.2
        if self.group is not None:
            listed &= self.group[first] | self.group[second]
        self.pairs = first[listed], second[listed]
        # Equal speeds: many particles have moved by nearly the largest displacement for which the list is valid.
        self.velocities = self.random.normal(size=(self.count, 3))
        self.velocities /= np.linalg.norm(self.velocities, axis=1)[:, None]

    def context(self):
        force = lp.LearnedPairForce(lp.PairTable(1, 0.1, self.cutoff, [[1.0] * 4], [[0.0] * 4], [0]))
        force.setParticleTypes(np.where(self.covered, 0, -1))
        force.setCutoffDistance(self.cutoff)
        if self.box is None:
            force.setNonbondedMethod(lp.LearnedPairForce.CutoffNonPeriodic)
        for pair in self.excluded:
            force.addExclusion(*pair)
        if self.group is not None:
            force.addInteractionGroup(np.flatnonzero(self.group).tolist(), list(range(self.count)))
        system = openmm.System()
        for _ in range(self.count):
            system.addParticle(1.0)
        if self.box is not None:
            system.setDefaultPeriodicBoxVectors(*self.box)
        system.addForce(force)
        return CPU.context(system)

    def counts(self):
        """The smallest and the largest possible number of pairs in range."""
        d = self.positions[self.pairs[0]] - self.positions[self.pairs[1]]
        shifts = [np.zeros(3)]
        if self.box is not None:
            for k in (2, 1, 0):
                d -= np.round(d[:, k] / self.box[k, k])[:, None] * self.box[k]
            if np.any(self.box != np.diag(np.diag(self.box))):  # triclinic: another image may be nearer
                shifts = [np.array(n) @ self.box for n in itertools.product((-1, 0, 1), repeat=3)]
        r = np.sqrt(np.min([((d + shift) ** 2).sum(axis=1) for shift in shifts], axis=0))
        return int((r < self.cutoff - ROUNDING).sum()), int((r < self.cutoff + ROUNDING).sum())

    def move(self, time):
        self.positions = self.positions + time * self.velocities

    def shrink(self, zoom, positions_too):
        if self.box is not None:
            self.box = self.box * zoom
            if positions_too:
                self.positions = self.positions * zoom

    def check(self, context, what):
        if self.box is not None:
            context.setPeriodicBoxVectors(*self.box)
        context.setPositions(self.positions)
        found = context.getState(energy=True).getPotentialEnergy()._value
        low, high = self.counts()
        assert low <= found <= high, f"{what}: {found} pairs; expected {low} to {high}"
        return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.many_cases
def test_no_pair_is_missed_and_none_counted_twice(instructions, shape, seed):
    particles = Particles(shape, seed)
    context = particles.context()
    found = [particles.check(context, "at first")]
    for step in range(16):
        if step % 3 == 2:
            # With the positions, as a barostat does, or without them, as a script may do.
            particles.shrink(0.975 if step % 2 else 0.955, positions_too=bool(step % 2))
        else:
            particles.move(0.02)
        found.append(particles.check(context, f"step {step}"))
    particles.move(5.0)
    found.append(particles.check(context, "after a leap"))
    assert len(set(found)) > 1 or shape == "small"


@pytest.mark.parametrize("shape", ["cube", "flat", "triclinic"])
@pytest.mark.many_cases
def test_list_is_complete_when_only_the_box_shrinks(instructions, shape):
    particles = Particles(shape, 0, extent=(0, 1))
    context = particles.context()
    particles.check(context, "at first")
    for step in range(12):
        particles.shrink(0.985, positions_too=False)
        particles.check(context, f"step {step}")


@pytest.mark.parametrize("shape", ["cube", "cluster"])
@pytest.mark.parametrize("count", [1, 40], ids=["one", "all"])
@pytest.mark.parametrize("size", [1e15, 1e20, 1e30, 1e39, 1e200, np.inf])
def test_too_large_coordinates_are_refused(shape, count, size):
    particles = Particles(shape, 2)
    context = particles.context()
    found = particles.check(context, "at first")
    lost = particles.positions.copy()
    lost[np.flatnonzero(particles.covered)[:count]] = size * (1 + particles.random.random((count, 3)))
    context.setPositions(lost)
    with pytest.raises(
        openmm.OpenMMException,
        match=(
            "LearnedPairForce: a particle coordinate is NaN or infinite"
            if not np.isfinite(size)
            else (
                r"LearnedPairForce: particle \d+ has the coordinate .*e\+.* nm, and with more than 1e\+12 nm forces are"
                r" lost in rounding"
            )
        ),
    ):
        context.getState(energy=True)
    assert particles.check(context, "afterwards") == found


def test_without_a_cutoff_a_common_translation_does_not_reduce_the_accuracy():
    force = network_force("types", [0, 1] * 20)
    force.setNonbondedMethod(force.NoCutoff)
    system = openmm.System()
    for _ in range(40):
        system.addParticle(1.0)
    system.addForce(force)
    positions = np.random.default_rng(0).random((40, 3))
    context = CPU.context(system, positions)
    expected = evaluate(context)
    for move in (0.5, 10.0, 1e4, 1e6, -1e6):
        context.setPositions(positions + move)
        CPU.assert_agrees(*evaluate(context), *expected, what=f"moved by {move} nm")
    context.setPositions(positions + np.inf)
    with pytest.raises(openmm.OpenMMException, match="a particle coordinate is NaN or infinite"):
        context.getState(energy=True)
