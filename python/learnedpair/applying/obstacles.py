# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces that do nothing."""

import numpy as np

from ..force.functions import PairTable
from ..force.learned_pair_force import LearnedPairForce
from ..models.metadata.parameters import GlobalParameter, assumed_range, settings

#: A program is evaluated for the first FEW_PAIRS pairs of distinct particles, and for up to MAX_PAIRS if it is zero
#: for these; each
#: pair at DISTANCES distances.
FEW_PAIRS, MAX_PAIRS, DISTANCES = 16, 2000, 33


def find_obstacle(force):
    """Get why a force does nothing: too few particles are covered, all pairs are excluded, or its function is zero for
    them.

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
    if isinstance(function, PairTable):
        return (
            ""
            if any(values.any() for values in [*function.energies, *function.slopes])
            else "all curves of its table are zero"
        )
    return "its program is zero for all pairs of the particles that are covered" if _is_zero(force, function) else ""


def _is_zero(force, program):
    """Whether a program is zero for all pairs of distinct particles of a force; False if there are too many pairs to
    evaluate.
    """
    types = np.asarray(force.getParticleTypes())
    covered = types != LearnedPairForce.NotCovered
    particles = np.unique(
        np.asarray(force.getAllParticleFeatures())[covered] if program.num_features else types[covered], axis=0
    )
    first, second = np.triu_indices(len(particles))
    low, high = force.getInnerCutoffDistance()._value, force.getCutoffDistance()._value
    r = low + (high - low) * np.linspace(0, 1, DISTANCES, endpoint=False)
    tried = settings(_parameters(force))

    def is_zero(pairs):
        some = [np.repeat(particles[index[pairs]], DISTANCES, axis=0) for index in (first, second)]
        distances = np.tile(r, len(first[pairs]))
        return not any(np.any(values) for each in tried for values in program.evaluate(distances, *some, **each))

    return is_zero(slice(0, FEW_PAIRS)) and len(first) <= MAX_PAIRS and is_zero(slice(FEW_PAIRS, None))


def _parameters(force):
    """The global parameters of a force; those without a finite range get an assumed one."""
    result = {}
    for index in range(force.getNumGlobalParameters()):
        default, limits = force.getGlobalParameterDefaultValue(index), force.getGlobalParameterRange(index)
        result[force.getGlobalParameterName(index)] = GlobalParameter(
            default, *(limits if np.isfinite(limits).all() else assumed_range(default))
        )
    return result
