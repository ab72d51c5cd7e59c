# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests which exceptions and exclusions of other forces become exclusions of a correction."""

import copy

import learnedpair as lp
import models
import numpy as np
import openmm
import oracle
import pytest
import systems
from comparators import REFERENCE, assert_close, evaluate
from learnedpair.applying.atom_table import AtomTable
from learnedpair.applying.exclusions import excluded_pairs
from learnedpair.data import WATER
from openmm import app

WITHIN = {pair for i in range(64) for pair in ((3 * i, 3 * i + 1), (3 * i, 3 * i + 2), (3 * i + 1, 3 * i + 2))}


def water():
    topology, _ = systems.relaxed_water(64)
    return systems.water_system(topology, app.PME), topology


def excluded(force):
    return {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}


def nonbonded_of(system):
    return next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))


def probe(system):
    """A NonbondedForce without exceptions and without charges."""
    force = openmm.NonbondedForce()
    for _ in range(system.getNumParticles()):
        force.addParticle(0, 0.3, 0)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(0.6)
    return force


def in_order(system, forces):
    """A System with the same particles and only the given forces, in the given order."""
    other = openmm.System()
    for i in range(system.getNumParticles()):
        other.addParticle(system.getParticleMass(i))
    other.setDefaultPeriodicBoxVectors(*system.getDefaultPeriodicBoxVectors())
    for i in range(system.getNumConstraints()):
        other.addConstraint(*system.getConstraintParameters(i))
    for force in forces:
        other.addForce(force)
    return other


@pytest.mark.parametrize("probe_first", [True, False])
def test_the_exceptions_of_all_nonbonded_forces_are_followed(probe_first):
    system, topology = water()
    forces = [probe(system), copy.deepcopy(nonbonded_of(system))]
    force = lp.add_correction(in_order(system, forces if probe_first else forces[::-1]), topology, models.water_model())
    assert excluded(force) == WITHIN and force.getNonbondedMethod() == force.CutoffPeriodic


def test_energy_and_forces_are_right_beside_a_force_without_exceptions():
    """The correction used to act between bonded particles. Only the Reference platform of OpenMM accepts forces with
    different exceptions.
    """
    system, topology = water()
    _, positions = systems.relaxed_water(64)
    model = models.water_model()
    other = in_order(system, [probe(system), copy.deepcopy(nonbonded_of(system))])
    force = lp.add_correction(other, topology, model, force_group=5)
    box = np.array(topology.getPeriodicBoxVectors()._value)
    energy, forces, _ = oracle.energy_and_forces(
        model.evaluate,
        np.asarray(positions),
        force.getParticleTypes(),
        cutoff=0.6,
        inner_cutoff=0.17,
        box=box,
        exclusions=WITHIN,
    )
    found = evaluate(REFERENCE.context(other, positions), groups={5})
    assert_close(found[0], energy, rtol=1e-3)
    assert_close(found[1], forces, atol=1e-3 * np.abs(forces).max())


def test_exceptions_of_forces_inside_other_forces_are_followed():
    system, topology = water()
    atm = openmm.ATMForce(0, 0, 0, 0, 0, 0, 0, 0, 1)
    for _ in range(system.getNumParticles()):
        atm.addParticle(openmm.Vec3(0, 0, 0))
    atm.addForce(copy.deepcopy(nonbonded_of(system)))
    assert excluded(lp.add_correction(in_order(system, [atm]), topology, models.water_model())) == WITHIN
    variable = openmm.CustomCVForce("e")
    variable.addCollectiveVariable("e", copy.deepcopy(nonbonded_of(system)))
    assert excluded(lp.add_correction(in_order(system, [variable]), topology, models.water_model())) == WITHIN
    both = openmm.ATMForce(0, 0, 0, 0, 0, 0, 0, 0, 1)
    for _ in range(system.getNumParticles()):
        both.addParticle(openmm.Vec3(0, 0, 0))
    inner = openmm.CustomCVForce("e")
    inner.addCollectiveVariable("e", copy.deepcopy(nonbonded_of(system)))
    both.addForce(inner)
    assert excluded(lp.add_correction(in_order(system, [both]), topology, models.water_model())) == WITHIN


def test_exceptions_between_molecules_that_interact_are_not_exclusions():
    """NBFIX parameters can be written as such exceptions."""
    system, topology = water()
    nonbonded = nonbonded_of(system)
    nonbonded.addException(0, 3, -0.5, 0.3, 0.7)
    nonbonded.addException(6, 9, 0.0, 0.3, 0.7)
    nonbonded.addException(12, 15, 0.2, 0.3, 0.0)
    with pytest.warns(
        UserWarning,
        match=(
            "3 exceptions of the NonbondedForce, the first of particles 0 and 3, are between different molecules and"
            " interact, so that they were taken for pairs with parameters of their own .* the correction acts on them."
            " If these particles are bonded, add the bonds"
        ),
    ):
        force = lp.add_correction(system, topology, models.water_model())
    assert excluded(force) == WITHIN


@pytest.mark.filterwarnings("error")
def test_exceptions_between_molecules_that_do_not_interact_are_exclusions():
    system, topology = water()
    nonbonded_of(system).addException(0, 3, 0.0, 0.3, 0.0)
    assert excluded(lp.add_correction(system, topology, models.water_model())) == WITHIN | {(0, 3)}


