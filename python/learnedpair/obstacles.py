# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces that do nothing."""

import numpy as np

from .force import PairTable


def find_obstacle(force):
    """Get why a force does nothing: too few particles are covered, all pairs are excluded, or all curves of its table are zero.

    Parameters
    ----------
    force : LearnedPairForce

    Returns
    -------
    str
        The end of a sentence, such as "no particle is covered", or nothing.
    """
    covered = np.flatnonzero(force.getParticleTypes() != force.NotCovered).tolist()
    if len(covered) < 2:
        return f"{'one particle alone' if covered else 'no particle'} is covered"
    if force.getNumExclusions() >= len(covered) * (len(covered) - 1) // 2:
        excluded = {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}
        if all((i, j) in excluded for k, i in enumerate(covered) for j in covered[k + 1 :]):
            return f"all pairs of the {len(covered)} particles that are covered are excluded"
    function = force.getFunction()
    if isinstance(function, PairTable) and not any(values.any() for values in [*function.energies, *function.slopes]):
        return "all curves of its table are zero"
    return ""
