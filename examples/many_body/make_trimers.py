#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Computes trimers.npz: trimers of water from liquid TIP3P, with interaction energies and forces of GFN2-xTB and TIP3P.

    pip install tblite
    python make_trimers.py [trimers.npz]

A trimer is a molecule of a snapshot and two of its neighbors within 0.4 nm. Interaction energies and forces are those
of the trimer minus those of its three molecules alone. It takes about five minutes.

C. Bannwarth, S. Ehlert and S. Grimme, J. Chem. Theory Comput. 15 (2019) 1652 (GFN2-xTB).
"""

import argparse

import numpy as np
import openmm
from openmm import app, unit
from tblite.interface import Calculator

BOHR, HARTREE = 0.0529177210903, 2625.4996394799  # nm, kJ/mol
NUM_WATERS, NUM_SNAPSHOTS, TRIMERS_OF_SNAPSHOT = 216, 24, 25
NEAR = 0.4  # nm
#: Steps of 2 fs between snapshots.
BETWEEN = 2500


def sample_liquid():
    """Snapshots of rigid TIP3P water at 298 K and 1 bar: positions with whole molecules, and the edge of the box."""
    field = app.ForceField("tip3p.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, numAdded=NUM_WATERS)
    system = field.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.8 * unit.nanometer, rigidWater=True
    )
    system.addForce(openmm.MonteCarloBarostat(1 * unit.bar, 298 * unit.kelvin))
    integrator = openmm.LangevinMiddleIntegrator(298 * unit.kelvin, 1 / unit.picosecond, 2 * unit.femtoseconds)
    integrator.setRandomNumberSeed(1)
    simulation = app.Simulation(modeller.topology, system, integrator, openmm.Platform.getPlatform("CPU"))
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=100)
    simulation.step(2 * BETWEEN)
    for _ in range(NUM_SNAPSHOTS):
        simulation.step(BETWEEN)
        state = simulation.context.getState(positions=True)
        edge = state.getPeriodicBoxVectors()[0][0]._value
        yield state.getPositions(asNumpy=True)._value.reshape(-1, 3, 3), edge


def choose_trimers(molecules, edge, random):
    """Random trimers of a snapshot: arrays of shape (9, 3), nm."""
    for center in random.choice(len(molecules), TRIMERS_OF_SNAPSHOT, replace=False):
        shift = np.round((molecules[:, 0] - molecules[center, 0]) / edge) * edge
        whole = molecules - shift[:, None]
        distance = np.linalg.norm(whole[:, 0] - whole[center, 0], axis=1)
        near = np.flatnonzero((distance < NEAR) & (distance > 0))
        if len(near) >= 2:
            chosen = [center, *random.choice(near, 2, replace=False)]
            yield (whole[chosen] - whole[center, 0]).reshape(9, 3)


def gfn2(positions):
    """Energy (kJ/mol) and forces (kJ/mol/nm) of some molecules of water."""
    calculator = Calculator("GFN2-xTB", np.array([8, 1, 1] * (len(positions) // 3)), positions / BOHR)
    calculator.set("verbosity", 0)
    result = calculator.singlepoint()
    return result.get("energy") * HARTREE, -result.get("gradient") * HARTREE / BOHR


def interaction(compute, positions):
    """Energy and forces of some molecules minus those of each alone."""
    energy, forces = compute(positions)
    for molecule in range(len(positions) // 3):
        part = slice(3 * molecule, 3 * molecule + 3)
        own_energy, own_forces = compute(positions[part])
        energy, forces[part] = energy - own_energy, forces[part] - own_forces
    return energy, forces


def tip3p(num_molecules):
    """A function that computes the interaction energy and forces of molecules with TIP3P, without a cutoff."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(num_molecules):
        residue = topology.addResidue("HOH", chain)
        atoms = [
            topology.addAtom(name, app.element.Element.getBySymbol(name[0]), residue) for name in ("O", "H1", "H2")
        ]
        for hydrogen in atoms[1:]:
            topology.addBond(atoms[0], hydrogen)
    system = app.ForceField("tip3p.xml").createSystem(topology, nonbondedMethod=app.NoCutoff, rigidWater=True)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))

    def compute(positions):
        context.setPositions(positions)
        state = context.getState(energy=True, forces=True)
        return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value

    return compute


def compute(output, choose, num_molecules, seed):
    """Write the interaction energies and forces of groups of molecules, which a function chooses in each snapshot."""
    random, of_tip3p = np.random.default_rng(seed), tip3p(num_molecules)
    rows = []
    for number, (molecules, edge) in enumerate(sample_liquid()):
        for positions in choose(molecules, edge, random):
            rows.append((number, positions, *interaction(gfn2, positions), *of_tip3p(positions)))
        print(f"snapshot {number + 1} of {NUM_SNAPSHOTS}: {len(rows)} groups of {num_molecules}", flush=True)
    snapshot, positions, energy, forces, tip3p_energy, tip3p_forces = map(np.array, zip(*rows, strict=True))
    np.savez_compressed(
        output,
        snapshot=snapshot.astype(np.int16),
        positions=np.round(positions, 6),
        energy=np.round(energy, 5),
        forces=np.round(forces, 3),
        tip3p_energy=np.round(tip3p_energy, 5),
        tip3p_forces=np.round(tip3p_forces, 3),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", nargs="?", default="trimers.npz")
    compute(parser.parse_args().output, choose_trimers, 3, seed=1)


if __name__ == "__main__":
    main()
