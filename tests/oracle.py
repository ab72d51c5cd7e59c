# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""An independent implementation of LearnedPairForce's energy in NumPy: all pairs, with the minimum image found among 27
periodic images.
"""

import itertools

import numpy as np


def displacements(positions, box):
    """The displacement from i to the minimum image of j, for all pairs i<j.

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
    for k in (2, 1, 0):  # wrap into the cell first: then the minimum image is among the 27 nearest images
        delta = delta - np.round(delta[:, k : k + 1] / box[k, k]) * box[k]
    shifts = np.array([np.array(n) @ box for n in itertools.product((-1, 0, 1), repeat=3)])
    best = np.full(len(delta), np.inf)
    nearest = delta.copy()
    for shift in shifts:
        squared = ((delta + shift) ** 2).sum(axis=1)
        closer = squared < best
        best[closer] = squared[closer]
        nearest[closer] = delta[closer] + shift
    return i, j, nearest


def switching(r, start, end):
    """The switching function of OpenMM's NonbondedForce and its derivative."""
    y = np.clip((r - start) / (end - start), 0, None)
    return 1 - 10 * y**3 + 15 * y**4 - 6 * y**5, (-30 * y**2 + 60 * y**3 - 30 * y**4) / (end - start)


def pairs_in_range(positions, particles, *, cutoff, box=None, exclusions=(), allowed=None):
    """The interacting pairs: i, j, the displacement from i to the minimum image of j, and the distance. The parameters
    are those of energy_and_forces().
    """
    positions, particles = np.asarray(positions), np.asarray(particles)
    covered = particles >= 0 if particles.ndim == 1 else ~np.isnan(particles).any(axis=1)
    i, j, delta = displacements(positions, box)
    excluded = {(min(pair), max(pair)) for pair in exclusions}
    r = np.sqrt((delta**2).sum(axis=1))
    keep = (r < cutoff) & covered[i] & covered[j]
    keep &= np.array(
        [
            (a, b) not in excluded and (allowed is None or allowed(a, b))
            for a, b in zip(i.tolist(), j.tolist(), strict=True)
        ],
        dtype=bool,
    )
    return i[keep], j[keep], delta[keep], r[keep]


def energy_and_forces(
    function, positions, types, *, cutoff, inner_cutoff, box=None, exclusions=(), switching_distance=None, allowed=None
):
    """E = sum of S(r) f(r; type_i, type_j) over the interacting pairs, and its forces.

    Parameters
    ----------
    function : callable (r, type1, type2) -> (energy, dEdR)
        For arrays of pairs; never called below the inner cutoff.
    positions : ndarray, shape (n, 3), nm
    types : ndarray of int, shape (n,), or of float, shape (n, n_features)
        The types, or the features. Particles that are not covered have the type -1, or NaN for all features.
    box : array, shape (3, 3), nm, or None
    exclusions : iterable of (int, int)
    allowed : callable (i, j) -> bool, optional
        Whether the interaction groups allow a pair.

    Returns
    -------
    energy : float, kJ/mol
    forces : ndarray, shape (n, 3), kJ/mol/nm
    pairs_below : int
        The number of interacting pairs below the inner cutoff.
    """
    positions, types = np.asarray(positions), np.asarray(types)
    i, j, delta, r = pairs_in_range(positions, types, cutoff=cutoff, box=box, exclusions=exclusions, allowed=allowed)
    r_clamped = np.maximum(r, inner_cutoff)
    energy, dEdR = function(r_clamped, types[i], types[j])
    energy = energy + (r - r_clamped) * dEdR
    if switching_distance is not None:
        value, derivative = switching(r, switching_distance, cutoff)
        energy, dEdR = value * energy, value * dEdR + derivative * energy
    force = dEdR[:, None] * delta / r[:, None]  # on i; towards j if the energy increases with the distance
    forces = np.zeros_like(positions)
    np.add.at(forces, i, force)
    np.subtract.at(forces, j, force)
    return energy.sum(), forces, int((r < inner_cutoff).sum())


def pair_derivatives(
    derivatives, positions, particles, *, cutoff, inner_cutoff, box=None, exclusions=(), switching_distance=None
):
    """The contribution of each interacting pair to dE/dg, for each g.

    The other parameters are those of energy_and_forces().

    Parameters
    ----------
    derivatives : callable (r, particle1, particle2) -> dict of str to (derivative, mixed)
        df/dg and d2f/(dr dg) for arrays of pairs; never called below the inner cutoff. For a scale, whose derivative is
        the energy without it, {name: (energy, dEdR)}.

    Returns
    -------
    dict of str to ndarray, shape (n_pairs,)
    """
    particles = np.asarray(particles)
    i, j, _, r = pairs_in_range(positions, particles, cutoff=cutoff, box=box, exclusions=exclusions)
    r_clamped = np.maximum(r, inner_cutoff)
    value = 1.0 if switching_distance is None else switching(r, switching_distance, cutoff)[0]
    return {
        name: value * (derivative + (r - r_clamped) * mixed)
        for name, (derivative, mixed) in derivatives(r_clamped, particles[i], particles[j]).items()
    }


def assert_derivatives_agree(target, actual, contributions, what=""):
    """Require parameter derivatives to be the sums of the contributions of pairs.

    The bound is that of Target.assert_agrees() for energies. It is relative to the sum of the contributions plus the
    root of the sum of their squares, since independent rounding errors of many pairs add up to the latter.
    """
    assert set(actual) == set(contributions), what
    for name, parts in contributions.items():
        bound = target.energy_tolerance * (abs(parts.sum()) + np.sqrt((parts**2).sum())) + (
            1e-9 if target.exact else 1e-6
        )
        assert abs(actual[name] - parts.sum()) <= bound, (
            f"{what}: the derivative with respect to {name} is {actual[name]!r}, expected {parts.sum()!r} within"
            f" {bound:.3g}"
        )
