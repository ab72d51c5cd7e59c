# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether the energy and its derivative vanish at the cutoff, and are zero beyond it."""

import numpy as np

from ...errors import LoweringError
from ..metadata.parameters import describe, settings
from .samples import name_pair, pairs_of_rows, pairs_of_types

#: The largest energy, in kJ/mol, and force, in kJ/mol/nm, at the cutoff of a model without switching.
ENERGY_AT_CUTOFF, FORCE_AT_CUTOFF = 1e-3, 1e-2
#: They are also evaluated this far below the cutoff, relative to the cutoff: at the cutoff itself a condition such as
#: (r < cutoff) hides a jump.
RELATIVE_GAP = 1e-9
#: For NoCutoff a model is checked at distances up to this many times the cutoff beyond the cutoff.
MAX_CUTOFFS_BEYOND = 20.0


def problem_at_cutoff(model, samples, energy, dEdR, values):
    """A sentence on a model that does not vanish at its cutoff; empty if it does, is switched or truncated."""
    if model.switching_distance is not None or model.truncated:
        return ""
    first = slice(0, None, samples.points)
    r = np.repeat([[model.cutoff * (1 - RELATIVE_GAP), model.cutoff]], samples.pairs, axis=0)
    particles = [np.repeat(argument[first], 2, axis=0) for argument in samples.arguments[1:]]
    energy, dEdR = (array.reshape(r.shape) for array in model.evaluate(r.ravel(), *particles, **values))
    wrong = ((np.abs(energy) > ENERGY_AT_CUTOFF) | (np.abs(dEdR) > FORCE_AT_CUTOFF)).any(axis=1)
    if not wrong.any():
        return ""
    row = int(np.argmax(wrong))
    column = 0 if abs(energy[row, 0]) > ENERGY_AT_CUTOFF or abs(dEdR[row, 0]) > FORCE_AT_CUTOFF else 1
    return (
        f"the model does not vanish at the cutoff: for {samples.name((row + 1) * samples.points - 1, values)} the"
        f" energy is {energy[row, column]:.3g} kJ/mol (at most {ENERGY_AT_CUTOFF:g}) and dE/dr is"
        f" {dEdR[row, column]:.3g} kJ/mol/nm (at most {FORCE_AT_CUTOFF:g}), as the distance approaches it from below."
        f" If the cutoff of {model.cutoff:g} nm is not that of the model, check length_unit,"
        f" {model.metadata.length_unit!r}. Otherwise multiply the model by a smooth envelope, give a"
        " switching_distance, or pass truncated=True if it is cut off there on purpose."
    )


def require_zero_beyond_cutoff(model, particles):
    """Require that a model is zero beyond its cutoff, because NoCutoff evaluates it there.

    Parameters
    ----------
    model : Model
    particles : ndarray, shape (n,) of types or (n, n_features)
        Distinct particles.

    Raises
    ------
    LoweringError
    """
    if len(particles) == 0:
        return
    first, second = pairs_of_types(model, particles) if model.features is None else pairs_of_rows(particles)
    random = np.random.default_rng(0)
    for values in settings(model.parameters):
        r = model.cutoff * (1 + MAX_CUTOFFS_BEYOND * random.random(len(first)) ** 3)
        energy, dEdR = model.evaluate(r, first, second, **values)
        wrong = ~((np.abs(energy) <= ENERGY_AT_CUTOFF) & (np.abs(dEdR) <= FORCE_AT_CUTOFF))
        if wrong.any():
            k = int(np.argmax(wrong))
            raise LoweringError(
                f"{model.source}: NoCutoff evaluates the model at all distances, and beyond its cutoff of"
                f" {model.cutoff:g} nm it is not zero: for {name_pair(model, first[k], second[k])} at {r[k]:.4g}"
                f" nm{describe(values)} the energy is {energy[k]:.4g} kJ/mol and dE/dr is {dEdR[k]:.4g} kJ/mol/nm;"
                " use CutoffNonPeriodic, or let the model end at its cutoff, with torch.clamp(1 - r / cutoff, min=0) in"
                " its envelope."
            )
