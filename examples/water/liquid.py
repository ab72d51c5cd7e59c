# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Liquid TIP3P water: the box, its simulation at constant pressure, and its averages."""

from dataclasses import dataclass

import learnedpair as lp
import numpy as np
import openmm
import tip3p
from openmm import app, unit

TEMPERATURE = 298.15  # K
TIME_STEP = 0.002  # ps
EDGES = np.linspace(0.2, 0.95, 151)  # nm, of the bins of the radial distribution function
#: Density and enthalpy of vaporization (43.99 kJ/mol) at 298.15 K and 1 bar: W. Wagner and A. Pruss, J. Phys. Chem.
#: Ref. Data 31 (2002) 387. First maximum, first minimum and second maximum of g(O-O) at 295 K: L. B. Skinner, C. Huang,
#: D. Schlesinger, L. G. M. Pettersson, A. Nilsson and C. J. Benmore, J. Chem. Phys. 138 (2013) 074506.
DENSITY = 997.05  # kg/m3
ENERGY = 8.314463e-3 * TEMPERATURE - 43.99  # kJ/mol, of a molecule in the liquid
RDF_DISTANCES, RDF_VALUES = np.array([0.280, 0.345, 0.450]), np.array([2.57, 0.84, 1.12])


@dataclass(frozen=True)
class Averages:
    """Averages at constant pressure.

    Attributes
    ----------
    density, energy : (float, float)
        In kg/m3 and kJ/mol per molecule, with standard errors.
    rdf : ndarray
        g(O-O) in the bins of EDGES.
    """

    density: tuple[float, float]
    energy: tuple[float, float]
    rdf: np.ndarray


def water_box(molecules, density=DENSITY):
    """Make a box of TIP3P: its topology, positions (nm) and System, at a density in kg/m3."""
    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(field, model="tip3p", numAdded=molecules)
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9, rigidWater=True)
    edge = modeller.topology.getUnitCellDimensions()[0].value_in_unit(unit.nanometer)
    wanted = (1e3 * tip3p.GRAMS_PER_CC * molecules / density) ** (1 / 3)
    waters = np.array(modeller.positions.value_in_unit(unit.nanometer)).reshape(-1, 3, 3)
    # Scale the positions of the molecules, which are rigid, and not their geometry.
    waters += (wanted / edge - 1) * waters[:, :1]
    system.setDefaultPeriodicBoxVectors(*(wanted * np.eye(3)))
    modeller.topology.setPeriodicBoxVectors(wanted * np.eye(3))
    return modeller.topology, waters.reshape(-1, 3), system


def simulate(model, molecules, equilibration, sampling, seed, platform="CPU"):
    """Simulate TIP3P with a correction (or without one: None) at 298.15 K and 1 bar; times in ps."""
    topology, positions, system = water_box(molecules)
    if model is not None:
        lp.add_correction(system, topology, model)
    barostat = openmm.MonteCarloBarostat(1.0, TEMPERATURE, 25)
    barostat.setRandomNumberSeed(seed)
    system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, 1.0, TIME_STEP)
    integrator.setRandomNumberSeed(seed)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform(platform))
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
    context.setVelocitiesToTemperature(TEMPERATURE, seed)
    integrator.step(round(equilibration / TIME_STEP))
    density, energy, counts = [], [], []
    for _ in range(round(sampling / 0.2)):
        integrator.step(round(0.2 / TIME_STEP))
        state = context.getState(energy=True, positions=True)
        volume = state.getPeriodicBoxVolume().value_in_unit(unit.nanometer**3)
        density.append(1e3 * tip3p.GRAMS_PER_CC * molecules / volume)
        energy.append(state.getPotentialEnergy()._value / molecules)
        oxygens = state.getPositions(asNumpy=True)._value[::3]
        shells = 4 / 3 * np.pi * np.diff(EDGES**3) * molecules * (molecules - 1) / 2 / volume
        counts.append(np.histogram(distances(oxygens, volume ** (1 / 3)), EDGES)[0] / shells)
    return Averages(with_error(density), with_error(energy), np.mean(counts, axis=0))


def distances(positions, edge):
    """The minimum-image distances of all pairs in a cubic box."""
    first, second = np.triu_indices(len(positions), k=1)
    delta = positions[first] - positions[second]
    delta -= edge * np.round(delta / edge)
    return np.sqrt(np.einsum("pk,pk->p", delta, delta))


def with_error(values, blocks=5):
    """The mean and its standard error, from blocks."""
    means = [np.mean(block) for block in np.array_split(values, blocks)]
    return float(np.mean(values)), float(np.std(means, ddof=1) / np.sqrt(blocks))


def targets():
    """The experimental averages of the fit, with tolerances."""
    return [
        lp.fit.Pressure(1.0, tolerance=50.0),
        lp.fit.PotentialEnergy(ENERGY, tolerance=0.2),
        lp.fit.RadialDistribution("O", "O", RDF_DISTANCES, RDF_VALUES, tolerance=[0.08, 0.04, 0.03]),
    ]
