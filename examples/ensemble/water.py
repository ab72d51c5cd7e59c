# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Liquid water: TIP3P whose correction has a scale, the averages along a ladder of temperatures, and experiment.

make_water() needs PyTorch, since it adds the correction. Only the main process calls it.
"""

import numpy as np
import openmm
from openmm import app, unit
from replica import KG_PER_M3

SCALE = "lambda_delta"  # 0: TIP3P; 1: with the correction
PRESSURE = 1.0  # bar
FREQUENCY = 25  # steps between two moves of the barostat
GAS_CONSTANT = 8.314463e-3  # kJ/mol/K
#: Water: temperature in K, density at 1 bar in kg/m3, enthalpy of vaporization at saturation in kJ/mol. W. Wagner and
#: A. Pruss, J. Phys. Chem. Ref. Data 31 (2002) 387, computed with iapws 1.5.5.
EXPERIMENT = np.array(
    [
        (278.15, 999.97, 44.841),
        (298.15, 997.05, 43.987),
        (318.15, 990.21, 43.128),
        (338.15, 980.55, 42.253),
        (358.15, 968.61, 41.351),
    ]
)
ROUNDING = 1e-6  # ps, of times, which OpenMM sums up step by step
# Masses do not change the averages of a rigid model. With heavy hydrogens a time step of 4 fs is accurate.
MASSES = {"O": 10.015, "H": 4.0}


def make_water(molecules):
    """Make a box of corrected water.

    Returns
    -------
    (str, str)
        XML of the System, and of a State with minimized positions.
    """
    import learnedpair as lp
    from learnedpair.data import WATER_COMPILED

    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(field, model="tip3p", numAdded=molecules)
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9, rigidWater=True)
    for atom in modeller.topology.atoms():
        system.setParticleMass(atom.index, MASSES[atom.element.symbol])
    lp.add_correction(system, modeller.topology, WATER_COMPILED, scale=SCALE)
    positions = _compress(modeller, system)
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform("CPU"))
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
    state = openmm.XmlSerializer.serialize(context.getState(positions=True))
    system.addForce(openmm.MonteCarloBarostat(PRESSURE, 298.15, FREQUENCY))
    return openmm.XmlSerializer.serialize(system), state


def _compress(modeller, system):
    """Set the box to the density at 298 K, since addSolvent() leaves gaps at its faces; returns positions in nm."""
    waters = np.array(modeller.positions.value_in_unit(unit.nanometer)).reshape(-1, 3, 3)
    edge = modeller.topology.getUnitCellDimensions()[0].value_in_unit(unit.nanometer)
    mass = 18.01528  # of a molecule with its true masses, in daltons
    wanted = (KG_PER_M3 * mass * len(waters) / EXPERIMENT[1, 1]) ** (1 / 3)
    waters += (wanted / edge - 1) * waters[:, :1]  # molecules are moved, and keep their geometry
    system.setDefaultPeriodicBoxVectors(*(wanted * np.eye(3)))
    return waters.reshape(-1, 3)


def averages(samples, replicas, molecules, equilibration):
    """Density and potential energy of each state, with standard errors from its replicas.

    Parameters
    ----------
    samples : dict of str to dict of str to ndarray [S]
        Of each replica, by column.
    replicas : list of Replica
    molecules : int
    equilibration : float, ps
        Samples up to this time are left out.

    Returns
    -------
    list of dict
        With scale, temperature (K), density (kg/m3) and energy (kJ/mol per molecule): value and standard error; and
        the means of the replicas.
    """
    groups = {}
    for each in replicas:
        chosen = samples[each.name]["time (ps)"] > equilibration + ROUNDING
        density = samples[each.name]["density (kg/m3)"][chosen].mean()
        energy = samples[each.name]["potential energy (kJ/mol)"][chosen].mean() / molecules
        groups.setdefault((dict(each.parameters)[SCALE], each.temperature), []).append((density, energy))
    rows = []
    for (scale, temperature), means in sorted(groups.items()):
        values, errors = mean_and_error(means)
        rows.append(
            {
                "scale": scale,
                "temperature": temperature,
                "density": [values[0], errors[0]],
                "energy": [values[1], errors[1]],
                "replicas": np.transpose(means).tolist(),
            }
        )
    return rows


def mean_and_error(means):
    """The mean of independent means [K, N] and its standard error, as lists of N numbers."""
    means = np.asarray(means)
    return means.mean(axis=0).tolist(), (means.std(axis=0, ddof=1) / np.sqrt(len(means))).tolist()


def slopes(rows):
    """What a ladder of temperatures adds: the slopes of straight lines, weighted equally.

    Returns
    -------
    dict of str to (float, float)
        The thermal expansion coefficient in 1e-4/K and dE/dT in J/mol/K, with standard errors.
    """
    temperatures = np.array([row["temperature"] for row in rows])
    weights = temperatures - temperatures.mean()
    weights /= weights @ weights
    mean = np.mean([row["density"][0] for row in rows])
    found = {}
    for name, key, factor in (("expansion", "density", -1e4 / mean), ("dE/dT", "energy", 1e3)):
        values, errors = np.transpose([row[key] for row in rows])
        found[name] = [float(factor * (weights @ values)), float(abs(factor) * np.sqrt(weights**2 @ errors**2))]
    return found


def experiment(temperatures):
    """The same rows from experiment at some of its temperatures, without errors.

    The energy of a molecule in the liquid is RT minus the enthalpy of vaporization, for an ideal gas of rigid molecules
    and without quantum corrections, as the correction was fitted.
    """
    return [
        {"temperature": kelvin, "density": [density, 0.0], "energy": [GAS_CONSTANT * kelvin - enthalpy, 0.0]}
        for kelvin, density, enthalpy in EXPERIMENT.tolist()
        if kelvin in temperatures
    ]
