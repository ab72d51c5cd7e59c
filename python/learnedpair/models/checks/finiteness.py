# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether energies and slopes are finite, and of a size that platforms can hold."""

import numpy as np

from ...errors import ModelError
from ..metadata.parameters import about_assumed_ranges

#: In kJ/mol and kJ/mol/nm: GPUs accumulate forces in fixed point, up to 2e9.
LARGEST = 1e9


def require_finite(model, samples, energy, slope, values):
    """Refuse a model that gives NaN or infinite numbers, and say why it does."""
    infinite = ~(np.isfinite(energy) & np.isfinite(slope))
    if not infinite.any():
        return
    k = int(np.argmax(infinite))
    problem = (
        f"the model is not finite: for {samples.name(k, values)} the energy is {energy[k]:g} and its slope"
        f" {slope[k]:g}."
    )
    reason = _reason_for_infinity(model, samples, infinite, k, energy, values)
    raise ModelError(f"{model.source}: {problem}{reason}{about_assumed_ranges(model.parameters, values)}")


def _reason_for_infinity(model, samples, infinite, k, energy, values):
    """Why a model is not finite, and what to do: sentences that begin with a blank."""
    weights = model.find_infinite_weights()
    if weights:
        return (
            f" The parameter {weights[0]!r} of the model holds NaN or infinite numbers: train it again, or go back to a"
            " checkpoint from before."
        )
    if np.isfinite(energy[k]):
        arguments = [argument[k : k + 1] for argument in samples.arguments]
        return model.find_infinite_slope(*arguments, **values)
    remedy = "" if model.features is None else " Or narrow the ranges of the features."
    return f"{_longer_inner_cutoff(model, samples, infinite)}{remedy}"


def problem_of_size(model, samples, energy, slope, values):
    """What is wrong with energies and slopes that are too large: a sentence, or nothing."""
    large = (np.abs(energy) > LARGEST) | (np.abs(slope) > LARGEST)
    if not large.any():
        return ""
    k = int(np.argmax(large))
    return (
        f"the model is too large: for {samples.name(k, values)} the energy is {energy[k]:.3g} kJ/mol and its slope"
        f" {slope[k]:.3g} kJ/mol/nm, of which platforms hold at most"
        f" {LARGEST:g}.{_longer_inner_cutoff(model, samples, large)}"
    )


def _longer_inner_cutoff(model, samples, wrong):
    """The distance from which on all pairs are right, as a sentence that begins with a blank."""
    right = ~wrong.reshape(samples.pairs, samples.points).any(axis=0)
    from_here = np.logical_and.accumulate(right[::-1])[::-1]
    if not from_here[len(from_here) // 2]:
        return (
            " Look at length_unit and energy_unit, and for roots, logarithms, divisions and exponentials over the whole"
            " domain."
        )
    r = samples.distances[: samples.points][np.argmax(from_here)] / model.length_factor
    unit = model.metadata.length_unit
    return (
        f" The inner cutoff is {model.metadata.inner_cutoff:g} {unit}, and from {r:.3g} {unit} on all that was sampled"
        " is right: raise inner_cutoff to that, or to the shortest distance that the model was trained on. Below the"
        " inner cutoff the energy goes on as a straight line."
    )
