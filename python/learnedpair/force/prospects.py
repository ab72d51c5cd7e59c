# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tells before a Context exists whether a program can be evaluated with tables, and what is in the way."""

import math

import numpy as np

from ..errors import warn
from .functions import MAX_CURVES, PairTable
from .learned_pair_force import LearnedPairForce

#: The largest number of distinct particles whose pairs have at most MAX_CURVES curves.
MAX_DISTINCT = (math.isqrt(8 * MAX_CURVES + 1) - 1) // 2
#: Feature vectors that differ by less than this fraction of the features' ranges probably differ by noise only.
NOISE = 1e-3


def describe_evaluation(force):
    """Say how a Context is going to evaluate the function of a force, in one line."""
    if isinstance(force.getFunction(), PairTable):
        return "the function is a table"
    if force.getEvaluation() == force.ExactEvaluation:
        return "the program is run for every pair, since the force asks for it"
    if force.getNonbondedMethod() == force.NoCutoff:
        return "the program is run for every pair, since tables need a cutoff"
    count = len(find_distinct(force))
    pairs = count * (count + 1) // 2
    particles = f"{count:,} distinct {'feature vectors' if force.getNumFeatures() else 'types'}"
    if force.getEvaluation() == force.AutomaticEvaluation and pairs > MAX_CURVES:
        return f"the program is run for every pair, since {particles} are too many for tables (at most {MAX_DISTINCT})"
    return (
        f"with tables for {particles}, up to {pairs:,} curves, where the platform computes in single or mixed precision"
    )


def find_distinct(force):
    """The distinct types or feature vectors of the covered particles."""
    is_covered = force.getParticleTypes() != LearnedPairForce.NotCovered
    particles = force.getAllParticleFeatures() if force.getNumFeatures() else force.getParticleTypes()
    return np.unique(particles[is_covered], axis=0)


def warn_of_noise(force, source):
    """Warn if the feature vectors are too many for tables, but would not be if almost equal ones were equal."""
    if not force.getNumFeatures() or force.getEvaluation() == force.ExactEvaluation:
        return
    rows = find_distinct(force)
    if len(rows) <= MAX_DISTINCT:
        return
    width = NOISE * np.maximum(np.ptp(rows, axis=0), np.finfo(float).tiny / NOISE)
    count = len(np.unique(np.round((rows - rows.min(axis=0)) / width), axis=0))
    if count <= MAX_DISTINCT:
        warn(
            f"{source}: the particles have {len(rows):,} distinct feature vectors, more than the {MAX_DISTINCT} for"
            " which tables are made, so that the program is run for every pair. Many of them are almost equal: rounded"
            f" to {NOISE:g} of the width of their ranges, {count:,} are left. If they differ by noise only, round them;"
            " this makes the correction many times as fast."
        )
