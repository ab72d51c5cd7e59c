# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Validation of features against the ranges that a model was made for."""

import numpy as np

#: How far a feature may exceed its range, relative to the width of the range. Ranges are often known in single
#: precision only.
ROUNDING = 1e-6


def check_ranges(source, ranges, rows, particles, remedy):
    """Require all features to be finite and, if they have a range, to be within it.

    Parameters
    ----------
    source : str
        The name of the model, for error messages.
    ranges : dict of str to (low, high) or None
        The range of each feature, in the order of the columns of ``rows``; None if the feature has no range.
    rows : ndarray, shape (n, n_features)
        The features of n particles.
    particles : sequence of int, length n
        The index of each particle, for error messages.
    remedy : str
        How to get other ranges, as the end of a sentence.

    Raises
    ------
    ValueError
        If a feature is not finite or outside of its range. The message names the first such particle.
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
                f" not cover, or {remedy}."
            )
