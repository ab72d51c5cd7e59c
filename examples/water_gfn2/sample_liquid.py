# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulate the liquid at fixed density and record the data for the pressure penalty of the fit.

This writes liquid.npz for train.py: the contribution of a pair force at each distance to the virial of the liquid, and
the pressure of everything but the correction. It needs only OpenMM.
"""

import argparse
import pathlib

import check_liquid
import numpy as np
import openmm
import tip3p
from openmm import app, unit

BAR = 16.6053907  # bar in one kJ/mol/nm^3
BINS = np.linspace(0.0, 0.8, 321)  # distances, nm


def virial_weights(frames, edge):
    """Compute the contribution of a pair force at distance r to the virial of the liquid.

    A pair function adds sum_pairs -df/dr u.R / 3 to the molecular virial, where u is the unit vector between the atoms
    and R the vector between the molecules' centers of mass. This returns the sum of u.R (nm) per molecule in bins of r,
    for the pairs O-O, O-H and H-H: an array [3, bins].
    """
    weights = np.zeros((3, len(BINS) - 1))
    pair_types = (tip3p.PAIR_A > 0).astype(int) + (tip3p.PAIR_B > 3)
    for waters in frames:
        first, second = np.triu_indices(len(waters), k=1)
        delta = waters[second, 0] - waters[first, 0]
        shift = -edge * np.round(delta / edge)
        near = np.linalg.norm(delta + shift, axis=1) < 1.05  # all atom pairs within the bins
        moved = waters[second[near]] + shift[near, None]
        dimers = np.concatenate([waters[first[near]], moved], axis=1)
        centers = tip3p.centers_of_mass(dimers)
        distances, directions = tip3p.pair_geometry(dimers)
        lever = np.einsum("npx,nx->np", directions, centers[:, 0] - centers[:, 1])
        for pair_type in range(3):
            chosen = pair_types == pair_type
            weights[pair_type] += np.histogram(distances[:, chosen], BINS, weights=lever[:, chosen])[0] / len(waters)
    return weights / len(frames)


def correction_pressure(weights, table, density):
    """Compute the pressure (bar) of tabulated pair functions: density / 3 times their virial per molecule."""
    middle = 0.5 * (BINS[1:] + BINS[:-1])
    virial = 0.0
    for weight, column in zip(weights, table.T[1:]):
        derivative = np.interp(middle, table[:, 0], np.gradient(column, table[:, 0]), right=0.0)
        virial -= float(derivative @ weight)
    return density * virial / 3.0 * BAR


def sample(table, grams_per_cc, edge, equilibration, picoseconds, seed):
    """Simulate at 300 K; returns snapshots [frame][N, 3, 3] (nm), the box edge (nm), and pressures (bar)."""
    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(field, model="tip3p", boxSize=openmm.Vec3(edge, edge, edge))
    waters = modeller.topology.getNumResidues()
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer)).reshape(-1, 3, 3)
    wanted = (tip3p.GRAMS_PER_CC * waters / grams_per_cc) ** (1.0 / 3.0)
    # Scale the positions of the molecules, which are rigid, and not their geometry.
    positions = positions + (wanted / edge - 1.0) * positions[:, :1]
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9, rigidWater=True)
    system.setDefaultPeriodicBoxVectors(*(wanted * np.eye(3)))
    if table is not None:
        system.addForce(check_liquid.correction_force(system, modeller.topology, table))
    # With frequency 0 the barostat computes the pressure and never changes the volume.
    barostat = openmm.MonteCarloBarostat(1.0, 300.0, 0)
    system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(300.0, 1.0, 0.002)
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(system, integrator, platform, {"Threads": "1"})
    context.setPositions(positions.reshape(-1, 3))
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=30)
    context.setVelocitiesToTemperature(300.0, seed)
    integrator.step(round(equilibration / 0.002))
    frames, pressures = [], []
    for _ in range(round(picoseconds / 0.1)):
        integrator.step(50)
        pressure = barostat.computeCurrentPressure(context)
        pressures.append(pressure.value_in_unit(unit.bar))
        frame = context.getState(positions=True).getPositions(asNumpy=True)
        frames.append(frame.value_in_unit(unit.nanometer).reshape(-1, 3, 3))
    return frames, wanted, np.array(pressures)


def main():
    """Run the command line."""
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=pathlib.Path, default=here / "pair_functions.txt")
    parser.add_argument("--out", type=pathlib.Path, default=here / "liquid.npz")
    parser.add_argument("--density", type=float, default=0.985, help="g/cc")
    parser.add_argument("--edge", type=float, default=2.05, help="box edge before scaling, nm")
    parser.add_argument("--equilibration", type=float, default=4.0, help="picoseconds")
    parser.add_argument("--picoseconds", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    if not arguments.table.is_file():
        parser.error(f"{arguments.table} does not exist; train.py makes it.")

    table = np.loadtxt(arguments.table)
    frames, edge, pressures = sample(
        table,
        arguments.density,
        arguments.edge,
        arguments.equilibration,
        arguments.picoseconds,
        arguments.seed,
    )
    weights = virial_weights(frames, edge)
    density = len(frames[0]) / edge**3
    of_correction = correction_pressure(weights, table, density)
    half = len(pressures) // 2
    print(
        f"pressure {pressures[:half].mean():.0f}, {pressures[half:].mean():.0f} bar (halves), "
        f"of which the correction {of_correction:.0f} bar"
    )
    np.savez_compressed(
        arguments.out,
        bins=BINS,
        weights=weights.astype(np.float32),
        waters_per_nm3=density,
        base_pressure=pressures.mean() - of_correction,
    )


if __name__ == "__main__":
    main()
