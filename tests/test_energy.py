# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that energy and forces are those of the model, on every platform: a typed network, in liquid water and in a
cluster.
"""

import learnedpair as lp
import numpy as np
import openmm
import oracle
import pytest
import systems
from comparators import CPU, DOUBLE, MIXED, PLATFORMS, REFERENCE, SEVERAL_DEVICES, TARGETS, assert_close, evaluate, on
from reference_cases import corrected_water

#: Each platform computes all shapes. In other precisions and on several devices, OpenCL computes one and CUDA two.
SHAPES_ON_TARGETS = [
    pytest.param(
        target,
        shape,
        switching,
        marks=[pytest.mark.core] * ((shape, switching) == ("triclinic", True)),
        id=f"{target}-{shape}-{'switched' if switching else 'plain'}",
    )
    for shape in ("rectangular", "triclinic", "cluster")
    for switching in (False, True)
    for target in PLATFORMS
    + (MIXED + DOUBLE + SEVERAL_DEVICES) * ((shape, switching) == ("triclinic", True))
    + [MIXED[1], DOUBLE[1], SEVERAL_DEVICES[1]] * ((shape, switching) == ("cluster", False))
]


@pytest.mark.parametrize("target, shape, switching", SHAPES_ON_TARGETS, indirect=["target"])
def test_energy_and_forces_are_those_of_the_model(target, shape, switching):
    system, positions, report, (energy, forces, pairs_below) = corrected_water(shape, switching)
    assert pairs_below > 50, "the test must contain pairs below the inner cutoff"
    reference = evaluate(REFERENCE.context(system, positions))
    # The errors of the table add up over the pairs of a particle, about a hundred.
    pairs = len(positions) * 30
    assert_close(reference[0], energy, atol=pairs * report["max_energy_error"], what="energy of Reference")
    assert_close(reference[1], forces, atol=60 * report["max_force_error"], what="forces of Reference")
    target.assert_agrees(*evaluate(target.context(system, positions)), *reference, what=f"{shape} {target}")


@pytest.mark.parametrize("triclinic", [False, True], ids=["rectangular", "triclinic"])
def test_table_is_evaluated_as_documented(triclinic):
    """Compare Reference with NumPy, in double precision, where the function is the table itself."""
    chains = systems.Chains(triclinic=triclinic)
    table = systems.table(knots=41)
    system = chains.system()
    system.addForce(chains.learned(table, cutoff=0.55))
    energy, forces, below = oracle.energy_and_forces(
        systems.table_function(table),
        chains.positions,
        chains.types,
        cutoff=0.55,
        inner_cutoff=systems.INNER,
        box=chains.box,
        exclusions=chains.molecule_pairs,
    )
    assert below > 5
    REFERENCE.assert_agrees(*evaluate(REFERENCE.context(system, chains.positions)), energy, forces)


@pytest.mark.core
def test_interaction_groups_select_pairs_once(target):
    chains = systems.Chains()
    half, third = set(range(chains.count // 2)), set(range(chains.count // 3, chains.count))
    groups = [(half, third), (third, half), ({0, 1, 2}, set(range(chains.count)))]
    table = systems.table()
    system = chains.system()
    force = chains.learned(table)
    for group in groups:
        force.addInteractionGroup(*group)
    system.addForce(force)

    def allowed(i, j):
        return any((i in a and j in b) or (j in a and i in b) for a, b in groups)

    energy, forces, _ = oracle.energy_and_forces(
        systems.table_function(table),
        chains.positions,
        chains.types,
        cutoff=systems.CUTOFF,
        inner_cutoff=systems.INNER,
        box=chains.box,
        exclusions=chains.molecule_pairs,
        allowed=allowed,
    )
    target.assert_agrees(*evaluate(target.context(system, chains.positions)), energy, forces)


def test_inner_cutoff_may_be_larger_and_cutoff_shorter_than_those_of_the_table(target):
    chains = systems.Chains()
    table = systems.table()
    system = chains.system()
    force = chains.learned(table, cutoff=0.5)
    force.setInnerCutoffDistance(0.27)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.3)
    system.addForce(force)
    energy, forces, _ = oracle.energy_and_forces(
        systems.table_function(table),
        chains.positions,
        chains.types,
        cutoff=0.5,
        inner_cutoff=0.27,
        box=chains.box,
        exclusions=chains.molecule_pairs,
        switching_distance=0.3,
    )
    target.assert_agrees(*evaluate(target.context(system, chains.positions)), energy, forces)


@pytest.mark.parametrize(
    "target, count",
    [
        (target, count)
        for count in (2, 31, 32, 33, 65)
        for target in PLATFORMS + SEVERAL_DEVICES * (count == 2) + SEVERAL_DEVICES[1:] * (count == 65)
    ],
    indirect=["target"],
    ids=str,
)
def test_any_number_of_particles(target, count):
    """Numbers near the size of the blocks that platforms process, and fewer blocks than devices."""
    random = np.random.default_rng(count)
    positions = 1.5 * random.random((count, 3))
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors((1.5, 0, 0), (0, 1.5, 0), (0, 0, 1.5))
    force = lp.LearnedPairForce(systems.table())
    for i in range(count):
        system.addParticle(1.0)
        force.addParticle(i % 2)
    system.addForce(force)
    energy, forces, _ = oracle.energy_and_forces(
        systems.table_function(force.getFunction()),
        positions,
        np.arange(count) % 2,
        cutoff=systems.CUTOFF,
        inner_cutoff=systems.INNER,
        box=np.diag([1.5] * 3),
    )
    target.assert_agrees(*evaluate(target.context(system, positions)), energy, forces)


@on([REFERENCE, CPU])
def test_a_single_particle_has_no_energy(target):
    """Not on OpenCL, where OpenMM 8.6.1 itself crashes with one particle and any nonbonded force."""
    system = openmm.System()
    system.addParticle(1.0)
    force = lp.LearnedPairForce(systems.table())
    force.addParticle(0)
    system.addForce(force)
    assert evaluate(target.context(system, np.zeros((1, 3))))[0] == 0.0


@on(TARGETS)
def test_particles_in_one_place_have_energy_but_no_force(target):
    """At r=0 the Taylor expansion is finite, and the force has no direction."""
    table = systems.table()
    system = openmm.System()
    force = lp.LearnedPairForce(table)
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    for _ in range(2):
        system.addParticle(1.0)
        force.addParticle(0)
    system.addForce(force)
    energy, dEdR = table.evaluate(0, 0, [systems.INNER])
    actual, forces = evaluate(target.context(system, np.full((2, 3), 0.3)))
    assert_close(actual, energy[0] - systems.INNER * dEdR[0], rtol=1e-6)
    assert_close(forces, np.zeros((2, 3)))


def test_energy_is_zero_if_no_particle_is_covered(target):
    chains = systems.Chains()
    chains.types[:] = -1
    system = chains.system()
    system.addForce(chains.learned())
    energy, forces = evaluate(target.context(system, chains.positions))
    assert energy == 0.0
    assert_close(forces, np.zeros((chains.count, 3)))


def test_far_from_the_origin(target):
    """Moving particles by multiples of box vectors does not change the energy."""
    chains = systems.Chains()
    system = chains.system()
    system.addForce(chains.learned())
    expected = evaluate(REFERENCE.context(system, chains.positions))
    moved = chains.positions + np.random.default_rng(0).integers(-5, 6, size=(chains.count, 3)) @ chains.box
    energy, forces = evaluate(target.context(system, moved))
    target.assert_agrees(energy, forces, *expected)


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_one_particle_far_away_does_not_reduce_the_accuracy_of_others(target, first):
    chains = systems.Chains(periodic=False)
    chains.positions[0 if first else -1] += 1e4
    system = chains.system()
    system.addForce(chains.learned())
    target.assert_agrees(
        *evaluate(target.context(system, chains.positions)), *evaluate(REFERENCE.context(system, chains.positions))
    )


@on(PLATFORMS + SEVERAL_DEVICES[1:])
def test_neighbor_list_is_built_and_followed(target):
    """Enough particles for a neighbor list on every platform, moved far enough to rebuild it."""
    chains = systems.Chains(molecules=1100, density=40.0)
    system = chains.system()
    system.addForce(chains.learned())
    context, reference = target.context(system, chains.positions), REFERENCE.context(system, chains.positions)
    target.assert_agrees(*evaluate(context), *evaluate(reference), what="first")
    moved = chains.positions + 0.15 * np.sin(chains.positions[:, [1, 2, 0]] * 2 * np.pi / chains.box[0, 0])
    for c in (context, reference):
        c.setPositions(moved)
    target.assert_agrees(*evaluate(context), *evaluate(reference), what="moved")
    for c in (context, reference):
        c.setPeriodicBoxVectors(*(1.02 * chains.box))
        c.setPositions(1.02 * moved)
    target.assert_agrees(*evaluate(context), *evaluate(reference), what="larger box")
