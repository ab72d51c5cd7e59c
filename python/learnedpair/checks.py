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
#: In kJ/mol and kJ/mol/nm: GPUs accumulate forces in fixed point, up to 2e9.
LARGEST = 1e9
#: How much a written model may differ from the module it was made from, likewise.
SAME = 1e-6
#: Evaluations spent on the checks; models with many types are sampled at fewer distances each.
BUDGET = 200000


def _samples(model):
    """Distances over the domain for every pair of types: the pairs, the points for each, and the flat arrays."""
    pairs = list(itertools.combinations_with_replacement(range(len(model.types)), 2))
    points = int(np.clip(BUDGET // len(pairs), 16, 257))
    r = np.linspace(model.inner_cutoff, model.cutoff, points)
    distances = np.tile(r, len(pairs))
    type1, type2 = (np.repeat([pair[k] for pair in pairs], points) for k in (0, 1))
    return pairs, points, distances, type1, type2


def compare_models(written, original):
    """Require a model that was scripted or traced to be the one it was made from, for all pairs of types.

    Raises
    ------
    ModelError
        If they differ, as they do when tracing has fixed a choice that depends on the types.
    """
    _, _, distances, type1, type2 = _samples(original)
    expected, found = original.evaluate(distances, type1, type2)[0], written.evaluate(distances, type1, type2)[0]
    difference = np.abs(found - expected) / (1 + np.abs(expected))
    k = int(np.argmax(difference))
    if not difference[k] <= SAME:
        raise ModelError(f"{written.source}: the written model is not the module: for types {original.types[type1[k]]} and {original.types[type2[k]]} at {distances[k]:.4g} nm it gives {found[k]:.8g} kJ/mol, and the module {expected[k]:.8g}. "
                         "If it was traced, look for Python code that depends on the types; script it instead.")


def check_model(model):
    """Check a model over its domain, for all pairs of types.

    Checked are, in this order: finite values and slopes of a possible size, exchange symmetry, value
    and slope at the cutoff.

    Raises
    ------
    ModelError
        With a line for everything that is wrong, and what to do about it.
    """
    pairs, points, distances, type1, type2 = _samples(model)
    energy, slope = model.evaluate(distances, type1, type2)
    problems = []

    def name(k):
        return f"types {model.types[type1[k]]} and {model.types[type2[k]]} at {distances[k]:.4g} nm"

    infinite = ~(np.isfinite(energy) & np.isfinite(slope))
    if infinite.any():
        k = int(np.argmax(infinite))
        problems.append(f"the model is not finite: for {name(k)} the energy is {energy[k]:g} and its slope {slope[k]:g}. Look for NaN weights, or raise the inner cutoff.")
        raise ModelError(f"{model.source}: {problems[0]}")

    large = (np.abs(energy) > LARGEST) | (np.abs(slope) > LARGEST)
    if large.any():
        k = int(np.argmax(large))
        problems.append(f"the model is too large: for {name(k)} the energy is {energy[k]:.3g} kJ/mol and its slope {slope[k]:.3g} kJ/mol/nm, of which platforms hold at most {LARGEST:g}. Raise the inner cutoff.")
    values, slopes = energy.reshape(len(pairs), points), slope.reshape(len(pairs), points)
    detached = (np.ptp(values, axis=1) > 0) & (slopes == 0).all(axis=1)
    if detached.any():
        k = int(np.argmax(detached)) * points
        problems.append(f"the model has no slope: for {name(k)} and beyond the energy changes with the distance, but automatic differentiation gives zero. Look for detach() or no_grad().")

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
