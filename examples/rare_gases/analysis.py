# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Averages of simulated liquid argon, and what its pair potential and its cutoff leave out."""

import numpy as np
import openmm
from axilrod_teller import axilrod_teller
from liquid import ATOMS_PER_NM3, CUTOFF, EDGES, KT, MASS, MPA, SWITCHING, box_of_argon

BLOCKS = 10
HBAR = 0.0635077993  # kJ/mol ps
#: The factor of the mean squared force on an atom in the first quantum correction to the free energy per atom.
QUANTUM = HBAR**2 / (24 * MASS * KT**2)


def radial_distribution(counts, lengths):
    """g(r) from the counts of samples, shape (samples, bins)."""
    shells = 4 / 3 * np.pi * (EDGES[1:] ** 3 - EDGES[:-1] ** 3)
    return counts.mean(axis=0) / (shells * ATOMS_PER_NM3 * (lengths.num_atoms - 1) / 2)


def first_peak(g):
    """The position (nm) and height of the highest peak: the top of a parabola through the bins around it."""
    r, k = (EDGES[1:] + EDGES[:-1]) / 2, int(np.argmax(g))
    a, b, c = np.polyfit(r[k - 3 : k + 4] - r[k], g[k - 3 : k + 4], 2)
    return np.array([r[k] - b / (2 * a), c - b**2 / (4 * a)])


def with_error(function, *series):
    """Apply a function to series of samples; returns its value and the standard error from ten blocks."""
    blocks = [function(*each) for each in zip(*(np.array_split(values, BLOCKS) for values in series))]
    return function(*series), np.std(blocks, axis=0, ddof=1) / np.sqrt(BLOCKS)


def tail_energy(function):
    """The energy that the cutoff leaves out, in kJ/mol per atom, if atoms beyond the switching distance are uniform.

    2 pi rho times the integral of r^2 (1 - S(r)) u(r) from the switching distance to infinity, where S is the switching
    function of OpenMM. The pressure that is left out is the density times this energy.

    Parameters
    ----------
    function : callable
        u(r) in kJ/mol for an array of distances in nm.
    """
    nodes, weights = np.polynomial.legendre.leggauss(64)

    def integral(low, high):  # over 1/r, in which the integrand is smooth up to infinity
        inverse = (low + high) / 2 + (high - low) / 2 * nodes
        r = 1 / inverse
        x = np.clip((r - SWITCHING) / (CUTOFF - SWITCHING), 0, 1)
        return (high - low) / 2 * weights @ ((10 * x**3 - 15 * x**4 + 6 * x**5) * function(r) * r**4)

    return 2 * np.pi * ATOMS_PER_NM3 * (integral(1 / CUTOFF, 1 / SWITCHING) + integral(0, 1 / CUTOFF))


def describe_pairs(samples, lengths, tail):
    """Energy per atom, pressure and first peak of a liquid of pair potentials, each with its standard error."""
    energy = with_error(np.mean, samples.energy / lengths.num_atoms)
    pressure = with_error(np.mean, samples.pressure)
    peak, peak_error = with_error(lambda counts: first_peak(radial_distribution(counts, lengths)), samples.counts)
    return {
        "energy without tail": energy,
        "energy of tail": tail,
        "energy": (energy[0] + tail, energy[1]),
        "pressure without tail": pressure,
        "pressure of tail": tail * ATOMS_PER_NM3 * MPA,
        "pressure": (pressure[0] + tail * ATOMS_PER_NM3 * MPA, pressure[1]),
        "peak position": (peak[0], peak_error[0]),
        "peak height": (peak[1], peak_error[1]),
    }


