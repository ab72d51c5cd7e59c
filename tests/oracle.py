# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The energy of LearnedPairForce once more, written independently of the plugin: NumPy, all pairs, all 27 periodic copies."""

import itertools

import numpy as np


def displacements(positions, box):
    """The displacement from i to the nearest copy of j, for all pairs i<j.

    Returns
    -------
    i, j : ndarray of int, shape (n_pairs,)
    delta : ndarray, shape (n_pairs, 3), nm
    """
    i, j = np.triu_indices(len(positions), 1)
    delta = positions[j] - positions[i]
    if box is None:
        return i, j, delta
    box = np.asarray(box)
    for k in (2, 1, 0):  # into the cell first, so that the 27 copies around are enough
        delta = delta - np.round(delta[:, k : k + 1] / box[k, k]) * box[k]
    copies = np.array([np.array(n) @ box for n in itertools.product((-1, 0, 1), repeat=3)])
    best = np.full(len(delta), np.inf)
    nearest = delta.copy()
    for copy in copies:
        distance = ((delta + copy) ** 2).sum(axis=1)
        closer = distance < best
        best[closer] = distance[closer]
        nearest[closer] = delta[closer] + copy
    return i, j, nearest


def switching(r, start, end):
    """The switching function of OpenMM's NonbondedForce and its slope."""
    y = np.clip((r - start) / (end - start), 0, None)
    return 1 - 10 * y**3 + 15 * y**4 - 6 * y**5, (-30 * y**2 + 60 * y**3 - 30 * y**4) / (end - start)


def energy_and_forces(function, positions, types, *, cutoff, inner_cutoff, box=None, exclusions=(), switching_distance=None, allowed=None):
    """E = sum of S(r) f(r; type_i, type_j) over the pairs that interact, and its forces.

    Parameters
    ----------
    function : callable (r, type1, type2) -> (energy, slope)
        For arrays of pairs; never called below the inner cutoff.
    positions : ndarray, shape (n, 3), nm
    types : ndarray of int, shape (n,)
        -1 for particles that are not covered.
    box : array, shape (3, 3), nm, or None
    exclusions : iterable of (int, int)
    allowed : callable (i, j) -> bool
        Interaction groups, if there are any.

    Returns
    -------
    energy : float, kJ/mol
    forces : ndarray, shape (n, 3), kJ/mol/nm
    pairs_below : int
        The number of interacting pairs below the inner cutoff.
    """
    positions, types = np.asarray(positions), np.asarray(types)
    i, j, delta = displacements(positions, box)
    excluded = {(min(pair), max(pair)) for pair in exclusions}
    r = np.sqrt((delta**2).sum(axis=1))
    keep = (r < cutoff) & (types[i] >= 0) & (types[j] >= 0)
    keep &= np.array([(a, b) not in excluded and (allowed is None or allowed(a, b)) for a, b in zip(i.tolist(), j.tolist())])
    i, j, delta, r = i[keep], j[keep], delta[keep], r[keep]
    inside = np.maximum(r, inner_cutoff)
    energy, slope = function(inside, types[i], types[j])
    energy = energy + (r - inside) * slope
    if switching_distance is not None:
        value, value_slope = switching(r, switching_distance, cutoff)
        energy, slope = value * energy, value * slope + value_slope * energy
    force = slope[:, None] * delta / r[:, None]  # on i, towards j if the energy falls with the distance
    forces = np.zeros_like(positions)
    np.add.at(forces, i, force)
    np.subtract.at(forces, j, force)
    return energy.sum(), forces, int((r < inner_cutoff).sum())
