# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests changes of the box of a Context while the particles do not move."""

import architectures
import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, DOUBLE, PLATFORMS, REFERENCE, SEVERAL_DEVICES, evaluate, on

COUNT = 200
POSITIONS = np.random.default_rng(0).uniform(0, 2.2, (COUNT, 3))


def cubic(edge):
    return (edge, 0, 0), (0, edge, 0), (0, 0, edge)


def triclinic(edge):
    return (edge, 0, 0), (0.3 * edge, 0.97 * edge, 0), (-0.2 * edge, 0.25 * edge, 1.03 * edge)


def program():
    force = architectures.load(architectures.by_name("both_orders"), "script").create_force(
        [i % 2 for i in range(COUNT)], representation="program", evaluation="exact"
    )
    force.setCutoffDistance(0.6)
    return force


def table():
    chains = systems.Chains()
    force = chains.learned(exclusions=[(0, 1)])  # unlike NonbondedForce, so that the force has its own list on GPUs
    force.setParticleTypes([i % 2 for i in range(COUNT)])
    return force


def make_system(force, box):
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    for i in range(COUNT):
        system.addParticle(1 + 0.01 * i)
    force.setForceGroup(1)
    system.addForce(force)
    other = openmm.NonbondedForce()
    other.setNonbondedMethod(other.CutoffPeriodic)
    other.setCutoffDistance(0.6)
    for _ in range(COUNT):
        other.addParticle(0, 0.1, 1)
    system.addForce(other)
    return system


#: Targets of PLATFORMS compute every shape of box, the other targets one each.
ON_TARGETS = [
    pytest.param(target, make, shape, id=f"{target}-{make.__name__}-{shape.__name__}")
    for make, shape, more in (
        (program, cubic, SEVERAL_DEVICES),
        (program, triclinic, DOUBLE),
        (table, cubic, []),
        (table, triclinic, []),
    )
    for target in PLATFORMS + more
]


@pytest.mark.parametrize("target, make, shape", ON_TARGETS, indirect=["target"])
def test_neighbor_list_is_rebuilt_when_the_box_changes(target, make, shape):
    """OpenMM rebuilds a neighbor list only when particles have moved; our own list also when the box has changed."""
    system = make_system(make(), shape(6.6))
    context, reference = target.context(system, POSITIONS), REFERENCE.context(system, POSITIONS)
    if target.on_gpus:
        force = lp.LearnedPairForce.cast(system.getForce(0))
        assert force.getKernelInfo(context)["neighbor_list"] == "own"
    energies = []
    for edge in (6.6, 2.3, 6.6, 2.25, 2.2):
        for each in (context, reference):
            each.setPeriodicBoxVectors(*shape(edge))
        expected = evaluate(reference, groups={1})
        target.assert_agrees(*evaluate(context, groups={1}), *expected, what=f"{edge} nm")
        energies.append(expected[0])
    assert len(set(np.round(energies, 2))) == 4, "the energies of different boxes must differ"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e13, 1e308])
@on([REFERENCE, CPU])
def test_a_box_that_is_not_finite_or_huge_is_refused(target, value):
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes([0, 0])
    system = openmm.System()
    for _ in range(2):
        system.addParticle(1.0)
    system.setDefaultPeriodicBoxVectors([5, 0, 0], [0, 5, 0], [0, 0, 5])
    system.addForce(force)
    context = target.context(system, [[0, 0, 0], [0.3, 0, 0]])
    context.setPeriodicBoxVectors([5, 0, 0], [0, value, 0], [0, 0, 5])
    with pytest.raises(
        openmm.OpenMMException, match="component 1 of periodic box vector 1 is .* nm; it must be finite, and at"
    ):
        context.getState(energy=True)
