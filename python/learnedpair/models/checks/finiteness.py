# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether energies and their derivatives are finite and small enough for all platforms."""

import numpy as np

from ...errors import ModelError
from ..metadata.parameters import about_assumed_ranges

#: The largest energy, in kJ/mol, and dE/dr, in kJ/mol/nm. GPUs accumulate forces in fixed point, up to 2e9.
MAX_MAGNITUDE = 1e9


def require_finite(model, samples, energy, dEdR, values):
    """Require finite energies and derivatives.

    Raises
    ------
    ModelError
        With the cause, where it is known, and the remedy.
    """
    infinite = ~(np.isfinite(energy) & np.isfinite(dEdR))
    if not infinite.any():
        return
    k = int(np.argmax(infinite))
    problem = (
        f"the model is not finite: for {samples.name(k, values)} the energy is {energy[k]:g} and dE/dr is {dEdR[k]:g}."
    )
    reason = _reason_for_infinity(model, samples, infinite, k, energy, values)
    raise ModelError(f"{model.source}: {problem}{reason}{about_assumed_ranges(model.parameters, values)}")


def _reason_for_infinity(model, samples, infinite, k, energy, values):
    """The cause and the remedy of numbers that are not finite: sentences with a leading space."""
    weights = model.find_infinite_weights()
    if weights:
        return (
            f" The parameter {weights[0]!r} of the model holds NaN or infinite numbers: train it again, or go back to"
            " an earlier checkpoint."
        )
    if np.isfinite(energy[k]):
        arguments = [argument[k : k + 1] for argument in samples.arguments]
        return model.find_infinite_derivative(*arguments, **values)
    remedy = "" if model.features is None else " Or narrow the ranges of the features."
    return f"{_longer_inner_cutoff(model, samples, infinite)}{remedy}"


def problem_of_magnitude(model, samples, energy, dEdR, values):
    """A sentence on energies or derivatives that are too large; empty if there are none."""
    large = (np.abs(energy) > MAX_MAGNITUDE) | (np.abs(dEdR) > MAX_MAGNITUDE)
    if not large.any():
        return ""
    k = int(np.argmax(large))
    return (
        f"the model is too large: for {samples.name(k, values)} the energy is {energy[k]:.3g} kJ/mol and dE/dr is"
        f" {dEdR[k]:.3g} kJ/mol/nm; the platforms can represent at most"
        f" {MAX_MAGNITUDE:g}.{_longer_inner_cutoff(model, samples, large)}"
    )


def _longer_inner_cutoff(model, samples, wrong):
    """Advice on the inner cutoff: the distance beyond which no pair has the problem; sentences with a leading space.

    If there is no such distance in the lower half of the domain, the advice is on other causes.
    """
    right = ~wrong.reshape(samples.pairs, samples.points).any(axis=0)
    from_here_on = np.logical_and.accumulate(right[::-1])[::-1]
    if not from_here_on[len(from_here_on) // 2]:
        return (
            " Look at length_unit and energy_unit, and for roots, logarithms, divisions and exponentials over the whole"
            " domain."
        )
    r = samples.distances[: samples.points][np.argmax(from_here_on)] / model.length_factor
    unit = model.metadata.length_unit
    return (
        f" The inner cutoff is {model.metadata.inner_cutoff:g} {unit}, and from {r:.3g} {unit} on no sample has this"
        " problem: raise inner_cutoff to that, or to the shortest distance that the model was trained on. Below the"
        " inner cutoff the energy continues as a straight line."
    )
