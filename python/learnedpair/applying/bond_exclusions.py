# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the pairs of particles that are connected by few bonds."""

import numpy as np

#: More excluded pairs are taken for a mistake of the user.
MAX_EXCLUSIONS = 20_000_000


def pairs_within_bonds(most, bonds, hosts, dependences):
    """Find the pairs of particles that are connected by few bonds.

    Parameters
    ----------
    most : int
        The largest number of bonds, at least 1.
    bonds : ndarray of int, shape (n_bonds, 2)
    hosts : ndarray of int, shape (n_particles,)
        For each particle the one whose place in the molecule it has: itself, or, for a virtual site or a Drude
        particle, an atom. The particles of one host are zero bonds apart.
    dependences : ndarray of int, shape (n, 2)
        More pairs: virtual sites and Drude particles with the particles that they depend on.

    Returns
    -------
    ndarray of int, shape (n, 2)
        The pairs in increasing order, each once, with the lower index first.

    Raises
    ------
    ValueError
        If there are more than MAX_EXCLUSIONS pairs.
    """
    count = len(hosts)
    first, second = _within_bonds(most, hosts[bonds], count)
    first, second = (np.append(np.arange(count), ends) for ends in (first, second))
    return sorted_pairs(np.concatenate([_pairs_of_members(hosts, first, second, most), dependences]))


def final_hosts(direct):
    """Follow hosts that have hosts themselves, such as the atom of a lone pair with a Drude particle.

    Parameters
    ----------
    direct : ndarray of int, shape (n_particles,)
        The particle that each particle belongs to, itself for an atom.

    Returns
    -------
    ndarray of int, shape (n_particles,)
    """
    hosts = direct
    while not np.array_equal(hosts, direct[hosts]):
        if (direct[hosts] == np.arange(len(hosts)))[hosts != np.arange(len(hosts))].any():
            raise ValueError("add_correction: virtual sites of the System depend on each other in a circle.")
        hosts = direct[hosts]
    return hosts


def sorted_pairs(pairs):
    """Sort unordered pairs, with the lower index first, and drop repetitions."""
    pairs = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    is_first = np.ones(len(pairs), dtype=bool)
    is_first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[is_first]


def without_pairs(pairs, others):
    """Get the pairs that are not among other pairs. Both must be sorted by sorted_pairs()."""
    count = int(max(pairs.max(initial=0), others.max(initial=0))) + 1
    pairs, others = (np.asarray(array, dtype=np.int64).reshape(-1, 2) for array in (pairs, others))
    return pairs[~np.isin(pairs[:, 0] * count + pairs[:, 1], others[:, 0] * count + others[:, 1])]


def require_few(total, what):
    """Raise an error if there are too many excluded pairs."""
    if total > MAX_EXCLUSIONS:
        raise ValueError(
            f"add_correction: exclusions={what!r} would exclude {total} pairs, more than {MAX_EXCLUSIONS}; use between,"
            " or interaction groups, to leave a large molecule out."
        )


def _within_bonds(most, bonds, count):
    """The ordered pairs that are connected by 1 to ``most`` bonds, as two arrays with i < j."""
    bonds = bonds[bonds[:, 0] != bonds[:, 1]]
    bonds = np.unique(np.concatenate([bonds, bonds[:, ::-1]]).astype(np.int64), axis=0)
    degrees = np.bincount(bonds[:, 0], minlength=count)
    starts = np.cumsum(degrees) - degrees
    # A pair (i, j) is the number i * count + j.
    newest = np.arange(count, dtype=np.int64) * (count + 1)
    reached = newest
    for _ in range(most):
        last = newest % count
        require_few(int(degrees[last].sum() // 2), most)
        neighbor = bonds[_ranges(starts[last], degrees[last]), 1]
        newest = np.setdiff1d(np.repeat(newest - last, degrees[last]) + neighbor, reached)
        if len(newest) == 0:
            break
        reached = np.append(reached, newest)
        require_few(len(reached) // 2, most)
    first, second = reached // max(count, 1), reached % max(count, 1)
    is_ordered = first < second
    return first[is_ordered], second[is_ordered]


def _pairs_of_members(hosts, first, second, most):
    """All pairs of one particle of the host ``first[k]`` and one of the host ``second[k]``, for all k."""
    sizes = np.bincount(hosts, minlength=len(hosts))
    members, starts = np.argsort(hosts, kind="stable"), np.cumsum(sizes) - sizes
    totals = sizes[first] * sizes[second]
    require_few(int(totals.sum()), most)
    pair = np.repeat(np.arange(len(first)), totals)
    index = _ranges(np.zeros(len(first), dtype=np.int64), totals)
    width = sizes[second][pair]
    pairs = np.column_stack(
        [members[starts[first][pair] + index // width], members[starts[second][pair] + index % width]]
    )
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _ranges(starts, lengths):
    """The concatenation of range(starts[k], starts[k] + lengths[k]) for all k."""
    ends = np.cumsum(lengths)
    return np.arange(lengths.sum()) + np.repeat(starts - (ends - lengths), lengths)
