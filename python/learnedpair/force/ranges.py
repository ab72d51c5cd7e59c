# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The ranges of features: what a model was made for, and random numbers within them."""

import numpy as np

#: What stands in for the range of a feature that has none, where any numbers will do.
STAND_IN = (0.1, 1.0)
#: How far a feature may be outside of its range, relative to the range's width: ranges are often known in single
#: precision only.
ROUNDING = 1e-6


def random_rows(ranges, count, seed=0):
    """Rows of features within their ranges, or within (0.1, 1) where there is none.

    Parameters
    ----------
    ranges : dict of str to (low, high) or None
    count, seed : int

    Returns
    -------
    ndarray, shape (count, n_features)
    """
    low, high = np.array([limits or STAND_IN for limits in ranges.values()]).T
    return low + (high - low) * np.random.default_rng(seed).random((count, len(low)))


def check_ranges(source, ranges, rows, particles, way_out):
    """Require features to be finite, and within their ranges if they have any.

    Parameters
    ----------
    source : str
        The name of the model.
    ranges : dict of str to (low, high) or None
    rows : ndarray, shape (n, n_features)
    particles : sequence of int, length n
        The particles they belong to, for messages.
    way_out : str
        How to have other ranges, the end of a sentence.

    Raises
    ------
    ValueError
        Naming the first particle that is outside.
    """
    for column, (name, limits) in enumerate(ranges.items()):
        values = rows[:, column]
        low, high = limits or (-np.inf, np.inf)
        slack = ROUNDING * (high - low) if limits else 0.0
        outside = ~(np.isfinite(values) & (values >= low - slack) & (values <= high + slack))
        if outside.any():
            k = int(np.argmax(outside))
            if not np.isfinite(values[k]):
                raise ValueError(
                    f"{source}: the feature {name!r} of particle {particles[k]} is {values[k]}; expected a finite"
                    " number, or None instead of the features of a particle that is not covered."
                )
            others = f" {outside.sum() - 1} more are outside of it." if outside.sum() > 1 else ""
            raise ValueError(
                f"{source}: the feature {name!r} of particle {particles[k]} is {values[k]:g}; expected {low:g} to"
                f" {high:g}, the range that the model was made for.{others} Give None for particles that the model does"
                f" not cover, or {way_out}."
            )
