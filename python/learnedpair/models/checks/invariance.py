# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks that the energy of a pair does not change: when it is evaluated again, without the other pairs of its batch,
with its particles exchanged, or by the written file of a model.
"""

import numpy as np

from ...errors import ModelError
from ..metadata.parameters import describe, settings
from .samples import Samples, name_pair, pairs_of_ranges, pairs_of_types

#: The largest allowed difference of two energies of the same pair, relative to 1 kJ/mol plus their magnitude. It is not
#: zero because PyTorch's rounding of a sum depends on the memory alignment.
MAX_DIFFERENCE = 1e-6
#: The number of batches with the samples of a single pair of particles, and of batches with a single sample.
NUM_SMALL_BATCHES = 6


def require_reproducible(model, samples, energy, values):
    """Require a model that gives the same energies when it is evaluated again.

    Raises
    ------
    ModelError
    """
    again, _ = model.evaluate(*samples.arguments, **values)
    different = ~(_difference(again, energy) <= MAX_DIFFERENCE)  # true for NaN
    if different.any():
        k = int(np.argmax(different))
        raise ModelError(
            f"{model.source}: the model is random: for {samples.name(k, values)} the energy is {energy[k]:.8g} kJ/mol,"
            f" and {again[k]:.8g} the next time. Look for dropout, which eval() switches off before a module is"
            " exported, and for random numbers."
        )


def problem_of_coupled_pairs(model, samples, energy, dEdR, values):
    """A sentence on energies that depend on the other pairs of a batch; empty if they do not."""
    count = len(energy)
    batches = [np.arange(2 * count // 5)]  # this batch ends between two distances of one pair
    batches += [
        np.arange(pair * samples.points, (pair + 1) * samples.points)
        for pair in np.unique(np.linspace(0, samples.pairs - 1, NUM_SMALL_BATCHES).astype(int))
    ]
    batches += [np.array([k]) for k in np.unique(np.linspace(0, count - 1, NUM_SMALL_BATCHES).astype(int))]
    for chosen in batches:
        alone, _ = model.evaluate(*(argument[chosen] for argument in samples.arguments), **values)
        different = ~(_difference(alone, energy[chosen]) <= MAX_DIFFERENCE)
        if different.any():
            k = int(np.argmax(different))
            return (
                "the energy of a pair depends on which others are evaluated with it: for"
                f" {samples.name(chosen[k], values)} it is {energy[chosen[k]]:.8g} kJ/mol among {count} pairs, and"
                f" {alone[k]:.8g} among {len(alone)}. Look for means, sums, extremes, any() and len() over the first"
                " axis."
            )
    return ""


def problem_of_symmetry(model, samples, energy, dEdR, values):
    """A sentence on energies that change when the particles are exchanged; empty if they do not."""
    exchanged, _ = model.evaluate(samples.distances, samples.particle2, samples.particle1, **values)
    difference = _difference(exchanged, energy)
    if difference.max() <= MAX_DIFFERENCE:
        return ""
    k = int(np.argmax(difference))
    return _asymmetric(samples.name(k, values), energy[k], exchanged[k])


def require_symmetry(model, first, second):
    """Check exchange symmetry alone, at one random distance for each pair, which is cheap enough for many pairs.

    Raises
    ------
    ModelError
    """
    r = model.inner_cutoff + (model.last_distance - model.inner_cutoff) * np.random.default_rng(0).random(len(first))
    for values in settings(model.parameters)[:2]:  # at its defaults the model may be zero, for instance with lambda = 0
        energy, exchanged = model.evaluate(r, first, second, **values)[0], model.evaluate(r, second, first, **values)[0]
        difference = _difference(exchanged, energy)
        k = int(np.argmax(difference))
        if difference[k] > MAX_DIFFERENCE:
            where = f"{name_pair(model, first[k], second[k])} at {r[k]:.4g} nm{describe(values)}"
            raise ModelError(f"{model.source}: {_asymmetric(where, energy[k], exchanged[k])}")


def _asymmetric(where, energy, exchanged):
    return (
        f"the model is asymmetric: for {where} the energy is {energy:.8g} kJ/mol, and {exchanged:.8g} with the"
        " particles exchanged. Make it symmetric, e.g. by averaging both orders."
    )


def compare_models(written, original):
    """Require that a written model gives the energies of the module that it was written from.

    They are compared for all pairs of types, or for random features within their ranges, or within +-(0.1, 1) if they
    have none, at the values of the global parameters that
    :func:`learnedpair.models.metadata.parameters.settings` lists.

    Raises
    ------
    ModelError
        If the energies differ, for instance because tracing has fixed a choice that depends on the types.
    """
    pairs = pairs_of_types(original) if original.features is None else pairs_of_ranges(original)
    if original.features is not None:  # features without a range may be negative: they are in half of the samples
        free = [limits is None for limits in original.feature_ranges.values()]
        pairs = [np.concatenate([rows, np.where(free, -rows, rows)]) for rows in pairs]
    tried_values = settings(original.parameters)
    for values in tried_values:
        samples = Samples(original, *pairs, share=len(tried_values))
        expected, found = (model.evaluate(*samples.arguments, **values)[0] for model in (original, written))
        with np.errstate(invalid="ignore"):
            difference = _difference(found, expected)
        # Both may give inf or NaN for features that they are not made for.
        difference[(found == expected) | (np.isnan(found) & np.isnan(expected))] = 0
        k = int(np.argmax(difference))
        if not difference[k] <= MAX_DIFFERENCE:
            raise ModelError(
                f"{written.source}: the written model differs from the module: for {samples.name(k, values)} it gives"
                f" {found[k]:.8g} kJ/mol, and the module {expected[k]:.8g}. If it was traced, look for Python code that"
                " depends on the values of its arguments, such as the types; script it instead."
            )


def _difference(found, expected):
    """The differences of energies, relative to 1 kJ/mol plus their magnitude."""
    return np.abs(found - expected) / (1 + np.abs(expected))
