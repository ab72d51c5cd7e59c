# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Systems for tests, small enough for an emulated device, which contain many special cases: pairs below the inner
cutoff, excluded pairs, particles that are not covered, triclinic boxes.
"""

import copy
import functools
import itertools

import learnedpair as lp
import numpy as np
import openmm
from openmm import app, unit

CUTOFF, INNER = 0.6, 0.2


def curve(r, kind):
    """One of three smooth functions of distance with a wall, zero at CUTOFF; and its derivative, the slope."""
    amplitude, frequency = ((3.0, 9.0), (-2.0, 13.0), (1.5, 6.0))[kind]
    wall, decay = 4.0 * np.exp(-30 * (r - INNER)), -30.0
    x = 1 - (r / CUTOFF) ** 2
    envelope, envelope_slope = x**3, -6 * r / CUTOFF**2 * x**2
    value = amplitude * np.cos(frequency * r) + wall
    slope = -amplitude * frequency * np.sin(frequency * r) + decay * wall
    return value * envelope, slope * envelope + value * envelope_slope


def table(knots=301, scale=1.0, kinds=(0, 1, 2)):
    """A PairTable of two types with the three functions of curve()."""
    r = np.linspace(INNER, CUTOFF, knots)
    curves = [curve(r, kind) for kind in kinds]
    return lp.PairTable(2, INNER, CUTOFF, [scale * e for e, _ in curves], [scale * s for _, s in curves], [0, 1, 1, 2])


def table_function(pair_table):
    """A function for arrays of pairs that evaluates a table, for oracle.energy_and_forces()."""

    def function(r, type1, type2):
        energy, dEdR = np.zeros_like(r), np.zeros_like(r)
        for a in range(pair_table.num_types):
            for b in range(pair_table.num_types):
                chosen = (type1 == a) & (type2 == b)
                if chosen.any():
                    energy[chosen], dEdR[chosen] = pair_table.evaluate(a, b, r[chosen])
        return energy, dEdR

    return function


class Chains:
    """Molecules of three bonded particles on a jittered grid. Bonded pairs are far below the inner cutoff, and some
    unbonded pairs are close. Particles have two types; some particles are not covered.
    """

    def __init__(self, molecules=40, seed=1, periodic=True, triclinic=False, density=12.0):
        random = np.random.default_rng(seed)
        edge = (molecules / density) ** (1 / 3)
        edge = max(edge, 2 * CUTOFF * 1.25)
        side = int(np.ceil(molecules ** (1 / 3)))
        grid = np.array([(i % side, i // side % side, i // side**2) for i in range(molecules)])
        centers = (grid + 0.35 * random.random((molecules, 3))) * edge / side
        step = random.normal(size=(molecules, 2, 3))
        step *= 0.11 / np.linalg.norm(step, axis=2)[:, :, None]
        self.positions = np.stack(
            [centers, centers + step[:, 0], centers + step[:, 0] + 0.7 * step[:, 1]], axis=1
        ).reshape(-1, 3)
        self.count = len(self.positions)
        self.types = np.array([(0, 1, -1) if i % 3 == 2 else (0, 1, 1) for i in range(molecules)]).ravel()
        self.bonds = [(3 * i + k, 3 * i + k + 1) for i in range(molecules) for k in (0, 1)]
        self.molecule_pairs = self.bonds + [(3 * i, 3 * i + 2) for i in range(molecules)]
        self.charges = np.tile([0.4, -0.2, -0.2], molecules)
        self.box = None
        if periodic:
            self.box = np.diag([edge, edge, edge])
            if triclinic:
                self.box = np.array([[edge, 0, 0], [0.3 * edge, edge, 0], [-0.2 * edge, 0.4 * edge, edge]])

    def system(self):
        system = openmm.System()
        for _ in range(self.count):
            system.addParticle(12.0)
        if self.box is not None:
            system.setDefaultPeriodicBoxVectors(*self.box)
        return system

    def together(self, forces):
        """A System of these particles with copies of the given forces, in the given order."""
        system = self.system()
        for force in forces:
            system.addForce(copy.deepcopy(force))
        return system

    def learned(self, pair_table=None, cutoff=CUTOFF, exclusions=None, group=0, periodic=None):
        """A LearnedPairForce on these particles."""
        force = lp.LearnedPairForce(pair_table or table())
        force.setParticleTypes(self.types)
        periodic = self.box is not None if periodic is None else periodic
        force.setNonbondedMethod(force.CutoffPeriodic if periodic else force.CutoffNonPeriodic)
        force.setCutoffDistance(cutoff)
        force.setForceGroup(group)
        for i, j in self.molecule_pairs if exclusions is None else exclusions:
            force.addExclusion(i, j)
        return force

    def nonbonded(self, method=openmm.NonbondedForce.CutoffPeriodic, cutoff=CUTOFF, group=0):
        """A NonbondedForce whose exceptions are all pairs within molecules; some are nonzero, like scaled 1-4 pairs."""
        force = openmm.NonbondedForce()
        force.setNonbondedMethod(method)
        force.setCutoffDistance(cutoff)
        force.setForceGroup(group)
        for charge in self.charges:
            force.addParticle(charge, 0.15, 0.2)
        for k, (i, j) in enumerate(self.molecule_pairs):
            force.addException(i, j, 0.01 if k % 2 else 0.0, 0.15, 0.0)
        return force

    def bonded(self, group=3):
        force = openmm.HarmonicBondForce()
        force.setForceGroup(group)
        for i, j in self.bonds:
            force.addBond(i, j, 0.11, 20000.0)
        return force


class Cloud:
    """Pairs of particles on a jittered grid; the distance within a pair is far below the inner cutoff. Some of these
    pairs are excluded, and every eleventh particle is not covered.
    """

    def __init__(self, count=100, cutoff=0.7, inner=0.15, seed=1, periodic=True, triclinic=False):
        random = np.random.default_rng(seed)
        self.count = count
        edge = 2.1 * cutoff if periodic else 2 * cutoff
        side = int(np.ceil((count / 2) ** (1 / 3)))
        grid = np.array([(i % side, i // side % side, i // side**2) for i in range((count + 1) // 2)])
        sites = (grid + 0.6 * random.random(grid.shape)) * edge / side
        step = random.normal(size=sites.shape)
        step *= (inner * random.uniform(0.3, 0.95, len(step)) / np.linalg.norm(step, axis=1))[:, None]
        self.positions = np.stack([sites, sites + step], axis=1).reshape(-1, 3)[:count]
        self.covered = np.arange(count) % 11 != 7
        self.exclusions = [(i, i + 1) for i in range(0, count - 1, 6)] + [(i, i + 5) for i in range(0, count - 5, 9)]
        self.box = None
        if periodic:
            self.box = np.diag([edge] * 3)
            if triclinic:
                self.box = np.array([[edge, 0, 0], [0.3 * edge, edge, 0], [-0.2 * edge, 0.4 * edge, edge]])

    def system(self, *forces):
        system = openmm.System()
        for _ in range(self.count):
            system.addParticle(12.0)
        if self.box is not None:
            system.setDefaultPeriodicBoxVectors(*self.box)
        for force in forces:
            system.addForce(force)
        return system

    def particles(self, given):
        """Types or features for create_force(): those given, or None for particles that are not covered."""
        return [x if covered else None for x, covered in zip(given, self.covered, strict=True)]

    def excluded(self, force):
        """Add this cloud's exclusions to a force and return it."""
        for pair in self.exclusions:
            force.addExclusion(*pair)
        return force


