# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tells before a Context exists whether a program can be evaluated with tables, and what is in the way."""

import math

import numpy as np

from ..errors import warn
from .functions import MAX_CURVES, PairTable
from .learned_pair_force import LearnedPairForce

#: Up to this number, distinct particles have at most MAX_CURVES pairs, those of two equal particles included.
MAX_DISTINCT = (math.isqrt(8 * MAX_CURVES + 1) - 1) // 2
#: If no feature of two particles differs by more than this fraction of its range, the difference is probably noise.
NOISE = 1e-3


def describe_evaluation(force):
    """Say how a Context is going to evaluate the function of a force, in one line."""
    if isinstance(force.getFunction(), PairTable):
        return "the function is a table"
    if force.getEvaluation() == force.ExactEvaluation:
        return "the program is run for every pair, since the force asks for it"
    if force.getNonbondedMethod() == force.NoCutoff:
        return "the program is run for every pair, since tables need a cutoff"
    _, counts = find_distinct(force)
    pairs = len(counts) * (len(counts) - 1) // 2 + int((counts > 1).sum())
    what = f"{len(counts):,} distinct {'feature vectors' if force.getNumFeatures() else 'types'}"
    if (
        force.getEvaluation() == force.AutomaticEvaluation
        and pairs > MAX_CURVES
        and not force.getNumInteractionGroups()
    ):
        return f"the program is run for every pair, since {what} have {pairs:,} pairs, more than {MAX_CURVES:,}"
    limits = "" if force.getEvaluation() == force.TableEvaluation else ", unless tables take too long to make"
    return f"with tables for {what}, up to {pairs:,} curve{'s' * (pairs != 1)}, in single and mixed precision{limits}"


def find_distinct(force):
    """The distinct types or feature vectors of the covered particles, and how many particles have each."""
    is_covered = force.getParticleTypes() != LearnedPairForce.NotCovered
    particles = force.getAllParticleFeatures() if force.getNumFeatures() else force.getParticleTypes()
    return np.unique(particles[is_covered], axis=0, return_counts=True)


def warn_of_noise(force, most, source):
    """Warn if there are too many feature vectors for tables, and rounding them would leave few enough.

    Parameters
    ----------
    force : LearnedPairForce
    most : int
        An upper limit of the number of distinct feature vectors.
    source : str
        The name of the model.
    """
    may_tabulate = (
        most > MAX_DISTINCT
        and force.getNumFeatures()
        and force.getEvaluation() == force.AutomaticEvaluation
        and force.getNonbondedMethod() != force.NoCutoff
    )
    if not may_tabulate:
        return
    rows, _ = find_distinct(force)
    if len(rows) <= MAX_DISTINCT:
        return
    width = NOISE * np.maximum(np.ptp(rows, axis=0), np.finfo(float).tiny / NOISE)
    count = len(np.unique(np.round((rows - rows.min(axis=0)) / width), axis=0))
    if count <= MAX_DISTINCT:
        warn(
            f"{source}: the particles have {len(rows):,} distinct feature vectors, and tables are made for at most"
            f" {MAX_DISTINCT}, unless interaction groups leave pairs out; else the program is run for every pair. Many"
            f" of them are almost equal: rounded to {NOISE:g} of the width of their ranges, {count:,} are left. If they"
            " differ by noise only, round them; this makes the correction many times as fast."
        )
