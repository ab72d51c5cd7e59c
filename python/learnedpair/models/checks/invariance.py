# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks that the energy of a pair stays the same: evaluated again, without the other pairs of its batch, with its
particles exchanged, and by the written file of a model.
"""

import numpy as np

from ...errors import ModelError
from ..metadata.parameters import describe, settings
from .samples import Samples, name_pair, pairs_of_ranges, pairs_of_types

#: By how much two energies of the same pair may differ, relative to 1 kJ/mol plus their size. PyTorch rounds a sum by
#: where in memory it lies.
SAME = 1e-6
#: How many pairs of particles are evaluated as a batch of their own, and how many single evaluations as a batch of one.
FEW = 6


def require_the_same_again(model, samples, energy, values):
    """Refuse a model that gives other energies when it is evaluated again."""
    again, _ = model.evaluate(*samples.arguments, **values)
    different = ~(_difference(again, energy) <= SAME)  # NaN is
    if different.any():
        k = int(np.argmax(different))
        raise ModelError(
            f"{model.source}: the model is random: for {samples.name(k, values)} the energy is {energy[k]:.8g} kJ/mol,"
            f" and {again[k]:.8g} the next time. Look for dropout, which eval() switches off before a module is"
            " exported, and for random numbers."
        )


def problem_of_coupled_pairs(model, samples, energy, slope, values):
    """What is wrong with energies that depend on the other pairs of a batch: a sentence, or nothing."""
    count = len(energy)
    some = [np.arange(2 * count // 5)]  # the end of this batch lies within the distances of one pair
    some += [
        np.arange(pair * samples.points, (pair + 1) * samples.points)
        for pair in np.unique(np.linspace(0, samples.pairs - 1, FEW).astype(int))
    ]
    some += [np.array([k]) for k in np.unique(np.linspace(0, count - 1, FEW).astype(int))]
    for chosen in some:
        alone, _ = model.evaluate(*(argument[chosen] for argument in samples.arguments), **values)
        different = ~(_difference(alone, energy[chosen]) <= SAME)
        if different.any():
            k = int(np.argmax(different))
            return (
                "the energy of a pair depends on which others are evaluated with it: for"
                f" {samples.name(chosen[k], values)} it is {energy[chosen[k]]:.8g} kJ/mol among {count} pairs, and"
                f" {alone[k]:.8g} among {len(alone)}. Look for means, sums, extremes, any() and len() over the first"
                " axis."
            )
    return ""


def problem_of_symmetry(model, samples, energy, slope, values):
    """What is wrong with energies that change when the particles are exchanged: a sentence, or nothing."""
    exchanged, _ = model.evaluate(samples.distances, samples.particle2, samples.particle1, **values)
    difference = _difference(exchanged, energy)
    if difference.max() <= SAME:
        return ""
    k = int(np.argmax(difference))
    return _asymmetric(samples.name(k, values), energy[k], exchanged[k])


def require_symmetry(model, first, second):
    """Check exchange symmetry only, at one random distance for each pair: cheap enough for many pairs."""
    r = model.inner_cutoff + (model.last_distance - model.inner_cutoff) * np.random.default_rng(0).random(len(first))
    for values in settings(model.parameters)[:2]:  # at the defaults the model may be zero, as with lambda = 0
        energy, exchanged = model.evaluate(r, first, second, **values)[0], model.evaluate(r, second, first, **values)[0]
        difference = _difference(exchanged, energy)
        k = int(np.argmax(difference))
        if difference[k] > SAME:
            where = f"{name_pair(model, first[k], second[k])} at {r[k]:.4g} nm{describe(values)}"
            raise ModelError(f"{model.source}: {_asymmetric(where, energy[k], exchanged[k])}")


def _asymmetric(where, energy, exchanged):
    return (
        f"the model is asymmetric: for {where} the energy is {energy:.8g} kJ/mol, and {exchanged:.8g} with the"
        " particles exchanged. Make it symmetric, e.g. by averaging both orders."
    )


def compare_models(written, original):
    """Require a model that was scripted or traced to be the one it was made from.

    Compared are all pairs of types, or random features within their ranges and within (0.1, 1) where they have none, at
    the values of the global parameters that :func:`learnedpair.models.metadata.parameters.settings` lists.

    Raises
    ------
    ModelError
        If they differ, as they do when tracing has fixed a choice that depends on the types.
    """
    pairs = pairs_of_types(original) if original.features is None else pairs_of_ranges(original)
    if original.features is not None:  # features without a range may also be negative: half of the samples are
        free = [limits is None for limits in original.feature_ranges.values()]
        pairs = [np.concatenate([rows, np.where(free, -rows, rows)]) for rows in pairs]
    tried = settings(original.parameters)
    for values in tried:
        samples = Samples(original, *pairs, share=len(tried))
        expected, found = (model.evaluate(*samples.arguments, **values)[0] for model in (original, written))
        with np.errstate(invalid="ignore"):
            difference = _difference(found, expected)
        difference[(found == expected) | (np.isnan(found) & np.isnan(expected))] = (
            0  # both may be outside of what they are made for
        )
        k = int(np.argmax(difference))
        if not difference[k] <= SAME:
            raise ModelError(
                f"{written.source}: the written model is not the module: for {samples.name(k, values)} it gives"
                f" {found[k]:.8g} kJ/mol, and the module {expected[k]:.8g}. If it was traced, look for Python code that"
                " depends on the types or other numbers it is given; script it instead."
            )


def _difference(found, expected):
    """How far energies are apart, relative to 1 kJ/mol plus their size."""
    return np.abs(found - expected) / (1 + np.abs(expected))
