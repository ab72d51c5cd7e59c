# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads the particles of a force, and chooses those for which a model is checked and compared with its program."""

import numpy as np

from ..force.learned_pair_force import LearnedPairForce
from ..models.checks.contract import check_rows, check_types
from ..models.checks.samples import random_rows

#: The number of random feature vectors, besides those that occur, for which a program is compared with its model.
OTHER_ROWS = 8


def read_particles(model, particles):
    """Convert the particles that a user gives to an array.

    Returns
    -------
    ndarray, shape (n,) of types, or (n, n_features)
        NotCovered, or NaN for all features, for a particle that is not covered.
    """
    if model.features is None:
        return model.type_indices(particles)
    return model.feature_rows(particles)


def distinct_particles(model, particles):
    """Check a model for the particles of a force, and get those for which a program is compared with it.

    Parameters
    ----------
    model : PairModel
    particles : ndarray
        As read_particles() returns them.

    Returns
    -------
    ndarray, shape (m,) of types or (m, n_features)
        The distinct types that occur; or the distinct feature vectors that occur, and some others.

    Raises
    ------
    ModelError
        If a check fails.
    """
    if model.features is not None:
        return sample_rows(model, particles)
    types = distinct_types(particles)
    check_types(model, types)
    return types


def distinct_types(types):
    """The distinct types that occur."""
    return np.unique(types[types != LearnedPairForce.NotCovered])


def sample_rows(model, rows):
    """Check a model for the distinct feature vectors that occur; get them and some others within the ranges.

    The others are included because an update of the force may introduce them.
    """
    occurring = np.unique(rows[~np.isnan(rows).any(axis=1)], axis=0)
    check_rows(model, occurring)
    if None in model.feature_ranges.values():
        return occurring
    ends = np.array(list(model.feature_ranges.values())).T
    return np.concatenate([occurring, ends, random_rows(model.feature_ranges, OTHER_ROWS, seed=2)])


def particles_of_model(model):
    """The particles for which a program is compared with its model if there is no System.

    They are all types, or random feature vectors within the ranges; none if a feature has no range.
    """
    if model.features is None:
        return np.arange(len(model.types))
    return random_rows(model.feature_ranges, 0 if None in model.feature_ranges.values() else OTHER_ROWS)


def occurring_pairs(types):
    """The unordered pairs of types that the given particles can form.

    Parameters
    ----------
    types : ndarray of int, shape (n_particles,)
        -1 for particles that are not covered.

    Returns
    -------
    list of (int, int)
    """
    present, counts = np.unique(types[types >= 0], return_counts=True)
    count = dict(zip(present.tolist(), counts.tolist()))
    return [(i, j) for i in count for j in count if i < j or (i == j and count[i] > 1)]
