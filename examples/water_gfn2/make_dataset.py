# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Sample water dimers from TIP3P dynamics and label them with GFN2-xTB.

This needs openmm and tblite. It writes dataset.npz; see README.md for its fields.
"""

import argparse
import importlib.metadata
import pathlib
import time

import numpy as np
import openmm
import tip3p
from openmm import app, unit
from tblite.interface import Calculator

BOHR_IN_NM = 0.0529177210903
HARTREE_IN_KJ_PER_MOL = 2625.4996394799

# Dimers are drawn in bins of the O-O distance (nm), so that short distances, which are rare, are well sampled.
DISTANCE_BINS = [(0.0, 0.30), (0.30, 0.40), (0.40, 0.55), (0.55, 0.80)]
DIMERS_PER_BIN = [18, 14, 10, 6]
# This many more dimers of the two nearest bins are drawn and pushed together: a liquid rarely visits the repulsive
# wall, where a fitted function must nevertheless be right.
COMPRESSED_PER_BIN = [8, 8]
COMPRESSION = (0.85, 1.0)


def simulate_water(temperature, num_snapshots, steps_between, edge, seed):
    """Simulate TIP3P water; returns a list of positions [num_waters, 3, 3] (nm), and the box edge."""
    field = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(field, model="tip3p", boxSize=openmm.Vec3(edge, edge, edge))
    system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9, rigidWater=True)
    integrator = openmm.LangevinMiddleIntegrator(temperature, 1.0, 0.002)
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatformByName("CPU")
    simulation = app.Simulation(modeller.topology, system, integrator, platform, {"Threads": "1"})
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=100)
    simulation.context.setVelocitiesToTemperature(temperature, seed)
    simulation.step(5000)
    snapshots = []
    for _ in range(num_snapshots):
        simulation.step(steps_between)
        state = simulation.context.getState(positions=True)
        positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        snapshots.append(positions.reshape(-1, 3, 3))
    return snapshots, edge


def draw_dimers(waters, edge, random):
    """Draw dimers [M, 6, 3] (nm) of one snapshot; returns them, and which of them were pushed together [M]."""
    first, second = np.triu_indices(len(waters), k=1)
    delta = waters[second, 0] - waters[first, 0]
    shift = -edge * np.round(delta / edge)
    distances = np.linalg.norm(delta + shift, axis=1)
    dimers, compressed = [], []
    for index, (low, high) in enumerate(DISTANCE_BINS):
        members = np.flatnonzero((distances >= low) & (distances < high))
        extra = COMPRESSED_PER_BIN[index] if index < len(COMPRESSED_PER_BIN) else 0
        number = min(DIMERS_PER_BIN[index] + extra, len(members))
        for count, pair in enumerate(random.choice(members, number, replace=False)):
            dimer = np.concatenate([waters[first[pair]], waters[second[pair]] + shift[pair]])
            dimer -= dimer[0]
            push = count < extra
            if push:
                # Translate molecule B along the O-O axis; both stay rigid.
                dimer[3:] -= (1.0 - random.uniform(*COMPRESSION)) * dimer[3]
            dimers.append(dimer)
            compressed.append(push)
    return np.array(dimers), np.array(compressed)


def gfn2(numbers, positions):
    """Compute the GFN2-xTB energy (kJ/mol) and forces (kJ/mol/nm) at positions (nm)."""
    calculator = Calculator("GFN2-xTB", np.array(numbers), positions / BOHR_IN_NM)
    calculator.set("verbosity", 0)
    calculator.set("accuracy", 0.1)
    result = calculator.singlepoint()
    energy = result.get("energy") * HARTREE_IN_KJ_PER_MOL
    forces = -result.get("gradient") * HARTREE_IN_KJ_PER_MOL / BOHR_IN_NM
    return float(energy), forces


def label(dimers):
    """Compute GFN2-xTB interaction energies [N], net forces on A [N, 3] and torques [N, 2, 3]."""
    energies = np.empty(len(dimers))
    forces = np.empty(dimers.shape)
    for index, dimer in enumerate(dimers):
        energy, forces[index] = gfn2([8, 1, 1, 8, 1, 1], dimer)
        monomers = gfn2([8, 1, 1], dimer[:3])[0] + gfn2([8, 1, 1], dimer[3:])[0]
        energies[index] = energy - monomers
    net_forces, torques = tip3p.project_rigid(dimers, forces)
    return energies, net_forces, torques


def main():
    """Run the command line."""
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=here / "dataset.npz")
    parser.add_argument("--snapshots", type=int, default=60, help="number of snapshots at 300 K")
    parser.add_argument("--hot-snapshots", type=int, default=24, help="number of snapshots at 400 K")
    parser.add_argument("--steps", type=int, default=500, help="2 fs steps between snapshots")
    parser.add_argument("--edge", type=float, default=2.5, help="box edge, nm")
    parser.add_argument("--seed", type=int, default=2024)
    arguments = parser.parse_args()
    if arguments.edge < 1.85:
        parser.error("--edge must be at least 1.85 nm: the box must be wider than twice the cutoff of 0.9 nm.")

    random = np.random.default_rng(arguments.seed)
    dimers, compressed, snapshot, temperature = [], [], [], []
    number = 0
    for kelvin, count in ((300, arguments.snapshots), (400, arguments.hot_snapshots)):
        start = time.time()
        frames, edge = simulate_water(kelvin, count, arguments.steps, arguments.edge, arguments.seed)
        print(f"{kelvin} K: {len(frames)} snapshots, {time.time() - start:.0f} s", flush=True)
        for waters in frames:
            drawn, pushed = draw_dimers(waters, edge, random)
            dimers.append(drawn)
            compressed.append(pushed)
            snapshot.append(np.full(len(drawn), number))
            temperature.append(np.full(len(drawn), kelvin))
            number += 1
    # The labels must belong to the positions as they are stored: round these first.
    dimers = np.concatenate(dimers).astype(np.float32)
    start = time.time()
    energies, forces, torques = label(dimers.astype(np.float64))
    print(f"{len(dimers)} dimers labelled, {time.time() - start:.0f} s", flush=True)
    np.savez_compressed(
        arguments.out,
        positions=dimers,
        energy=energies.astype(np.float32),
        force=forces.astype(np.float32),
        torque=torques.astype(np.float32),
        compressed=np.concatenate(compressed),
        snapshot=np.concatenate(snapshot).astype(np.int16),
        temperature=np.concatenate(temperature).astype(np.int16),
        method=f"GFN2-xTB, tblite {importlib.metadata.version('tblite')}",
    )
    print(f"wrote {arguments.out}, {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
