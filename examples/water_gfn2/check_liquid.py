# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulate liquid TIP3P with and without the correction, to measure its stability and density.

This needs only OpenMM. The pair functions are read from pair_functions.txt and evaluated by a CustomNonbondedForce, so
that the check is independent of the plugin.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import openmm
import tip3p
from openmm import app, unit


def correction_force(system, topology, table):
    """Make a CustomNonbondedForce from the tabulated pair functions.

    Parameters
    ----------
    system : openmm.System
        Holds the NonbondedForce whose exceptions become exclusions.
    topology : openmm.app.Topology
        Distinguishes oxygens from hydrogens.
    table : numpy.ndarray
        Rows of r (nm), O-O, O-H, H-H (kJ/mol), equally spaced from 0 to the cutoff.
    """
    # One spline contains the three functions, 1 nm apart, so that a pair costs one lookup. A function affects only the
    # first points of the next one, at r near 0.
    spacing = table[1, 0] - table[0, 0]
    segment = round(1.0 / spacing)
    values = np.zeros(3 * segment)
    for hydrogens, column in enumerate(table.T[1:]):
        values[hydrogens * segment : hydrogens * segment + len(column)] = column
    force = openmm.CustomNonbondedForce("f(r + h1 + h2)")
    force.addTabulatedFunction("f", openmm.Continuous1DFunction(values, 0.0, spacing * (len(values) - 1)))
    force.addPerParticleParameter("h")
    for atom in topology.atoms():
        force.addParticle([0.0 if atom.element.symbol == "O" else 1.0])
    (nonbonded,) = [f for f in system.getForces() if isinstance(f, openmm.NonbondedForce)]
    for index in range(nonbonded.getNumExceptions()):
        force.addExclusion(*nonbonded.getExceptionParameters(index)[:2])
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(table[-1, 0])
    return force


def oxygen_distances(waters, edge):
    """Get the minimum-image distances (nm) of oxygen pairs; waters [N, 3, 3] (nm), cubic box."""
    first, second = np.triu_indices(len(waters), k=1)
    delta = waters[second, 0] - waters[first, 0]
    return np.linalg.norm(delta - edge * np.round(delta / edge), axis=1)


def simulate(table, picoseconds, equilibration, edge, seed):
    """Simulate at 300 K and 1 bar; returns the averages as a dictionary."""
    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(field, model="tip3p", boxSize=openmm.Vec3(edge, edge, edge))
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9, rigidWater=True)
    if table is not None:
        system.addForce(correction_force(system, modeller.topology, table))
    barostat = openmm.MonteCarloBarostat(1.0 * unit.bar, 300.0, 10)
    barostat.setRandomNumberSeed(seed)
    system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(300.0, 1.0, 0.002)
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatformByName("CPU")
    simulation = app.Simulation(modeller.topology, system, integrator, platform, {"Threads": "1"})
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=50)
    simulation.context.setVelocitiesToTemperature(300.0, seed)
    start = time.time()
    simulation.step(round(equilibration / 0.002))

    mass = tip3p.GRAMS_PER_CC * modeller.topology.getNumResidues()
    waters = modeller.topology.getNumResidues()
    edges = np.linspace(0.22, 0.80, 59)
    density, potential, counts, shortest = [], [], np.zeros(58), np.inf
    for _ in range(round(picoseconds / 0.2)):
        simulation.step(100)
        state = simulation.context.getState(energy=True, positions=True)
        volume = state.getPeriodicBoxVolume().value_in_unit(unit.nanometer**3)
        density.append(mass / volume)
        potential.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole) / waters)
        positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        distances = oxygen_distances(positions.reshape(-1, 3, 3), volume ** (1.0 / 3.0))
        shortest = min(shortest, float(distances.min()))
        shells = 4.0 / 3.0 * np.pi * np.diff(edges**3) * waters * (waters - 1) / 2.0 / volume
        counts += np.histogram(distances, edges)[0] / shells
    rdf = counts / len(density)
    middle = 0.5 * (edges[1:] + edges[:-1])
    half = len(density) // 2
    near = middle < 0.32
    well = (middle > 0.29) & (middle < 0.42)
    return {
        "waters": waters,
        "picoseconds": picoseconds,
        "density_g_per_cc": round(float(np.mean(density)), 4),
        "density_first_half": round(float(np.mean(density[:half])), 4),
        "density_second_half": round(float(np.mean(density[half:])), 4),
        "potential_kJ_per_mol": round(float(np.mean(potential)), 3),
        "first_peak_nm": round(float(middle[near][rdf[near].argmax()]), 3),
        "first_peak_height": round(float(rdf[near].max()), 3),
        "first_minimum_height": round(float(rdf[well].min()), 3),
        "shortest_O_O_nm": round(shortest, 4),
        "seconds": round(time.time() - start),
    }


def main():
    """Run the command line."""
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=pathlib.Path, default=here / "pair_functions.txt")
    parser.add_argument("--report", type=pathlib.Path, default=here / "liquid_report.json")
    parser.add_argument("--picoseconds", type=float, default=12.0)
    parser.add_argument("--equilibration", type=float, default=5.0, help="picoseconds")
    parser.add_argument("--edge", type=float, default=2.05, help="initial box edge, nm")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--skip-tip3p", action="store_true", help="simulate the corrected liquid only")
    arguments = parser.parse_args()
    if not arguments.table.is_file():
        parser.error(f"{arguments.table} does not exist; train.py makes it.")

    runs = {} if arguments.skip_tip3p else {"tip3p": None}
    runs["corrected"] = np.loadtxt(arguments.table)
    report = {}
    for name, table in runs.items():
        report[name] = simulate(table, arguments.picoseconds, arguments.equilibration, arguments.edge, arguments.seed)
        print(name, report[name], flush=True)
    arguments.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