@functools.cache
def water(molecules, triclinic=False):
    """TIP3P water: topology, positions (nm), box (nm)."""
    modeller = app.Modeller(app.Topology(), [])
    field = app.ForceField("amber14/tip3p.xml")
    if triclinic:
        edge = (molecules / 33.0) ** (1 / 3) * 1.02
        vectors = (openmm.Vec3(edge, 0, 0), openmm.Vec3(edge / 3, edge, 0), openmm.Vec3(-edge / 3, edge / 3, edge))
        modeller.addSolvent(field, boxVectors=vectors * unit.nanometer)
    else:
        modeller.addSolvent(field, numAdded=molecules)
    box = np.array(
        [[x.value_in_unit(unit.nanometer) for x in vector] for vector in modeller.topology.getPeriodicBoxVectors()]
    )
    return modeller.topology, np.array(modeller.positions.value_in_unit(unit.nanometer)), box


@functools.cache
def relaxed_water(molecules):
    """The same water after a short minimization: topology, positions (nm).

    The CPU platform is used because OpenMM 8.6.1's minimizer crashes on PoCL's OpenCL device, even without this plugin.
    """
    topology, positions, _ = water(molecules)
    context = openmm.Context(
        water_system(topology, cutoff=0.5), openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU")
    )
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
    return topology, context.getState(positions=True).getPositions(asNumpy=True)._value


def seeded(random):
    """Set the random seed of an integrator or a barostat, so that each run is the same, and return it."""
    random.setRandomNumberSeed(1)
    return random


def water_system(topology, method=app.CutoffPeriodic, cutoff=0.6, rigid=True):
    return app.ForceField("amber14/tip3p.xml").createSystem(
        topology, nonbondedMethod=method, nonbondedCutoff=cutoff * unit.nanometer, rigidWater=rigid
    )


def five_atom_chains(molecules, box):
    """Chains C-C-C-C-H in a cubic box: the System, with a NonbondedForce that scales the 1-4 pairs, the topology, the
    positions, and the pairs that are one to three bonds apart, by their number of bonds.
    """
    topology, system, nonbonded = app.Topology(), openmm.System(), openmm.NonbondedForce()
    system.setDefaultPeriodicBoxVectors(*(box * np.eye(3)))
    bonds, apart = [], {1: [], 2: [], 3: []}
    for molecule in range(molecules):
        residue = topology.addResidue("UNK", topology.addChain())
        atoms = [topology.addAtom(symbol, app.Element.getBySymbol(symbol), residue) for symbol in "CCCCH"]
        for first, second in itertools.pairwise(atoms):
            topology.addBond(first, second)
            bonds.append((first.index, second.index))
        for distance in apart:
            apart[distance] += [(5 * molecule + k, 5 * molecule + k + distance) for k in range(5 - distance)]
        for atom in atoms:
            system.addParticle(atom.element.mass)
            nonbonded.addParticle(0.1, 0.3, 0.5)
    nonbonded.createExceptionsFromBonds(bonds, 0.8333, 0.5)
    nonbonded.setNonbondedMethod(nonbonded.CutoffPeriodic)
    system.addForce(nonbonded)
    positions = box * np.random.default_rng(0).random((system.getNumParticles(), 3))
    return system, topology, positions, apart
