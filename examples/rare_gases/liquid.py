# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Liquid argon at 85 K and its experimental density: simulations at constant volume, and their averages."""

import csv
from dataclasses import dataclass

import learnedpair as lp
import numpy as np
import openmm
from openmm import app, unit

MASS = 39.948  # g/mol
TEMPERATURE = 85.0  # K
DENSITY = 1409.5  # kg/m3, see EXPERIMENT in report.py
ATOMS_PER_NM3 = DENSITY * 6.02214076e23 / (MASS * 1e-3) * 1e-27
KT = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin) * TEMPERATURE
MPA = 1e30 / 6.02214076e23 * 1e-6  # kJ/mol/nm3 in MPa, with 1 kJ = 1000 J and 1 nm3 = 1e-27 m3
#: A Lennard-Jones argon in general use. L. A. Rowley, D. Nicholson and N. G. Parsonage, J. Comput. Phys. 17 (1975) 401:
#: sigma 3.405 angstrom, epsilon 119.8 k.
SIGMA, EPSILON = 0.3405, 0.996  # nm, kJ/mol
CUTOFF, SWITCHING = 1.4, 1.26  # nm
TIME_STEP = 0.005  # ps
SAMPLING = 20  # steps between two samples
EDGES = np.linspace(0.0, 1.35, 271)  # nm, of the bins of the radial distribution function


@dataclass(frozen=True)
class Lengths:
    """The size of a simulation: unit cells of the initial lattice along an edge; picoseconds of each part; the density
    as a fraction of the experimental one.
    """

    cells: int
    melting: float
    equilibration: float
    sampling: float
    density: float = 1.0

    @property
    def num_atoms(self):
        return 4 * self.cells**3

    @property
    def edge(self):
        return (self.num_atoms / (self.density * ATOMS_PER_NM3)) ** (1 / 3)


@dataclass(frozen=True)
class Samples:
    """What was sampled, one row for each sample.

    Attributes
    ----------
    energy : ndarray, kJ/mol
        The potential energy of the box, without the tail.
    pressure : ndarray, MPa
        Without the tail, at exactly the mean kinetic energy.
    squared_force : ndarray, (kJ/mol/nm)^2
        The mean over all atoms.
    counts : ndarray, shape (samples, bins)
        The number of pairs in each bin of the distance.
    positions : ndarray, shape (samples, N, 3), nm
    """

    energy: np.ndarray
    pressure: np.ndarray
    squared_force: np.ndarray
    counts: np.ndarray
    positions: np.ndarray


def lennard_jones(num_atoms, epsilon=EPSILON):
    """Make the System of Lennard-Jones argon, without a box and a cutoff."""
    system, force = openmm.System(), openmm.NonbondedForce()
    for _ in range(num_atoms):
        system.addParticle(MASS)
        force.addParticle(0.0, SIGMA, epsilon)
    system.addForce(force)
    return system


def lennard_jones_energy(r):
    """u(r) in kJ/mol; r in nm."""
    return 4 * EPSILON * ((SIGMA / r) ** 12 - (SIGMA / r) ** 6)


def box_of_argon(lengths, model=None, types=None, epsilon=EPSILON):
    """Make a periodic System of Lennard-Jones argon, with a correction if a model is given, and its topology."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(lengths.num_atoms):
        topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
    system = lennard_jones(lengths.num_atoms, epsilon)
    system.setDefaultPeriodicBoxVectors(*(lengths.edge * np.eye(3)))
    (force,) = system.getForces()
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(SWITCHING)
    force.setUseDispersionCorrection(False)  # the tail is added by tail_energy()
    if model is not None:
        lp.add_correction(system, topology, model, types=types)
    return system, topology


def simulate(lengths, seed, model=None, domain_file=None):
    """Melt a lattice at 300 K, equilibrate at 85 K and sample.

    Parameters
    ----------
    lengths : Lengths
    seed : int
    model : PairModel or path, optional
        The correction of the Lennard-Jones force field.
    domain_file : path, optional
        The file of a DomainReporter, which looks at every sample.

    Returns
    -------
    Samples
    """
    system, topology = box_of_argon(lengths, model)
    # With frequency 0 the barostat computes the pressure and never changes the volume.
    barostat = openmm.MonteCarloBarostat(1.0, TEMPERATURE, 0)
    system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(300.0, 1.0, TIME_STEP)
    integrator.setRandomNumberSeed(seed)
    simulation = app.Simulation(topology, system, integrator, openmm.Platform.getPlatform("CPU"), {"Threads": "1"})
    simulation.context.setPositions(lattice(lengths))
    simulation.context.setVelocitiesToTemperature(300.0, seed)
    simulation.step(round(lengths.melting / TIME_STEP))
    integrator.setTemperature(TEMPERATURE)
    simulation.step(round(lengths.equilibration / TIME_STEP))
    if domain_file is not None:
        simulation.reporters.append(lp.DomainReporter(domain_file, SAMPLING))
    rows = []
    for _ in range(round(lengths.sampling / TIME_STEP / SAMPLING)):
        simulation.step(SAMPLING)
        state = simulation.context.getState(energy=True, forces=True, positions=True)
        positions = state.getPositions(asNumpy=True)._value
        # The velocities contribute rho kT on average; their fluctuations are removed.
        kinetic = (lengths.num_atoms * KT - 2 / 3 * state.getKineticEnergy()._value) / lengths.edge**3
        rows.append(
            (
                state.getPotentialEnergy()._value,
                barostat.computeCurrentPressure(simulation.context).value_in_unit(unit.bar) / 10 + kinetic * MPA,
                np.mean(np.sum(state.getForces(asNumpy=True)._value ** 2, axis=1)),
                count_distances(positions, lengths.edge),
                positions,
            )
        )
    return Samples(*map(np.array, zip(*rows)))


def lattice(lengths):
    """The positions of a face-centered cubic lattice, in nm."""
    corners = np.array(list(np.ndindex(3 * (lengths.cells,))), dtype=float)
    sites = corners[:, None] + np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return sites.reshape(-1, 3) * lengths.edge / lengths.cells


def count_distances(positions, edge):
    """Count the pairs in each bin of the distance, minimum images in a cubic box."""
    first, second = np.triu_indices(len(positions), k=1)
    delta = positions[first] - positions[second]
    delta -= edge * np.round(delta / edge)
    return np.histogram(np.sqrt(np.einsum("pk,pk->p", delta, delta)), EDGES)[0]


def pairs_outside(domain_file):
    """The number of reports of a DomainReporter, and the numbers of pairs below and above the training domain."""
    with open(domain_file, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return len(rows), *(sum(int(row[name]) for row in rows) for name in ("below", "above"))