def triples_of(samples, lengths):
    """The Axilrod-Teller energy of some configurations, per atom; their stride; the energy beyond the cutoff."""
    stride, cutoff = max(2, len(samples.energy) // 150), 0.33 * lengths.edge
    chosen = samples.positions[::stride]
    energies = np.array([axilrod_teller(each, lengths.edge, cutoff) for each in chosen]) / lengths.num_atoms
    short = np.array([axilrod_teller(each, lengths.edge, 0.8 * cutoff) for each in chosen[::5]]) / lengths.num_atoms
    # What lies beyond the cutoff decays with its fourth power.
    return energies, stride, float(np.mean(energies[::5] - short)) / (0.8**-4 - 1)


def describe_triples(samples, lengths):
    """The Axilrod-Teller energy per atom in first order, with its standard error.

    The free energy rises by the mean A of the energy of triples, and the energy by the derivative of A/kT with respect
    to 1/kT: A minus a covariance, which is the energy of the change of the structure. The pressure of fixed
    configurations is 3 A/V, since the energy is homogeneous of the degree -9 in the distances.
    """
    triples, stride, remainder = triples_of(samples, lengths)

    def response(triples, energy):
        return -np.cov(triples, energy)[0, 1] / KT

    mean, error = with_error(np.mean, triples)
    changed, changed_error = with_error(response, triples, samples.energy[::stride])
    return {
        "configurations": len(triples),
        "cutoff": 0.33 * lengths.edge,
        "free energy beyond the cutoff": remainder,
        "free energy": (mean + remainder, error),
        "energy": (mean + remainder + changed, float(np.hypot(error, changed_error))),
        "pressure of fixed configurations": 3 * (mean + remainder) * ATOMS_PER_NM3 * MPA,
    }


def first_order_pressures(dilute, dense):
    """The first-order pressures of triples and of quantum effects, in MPa, with their standard errors.

    The density times the derivative of the free energy per atom with respect to the logarithm of the density, from two
    simulations: pairs of Lengths and Samples.
    """
    free_energies = {"Axilrod-Teller": [], "quantum": []}
    for lengths, samples in (dilute, dense):
        triples, _, remainder = triples_of(samples, lengths)
        mean, error = with_error(np.mean, triples)
        free_energies["Axilrod-Teller"].append((mean + remainder, error))
        free_energies["quantum"].append(QUANTUM * np.array(with_error(np.mean, samples.squared_force)))
    factor = ATOMS_PER_NM3 * MPA / np.log(dense[0].density / dilute[0].density)
    return {
        name: (float(factor * (high[0] - low[0])), float(factor * np.hypot(low[1], high[1])))
        for name, (low, high) in free_energies.items()
    }


def quantum_energy(squared_force, energy):
    """The first quantum correction to the energy, in kJ/mol per atom.

    The free energy rises by A = hbar^2 <F^2> / (24 m (kT)^2) per atom, where F is the force on an atom. The energy
    rises by the derivative of A/kT with respect to 1/kT. That of the mean <F^2> is its covariance with the energy.

    Parameters
    ----------
    squared_force : ndarray, (kJ/mol/nm)^2
        The mean over the atoms of each sample.
    energy : ndarray, kJ/mol
        The potential energy of each sample, of all atoms.

    Source
    ------
    J. G. Kirkwood, Phys. Rev. 44 (1933) 31.
    """
    return QUANTUM * (3 * squared_force.mean() - np.cov(squared_force, energy)[0, 1] / KT)


def difference_of_models(path, samples, lengths):
    """The largest difference between Lennard-Jones with the correction and the whole potential, kJ/mol per atom."""
    # Every rule of the model must select atoms; there is only argon here.
    system, _ = box_of_argon(lengths, path, dict.fromkeys(("He", "Ne", "Kr")), epsilon=0.0)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    differences = []
    stride = max(1, len(samples.positions) // 10)
    for positions, energy in zip(samples.positions[::stride], samples.energy[::stride]):
        context.setPositions(positions)
        found = context.getState(energy=True).getPotentialEnergy()._value
        differences.append(abs(found - energy) / lengths.num_atoms)
    return max(differences)
