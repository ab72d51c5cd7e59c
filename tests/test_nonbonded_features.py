# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of features_from_nonbonded(), which reads the parameters of a NonbondedForce as plain numbers."""

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import assert_close
from openmm import app, unit


def argon_like(*rows):
    """A System with a NonbondedForce of particles (charge, sigma, epsilon)."""
    system, force = openmm.System(), openmm.NonbondedForce()
    for row in rows:
        system.addParticle(40.0)
        force.addParticle(*row)
    system.addForce(force)
    return system, force


def test_parameters_of_tip3p_are_those_of_its_file():
    topology, _ = systems.relaxed_water(64)
    system = systems.water_system(topology)
    expected = [[-0.834, 0.31507524065751241, 0.635968], [0.417, 1.0, 0.0], [0.417, 1.0, 0.0]] * 64
    assert_close(lp.features_from_nonbonded(system, "charge", "sigma", "epsilon"), expected, rtol=1e-14)
    assert_close(lp.features_from_nonbonded(system, "epsilon", "charge"), np.array(expected)[:, [2, 0]], rtol=1e-14)
    replaced = lp.features_from_nonbonded(system, "sigma", sigma_without_epsilon=0.3)
    assert_close(replaced, [[0.31507524065751241], [0.3], [0.3]] * 64, rtol=1e-14)


def test_parameters_with_units_become_e_nm_and_kj_per_mol():
    system, _ = argon_like((0.5, 3.4 * unit.angstrom, 0.25 * unit.kilocalorie_per_mole))
    result = lp.features_from_nonbonded(system, "charge", "sigma", "epsilon")
    assert result.dtype == np.float64 and type(result) is np.ndarray
    assert_close(result, [[0.5, 0.34, 0.25 * 4.184]], rtol=1e-14)


def test_offsets_count_at_the_default_values():
    system, force = argon_like((0.5, 0.3, 0.0), (0.1, 0.3, 0.0), (0.2, 0.4, 0.5))
    force.addGlobalParameter("lam", 0.25)
    force.addGlobalParameter("other", 0.0)
    force.addParticleParameterOffset("lam", 0, -0.4, 0.08, 0.8)
    force.addParticleParameterOffset("other", 0, 0.04, 0.0, 0.0)
    force.addParticleParameterOffset("other", 1, 0.0, 0.0, 2.0)
    force.addParticleParameterOffset("other", 2, 7.0, 7.0, 7.0)
    expected = [[0.5 - 0.1, 0.32, 0.2], [0.1, 0.3, 0.0], [0.2, 0.4, 0.5]]
    assert_close(lp.features_from_nonbonded(system, "charge", "sigma", "epsilon"), expected, rtol=1e-14)
    # The epsilon of particle 1 is 0 now, but a global parameter can switch it on: its sigma means something.
    replaced = lp.features_from_nonbonded(system, "charge", "sigma", "epsilon", sigma_without_epsilon=0.9)
    assert_close(replaced, expected, rtol=1e-14)
    # OpenMM agrees: the charges, seen by a second particle in vacuum.
    energies = []
    for charge in (None, expected[0][0]):
        pair, copy = argon_like((0.5 if charge is None else charge, 0.3, 0.0), (1.0, 0.3, 0.0))
        if charge is None:
            copy.addGlobalParameter("lam", 0.25)
            copy.addParticleParameterOffset("lam", 0, -0.4, 0, 0)
        context = openmm.Context(pair, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
        context.setPositions([[0, 0, 0], [0.5, 0, 0]])
        energies.append(context.getState(energy=True).getPotentialEnergy()._value)
    assert_close(energies[0], energies[1], rtol=1e-12)


def test_openmm_disagrees_with_itself_about_two_offsets_of_one_particle():
    """The reason why features_from_nonbonded() refuses them. If this fails, OpenMM has decided what they mean."""
    charges = {}
    for platform in ("Reference", "CPU"):
        system, force = argon_like((0.5, 0.3, 0.0), (1.0, 0.3, 0.0), (0.0, 0.3, 0.0))
        force.addGlobalParameter("lam", 0.25)
        force.addParticleParameterOffset("lam", 0, -0.4, 0, 0)
        force.addParticleParameterOffset("lam", 0, 0.04, 0, 0)
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(platform))
        context.setPositions([[0, 0, 0], [0.5, 0, 0], [5, 5, 5]])
        charges[platform] = context.getState(energy=True).getPotentialEnergy()._value * 0.5 / 138.935456
    assert_close(charges["Reference"], 0.51, rtol=1e-5)
    assert_close(charges["CPU"], 0.41, rtol=1e-5)


