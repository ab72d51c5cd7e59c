#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Computes clusters.npz: clusters of 24 molecules of liquid TIP3P water, with interaction energies and forces of
GFN2-xTB and TIP3P.

    pip install tblite
    python make_clusters.py [clusters.npz]

A cluster is a molecule of a snapshot of make_trimers.py and its nearest neighbors. The distances between the oxygen
atoms are multiplied by a random factor from 0.90 to 1.10, the same within a cluster, so that there are densities above
and below that of the liquid. Interaction energies and forces are those of the cluster minus those of its molecules
alone. It takes about five minutes.
"""

import argparse

import numpy as np
from make_trimers import compute

NUM_MOLECULES, CLUSTERS_OF_SNAPSHOT = 24, 7
SMALLEST, LARGEST = 0.90, 1.10


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
    compute(parser.parse_args().output, choose_clusters, NUM_MOLECULES, seed=2)


if __name__ == "__main__":
    main()
