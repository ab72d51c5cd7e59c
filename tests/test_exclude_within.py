# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of exclude_within(), on Systems like those of openmm-ml, which is not needed here."""

import copy

import learnedpair as lp
import models
import openmm
import pytest
import systems
from comparators import assert_close, evaluate


def water_with_correction(**arguments):
    topology, positions, _ = systems.water(64)
    system = systems.water_system(topology)
    force = lp.add_correction(system, topology, models.water_model(), force_group=3, **arguments)
    return system, positions, force


def add_link_atom(system):
    """Add a virtual site between the first two molecules, as openmm-ml does at a bond."""
    site = openmm.LocalCoordinatesSite([0, 3], [1, 0], [-1, 1], [0, 0], [0.1, 0, 0])
    system.setVirtualSite(system.addParticle(0.0), site)
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            force.addParticle(0, 0, 0)


def test_a_region_of_two_molecules(target):
    """The energy falls by that of the pairs of the two molecules, which an interaction group selects."""
    system, positions, force = water_with_correction()
    between = copy.copy(force)
    between.addInteractionGroup(range(3), range(3, 6))
    between.setForceGroup(4)
    system.addForce(between)
    before, inside = (evaluate(target.context(system, positions), {group}) for group in (3, 4))
    system.removeForce(system.getNumForces() - 1)
    add_link_atom(system)
    [changed] = lp.exclude_within(system, range(6))
    assert changed.getNumParticles() == 193 and changed.getParticleType(192) == changed.NotCovered
    assert changed.getNumExclusions() == 3 * 64 + 9
    context = target.context(system, [*positions.tolist(), [0.0, 0.0, 0.0]])
    context.computeVirtualSites()
    energy, forces = evaluate(context, {3})
    assert abs(inside[0]) > 1e-3
    assert_close(energy, before[0] - inside[0], atol=1e-9 if target.exact else 1e-3)
    assert_close(forces[:192], before[1] - inside[1], atol=1e-9 if target.exact else 0.1)


def test_a_second_call_changes_nothing():
    system, _, _ = water_with_correction()
    [force] = lp.exclude_within(system, [0, 3, 6])
    assert force.getNumExclusions() == 3 * 64 + 3
    assert lp.exclude_within(system, [6, 3, 0, 0])[0].getNumExclusions() == 3 * 64 + 3


def test_wrong_arguments():
    system, _, force = water_with_correction()
    with pytest.raises(ValueError, match="exclude_within: the System has no LearnedPairForce"):
        lp.exclude_within(systems.water_system(systems.water(64)[0]), [0, 1])
    for atoms, problem in (([0, 192], "atoms has the index 192; expected indices from 0 to 191"), ([], "is empty")):
        with pytest.raises(ValueError, match=f"exclude_within: .*{problem}"):
            lp.exclude_within(system, atoms)
    with pytest.raises(TypeError):
        lp.exclude_within(system, ["O"])
    system.addParticle(1.0)
    with pytest.raises(ValueError, match="has 192 particles and the System 193, and particle 192 is no virtual site"):
        lp.exclude_within(system, [0, 1])
    assert force.getNumParticles() == 192


def test_interaction_groups_and_interpolation():
    system, _, force = water_with_correction()
    force.addInteractionGroup([0], [3])
    interpolation = openmm.CustomCVForce("0")
    interpolation.addGlobalParameter("lambda_interpolate", 1)
    system.addForce(interpolation)
    with pytest.raises(ValueError, match="the System interpolates by lambda_interpolate, and the correction"):
        lp.exclude_within(system, [0, 3])
