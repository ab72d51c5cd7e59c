# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether the energy and its slope vanish at the cutoff, and stay zero beyond it."""

import numpy as np

from ...errors import LoweringError
from ..metadata.parameters import describe, settings
from .samples import name_pair, pairs_of_rows, pairs_of_types

#: How far the energy, in kJ/mol, and the force, in kJ/mol/nm, may be from zero at the cutoff without switching.
ENERGY_AT_CUTOFF, FORCE_AT_CUTOFF = 1e-3, 1e-2
#: How close to the cutoff they are looked at, relative to the cutoff: at the cutoff itself a condition like (r <
#: cutoff) hides them.
CLOSE_TO_CUTOFF = 1e-9
#: For NoCutoff a model is evaluated at distances up to this many cutoffs beyond the cutoff.
BEYOND = 20.0


def problem_at_cutoff(model, samples, energy, slope, values):
    """What is wrong with a model that does not vanish at its cutoff: a sentence, or nothing."""
    if model.switching_distance is not None or model.truncated:
        return ""
    first = slice(0, None, samples.points)
    r = np.repeat([[model.cutoff * (1 - CLOSE_TO_CUTOFF), model.cutoff]], samples.pairs, axis=0)
    particles = [np.repeat(argument[first], 2, axis=0) for argument in samples.arguments[1:]]
    energy, slope = (array.reshape(r.shape) for array in model.evaluate(r.ravel(), *particles, **values))
    wrong = ((np.abs(energy) > ENERGY_AT_CUTOFF) | (np.abs(slope) > FORCE_AT_CUTOFF)).any(axis=1)
    if not wrong.any():
        return ""
    row = int(np.argmax(wrong))
    column = 0 if abs(energy[row, 0]) > ENERGY_AT_CUTOFF or abs(slope[row, 0]) > FORCE_AT_CUTOFF else 1
    return (
        f"the model does not vanish at the cutoff: for {samples.name((row + 1) * samples.points - 1, values)} the"
        f" energy is {energy[row, column]:.3g} kJ/mol (at most {ENERGY_AT_CUTOFF:g}) and its slope"
        f" {slope[row, column]:.3g} kJ/mol/nm (at most {FORCE_AT_CUTOFF:g}), as the distance approaches it from below."
        f" If the cutoff of {model.cutoff:g} nm is not that of the model, look at length_unit,"
        f" {model.metadata.length_unit!r}. Otherwise multiply the model by a smooth envelope, give a"
        " switching_distance, or say truncated=True if it is cut off there on purpose."
    )


def require_zero_beyond_cutoff(model, particles):
    """Require that a model is zero beyond its cutoff, where NoCutoff evaluates it.

    Parameters
    ----------
    model : Model
    particles : ndarray, shape (n,) of types or (n, n_features)
        Distinct ones.

    Raises
    ------
    LoweringError
    """
    if len(particles) == 0:
        return
    first, second = pairs_of_types(model, particles) if model.features is None else pairs_of_rows(particles)
    random = np.random.default_rng(0)
    for values in settings(model.parameters):
        r = model.cutoff * (1 + BEYOND * random.random(len(first)) ** 3)
        energy, slope = model.evaluate(r, first, second, **values)
        wrong = ~((np.abs(energy) <= ENERGY_AT_CUTOFF) & (np.abs(slope) <= FORCE_AT_CUTOFF))
        if wrong.any():
            k = int(np.argmax(wrong))
            raise LoweringError(
                f"{model.source}: NoCutoff evaluates the model at all distances, and beyond its cutoff of"
                f" {model.cutoff:g} nm it is not zero: for {name_pair(model, first[k], second[k])} at {r[k]:.4g}"
                f" nm{describe(values)} the energy is {energy[k]:.4g} kJ/mol and its slope {slope[k]:.4g} kJ/mol/nm;"
                " use CutoffNonPeriodic, or let the model end at its cutoff, as by torch.clamp(1 - r / cutoff, min=0)."
            )
