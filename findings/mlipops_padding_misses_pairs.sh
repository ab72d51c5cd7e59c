#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# mlipops.NeighborList with padding misses pairs in range: it reuses its pairs until a particle has moved by the whole
# padding.
#
# Libraries: mlipops 0.6.0 and torch 2.13.0, from PyPI.
# Input:     two particles at a distance of 1.15, NeighborList(cutoff=1.0, padding=0.1). Each then moves 0.09 towards
#            the other one, to a distance of 0.97.
# Expected:  after the move the pair is in the list, as the cutoff is 1. The documentation says that cached pairs are
#            valid while no particle has moved by more than half the padding (0.05).
# Seen:      no pair, and so no energy from Pairwise; a list without padding has the pair. The pairs are made again only
#            after a particle has moved by 0.1. Two particles that approach each other can so come closer by twice the
#            padding. A remedy: give NeighborList a cutoff that is larger by one padding, and Pairwise the true one.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 numpy mlipops==0.6.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import mlipops
import torch


def pairs_after(moves, **options):
    """The number of pairs after two particles at a distance of 1.15 have moved towards each other, step by step."""
    neighbors = mlipops.NeighborList(cutoff=1.0, **options)
    for move in moves:
        found = neighbors(torch.tensor([[move, 0.0, 0.0], [1.15 - move, 0.0, 0.0]]))
    return len(found)


found = {
    "without padding": pairs_after([0.0, 0.09]),
    "with padding": pairs_after([0.0, 0.09], padding=0.1),
    "with padding, after a larger move": pairs_after([0.0, 0.11], padding=0.1),
}
print(f"mlipops {version('mlipops')}: pairs of two particles that have come into range:", found)
sys.exit(list(found.values()) != [1, 0, 1])
PYTHON
