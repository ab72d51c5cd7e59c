# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks whether a model keeps the contract, before anything is built from it."""

import numpy as np

from ...errors import ModelError
from ..metadata.parameters import about_assumed_ranges, settings
from .continuity import problem_of_continuity
from .cutoff import problem_at_cutoff
from .derivatives import problems_of_derivatives, warn_of_unused_parameters
from .finiteness import problem_of_size, require_finite
from .invariance import problem_of_coupled_pairs, problem_of_symmetry, require_symmetry, require_the_same_again
from .samples import MIN_POINTS, Samples, is_within_budget, pairs_of_ranges, pairs_of_rows, pairs_of_types


def check_model(model):
    """Check a model over its domain, for all pairs of types, or for random features within their ranges, at the values
    of its global parameters that :func:`learnedpair.models.metadata.parameters.settings` lists.

    Checked are, in this order: finite values and slopes of a possible size, energies without jumps whose derivatives
    the slopes are, exchange symmetry, value and slope on the way to the cutoff, derivatives with respect to global
    parameters, and whether the model is anything but zero.

    If a feature has no range, nothing is known of the numbers to expect. Then it is only tried whether the model takes
    arguments of these shapes; check_rows() does the rest when the features are known.

    Raises
    ------
    ModelError
        With a line for everything that is wrong, and what to do about it.
    """
    if model.features is None:
        _check(model, *pairs_of_types(model))
        warn_of_unused_parameters(model, *pairs_of_types(model))
        if not is_within_budget(len(model.types)):
            require_symmetry(model, *pairs_of_types(model, points=1))
    elif None not in model.feature_ranges.values():
        _check(model, *pairs_of_ranges(model))
        warn_of_unused_parameters(model, *pairs_of_ranges(model))
    else:
        zeros = np.zeros((MIN_POINTS, len(model.features)))
        model.evaluate(np.linspace(model.inner_cutoff, model.last_distance, MIN_POINTS), zeros, zeros)


def check_rows(model, rows):
    """Check a model as check_model() does, for the features that are really in use.

    If there are more pairs of distinct rows than can be evaluated in about a second, some are chosen at random, each
    row in at least one if possible.

    Parameters
    ----------
    model : Model
        With features.
    rows : ndarray, shape (n, n_features)
        Of all covered particles; equal ones are checked once.

    Raises
    ------
    ModelError
    """
    if len(rows) > 0:
        _check(model, *pairs_of_rows(rows))
        if not is_within_budget(len(rows)):
            require_symmetry(model, *pairs_of_rows(rows, points=1))


def check_types(model, types):
    """Check a model as check_model() does, for the types that a force uses.

    Only needed if the model has so many types that check_model() evaluated a part of their pairs; otherwise it does
    nothing.

    Parameters
    ----------
    model : Model
        With types.
    types : ndarray of int
        Distinct ones.

    Raises
    ------
    ModelError
    """
    if len(types) > 0 and not is_within_budget(len(model.types)):
        _check(model, *pairs_of_types(model, types))


#: Functions of a model, samples, their energies and slopes, and the values of the global parameters, which return a
#: sentence on what is wrong, or nothing.
_CHECKS = {
    "size": problem_of_size,
    "continuity": problem_of_continuity,
    "coupled pairs": problem_of_coupled_pairs,
    "symmetry": problem_of_symmetry,
    "cutoff": problem_at_cutoff,
}


def _check(model, first, second):
    """Collect what is wrong, each kind of problem once: at the first values of the global parameters where it is
    seen.
    """
    problems, largest = {}, 0.0
    tried = settings(model.parameters)
    for number, values in enumerate(tried):
        samples = Samples(model, first, second, share=1 if number == 0 else len(tried))
        energy, slope = model.evaluate(*samples.arguments, **values)
        require_finite(model, samples, energy, slope, values)
        if number == 0:
            require_the_same_again(model, samples, energy, values)
        for kind, check in _CHECKS.items():
            if kind not in problems:
                problem = check(model, samples, energy, slope, values)
                if problem:
                    problems[kind] = problem + about_assumed_ranges(model.parameters, values)
        largest = max(largest, np.abs(energy).max(), np.abs(slope).max())
    problems.update(problems_of_derivatives(model, first, second, tried))
    if largest == 0 and not problems:
        problems["zero"] = (
            f"the model is zero for every pair, at every distance from {model.inner_cutoff:g} to {model.cutoff:g} nm,"
            " and for every value of the global parameters that was tried. Load its trained weights first; look for a"
            f" cutoff in another unit than length_unit, {model.metadata.length_unit!r}, and for factors that are zero;"
            " a range of a global parameter must go beyond the value that switches the model off."
        )
    if problems:
        raise ModelError(f"{model.source}: " + "\n".join(problems.values()))
