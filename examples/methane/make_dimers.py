# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Samples methane-water dimers from dynamics, and computes their interaction energies and forces with PySCF.

    python make_dimers.py [--output dimers.npz] [--processes 2]

It needs openmm, pyscf and pyscf-dispersion, and takes about 45 minutes of processor time. A run that was interrupted
continues if it is started again. README.md describes dimers.npz.
"""

import argparse
import importlib.metadata
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
from force_field import METHANE, OH, WATER, get_frame, make_box, make_simulation

BOHR_IN_NM = 0.0529177210903
HARTREE_IN_KJ_PER_MOL = 2625.4996394799
FUNCTIONAL, BASIS, GRID_LEVEL = "wb97x-d3bj", "def2-tzvppd", 3
ELEMENTS = "CHHHHOHH"

# The waters around methane are drawn in bins of the C-O distance (nm): without bins, most would be far away.
# The last bin ends beyond the cutoff of the correction.
DISTANCE_BINS = [(0.0, 0.36), (0.36, 0.42), (0.42, 0.55), (0.55, 0.70), (0.70, 0.95)]
DIMERS_PER_BIN = [1, 2, 1, 1, 1]
# One more dimer of the nearest bin is pushed together: a liquid rarely visits the repulsive wall, where a fitted
# function must nevertheless be right.
COMPRESSION = (0.85, 1.0)
#: Snapshots at each temperature in K.
SNAPSHOTS = {300: 17, 400: 9}
NUM_WATERS = 300
STEPS_BETWEEN = 500
#: Methane and water of the set A24, whose interaction energy is -2.81 kJ/mol by CCSD(T) at the limit of basis sets:
#: J. Rezac and P. Hobza, J. Chem. Theory Comput. 9 (2013) 2151. Angstrom.
BENCHMARK = [
    [0.00069016, 0.0, -1.99985520],
    [-0.50741740, 0.88759452, -2.37290605],
    [1.03052749, 0.0, -2.35282982],
    [-0.01314396, 0.0, -0.91190852],
    [-0.50741740, -0.88759452, -2.37290605],
    [-0.00472553, 0.0, 1.71597466],
    [0.03211863, 0.75755459, 2.30172044],
    [0.03211863, -0.75755459, 2.30172044],
]
#: The C-O distances (nm) of the two curves.
CURVE = np.array([0.30, 0.31, 0.32, 0.34, 0.36, 0.38, 0.41, 0.45, 0.52, 0.65])


def sample_liquid(temperature, num_snapshots, seed):
    """Simulate one methane in water at constant volume; yields the positions (nm) and the edge of the box (nm)."""
    simulation = make_simulation(*make_box(NUM_WATERS), temperature, seed, 20.0, constant_volume=True)
    for _ in range(num_snapshots):
        simulation.step(STEPS_BETWEEN)
        yield get_frame(simulation)


def draw_dimers(positions, edge, random):
    """Draw dimers [M, 8, 3] (nm) of one snapshot; the first one is pushed together."""
    methane, waters = positions[:5] - positions[0], positions[5:].reshape(-1, 3, 3) - positions[0]
    waters -= edge * np.round(waters[:, :1] / edge)
    distances = np.linalg.norm(waters[:, 0], axis=1)
    dimers, missing = [], 1  # the one that is pushed together
    for (low, high), count in zip(DISTANCE_BINS, DIMERS_PER_BIN):
        members = np.flatnonzero((distances >= low) & (distances < high))
        count += missing
        missing = max(0, count - len(members))  # the next bin replaces them
        for water in waters[random.choice(members, count - missing, replace=False)]:
            if not dimers:  # along the axis C-O; both molecules stay rigid
                water = water - (1.0 - random.uniform(*COMPRESSION)) * water[0]
            dimers.append(np.concatenate([methane, water]))
    return np.array(dimers)


def draw_curves():
    """Make dimers of two curves [2, M, 8, 3] (nm): O-H points at C between three H; C-H points at O."""
    axis = METHANE[1] / np.linalg.norm(METHANE[1])
    first = np.cross(axis, [0, 0, 1]) / np.linalg.norm(np.cross(axis, [0, 0, 1]))
    frame = np.array([first, np.cross(axis, first), axis])  # rows; the third one is the C-H bond
    # The first H of this water is on the axis, towards the methane.
    angle = np.arccos(WATER[1] @ WATER[2] / OH**2)
    donor = OH * np.array([[0, 0, 0], [0, 0, 1], [np.sin(angle), 0, np.cos(angle)]]) @ frame
    donors = [np.concatenate([METHANE, donor - r * axis]) for r in CURVE]
    acceptors = [np.concatenate([METHANE, WATER @ frame + r * axis]) for r in CURVE]
    return np.array([donors, acceptors])


def solve(elements, positions):
    """Compute the energy (kJ/mol) and the forces (kJ/mol/nm) of atoms at positions in nm."""
    from pyscf import dft, gto

    molecule = gto.M(atom=list(zip(elements, positions / BOHR_IN_NM)), unit="bohr", basis=BASIS, verbose=0)
    field = dft.RKS(molecule).density_fit()
    field.xc, field.grids.level, field.conv_tol = FUNCTIONAL, GRID_LEVEL, 1e-9
    energy = field.kernel()
    if not field.converged:
        raise RuntimeError(f"the calculation of {elements} did not converge")
    forces = -field.nuc_grad_method().kernel()
    return energy * HARTREE_IN_KJ_PER_MOL, forces * HARTREE_IN_KJ_PER_MOL / BOHR_IN_NM


def label(dimer):
    """Compute the interaction energy of a dimer [8, 3] and the forces that belong to it, [8, 3]."""
    energy, forces = solve(ELEMENTS, dimer)
    for start, end in ((0, 5), (5, 8)):
        of_molecule = solve(ELEMENTS[start:end], dimer[start:end])
        energy -= of_molecule[0]
        forces[start:end] -= of_molecule[1]
    return energy, forces


def label_all(positions, num_processes, partial):
    """Compute the energies [M] and forces [M, 8, 3] of dimers [M, 8, 3], each with one thread.

    What is computed is kept in a file, from which a run that was interrupted continues.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    energies, forces = [], []
    if partial.exists():
        with np.load(partial) as file:
            energies, forces = [*file["energies"]], [*file["forces"]]
    start = time.time()
    with multiprocessing.get_context("spawn").Pool(num_processes) as pool:
        for energy, force in pool.imap(label, positions[len(energies) :].astype(float)):
            energies.append(energy)
            forces.append(force)
            if len(energies) % 10 == 0:
                np.savez(partial, energies=energies, forces=forces)
                print(f"{len(energies)} of {len(positions)} dimers, {time.time() - start:.0f} s", flush=True)
    return np.array(energies, np.float32), np.array(forces, np.float32)