def test_a_nonbonded_force_inside_an_atm_force_is_read():
    system, _ = argon_like((0.5, 0.3, 0.2), (0.1, 0.3, 0.2))
    force = openmm.ATMForce(0.5, 0.5, 0, 0, 0, 0, 0, 0, 1)
    for _ in range(2):
        force.addParticle(openmm.Vec3(0, 0, 0))
    force.addForce(openmm.XmlSerializer.clone(system.getForce(0)))
    system.removeForce(0)
    system.addForce(force)
    assert_close(lp.features_from_nonbonded(system, "charge"), [[0.5], [0.1]], rtol=1e-14)


def test_a_system_without_particles_has_no_rows():
    system, _ = argon_like()
    assert lp.features_from_nonbonded(system, "charge", "sigma").shape == (0, 2)


def with_offsets(*particles):
    """A change that adds an offset by the parameter g for each of these particles."""

    def change(system, force):
        force.addGlobalParameter("g", 0)
        for particle in particles:
            force.addParticleParameterOffset("g", particle, 1, 0, 0)

    return change


def refused(change=None, *names, **arguments):
    system, force = argon_like((0.5, 0.3, 0.2), (0.1, 0.3, 0.2))
    if change is not None:
        change(system, force)
    return lp.features_from_nonbonded(system, *(names or ("charge",)), **arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((lambda system, force: system.removeForce(0),), "the System has no NonbondedForce; expected exactly one"),
        (
            (lambda system, force: (system.removeForce(0), system.addForce(openmm.CustomNonbondedForce("r"))),),
            "the System has no NonbondedForce",
        ),
        (
            (lambda system, force: system.addForce(openmm.NonbondedForce()),),
            "the System has 2 NonbondedForces; expected exactly one. Give add_correction an array",
        ),
        (
            (lambda system, force: system.addParticle(1.0),),
            "the NonbondedForce has 2 particles, and the System 3; add the missing ones",
        ),
        ((with_offsets(5),), "particle parameter offset 0 of the NonbondedForce names the particle 5, but there are 2"),
        ((with_offsets(1, 0, 1),), "particle 1 of the NonbondedForce has two offsets .*'g'.*; make them one"),
        ((None, "charges"), "there is no parameter 'charges'; expected one or more of 'charge', 'sigma', 'epsilon'"),
        ((None, ("charge", "sigma")), r"there is no parameter \('charge', 'sigma'\)"),
        ((None, "sigma", "sigma"), "a name is repeated in"),
    ],
)
def test_what_cannot_be_read_is_refused(arguments, message):
    with pytest.raises(ValueError, match=f"features_from_nonbonded: {message}"):
        refused(*arguments)


def test_no_name_is_refused():
    system, _ = argon_like((0.5, 0.3, 0.2))
    with pytest.raises(ValueError, match="no name was given; expected one or more of 'charge', 'sigma', 'epsilon'"):
        lp.features_from_nonbonded(system)


@pytest.mark.parametrize("value", [0.0, -0.1, float("nan"), float("inf")])
def test_lengths_that_are_not_positive_are_refused(value):
    with pytest.raises(ValueError, match=f"sigma_without_epsilon is {value}; expected a positive length in nm"):
        refused(None, "sigma", sigma_without_epsilon=value)


def test_a_replacement_without_sigma_is_refused():
    with pytest.raises(ValueError, match="was given, but 'sigma' is not among the names"):
        refused(None, "charge", sigma_without_epsilon=0.3)


@pytest.mark.parametrize("value", ["0.3", True, 0.3 * unit.nanometer])
def test_a_replacement_that_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="sigma_without_epsilon: got .*; expected a number"):
        refused(None, "sigma", sigma_without_epsilon=value)


def test_other_objects_than_a_system_are_refused():
    system, force = argon_like((0.5, 0.3, 0.2))
    topology = app.Topology()
    topology.addAtom("Ar", app.element.argon, topology.addResidue("AR", topology.addChain()))
    simulation = app.Simulation(
        topology, system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference")
    )
    with pytest.raises(TypeError, match="the system is a Simulation; expected an openmm.System, such as its .system"):
        lp.features_from_nonbonded(simulation, "charge")
    with pytest.raises(TypeError, match=r"the system is a NonbondedForce; expected an openmm.System\.$"):
        lp.features_from_nonbonded(force, "charge")
