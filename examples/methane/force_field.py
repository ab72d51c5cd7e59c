# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""OPLS-AA methane in TIP3P water, both rigid: parameters, Systems, and simulations at constant pressure.

Methane and its geometric combination rules: W. L. Jorgensen, D. S. Maxwell and J. Tirado-Rives, J. Am. Chem. Soc. 118
(1996) 11225, https://doi.org/10.1021/ja9621760. TIP3P: W. L. Jorgensen et al., J. Chem. Phys. 79 (1983) 926,
https://doi.org/10.1063/1.445869, with the numbers of OpenMM's amber14/tip3p.xml.

Methane comes first in a box: atoms C, H1 to H4, then O, H1, H2 of each water. Units: nm, kJ/mol, e, ps.
"""

import itertools

import numpy as np
import openmm
from openmm import app, unit

COULOMB = 138.935456  # kJ/mol nm / e^2
KB = 0.00831446262  # kJ/mol/K
PRESSURE = 1.0  # bar
CUTOFF = 0.9  # nm, of the Lennard-Jones energy and of the real-space part of PME
TIME_STEP = 0.004  # ps

METHANE_CHARGES = np.array([-0.24, 0.06, 0.06, 0.06, 0.06])
METHANE_SIGMAS = np.array([0.350, 0.250, 0.250, 0.250, 0.250])
METHANE_EPSILONS = np.array([0.066, 0.030, 0.030, 0.030, 0.030]) * 4.184
WATER_CHARGES = np.array([-0.834, 0.417, 0.417])
OXYGEN_SIGMA, OXYGEN_EPSILON = 0.31507524065751241, 0.635968
CH, OH, HOH = 0.109, 0.09572, 104.52  # nm, nm, degrees

# Masses do not change the averages of a rigid model. With heavy hydrogens a time step of 4 fs is accurate. The carbon
# is a virtual site at the center of the hydrogens: ten constraints of five atoms would be redundant.
METHANE_MASSES = np.array([0.0, 4.0, 4.0, 4.0, 4.0])
WATER_MASSES = np.array([10.015, 4.0, 4.0])

METHANE = CH * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt([[3.0]])
WATER = OH * np.array(
    [[0, 0, 0]] + [[sign * np.sin(np.radians(HOH / 2)), 0, np.cos(np.radians(HOH / 2))] for sign in (-1, 1)]
)


def pair_parameters():
    """Sigma (nm) and epsilon (kJ/mol) of the pairs of each methane atom with O, by the geometric rules of OPLS.

    The hydrogens of TIP3P have no Lennard-Jones energy.
    """
    return np.sqrt(METHANE_SIGMAS * OXYGEN_SIGMA), np.sqrt(METHANE_EPSILONS * OXYGEN_EPSILON)


def make_nonbonded(num_waters, methane=True):
    """Make the NonbondedForce, without a cutoff.

    NonbondedForce takes the arithmetic mean of two sigmas. Lennard-Jones pairs of methane are only those with O, so
    that the sigma 2 sqrt(s s_O) - s_O in place of s gives them the geometric mean exactly.
    """
    force = openmm.NonbondedForce()
    molecules = [(WATER_CHARGES, np.array([OXYGEN_SIGMA, 1, 1]), np.array([OXYGEN_EPSILON, 0, 0]))] * num_waters
    if methane:
        sigmas = 2 * np.sqrt(METHANE_SIGMAS * OXYGEN_SIGMA) - OXYGEN_SIGMA
        molecules.insert(0, (METHANE_CHARGES, sigmas, METHANE_EPSILONS))
    for parameters in molecules:
        start = force.getNumParticles()
        for charge, sigma, epsilon in zip(*parameters):
            force.addParticle(charge, sigma, epsilon)
        for i, j in itertools.combinations(range(start, force.getNumParticles()), 2):
            force.addException(i, j, 0.0, 1.0, 0.0)
    return force


def make_system(num_waters, methane=True):
    """Make the System of rigid molecules, without a box and a cutoff."""
    system = openmm.System()
    molecules = [(WATER, WATER_MASSES)] * num_waters
    if methane:
        molecules.insert(0, (METHANE, METHANE_MASSES))
    for geometry, masses in molecules:
        start = system.getNumParticles()
        for mass in masses:
            system.addParticle(mass)
        for i, j in itertools.combinations(np.flatnonzero(masses), 2):
            system.addConstraint(start + i, start + j, np.linalg.norm(geometry[i] - geometry[j]))
    if methane:  # the center of the four hydrogens
        weights = [0.25] * 4, [1.0, -1.0, 0.0, 0.0], [0.0, 1.0, -1.0, 0.0]
        system.setVirtualSite(0, openmm.LocalCoordinatesSite([1, 2, 3, 4], *weights, [0.0, 0.0, 0.0]))
    system.addForce(make_nonbonded(num_waters, methane))
    return system


def make_box(num_waters, methane=True):
    """Make a periodic System with PME, its topology, and starting positions (nm)."""
    water = app.Modeller(app.Topology(), [] * unit.nanometer)
    water.addSolvent(app.ForceField("amber14/tip3p.xml"), model="tip3p", numAdded=num_waters + 4 * methane)
    waters = water.positions.value_in_unit(unit.nanometer)
    waters = np.array([[*each] for each in waters]).reshape(-1, 3, 3)
    edge = np.linalg.norm(water.topology.getPeriodicBoxVectors()[0].value_in_unit(unit.nanometer))
    topology, positions = app.Topology(), waters[:num_waters].reshape(-1, 3)
    if methane:  # in place of the four waters that are nearest to the center
        distances = np.linalg.norm(waters[:, 0] - edge / 2, axis=1)
        waters = waters[np.sort(np.argsort(distances)[len(waters) - num_waters :])]
        positions = np.concatenate([METHANE + edge / 2, waters.reshape(-1, 3)])
        _add_residue(topology, "CH4", ["C", "H1", "H2", "H3", "H4"])
    for _ in range(num_waters):
        _add_residue(topology, "HOH", ["O", "H1", "H2"])
    vectors = edge * np.eye(3)
    topology.setPeriodicBoxVectors(vectors * unit.nanometer)
    system = make_system(num_waters, methane)
    system.setDefaultPeriodicBoxVectors(*vectors)
    (force,) = system.getForces()
    force.setNonbondedMethod(force.PME)
    force.setCutoffDistance(CUTOFF)
    return system, topology, positions


def _add_residue(topology, name, atoms):
    """Add a molecule whose first atom is bonded to the others."""
    residue = topology.addResidue(name, topology.addChain())
    added = [topology.addAtom(each, app.Element.getBySymbol(each[0]), residue) for each in atoms]
    for each in added[1:]:
        topology.addBond(added[0], each)


def make_simulation(system, topology, positions, temperature, seed, equilibration, constant_volume=False):
    """Start a simulation at 1 bar on one thread of the CPU platform; equilibration in ps."""
    if not constant_volume:
        barostat = openmm.MonteCarloBarostat(PRESSURE, temperature)
        barostat.setRandomNumberSeed(seed)
        system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(temperature, 2.0, TIME_STEP)
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatform("CPU")
    simulation = app.Simulation(topology, system, integrator, platform, {"Threads": "1"})
    simulation.context.setPositions(positions)
    simulation.minimizeEnergy(maxIterations=100)
    simulation.context.setVelocitiesToTemperature(temperature, seed)
    simulation.step(round(equilibration / TIME_STEP))
    return simulation


def get_frame(simulation):
    """The positions (nm) and the edge (nm) of the box."""
    state = simulation.context.getState(positions=True)
    return state.getPositions(asNumpy=True)._value, float(state.getPeriodicBoxVectors()[0][0]._value)
