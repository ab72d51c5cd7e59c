#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Computes clusters.npz: clusters of 24 molecules of liquid TIP3P water, with interaction energies and forces of
GFN2-xTB and TIP3P.

    pip install tblite
    python make_clusters.py [clusters.npz]

A cluster is a molecule of a snapshot of make_trimers.py and its nearest neighbors. The distances between the oxygen
atoms are multiplied by a random factor from 0.96 to 1.08, the same within a cluster, so that there are densities above
and below that of the liquid. Interaction energies and forces are those of the cluster minus those of its molecules
alone. It takes about five minutes.
"""

import argparse

import numpy as np
from make_trimers import gfn2, interaction, sample_liquid, tip3p

NUM_MOLECULES, CLUSTERS_OF_SNAPSHOT = 24, 4
SMALLEST, LARGEST = 0.96, 1.08


def choose_clusters(molecules, edge, random):
    """Random clusters of a snapshot: arrays of shape (72, 3), nm."""
    for center in random.choice(len(molecules), CLUSTERS_OF_SNAPSHOT, replace=False):
        shift = np.round((molecules[:, 0] - molecules[center, 0]) / edge) * edge
        whole = molecules - shift[:, None] - molecules[center, 0]
        near = np.argsort(np.linalg.norm(whole[:, 0], axis=1))[:NUM_MOLECULES]
        chosen = whole[near]
        stretched = chosen + (random.uniform(SMALLEST, LARGEST) - 1) * chosen[:, :1]
        yield stretched.reshape(-1, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", nargs="?", default="clusters.npz")
    arguments = parser.parse_args()
    random, of_tip3p = np.random.default_rng(2), tip3p(NUM_MOLECULES)
    rows = []
    for number, (molecules, edge) in enumerate(sample_liquid()):
        for positions in choose_clusters(molecules, edge, random):
            rows.append((number, positions, *interaction(gfn2, positions), *of_tip3p(positions)))
        print(f"snapshot {number + 1}: {len(rows)} clusters", flush=True)
    snapshot, positions, energy, forces, tip3p_energy, tip3p_forces = map(np.array, zip(*rows, strict=True))
    np.savez_compressed(
        arguments.output,
        snapshot=snapshot.astype(np.int16),
        positions=np.round(positions, 5),
        energy=np.round(energy, 4),
        forces=np.round(forces, 2),
        tip3p_energy=np.round(tip3p_energy, 4),
        tip3p_forces=np.round(tip3p_forces, 2),
    )


if __name__ == "__main__":
    main()
