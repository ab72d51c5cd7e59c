# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the derivative with respect to a parameter of several forces is that of the sum of their energies."""

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import DOUBLE, PLATFORMS, REFERENCE, assert_close, evaluate, on

#: s^2 r, in nm and kJ/mol.
PROGRAM = "v0[1] = distance\nv1[1] = globals\nv2[1] = mul v0 v1\nv3[1] = mul v2 v1\noutput v3"


def table_force(chains, asked):
    force = chains.learned()
    force.setScaleParameter("s")
    if asked:
        force.addEnergyParameterDerivative("s")
    return force


def program_force(chains, asked):
    force = lp.LearnedPairForce(
        lp.PairProgram(PROGRAM, [], num_types=2, min_distance=0.2, global_parameters={"s": 1.0})
    )
    force.setParticleTypes(chains.types)
    force.setCutoffDistance(0.6)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.4)
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    if asked:
        force.addEnergyParameterDerivative("s")
    return force


def system_of(chains, asked, group=0):
    """A table with the scale s and a program with the global parameter s."""
    system = chains.system()
    for make, ask in zip((table_force, program_force), asked, strict=True):
        force = make(chains, ask)
        force.setForceGroup(group)
        system.addForce(force)
    return system


def derivative(context, value):
    context.setParameter("s", value)
    return context.getState(parameterDerivatives=True).getEnergyParameterDerivatives()["s"]


@on(PLATFORMS + DOUBLE)
@pytest.mark.parametrize("asked", [(True, False), (False, True), (True, True)])
def test_derivative_includes_all_forces_whichever_requests_it(target, asked):
    chains = systems.Chains()
    context = target.context(system_of(chains, asked), chains.positions)
    reference = REFERENCE.context(system_of(chains, (False, False)), chains.positions)
    energies = []
    for value in (0.7 - 1e-5, 0.7 + 1e-5):
        reference.setParameter("s", value)
        energies.append(evaluate(reference)[0])
    expected = (energies[1] - energies[0]) / 2e-5
    assert abs(expected) > 10
    assert_close(derivative(context, 0.7), expected, rtol=1e-7 if target.exact else 1e-4)
    # The second evaluation must not add to the first.
    assert_close(derivative(context, 0.7), expected, rtol=1e-7 if target.exact else 1e-4)


def test_derivative_after_an_update(target):
    chains = systems.Chains()
    system = system_of(chains, (True, False))
    context = target.context(system, chains.positions)
    for index in range(2):
        force = lp.LearnedPairForce.cast(system.getForce(index))
        force.setParticleTypes(np.where(chains.types == 1, 0, chains.types))
        force.updateParametersInContext(context)
    reference = REFERENCE.context(system, chains.positions)
    assert_close(derivative(context, 1.2), derivative(reference, 1.2), rtol=1e-9 if target.exact else 1e-4)


def test_derivative_includes_our_forces_if_another_force_requests_it(target):
    chains = systems.Chains()
    system = system_of(chains, (False, False))
    bond = openmm.CustomBondForce("s*r")
    bond.addGlobalParameter("s", 1.0)
    bond.addBond(0, 1)
    bond.addEnergyParameterDerivative("s")
    bond.setUsesPeriodicBoundaryConditions(True)
    system.addForce(bond)
    asked = system_of(chains, (True, True))
    expected = derivative(REFERENCE.context(asked, chains.positions), 0.7) + np.linalg.norm(
        chains.positions[0] - chains.positions[1]
    )
    assert_close(
        derivative(target.context(system, chains.positions), 0.7), expected, rtol=1e-9 if target.exact else 1e-4
    )


def test_one_group_has_the_derivative_of_its_own_forces(target):
    chains = systems.Chains()
    system = system_of(chains, (True, False))
    system.getForce(1).setForceGroup(3)
    context = target.context(system, chains.positions)
    found = [
        context.getState(parameterDerivatives=True, groups=groups).getEnergyParameterDerivatives()["s"]
        for groups in ({0}, {3}, {0, 3})
    ]
    assert_close(found[0] + found[1], found[2], rtol=1e-9 if target.exact else 1e-5)
    assert all(abs(value) > 1 for value in found)


def test_derivatives_that_are_not_requested_are_zero():
    chains = systems.Chains(molecules=4)
    context = REFERENCE.context(system_of(chains, (False, False)), chains.positions)
    assert not any(context.getState(parameterDerivatives=True).getEnergyParameterDerivatives().values())
