# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The ranges of features: what the model of a force was made for."""

import numpy as np

#: How far a feature may be outside of its range, relative to the range's width: ranges are often known in single
#: precision only.
ROUNDING = 1e-6


def check_ranges(source, ranges, rows, particles, remedy):
    """Require features to be finite, and within their ranges if they have any.

    Parameters
    ----------
    source : str
        The name of the model.
    ranges : dict of str to (low, high) or None
    rows : ndarray, shape (n, n_features)
    particles : sequence of int, length n
        The particles they belong to, for messages.
    remedy : str
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
                f" not cover, or {remedy}."
            )
