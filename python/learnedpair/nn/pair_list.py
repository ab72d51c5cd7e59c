# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The pairs of particles within a cutoff: in small configurations all pairs are tried, in others vesin finds them."""

from __future__ import annotations

import numpy as np
import torch

from ..force.pair_factors import PairFactors
from .configurations import Configurations

#: A configuration with at most this many covered particles is searched by trying all pairs, all configurations of the
#: same size at once. Above, vesin is faster for one configuration (benchmarks/pair_energy.py).
MOST_ENUMERATED = 256
#: The largest number of pairs that are tried together.
CHUNK = 2_000_000


@torch.no_grad()
def find_pairs(
    configurations: Configurations, factors_of: PairFactors, cutoff: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Find the pairs of covered particles that are within the cutoff, up to rounding, and whose factor is not 0.

    Returns
    -------
    i, j : Tensor of int64, shape (P,)
    factors : Tensor of float64, shape (P,), or None
        None if all factors are 1.

    Raises
    ------
    ImportError
        If vesin is needed and not installed.
    """
    covered = configurations.covered.nonzero()[:, 0]
    sizes = torch.bincount(configurations.configuration[covered])
    ends = sizes.cumsum(0)
    found = [covered.new_empty(2, 0)]
    for size in sizes.unique().tolist():
        starts = (ends - size)[sizes == size]
        if size > MOST_ENUMERATED:
            found += [_search(configurations, covered[start : start + size], cutoff) for start in starts.tolist()]
        elif size > 1:
            found += _enumerate(configurations, covered, starts, size, cutoff)
    i, j = torch.cat(found, dim=1)
    if factors_of.all_one:
        return i, j, None
    numbers = (k.cpu().numpy() % configurations.numbered for k in (i, j))
    factors = torch.as_tensor(factors_of(*numbers), device=i.device)
    kept = factors != 0
    return i[kept], j[kept], factors[kept]


def _enumerate(
    configurations: Configurations, covered: torch.Tensor, starts: torch.Tensor, size: int, cutoff: float
) -> list[torch.Tensor]:
    """Try all pairs of the configurations that have this many covered particles; ``starts`` are the first of each."""
    pairs = torch.triu_indices(size, size, 1, device=covered.device)
    found = []
    for some in starts.split(max(1, CHUNK // pairs.shape[1])):
        tried = covered[(some[:, None] + pairs[:, None, :]).reshape(2, -1)]
        found.append(tried[:, configurations.distances(*tried) < cutoff])
    return found


def _search(configurations: Configurations, members: torch.Tensor, cutoff: float) -> torch.Tensor:
    """Find the pairs of one configuration, whose covered particles are given, with vesin: shape (2, P)."""
    try:
        from vesin import NeighborList
    except ImportError as error:
        raise ImportError(
            f"lp.nn needs vesin for a configuration of {len(members)} particles, more than {MOST_ENUMERATED}:"
            " pip install 'openmm-learnedpair[train]'",
            name="vesin",
        ) from error
    box = configurations.box_of(int(configurations.configuration[members[0]]))
    neighbors = NeighborList(cutoff=cutoff, full_list=False, n_threads=torch.get_num_threads())
    i, j = neighbors.compute(
        configurations.positions[members].double().cpu().numpy(),
        np.zeros((3, 3)) if box is None else box.double().cpu().numpy(),
        periodic=box is not None,
        quantities="ij",
    )
    return members[torch.as_tensor(np.stack([i, j]).astype(np.int64), device=members.device)]
