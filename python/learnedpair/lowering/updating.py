# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Replaces the function of an existing force by another model of the same structure."""

import numpy as np

from ..errors import LoweringError
from ..force.functions import PairProgram
from ..force.ranges import check_ranges
from .particles import distinct_types, sample_rows
from .programs import lower_to_program
from .representation import table_obstacle
from .tables import lower_to_shape


def lower_like(model, force, tolerance):
    """Lower a model to the structure of the function of a force.

    Returns
    -------
    function : PairTable or PairProgram
    report : dict

    Raises
    ------
    LoweringError
        If the model has another structure, or the tolerance cannot be met with it.
    """
    old = force.getFunction()
    if isinstance(old, PairProgram):
        return _lower_to_structure(model, force, old, tolerance)
    obstacle = table_obstacle(model, False)
    if obstacle:
        raise LoweringError(f"{model.source}: {obstacle}; make a new force.")
    return lower_to_shape(model, old, tolerance)


def _lower_to_structure(model, force, old, tolerance):
    """Lower a model to a program, which may differ from the program of the force only in its weights."""
    old_cutoff = force.lowering_report.get("domain_nm", [None, model.cutoff])[1]
    if old_cutoff != model.cutoff:
        raise LoweringError(
            f"{model.source}: the cutoff of the model is {model.cutoff:g} nm, and that of the model that the force was"
            f" made from is {old_cutoff:g} nm; make a new force."
        )
    knots = force.lowering_report.get("radial_knots", 0)
    function, report = lower_to_program(
        model, _particles_to_compare(model, force), tolerance if knots else None, knots=knots
    )
    same = (function.text, function.num_types, function.num_features, list(function.global_parameters)) == (
        old.text,
        old.num_types,
        old.num_features,
        list(old.global_parameters),
    )
    if not same or function.min_distance != old.min_distance:
        raise LoweringError(
            f"{model.source}: the program of this model has another structure, domain or global parameters than that of"
            " the force; make a new force."
        )
    return function, report


def _particles_to_compare(model, force):
    """The distinct particles for which a program is compared with its model; features must be within the ranges."""
    if model.features is None:
        return distinct_types(force.getParticleTypes())
    return sample_rows(model, covered_rows(model, force))


def covered_rows(model, force):
    """The feature vectors of all particles of a force, NaN for those that are not covered; within the model's ranges.

    Raises
    ------
    ValueError
        If a feature is outside of its range.
    """
    rows = force.getAllParticleFeatures()
    covered = np.flatnonzero(~np.isnan(rows).any(axis=1))
    check_ranges(
        model.source,
        model.feature_ranges,
        rows[covered],
        covered,
        "load it with other ranges in features if they are known to be wider",
    )
    return rows


def parameter_settings(model, force):
    """The default value and the range of each global parameter of a force, to be kept in an update.

    Returns
    -------
    list of (default, low, high)

    Raises
    ------
    LoweringError
        If the range for which the model was checked does not include that of the force.
    """
    settings = [
        (force.getGlobalParameterDefaultValue(index), *force.getGlobalParameterRange(index))
        for index in range(force.getNumGlobalParameters())
    ]
    for (name, (low, high)), (_, own_low, own_high) in zip(
        model.global_parameter_ranges.items(), settings, strict=True
    ):
        if not low <= own_low <= own_high <= high:
            raise LoweringError(
                f"{model.source}: the model was checked for values of the global parameter {name!r} from {low:g} to"
                f" {high:g}, and the force allows {own_low:g} to {own_high:g}; load the model with a range that is as"
                " wide, call setGlobalParameterRange() on the force, or make a new force."
            )
    return settings


def replace_function(force, function, report, settings):
    """Set the function and the report of a force, and restore the settings of its global parameters."""
    force.setFunction(function)
    for index, (value, low, high) in enumerate(settings):
        force.setGlobalParameterDefaultValue(index, value)
        force.setGlobalParameterRange(index, low, high)
    force.lowering_report = report
