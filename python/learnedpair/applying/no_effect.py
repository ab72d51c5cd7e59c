# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Detection of forces without any effect."""

import numpy as np

from ..errors import LearnedPairError
from ..force.functions import EnvironmentFunction, PairTable
from ..force.learned_pair_force import LearnedPairForce
from ..models.metadata.parameters import GlobalParameter, assumed_range, settings
from .interaction_groups import count_pairs

#: A program is evaluated for the first FEW_PAIRS pairs of distinct particles. If it is zero for all of these, it is
#: evaluated for all pairs, unless there are more than MAX_PAIRS. Each pair is evaluated at NUM_DISTANCES distances.
FEW_PAIRS, MAX_PAIRS, NUM_DISTANCES = 16, 2000, 33


class NoEffectError(LearnedPairError, ValueError):
    """A correction would have no effect."""


def why_no_effect(force):
    """Get the reason why a force has no effect: fewer than two particles are covered, all pairs are excluded or left
    out by the interaction groups, or the function is zero for all pairs.

    Parameters
    ----------
    force : LearnedPairForce

    Returns
    -------
    str
        The end of a sentence, such as "no particle is covered"; empty if the force has an effect.
    """
    is_covered = force.getParticleTypes() != force.NotCovered
    covered = np.flatnonzero(is_covered).tolist()
    if len(covered) < 2:
        return f"{'one particle alone' if covered else 'no particle'} is covered"
    if force.getNumExclusions() >= len(covered) * (len(covered) - 1) // 2:
        excluded = {tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())}
        if all((i, j) in excluded for k, i in enumerate(covered) for j in covered[k + 1 :]):
            return f"all pairs of the {len(covered)} particles that are covered are excluded"
    if force.getNumInteractionGroups() > 0 and not _has_pair_in_groups(force, is_covered):
        return "all pairs of its interaction groups are excluded or have a particle that is not covered"
    function = force.getFunction()
    if isinstance(function, EnvironmentFunction):
        return ""
    if isinstance(function, PairTable):
        return (
            ""
            if any(values.any() for values in [*function.energies, *function.slopes])
            else "all curves of its table are zero"
        )
    return "its program is zero for all pairs of the particles that are covered" if _is_zero(force, function) else ""


def _has_pair_in_groups(force, is_covered):
    """Whether a pair of covered particles is in an interaction group and not excluded."""
    pairs = [tuple(sorted(force.getExclusionParticles(i))) for i in range(force.getNumExclusions())]
    exclusions = np.unique(np.array(pairs, dtype=np.int64).reshape(-1, 2), axis=0)
    for group in range(force.getNumInteractionGroups()):
        masks = []
        for particles in force.getInteractionGroupParameters(group):
            mask = np.zeros(len(is_covered), dtype=bool)
            mask[list(particles)] = True
            masks.append(mask & is_covered)
        if count_pairs(*masks, exclusions)[1] > 0:
            return True
    return False


def _is_zero(force, program):
    """Whether a program is zero for all pairs of distinct particles of a force. False if it is not zero for some pair
    or if there are too many pairs to evaluate all of them.
    """
    types = np.asarray(force.getParticleTypes())
    covered = types != LearnedPairForce.NotCovered
    particles = np.unique(
        np.asarray(force.getAllParticleFeatures())[covered] if program.num_features else types[covered], axis=0
    )
    first, second = np.triu_indices(len(particles))
    low, high = force.getInnerCutoffDistance()._value, force.getCutoffDistance()._value
    r = low + (high - low) * np.linspace(0, 1, NUM_DISTANCES, endpoint=False)
    parameter_values = settings(_parameters(force))

    def is_zero(pairs):
        pair_particles = [np.repeat(particles[index[pairs]], NUM_DISTANCES, axis=0) for index in (first, second)]
        distances = np.tile(r, len(first[pairs]))
        return not any(
            np.any(values)
            for globals_ in parameter_values
            for values in program.evaluate(distances, *pair_particles, **globals_)
        )

    return is_zero(slice(0, FEW_PAIRS)) and len(first) <= MAX_PAIRS and is_zero(slice(FEW_PAIRS, None))


def _parameters(force):
    """The global parameters of a force. A parameter without a finite range gets an assumed range."""
    result = {}
    for index in range(force.getNumGlobalParameters()):
        default, limits = force.getGlobalParameterDefaultValue(index), force.getGlobalParameterRange(index)
        result[force.getGlobalParameterName(index)] = GlobalParameter(
            default, *(limits if np.isfinite(limits).all() else assumed_range(default))
        )
    return result
