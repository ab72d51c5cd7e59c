# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs all checks of a model."""

import numpy as np

from ...errors import ModelError
from ..metadata.parameters import about_assumed_ranges, settings
from .continuity import problem_of_continuity
from .cutoff import problem_at_cutoff
from .derivatives import problems_of_derivatives, warn_of_unused_parameters
from .finiteness import problem_of_magnitude, require_finite
from .invariance import problem_of_coupled_pairs, problem_of_symmetry, require_reproducible, require_symmetry
from .samples import MIN_POINTS, Samples, is_within_budget, pairs_of_ranges, pairs_of_rows, pairs_of_types


def check_model(model):
    """Check a model over its domain.

    It is checked for all pairs of types, or for random features within their ranges, at the values of its global
    parameters that :func:`learnedpair.models.metadata.parameters.settings` lists. The checks are, in this order:

    1. energy and dE/dr are finite, and repeated evaluation gives the same energies;
    2. they are not too large for the platforms;
    3. the energy is continuous, and dE/dr is its derivative;
    4. the energy of a pair does not depend on the other pairs of the batch;
    5. the energy does not change when the particles are exchanged;
    6. energy and dE/dr vanish at the cutoff;
    7. derivatives with respect to global parameters are those of the energy;
    8. the model is not zero everywhere.

    If a feature has no range, its values are unknown. The model is then only called once, with arguments of the right
    shapes, and check_rows() makes the checks when the features are known.

    Raises
    ------
    ModelError
        With one line for each problem and its remedy.
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
    """Check a model as check_model() does, for the features of a force.

    If there are more pairs of distinct feature vectors than can be evaluated in about a second, random pairs are
    chosen, with each vector in at least one if possible.

    Parameters
    ----------
    model : Model
        With features.
    rows : ndarray, shape (n, n_features)
        The feature vectors of all covered particles. Equal ones are checked once.

    Raises
    ------
    ModelError
        As check_model().
    """
    if len(rows) > 0:
        _check(model, *pairs_of_rows(rows))
        if not is_within_budget(len(rows)):
            require_symmetry(model, *pairs_of_rows(rows, points=1))


def check_types(model, types):
    """Check a model as check_model() does, for the types that a force uses.

    This is needed only if the model has so many types that check_model() has sampled their pairs; otherwise the
    function does nothing.

    Parameters
    ----------
    model : Model
        With types.
    types : ndarray of int
        Distinct types.

    Raises
    ------
    ModelError
        As check_model().
    """
    if len(types) > 0 and not is_within_budget(len(model.types)):
        _check(model, *pairs_of_types(model, types))


#: Functions (model, samples, energy, dEdR, values of the global parameters) -> a sentence on the problem, or an empty
#: string.
_CHECKS = {
    "magnitude": problem_of_magnitude,
    "continuity": problem_of_continuity,
    "coupled pairs": problem_of_coupled_pairs,
    "symmetry": problem_of_symmetry,
    "cutoff": problem_at_cutoff,
}


def _check(model, first, second):
    """Run all checks for some pairs of particles, and report each problem once, at the first values of the global
    parameters where it occurs.
    """
    problems, largest = {}, 0.0
    tried_values = settings(model.parameters)
    for number, values in enumerate(tried_values):
        samples = Samples(model, first, second, share=1 if number == 0 else len(tried_values))
        energy, dEdR = model.evaluate(*samples.arguments, **values)
        require_finite(model, samples, energy, dEdR, values)
        if number == 0:
            require_reproducible(model, samples, energy, values)
        for name, check in _CHECKS.items():
            if name not in problems:
                problem = check(model, samples, energy, dEdR, values)
                if problem:
                    problems[name] = problem + about_assumed_ranges(model.parameters, values)
        largest = max(largest, np.abs(energy).max(), np.abs(dEdR).max())
    problems.update(problems_of_derivatives(model, first, second, tried_values))
    if largest == 0 and not problems:
        problems["zero"] = (
            f"the model is zero for every pair, at every distance from {model.inner_cutoff:g} to {model.cutoff:g} nm,"
            " and for every value of the global parameters that was tried. Load its trained weights first; look for a"
            f" cutoff in another unit than length_unit, {model.metadata.length_unit!r}, and for factors that are zero;"
            " a range of a global parameter must go beyond the value that switches the model off."
        )
    if problems:
        raise ModelError(f"{model.source}: " + "\n".join(problems.values()))
