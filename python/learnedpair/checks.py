# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether a model keeps the contract, before anything is built from it."""

import itertools

import numpy as np

from .errors import ModelError

#: How far the energy, in kJ/mol, and the force, in kJ/mol/nm, may be from zero at the cutoff without switching.
ENERGY_AT_CUTOFF, FORCE_AT_CUTOFF = 1e-3, 1e-2
#: How much the energy may change when the particles are exchanged, relative to 1 kJ/mol plus its size.
ASYMMETRY = 1e-6
#: Evaluations spent on the checks; models with many types are sampled at fewer distances each.
BUDGET = 200000


def check_model(model):
    """Check a model over its domain, for all pairs of types.

    Checked are, in this order: finite values and slopes, exchange symmetry, value and slope at the cutoff.

    Raises
    ------
    ModelError
        With a line for everything that is wrong, and what to do about it.
    """
    pairs = list(itertools.combinations_with_replacement(range(len(model.types)), 2))
    points = int(np.clip(BUDGET // len(pairs), 16, 257))
    r = np.linspace(model.inner_cutoff, model.cutoff, points)
    distances = np.tile(r, len(pairs))
    type1, type2 = (np.repeat([pair[k] for pair in pairs], points) for k in (0, 1))
    energy, slope = model.evaluate(distances, type1, type2)
    problems = []

    def name(k):
        return f"types {model.types[type1[k]]} and {model.types[type2[k]]} at {distances[k]:.4g} nm"

    infinite = ~(np.isfinite(energy) & np.isfinite(slope))
    if infinite.any():
        k = int(np.argmax(infinite))
        problems.append(f"the model is not finite: for {name(k)} the energy is {energy[k]:g} and its slope {slope[k]:g}. Look for NaN weights, or raise the inner cutoff.")
        raise ModelError(f"{model.source}: {problems[0]}")

    exchanged, _ = model.evaluate(distances, type2, type1)
    difference = np.abs(energy - exchanged) / (1 + np.abs(energy))
    if not difference.max() <= ASYMMETRY:
        k = int(np.argmax(difference))
        problems.append(f"the model is asymmetric: for {name(k)} the energy is {energy[k]:.8g} kJ/mol, and {exchanged[k]:.8g} with the particles exchanged. Make it symmetric, e.g. by averaging both orders.")

    if model.switching_distance is None:
        last = np.arange(points - 1, len(distances), points)
        wrong = last[(np.abs(energy[last]) > ENERGY_AT_CUTOFF) | (np.abs(slope[last]) > FORCE_AT_CUTOFF)]
        if len(wrong):
            k = int(wrong[0])
            problems.append(f"the model does not vanish at the cutoff: for {name(k)} the energy is {energy[k]:.3g} kJ/mol (at most {ENERGY_AT_CUTOFF:g}) and its slope {slope[k]:.3g} kJ/mol/nm (at most {FORCE_AT_CUTOFF:g}). Multiply it by a smooth envelope, or give a switching_distance.")
    if problems:
        raise ModelError(f"{model.source}: " + "\n".join(problems))