def sample(seed):
    """Draw dimers from dynamics at both temperatures; returns the arrays of dimers.npz that are not labels."""
    random = np.random.default_rng(seed)
    dimers, snapshots, temperatures = [], [], []
    for kelvin, count in SNAPSHOTS.items():
        for positions, edge in sample_liquid(kelvin, count, seed):
            dimers.append(draw_dimers(positions, edge, random))
            snapshots.append(np.full(len(dimers[-1]), len(snapshots), np.int16))
            temperatures.append(np.full(len(dimers[-1]), kelvin, np.int16))
    return {
        # The labels must belong to the positions as they are stored: round these first.
        "positions": np.concatenate(dimers).astype(np.float32),
        "pushed": np.concatenate([np.arange(len(each)) == 0 for each in dimers]),
        "snapshot": np.concatenate(snapshots),
        "temperature": np.concatenate(temperatures),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "dimers.npz")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--limit", type=int, help="compute this many dimers and points of a curve only")
    options = parser.parse_args()

    sampled_file, partial = (options.output.with_suffix(suffix) for suffix in (".sampled.npz", ".partial.npz"))
    if not sampled_file.exists():
        np.savez(sampled_file, **sample(options.seed))
    with np.load(sampled_file) as file:
        arrays = {name: file[name][: options.limit] for name in file.files}
    curves = draw_curves().reshape(-1, 8, 3)[: options.limit].astype(np.float32)
    benchmark = 0.1 * np.array([BENCHMARK], np.float32)
    positions = np.concatenate([arrays["positions"], curves, benchmark])
    print(f"{len(positions)} dimers", flush=True)
    energies, forces = label_all(positions, options.processes, partial)
    print(f"the dimer of A24: {energies[-1]:.2f} kJ/mol, -2.81 kJ/mol by CCSD(T)")
    count = len(arrays["positions"])
    np.savez_compressed(
        options.output,
        **arrays,
        energies=energies[:count],
        forces=forces[:count],
        curve_positions=curves,
        curve_energies=energies[count:-1],
        benchmark_energy=energies[-1],
        method=f"{FUNCTIONAL}/{BASIS}, PySCF {importlib.metadata.version('pyscf')}, no counterpoise correction",
    )
    for path in (sampled_file, partial):
        path.unlink(missing_ok=True)
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
