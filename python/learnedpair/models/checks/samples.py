# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The pairs of particles and the distances at which a model is checked."""

import numpy as np

from ..metadata.parameters import describe

#: The number of evaluations for one check. Models with many types are evaluated at fewer distances for each pair.
BUDGET = 200000
#: The smallest and largest number of distances for each pair of particles.
MIN_POINTS, MAX_POINTS = 16, 257
#: The number of random pairs of particles within the ranges of features.
RANDOM_PAIRS = 128
#: The range of values used for a feature without a range, where any values will do.
DEFAULT_RANGE = (0.1, 1.0)
#: The number of features of a particle that messages show.
MAX_NAMED = 8


def pairs_of_types(model, types=None, points=MIN_POINTS):
    """All pairs of types; or as many random pairs as the budget allows, with each type in at least one if possible.

    Parameters
    ----------
    model : Model
    types : ndarray of int
        Distinct types; by default all.
    points : int
        The number of evaluations per pair, which limits the number of pairs.

    Returns
    -------
    first, second : ndarray of int, shape (n_pairs,)
    """
    types = np.arange(len(model.types)) if types is None else types
    first, second = _pairs_within_budget(len(types), points)
    return types[first], types[second]


def pairs_of_ranges(model):
    """Pairs of feature vectors at the ends of the ranges, and random pairs within them; the same in every process.

    Returns
    -------
    first, second : ndarray, shape (n_pairs, n_features)
    """
    low, high = (
        np.array([(limits or DEFAULT_RANGE)[end] for limits in model.feature_ranges.values()]) for end in (0, 1)
    )
    rows = random_rows(model.feature_ranges, 2 * RANDOM_PAIRS)
    return np.vstack([low, low, high, rows[::2]]), np.vstack([low, high, high, rows[1::2]])


def random_rows(ranges, count, seed=0):
    """Random feature vectors within the ranges, or within (0.1, 1) for a feature without a range.

    Parameters
    ----------
    ranges : dict of str to (low, high) or None
    count, seed : int

    Returns
    -------
    ndarray, shape (count, n_features)
    """
    low, high = np.array([limits or DEFAULT_RANGE for limits in ranges.values()]).T
    return low + (high - low) * np.random.default_rng(seed).random((count, len(low)))


def pairs_of_rows(rows, points=MIN_POINTS):
    """All pairs of distinct feature vectors; or as many random pairs as the budget allows, with each vector in at least
    one if possible.

    Parameters
    ----------
    rows : ndarray, shape (n, n_features)
        Feature vectors, which may repeat.
    points : int
        The number of evaluations per pair, which limits the number of pairs.

    Returns
    -------
    first, second : ndarray, shape (n_pairs, n_features)
    """
    rows = np.unique(rows, axis=0)
    first, second = _pairs_within_budget(len(rows), points)
    return rows[first], rows[second]


class Samples:
    """The same distances, equally spaced over the domain, for each of some pairs of particles.

    Parameters
    ----------
    model : Model
    first, second : array of int, shape (n_pairs,), or of float, shape (n_pairs, n_features)
        The types or features of the particles of each pair.
    share : int
        The fraction of the budget to use is 1 / share.

    Attributes
    ----------
    pairs, points : int
        The number of pairs of particles, and of distances for each.
    arguments : (distances, particle1, particle2)
        The arguments of PairModel.evaluate() for all pairs at all distances: first all distances of the first pair,
        then those of the next.
    """

    def __init__(self, model, first, second, share=1):
        self.model = model
        self.pairs = len(first)
        self.points = int(np.clip(BUDGET // (share * self.pairs), MIN_POINTS, MAX_POINTS))
        self.distances = np.tile(np.linspace(model.inner_cutoff, model.last_distance, self.points), self.pairs)
        self.particle1, self.particle2 = (np.repeat(particles, self.points, axis=0) for particles in (first, second))

    @property
    def arguments(self):
        return self.distances, self.particle1, self.particle2

    def name(self, k, values):
        """Sample k for messages: the pair, the distance and the values of the global parameters."""
        return (
            f"{name_pair(self.model, self.particle1[k], self.particle2[k])} at {self.distances[k]:.4g}"
            f" nm{describe(values)}"
        )


def is_within_budget(count):
    """Whether the budget is enough for all pairs of this many distinct particles."""
    return count * (count + 1) // 2 <= BUDGET // MIN_POINTS


def _pairs_within_budget(count, points):
    """All pairs of indices below a count; or as many random pairs as the budget allows, with each index in at least one
    if possible.
    """
    most = BUDGET // points
    if count * (count + 1) // 2 <= most:
        return np.triu_indices(count)
    random = np.random.default_rng(0)
    return np.resize(random.permutation(count), most), random.integers(0, count, most)


def name_pair(model, particle1, particle2):
    """A pair of particles for messages."""
    return (
        f"{'types' if model.features is None else 'features'} {_name_particle(model, particle1)} and"
        f" {_name_particle(model, particle2)}"
    )


def _name_particle(model, particle):
    if model.features is None:
        return model.types[particle]
    named = [f"{name}={value:.4g}" for name, value in zip(model.features, particle, strict=True)]
    return f"({', '.join(named[:MAX_NAMED] + ['...'] * (len(named) > MAX_NAMED))})"