def test_exceptions_that_a_parameter_switches_on_interact():
    system, topology = water()
    nonbonded = nonbonded_of(system)
    nonbonded.addGlobalParameter("lambda", 0.0)
    nonbonded.addExceptionParameterOffset("lambda", nonbonded.addException(0, 3, 0.0, 0.3, 0.0), 1.0, 0.0, 0.0)
    with pytest.warns(UserWarning, match="1 exceptions of the NonbondedForce"):
        assert excluded(lp.add_correction(system, topology, models.water_model())) == WITHIN


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bonds", ["harmonic", "custom"])
def test_bonds_of_the_forces_make_neighbors_where_the_topology_has_none(bonds):
    """As in a ligand from a PDB file without CONECT records."""
    topology = app.Topology()
    residue = topology.addResidue("LIG", topology.addChain())
    system, nonbonded = openmm.System(), openmm.NonbondedForce()
    bonded = openmm.HarmonicBondForce() if bonds == "harmonic" else openmm.CustomBondForce("r^2")
    for i in range(12):
        topology.addAtom(f"C{i}", app.element.carbon, residue)
        system.addParticle(12.011)
        nonbonded.addParticle(0.1, 0.3, 0.1)
        if i > 0:
            bonded.addBond(i - 1, i, *([0.15, 1e5] if bonds == "harmonic" else []))
    nonbonded.createExceptionsFromBonds([(i, i + 1) for i in range(11)], 0.8, 0.5)
    system.addForce(nonbonded)
    system.addForce(bonded)
    pairs = excluded_pairs("nonbonded", system, AtomTable(topology, "test"), np.ones(12, dtype=bool))
    assert pairs.tolist() == [[i, j] for i in range(12) for j in range(i + 1, min(i + 4, 12))]


def test_exclusions_of_all_custom_nonbonded_forces_are_followed():
    system, topology = water()
    forces = []
    for pair in ((0, 1), (4, 3)):
        force = openmm.CustomNonbondedForce("r")
        for _ in range(system.getNumParticles()):
            force.addParticle([])
        force.addExclusion(*pair)
        force.setNonbondedMethod(force.CutoffPeriodic if pair == (4, 3) else force.NoCutoff)
        forces.append(force)
    force = lp.add_correction(in_order(system, forces), topology, models.water_model())
    assert excluded(force) == {(0, 1), (3, 4)} and force.getNonbondedMethod() == force.CutoffPeriodic


def test_bonds_of_a_topology_are_refused_as_exclusions():
    system, topology = water()
    with pytest.raises(
        TypeError,
        match=(
            r"exclusions are bonds of a topology, and bonded pairs alone are hardly what should be left out. Use"
            r" exclusions=3 .*, or exclusions='molecules' for all pairs within a molecule"
        ),
    ):
        lp.add_correction(system, topology, models.water_model(), exclusions=topology.bonds())


def test_periodic_restraint_in_a_nonperiodic_system_is_refused():
    system, topology = water()
    nonbonded_of(system).setNonbondedMethod(openmm.NonbondedForce.NoCutoff)
    restraint = openmm.CustomBondForce("r")
    restraint.setUsesPeriodicBoundaryConditions(True)
    restraint.setName("Restraint")
    index = system.addForce(restraint)
    with pytest.raises(
        ValueError,
        match=(
            rf"the nonbonded forces have no periodic boundary conditions, but force {index} of the System, Restraint,"
            r" uses them, .* call setUsesPeriodicBoundaryConditions\(False\) on it, or give the NonbondedForce a"
            r" periodic method"
        ),
    ):
        lp.add_correction(system, topology, models.water_model())
    restraint.setUsesPeriodicBoundaryConditions(False)
    assert lp.add_correction(system, topology, models.water_model()).getNonbondedMethod() == 1


@pytest.mark.parametrize("index", [-1, 3, 2_000_000_000])
def test_exception_offsets_without_an_exception_are_refused(index):
    topology = app.Topology()
    residue = topology.addResidue("HOH", topology.addChain())
    system, nonbonded = openmm.System(), openmm.NonbondedForce()
    for name, symbol in (("O", "O"), ("H1", "H"), ("H2", "H")):
        element = app.Element.getBySymbol(symbol)
        topology.addAtom(name, element, residue)
        system.addParticle(element.mass)
        nonbonded.addParticle(0, 0.3, 0)
    for pair in ((0, 1), (0, 2), (1, 2)):
        nonbonded.addException(*pair, 0, 1, 0)
    nonbonded.addGlobalParameter("q", 1.0)
    nonbonded.addExceptionParameterOffset("q", index, 1, 0, 0)
    system.addForce(nonbonded)
    with pytest.raises(ValueError, match=f"offset 0 of the NonbondedForce names exception {index}, but there are 3"):
        lp.add_correction(system, topology, WATER)


def _exception(system):
    nonbonded_of(system).addException(1, 400, 0, 1, 0)


def _bond(system):
    bonds = openmm.HarmonicBondForce()
    bonds.addBond(-1, 2, 0.1, 1.0)
    system.addForce(bonds)


def _constraint(system):
    system.addConstraint(0, 192, 0.1)


def _virtual_site(system):
    system.setVirtualSite(2, openmm.TwoParticleAverageSite(0, 333, 0.5, 0.5))


@pytest.mark.parametrize(
    "change, exclusions, message",
    [
        (_exception, "nonbonded", "an exception of a NonbondedForce has the particle 400, but there are 192"),
        (_bond, "molecules", "a bond of the System's forces has the particle -1, but there are 192"),
        (_constraint, "molecules", "a constraint of the System has the particle 192, but there are 192"),
        (_virtual_site, "molecules", "a virtual site of the System has the particle 333, but there are 192; correct"),
    ],
)
def test_forces_that_name_particles_that_do_not_exist_are_refused(change, exclusions, message):
    system, topology = water()
    change(system)
    with pytest.raises(ValueError, match=message):
        lp.add_correction(system, topology, models.water_model(), exclusions=exclusions)
