# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether the energy of a model is a continuous function of the distance, and its slope the derivative of the
energy.
"""

import numpy as np

from ..metadata.parameters import describe
from .samples import name_pair

#: Energies that change by more than this, in kJ/mol, within no distance are a jump.
MAX_JUMP = 1e-3
#: How many intervals are searched for jumps, those with the largest contradictions between energies and slopes.
MAX_INTERVALS = 256
#: An interval is halved so many times: of a smooth function nothing is left of the change of the energy.
HALVINGS = 32
#: At how many distances of each pair of particles slopes are compared with differences of energies.
POINTS = 5
#: By how much they may differ, relative to the slope plus 1 kJ/mol/nm, and at which fraction of the points of a pair: a
#: kink may lie at some.
DIFFERENCE, FRACTION = 1e-3, 0.5
#: The distance between two energies of a difference, relative to the distance of the particles.
STEP = 1e-5


def problem_of_continuity(model, samples, energy, slope, values):
    """Jumps, or slopes that are no derivatives, of which jumps are the cause where there are any."""
    energies, slopes = energy.reshape(samples.pairs, samples.points), slope.reshape(samples.pairs, samples.points)
    detached = (np.ptp(energies, axis=1) > 0) & (slopes == 0).all(axis=1)
    if detached.any():
        k = int(np.argmax(detached)) * samples.points
        return (
            f"the model has no slope: for {samples.name(k, values)} and beyond the energy changes with the distance,"
            " but automatic differentiation gives zero. Look for detach() or no_grad()."
        )
    return _problem_of_energies(model, samples, energy, slope, values) or _problem_of_slopes(model, samples, values)


def _problem_of_energies(model, samples, energy, slope, values):
    """What is wrong with energies that jump: a sentence, or nothing.

    Parameters
    ----------
    model : Model
    samples : Samples
    energy, slope : ndarray
        Of the samples.
    values : dict of str to float
        Of the global parameters.
    """
    jump = _find_jump(model, samples, energy, slope, values)
    if jump is None:
        return ""
    pair, r, before, after = jump
    return (
        f"the energy jumps: for {name_pair(model, *pair)} it goes from {before:.4g} to {after:.4g} kJ/mol at {r:.6g}"
        f" nm{describe(values)}, where a force would be infinite. Look for conditions on the distance, such as (r < x)"
        f" as a factor, and let the energy end smoothly. {_about_truncation(model)}"
    )


def _about_truncation(model):
    if model.truncated:
        return (
            f"That the model is truncated allows a jump at its cutoff, {model.cutoff:g} nm, alone; look whether that is"
            " where it is cut off."
        )
    return (
        f"If it is cut off there on purpose, the cutoff, {model.cutoff:g} nm, must be there, too, and truncated=True"
        " must say so."
    )


def _find_jump(model, samples, energy, slope, values):
    """The pair, the distance and the energies on both sides of a jump, or None."""
    r, energy, slope = (array.reshape(samples.pairs, samples.points) for array in (samples.distances, energy, slope))
    width = np.diff(r, axis=1)
    contradiction = np.abs(np.diff(energy, axis=1) - width * (slope[:, 1:] + slope[:, :-1]) / 2)
    # Smooth functions contradict the trapezoidal rule by about this much.
    expected = width * np.abs(np.diff(slope, axis=1)) / 12 + MAX_JUMP
    chosen = np.argsort(-(contradiction / expected).ravel(), kind="stable")[:MAX_INTERVALS]
    chosen = chosen[contradiction.ravel()[chosen] > MAX_JUMP]
    if len(chosen) == 0:
        return None
    row, column = np.unravel_index(chosen, contradiction.shape)
    particles = [
        array.reshape(samples.pairs, samples.points, *array.shape[1:])[row, 0]
        for array in (samples.particle1, samples.particle2)
    ]
    left, right = ([array[row, column + end] for array in (r, energy, slope)] for end in (0, 1))

    def change(a, b):
        return np.abs(b[1] - a[1] - (b[0] - a[0]) * (a[2] + b[2]) / 2)

    for _ in range(HALVINGS):
        middle = [(left[0] + right[0]) / 2]
        middle += model.evaluate(middle[0], *particles, **values)
        in_left = change(left, middle) > change(middle, right)
        left, right = (
            [np.where(in_left, a, b) for a, b in zip(*ends, strict=True)] for ends in ((left, middle), (middle, right))
        )
        remaining = change(left, right) > MAX_JUMP / 2
        if not remaining.any():
            return None
        left, right, particles = ([array[remaining] for array in arrays] for arrays in (left, right, particles))
    jump = np.abs(right[1] - left[1])
    found = (jump > MAX_JUMP) & (jump > 10 * (right[0] - left[0]) * np.maximum(np.abs(left[2]), np.abs(right[2])))
    if not found.any():
        return None
    k = int(np.argmax(np.where(found, jump, 0)))
    return tuple(array[k] for array in particles), right[0][k], left[1][k], right[1][k]


def _problem_of_slopes(model, samples, values):
    """What is wrong with slopes that are not the derivatives of the energies: a sentence, or nothing.

    Parameters
    ----------
    As for :func:`_problem_of_energies`.
    """
    random = np.random.default_rng(0)
    first = slice(0, None, samples.points)
    low, high = model.inner_cutoff * (1 + STEP), model.last_distance * (1 - STEP)
    r = low + (high - low) * random.random((samples.pairs, POINTS))
    particles = [np.repeat(array[first], POINTS, axis=0) for array in (samples.particle1, samples.particle2)]
    before, after = (model.evaluate((r * (1 + step)).ravel(), *particles, **values)[0] for step in (-STEP, STEP))
    slope = model.evaluate(r.ravel(), *particles, **values)[1]
    difference = (after - before) / (2 * STEP * r.ravel())
    rounding = 1e-15 * (np.abs(after) + np.abs(before)) / (STEP * r.ravel())
    wrong = ~(np.abs(difference - slope) <= DIFFERENCE * (np.abs(slope) + np.abs(difference) + 1) + rounding)
    of_pair = wrong.reshape(r.shape).mean(axis=1)
    if not of_pair.max() > FRACTION:
        return ""
    k = int(np.argmax(of_pair)) * POINTS + int(np.argmax(wrong.reshape(r.shape)[np.argmax(of_pair)]))
    return (
        f"the slope is not the derivative of the energy: for {name_pair(model, particles[0][k], particles[1][k])} at"
        f" {r.ravel()[k]:.4g} nm{describe(values)} automatic differentiation gives {slope[k]:.6g} kJ/mol/nm, and the"
        f" energy changes by {difference[k]:.6g}. Look for detach(), no_grad(), or a backward() of your own."
    )
