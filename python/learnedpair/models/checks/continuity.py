# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether the energy is a continuous function of the distance, and dE/dr is its derivative."""

import numpy as np

from ..metadata.parameters import describe
from .samples import name_pair

#: The largest discontinuity of the energy, in kJ/mol, that is not a jump.
MAX_JUMP = 1e-3
#: The number of intervals that are searched for jumps: those where energies and derivatives contradict each other most.
MAX_INTERVALS = 256
#: The number of times that an interval is halved; after that, a smooth function no longer changes over it.
NUM_HALVINGS = 32
#: The number of distances of each pair of particles at which dE/dr is compared with finite differences.
NUM_POINTS = 5
#: Their largest allowed difference, relative to dE/dr plus 1 kJ/mol/nm; and the largest fraction of the points of a
#: pair where it may be exceeded, because there may be a kink.
MAX_DIFFERENCE, MAX_FRACTION = 1e-3, 0.5
#: The step of the finite difference to each side, relative to the distance of the particles.
RELATIVE_STEP = 1e-5


def problem_of_continuity(model, samples, energy, dEdR, values):
    """A sentence on jumps or, if there are none, on a wrong dE/dr; empty if there is no problem.

    Jumps come first because they also make dE/dr wrong.
    """
    energies, derivatives = energy.reshape(samples.pairs, samples.points), dEdR.reshape(samples.pairs, samples.points)
    detached = (np.ptp(energies, axis=1) > 0) & (derivatives == 0).all(axis=1)
    if detached.any():
        k = int(np.argmax(detached)) * samples.points
        return (
            f"the model has no derivative: for {samples.name(k, values)} and beyond the energy changes with the"
            " distance, but automatic differentiation gives zero. Look for detach() or no_grad()."
        )
    return _problem_of_energies(model, samples, energy, dEdR, values) or _problem_of_derivatives(model, samples, values)


def _problem_of_energies(model, samples, energy, dEdR, values):
    """A sentence on a jump of the energy; empty if there is none.

    Parameters
    ----------
    model : Model
    samples : Samples
    energy, dEdR : ndarray
        The values of the samples.
    values : dict of str to float
        The values of the global parameters.
    """
    jump = _find_jump(model, samples, energy, dEdR, values)
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
            f"A truncated model may jump at its cutoff, {model.cutoff:g} nm, and nowhere else; check whether that is"
            " where it is cut off."
        )
    return (
        f"If it is cut off there on purpose, set the cutoff, now {model.cutoff:g} nm, to that distance and pass"
        " truncated=True."
    )


def _find_jump(model, samples, energy, dEdR, values):
    """Find a jump by bisection of the intervals where energies and derivatives contradict each other.

    Returns
    -------
    (pair, distance, energy before, energy after), or None
    """
    r, energy, dEdR = (array.reshape(samples.pairs, samples.points) for array in (samples.distances, energy, dEdR))
    width = np.diff(r, axis=1)
    contradiction = np.abs(np.diff(energy, axis=1) - width * (dEdR[:, 1:] + dEdR[:, :-1]) / 2)
    # For a smooth function the error of the trapezoidal rule is about this large.
    expected = width * np.abs(np.diff(dEdR, axis=1)) / 12 + MAX_JUMP
    chosen = np.argsort(-(contradiction / expected).ravel(), kind="stable")[:MAX_INTERVALS]
    chosen = chosen[contradiction.ravel()[chosen] > MAX_JUMP]
    if len(chosen) == 0:
        return None
    row, column = np.unravel_index(chosen, contradiction.shape)
    particles = [
        array.reshape(samples.pairs, samples.points, *array.shape[1:])[row, 0]
        for array in (samples.particle1, samples.particle2)
    ]
    left, right = ([array[row, column + end] for array in (r, energy, dEdR)] for end in (0, 1))

    def change(a, b):
        return np.abs(b[1] - a[1] - (b[0] - a[0]) * (a[2] + b[2]) / 2)

    for _ in range(NUM_HALVINGS):
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


def _problem_of_derivatives(model, samples, values):
    """A sentence on dE/dr that differs from finite differences of the energy; empty if it does not."""
    random = np.random.default_rng(0)
    first = slice(0, None, samples.points)
    low, high = model.inner_cutoff * (1 + RELATIVE_STEP), model.last_distance * (1 - RELATIVE_STEP)
    r = low + (high - low) * random.random((samples.pairs, NUM_POINTS))
    particles = [np.repeat(array[first], NUM_POINTS, axis=0) for array in (samples.particle1, samples.particle2)]
    before, after = (
        model.evaluate((r * (1 + step)).ravel(), *particles, **values)[0] for step in (-RELATIVE_STEP, RELATIVE_STEP)
    )
    dEdR = model.evaluate(r.ravel(), *particles, **values)[1]
    difference = (after - before) / (2 * RELATIVE_STEP * r.ravel())
    rounding = 1e-15 * (np.abs(after) + np.abs(before)) / (RELATIVE_STEP * r.ravel())
    wrong = ~(np.abs(difference - dEdR) <= MAX_DIFFERENCE * (np.abs(dEdR) + np.abs(difference) + 1) + rounding)
    fraction_of_pair = wrong.reshape(r.shape).mean(axis=1)
    if not fraction_of_pair.max() > MAX_FRACTION:
        return ""
    k = int(np.argmax(fraction_of_pair)) * NUM_POINTS + int(
        np.argmax(wrong.reshape(r.shape)[np.argmax(fraction_of_pair)])
    )
    return (
        "automatic differentiation does not give the derivative of the energy: for"
        f" {name_pair(model, particles[0][k], particles[1][k])} at {r.ravel()[k]:.4g} nm{describe(values)} it gives"
        f" {dEdR[k]:.6g} kJ/mol/nm, and the energy changes by {difference[k]:.6g}. Look for detach(), no_grad(), or a"
        " backward() of your own."
    )
