# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The densities of the atoms of a force with an environment function, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .functions import EnvironmentFunction
from .learned_pair_force import LearnedPairForce
from .pairs import Pairs, find_pairs_in_parts
from .solid_harmonics import solid_harmonics
from .switching import switching


def densities_of(
    correction: LearnedPairForce, positions: NDArray[np.float64], box: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Compute the densities of all atoms.

    Parameters
    ----------
    correction : LearnedPairForce
        Its function must be an EnvironmentFunction.
    positions : ndarray, shape (n_particles, 3), nm
    box : ndarray, shape (3, 3), nm, or None
        Used if the correction is periodic.

    Returns
    -------
    ndarray, shape (n_particles, n_channels)
        0 for particles that are not covered.

    Raises
    ------
    ValueError
        If a position of a covered particle is not finite, or the box is smaller than twice the cutoff.

    References
    ----------
    docs/program.md, section 6
    """
    function = correction.getFunction()
    assert isinstance(function, EnvironmentFunction)
    types, orders = correction.getParticleTypes(), function.angular
    sums = [np.zeros((len(types), 2 * order + 1)) for order in orders]
    for pairs in find_pairs_in_parts(correction, positions, box, with_exclusions=correction.getUseDensityExclusions()):
        # Atoms at the same place have no direction: they count in channels of order 0 only.
        x, y, z = (pairs.delta / np.where(pairs.r > 0, pairs.r, 1.0)[:, None]).T
        for center, neighbor, sign in ((pairs.i, pairs.j, 1), (pairs.j, pairs.i, -1)):
            w = _densities_of_neighbors(correction, function, types[center], types[neighbor], pairs)
            for channel, order in enumerate(orders):
                for m, values in enumerate(solid_harmonics(sign * x, sign * y, sign * z, order)):
                    sums[channel][:, m] += np.bincount(center, w[:, channel] * values, len(types))
    return np.stack(
        [each[:, 0] if order == 0 else (each**2).sum(axis=1) for each, order in zip(sums, orders, strict=True)], axis=1
    )


def _densities_of_neighbors(
    correction: LearnedPairForce,
    function: EnvironmentFunction,
    center: NDArray[np.integer],
    neighbor: NDArray[np.integer],
    pairs: Pairs,
) -> NDArray[np.float64]:
    """The densities of the neighbors of pairs, shape (n_pairs, n_channels), with all rules of the force."""
    w = np.zeros((len(pairs.r), len(function.angular)))
    inner = correction.getInnerCutoffDistance()._value
    clamped = np.maximum(pairs.r, inner)
    codes = center.astype(np.int64) * function.num_types + neighbor
    for code in np.unique(codes).tolist():
        chosen = codes == code
        type1, type2 = divmod(code, function.num_types)
        values, slopes = function.evaluate_densities(type1, type2, clamped[chosen])
        w[chosen] = values + (pairs.r - clamped)[chosen, None] * slopes
    if correction.getUseSwitchingFunction():
        start, cutoff = correction.getSwitchingDistance()._value, correction.getCutoffDistance()._value
        w *= switching(pairs.r, start, cutoff)[0][:, None]
    return np.asarray(w * pairs.factors[:, None])
