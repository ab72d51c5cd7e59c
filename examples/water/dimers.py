# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Water dimers: the reference data, TIP3P as the baseline, and second virial coefficients."""

from pathlib import Path

import learnedpair as lp
import numpy as np
import tip3p
import torch
from openmm import app
from scipy.spatial.transform import Rotation

DATA = Path(__file__).resolve().parent / "dimers.npz"
TYPES = ("O", "H", "H", "O", "H", "H")
FRAGMENTS = (0, 0, 0, 1, 1, 1)
WITHIN = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
#: Dimers whose O-O distance is longer are beyond the cutoff of the correction.
LONGEST = 0.72  # nm


def load():
    """Read dimers.npz: training data, and held-out data from the last fifth of the snapshots at each temperature, so
    that no held-out dimer has a near copy among the training data. Both are minus TIP3P.
    """
    arrays = dict(np.load(DATA))
    near = np.linalg.norm(arrays["positions"][:, 0] - arrays["positions"][:, 3], axis=1) < LONGEST
    return tuple(reference(arrays, near & in_snapshots(arrays, *part)) for part in ((0.0, 0.8), (0.8, 1.0)))


def in_snapshots(arrays, first, last):
    """Whether each dimer is from a part of the snapshots at its temperature, from one fraction of them to another."""
    result = np.zeros(len(arrays["snapshot"]), bool)
    for kelvin in np.unique(arrays["temperature"]):
        numbers = np.unique(arrays["snapshot"][arrays["temperature"] == kelvin])
        result |= np.isin(arrays["snapshot"], numbers[int(first * len(numbers)) : int(last * len(numbers))])
    return result


def reference(arrays, chosen, source=DATA.name):
    """Make the ReferenceData of some dimers, given by a mask, minus TIP3P."""
    configurations = [
        lp.fit.Configuration(
            f"dimer {index}{' (pushed together)' if arrays['compressed'][index] else ''}",
            TYPES,
            arrays["positions"][index].astype(float),
            energy=float(arrays["energies"][index]),
            forces=arrays["forces"][index].astype(float),
            fragments=FRAGMENTS,
            rigid=True,
        )
        for index in np.flatnonzero(chosen)
    ]
    data = lp.fit.ReferenceData(configurations, source, str(arrays["method"]))
    return lp.fit.subtract_baseline(data, tip3p_dimer())


def curve():
    """The hydrogen-bonded dimer: O-O distances (nm), energies (kJ/mol), and positions [M, 6, 3] (nm)."""
    with np.load(DATA) as arrays:
        positions = arrays["curve_positions"].astype(float)
        return np.linalg.norm(positions[:, 3] - positions[:, 0], axis=1), arrays["curve_energies"], positions


def tip3p_dimer():
    """Make the System of two TIP3P molecules without a cutoff."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(2):
        residue = topology.addResidue("HOH", chain)
        atoms = [topology.addAtom(name, app.element.get_by_symbol(name[0]), residue) for name in ("O", "H1", "H2")]
        for hydrogen in atoms[1:]:
            topology.addBond(atoms[0], hydrogen)
    return app.ForceField("amber14/tip3p.xml").createSystem(topology, nonbondedMethod=app.NoCutoff)


def energies(positions, model=None):
    """The interaction energies (kJ/mol) of dimers [N, 6, 3] (nm): TIP3P, with a correction if a model is given."""
    result = tip3p.interaction(positions)[0]
    if model is None:
        return result
    with torch.no_grad():
        types = torch.tensor([model.types.index(name) for name in TYPES])
        return result + lp.nn.PairEnergy(model)(torch.from_numpy(positions), None, types, WITHIN).numpy()


def second_virial_coefficient(model, temperature, samples=20000, seed=1):
    """Compute B2 = -N_A/2 * integral of (<exp(-U/kT)> - 1) over the position of the second molecule, whose average is
    over orientations.

    Returns
    -------
    (float, float)
        In cm3/mol, with its standard error.
    """
    random = np.random.default_rng(seed)
    beta = 1 / (8.31446262e-3 * temperature)
    edges = np.concatenate([[0.0], np.geomspace(0.2, 2.5, 61)])
    total, variance = -4 / 3 * np.pi * edges[1] ** 3, 0.0  # below 0.2 nm molecules exclude each other
    for low, high in zip(edges[1:], edges[2:]):
        r = random.uniform(low**3, high**3, samples) ** (1 / 3)
        mayer = np.expm1(-beta * energies(random_dimers(r, random), model))
        shell = 4 / 3 * np.pi * (high**3 - low**3)
        total += shell * mayer.mean()
        variance += (shell * mayer.std()) ** 2 / samples
    factor = -0.5 * 6.02214076e23 * 1e-21  # nm3 to cm3/mol
    return float(factor * total), float(abs(factor) * np.sqrt(variance))


def random_dimers(r, random):
    """Dimers [N, 6, 3] (nm) with random orientations, at given distances of the centers of mass."""
    _, _, positions = curve()
    water = positions[0, :3]
    water = water - tip3p.MASSES @ water / tip3p.MASSES.sum()
    rotations = [Rotation.random(len(r), rng=random).as_matrix() for _ in range(2)]
    first, second = (np.einsum("nij,aj->nai", each, water) for each in rotations)
    return np.concatenate([first, second + np.array([0, 0, 1]) * r[:, None, None]], axis=1)
