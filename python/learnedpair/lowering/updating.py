# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Gives an existing force the function of another model, in the structure that the force has."""

import numpy as np

from ..errors import LoweringError
from ..force.functions import PairProgram
from ..force.ranges import check_ranges
from .particles import distinct_types, sample_rows
from .programs import lower_to_program
from .representation import table_obstacle
from .tables import lower_to_shape


def require_same_particles(model, force):
    """Require a force that was made from a model with the same types or features, and the same switching distance.

    Raises
    ------
    LoweringError
    """
    report = force.lowering_report
    own, made_for = _kinds(model.types, model.features), _kinds(report.get("types"), report.get("features"))
    if made_for and made_for != own:
        raise LoweringError(
            f"{model.source}: the model has {own}, and the force was made for {made_for}; make a new force."
        )
    switching = force.getSwitchingDistance()._value if force.getUseSwitchingFunction() else None
    if switching != model.switching_distance:
        raise LoweringError(
            f"{model.source}: the switching distance of the model is {model.switching_distance}, and that of the force"
            f" {switching} nm; make a new force."
        )


def _kinds(types, features):
    """What a model tells particles apart by, for a message."""
    if types:
        return f"the types {', '.join(types)}"
    return f"the features {', '.join(features)}" if features else ""


def lower_like(model, force, tolerance):
    """The function of a model in the structure that the function of a force has, and its report.

    Raises
    ------
    LoweringError
        If the structure is another one, or the tolerance cannot be met in it.
    """
    old = force.getFunction()
    if isinstance(old, PairProgram):
        return _lower_to_structure(model, force, old, tolerance)
    obstacle = table_obstacle(model, False)
    if obstacle:
        raise LoweringError(f"{model.source}: {obstacle}; make a new force.")
    return lower_to_shape(model, old, tolerance)


def _lower_to_structure(model, force, old, tolerance):
    """The program of a model, if it differs from another one in weights only."""
    made_to = force.lowering_report.get("domain_nm", [None, model.cutoff])[1]
    if made_to != model.cutoff:
        raise LoweringError(
            f"{model.source}: the cutoff of the model is {model.cutoff:g} nm, and the force was made from one with"
            f" {made_to:g} nm; make a new force."
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
    """The distinct particles of a force, within the ranges of the model."""
    if model.features is None:
        return distinct_types(force.getParticleTypes())
    rows = force.getAllParticleFeatures()
    covered = np.flatnonzero(~np.isnan(rows).any(axis=1))
    check_ranges(
        model.source,
        model.feature_ranges,
        rows[covered],
        covered,
        "load it with other ranges in features if they are known to be wider",
    )
    return sample_rows(model, rows)


def parameter_settings(model, force):
    """The default value and the range of each global parameter of a force, which stay as they are.

    Returns
    -------
    list of (default, low, high)

    Raises
    ------
    LoweringError
        If the model was checked for a smaller range than the force has.
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
    """Set the function and the report of a force, and its global parameters to what they were."""
    force.setFunction(function)
    for index, (value, low, high) in enumerate(settings):
        force.setGlobalParameterDefaultValue(index, value)
        force.setGlobalParameterRange(index, low, high)
    force.lowering_report = report
