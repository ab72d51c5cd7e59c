# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Samples water dimers from TIP3P dynamics, and computes their interaction energies and forces with PySCF.

    python make_dataset.py [--output dimers.npz] [--processes 2]

It needs openmm, pyscf and pyscf-dispersion, and takes about an hour with two processes. README.md describes the
file.
"""

import argparse
import functools
import importlib.metadata
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import openmm
import tip3p
from openmm import app, unit

BOHR_IN_NM = 0.0529177210903
HARTREE_IN_KJ_PER_MOL = 2625.4996394799
FUNCTIONAL, BASIS, GRID_LEVEL = "wb97x-d3bj", "def2-tzvppd", 3

# Dimers are drawn in bins of the O-O distance (nm), so that short distances, which are rare, are well sampled.
DISTANCE_BINS = [(0.0, 0.30), (0.30, 0.40), (0.40, 0.55), (0.55, 0.80)]
DIMERS_PER_BIN = [2, 2, 1, 1]
# This many more dimers of the two nearest bins are drawn and pushed together: a liquid rarely visits the repulsive
# wall, where a fitted function must nevertheless be right.
COMPRESSED_PER_BIN = [1, 1]
COMPRESSION = (0.85, 1.0)
#: Snapshots at each temperature in K.
SNAPSHOTS = {300: 60, 400: 24}
BOX_EDGE = 2.5  # nm
STEPS_BETWEEN = 500
#: The O-O distances (nm) of the dimer curve.
CURVE = np.array([0.24, 0.25, 0.26, 0.27, 0.28, 0.29, 0.30, 0.31, 0.33, 0.35, 0.38, 0.41, 0.45, 0.50, 0.55, 0.60, 0.70])


def sample_liquid(temperature, num_snapshots, seed):
    """Simulate TIP3P water; returns the positions of the molecules in each snapshot, [num_waters, 3, 3] in nm."""
    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(field, model="tip3p", boxSize=openmm.Vec3(1, 1, 1) * BOX_EDGE)
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9, rigidWater=True)
    integrator = openmm.LangevinMiddleIntegrator(temperature, 1.0, 0.002)
    integrator.setRandomNumberSeed(seed)
    simulation = app.Simulation(modeller.topology, system, integrator, openmm.Platform.getPlatform("CPU"))
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=100)
    simulation.context.setVelocitiesToTemperature(temperature, seed)
    simulation.step(5000)
    for _ in range(num_snapshots):
        simulation.step(STEPS_BETWEEN)
        positions = simulation.context.getState(positions=True).getPositions(asNumpy=True)
        yield positions.value_in_unit(unit.nanometer).reshape(-1, 3, 3)


def draw_dimers(waters, random):
    """Draw dimers [M, 6, 3] (nm) of one snapshot; returns them, and which of them were pushed together [M]."""
    first, second = np.triu_indices(len(waters), k=1)
    delta = waters[second, 0] - waters[first, 0]
    shift = -BOX_EDGE * np.round(delta / BOX_EDGE)
    distances = np.linalg.norm(delta + shift, axis=1)
    dimers, compressed = [], []
    for index, (low, high) in enumerate(DISTANCE_BINS):
        members = np.flatnonzero((distances >= low) & (distances < high))
        extra = COMPRESSED_PER_BIN[index] if index < len(COMPRESSED_PER_BIN) else 0
        for count, pair in enumerate(random.choice(members, DIMERS_PER_BIN[index] + extra, replace=False)):
            dimer = np.concatenate([waters[first[pair]], waters[second[pair]] + shift[pair]])
            dimer -= dimer[0]
            push = count < extra
            if push:  # along the O-O axis; both molecules stay rigid
                dimer[3:] -= (1.0 - random.uniform(*COMPRESSION)) * dimer[3]
            dimers.append(dimer)
            compressed.append(push)
    return np.array(dimers), np.array(compressed)


def draw_curve():
    """Make dimers [M, 6, 3] (nm) with the linear hydrogen bond of the gas phase, at the O-O distances of CURVE."""
    angle, inclination = np.radians([tip3p.ANGLE, 57.0])
    donor = tip3p.BOND * np.array([[0, 0, 0], [0, 0, 1], [0, np.sin(angle), np.cos(angle)]])
    bisector = np.array([0, -np.sin(inclination), np.cos(inclination)])
    half = np.cos(angle / 2) * bisector, np.array([np.sin(angle / 2), 0, 0])
    acceptor = tip3p.BOND * np.array([np.zeros(3), half[0] + half[1], half[0] - half[1]])
    return np.array([np.concatenate([donor, acceptor + [0.0, 0.0, r]]) for r in CURVE])


def solve(symbols, positions):
    """Compute the energy (kJ/mol) and the forces (kJ/mol/nm) of atoms at positions in nm."""
    from pyscf import dft, gto

    molecule = gto.M(atom=list(zip(symbols, positions / BOHR_IN_NM)), unit="bohr", basis=BASIS, verbose=0)
    field = dft.RKS(molecule).density_fit()
    field.xc, field.grids.level, field.conv_tol = FUNCTIONAL, GRID_LEVEL, 1e-9
    energy = field.kernel()
    if not field.converged:
        raise RuntimeError(f"the calculation of {symbols} did not converge")
    forces = -field.nuc_grad_method().kernel()
    return energy * HARTREE_IN_KJ_PER_MOL, forces * HARTREE_IN_KJ_PER_MOL / BOHR_IN_NM


def frame_of(water):
    """The axes of a water molecule [3, 3] (nm): along the sum of the bonds, in the plane, and perpendicular to it."""
    first, second = water[1:] - water[0]
    x, y = first + second, first - second
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return np.array([x, y, np.cross(x, y)])


def solve_water():
    """Compute the energy of one molecule, and its forces in the axes of frame_of()."""
    water = draw_curve()[0, :3]
    energy, forces = solve("OHH", water)
    return energy, forces @ frame_of(water).T


def label(dimer, of_water):
    """Compute the interaction energy of a dimer [6, 3] and the forces that belong to it, [6, 3]. All molecules have the
    same rigid geometry, so that one calculation of a molecule is enough.
    """
    energy, forces = solve("OHHOHH", dimer)
    for molecule in (slice(0, 3), slice(3, 6)):
        energy -= of_water[0]
        forces[molecule] -= of_water[1] @ frame_of(dimer[molecule])
    return energy, forces


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "dimers.npz")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()

    random = np.random.default_rng(options.seed)
    positions, compressed, snapshot, temperature = [], [], [], []
    for kelvin, count in SNAPSHOTS.items():
        for waters in sample_liquid(kelvin, count, options.seed):
            dimers, pushed = draw_dimers(waters, random)
            snapshot.append(np.full(len(dimers), len(snapshot)))
            temperature.append(np.full(len(dimers), kelvin))
            positions.append(dimers)
            compressed.append(pushed)
    curve = draw_curve()
    # The file has positions in single precision. The energies are computed at exactly these.
    positions = np.concatenate([*positions, curve]).astype(np.float32)
    start = time.time()
    os.environ["OMP_NUM_THREADS"] = "1"  # one thread for each process
    energies, forces = [], []
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for energy, force in pool.imap(functools.partial(label, of_water=solve_water()), positions.astype(float)):
            energies.append(energy)
            forces.append(force)
            if len(energies) % 20 == 0:
                print(f"{len(energies)} of {len(positions)} dimers, {time.time() - start:.0f} s", flush=True)
    energies, forces = np.array(energies, np.float32), np.array(forces, np.float32)
    sampled = slice(0, len(positions) - len(curve))
    np.savez_compressed(
        options.output,
        positions=positions[sampled],
        energies=energies[sampled],
        forces=forces[sampled],
        compressed=np.concatenate(compressed),
        snapshot=np.concatenate(snapshot).astype(np.int16),
        temperature=np.concatenate(temperature).astype(np.int16),
        curve_positions=positions[len(energies) - len(curve) :],
        curve_energies=energies[len(energies) - len(curve) :],
        method=f"{FUNCTIONAL}/{BASIS}, PySCF {importlib.metadata.version('pyscf')}, no counterpoise correction",
    )
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
