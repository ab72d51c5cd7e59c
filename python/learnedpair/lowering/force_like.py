# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A force of a model with the particles and all settings of an existing force, which was made from another model."""

import copy

from ..errors import LoweringError
from ..force.functions import PairTable
from ..force.learned_pair_force import LearnedPairForce
from ..models.checks.cutoff import require_zero_beyond_cutoff
from .particles import distinct_particles, occurring_pairs
from .programs import lower_to_program
from .same_particles import require_same_types
from .tables import lower_to_table
from .updating import covered_rows, parameter_settings, replace_function


def force_like(model, force):
    """Make a force of a model like an existing force, which it leaves unchanged.

    Everything but the function is copied: particles, exclusions, exceptions, interaction groups, nonbonded method,
    distances, scale, evaluation, values and ranges of global parameters. The function becomes a table or a program as
    that of the existing force is, with its tolerance. Other than in lowering.updating, its structure may differ.

    Parameters
    ----------
    model : PairModel
    force : LearnedPairForce

    Returns
    -------
    LearnedPairForce

    Raises
    ------
    LoweringError
        If the model has other types, features or global parameters than the force, or cannot be lowered.
    ModelError
        If a check of the model fails for the particles of the force.
    """
    require_same_types(model, force)
    function = force.getFunction()
    if (function.num_types, function.num_features) != (len(model.types or ()), len(model.features or ())):
        raise LoweringError(
            f"{model.source}: the model has {len(model.types or ())} types and {len(model.features or ())} features,"
            f" and the function of the force {function.num_types} and {function.num_features}; give the force that was"
            " made from this model or its committee."
        )
    names = [force.getGlobalParameterName(index) for index in range(force.getNumGlobalParameters())]
    if list(model.global_parameters) != names:
        raise LoweringError(
            f"{model.source}: the model has the global parameters {', '.join(model.global_parameters) or 'none'}, and"
            f" the force {', '.join(names) or 'none'}; give the force that was made from this model or its committee."
        )
    function, report = _lower(model, force)
    result = copy.copy(force)
    replace_function(result, function, report, parameter_settings(model, force))
    return result


def _lower(model, force):
    """Lower a model to a table or a program, as the function of the force is."""
    particles = force.getParticleTypes() if model.features is None else covered_rows(model, force)
    distinct = distinct_particles(model, particles)
    if force.getNonbondedMethod() == LearnedPairForce.NoCutoff:
        require_zero_beyond_cutoff(model, distinct)
    tolerance = force.lowering_report.get("tolerance") or force.getTableTolerance()
    if isinstance(force.getFunction(), PairTable):
        return lower_to_table(model, occurring_pairs(particles), tolerance)
    return lower_to_program(model, distinct, tolerance if force.lowering_report.get("radial_knots") else None)
