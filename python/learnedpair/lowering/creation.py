# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Creates a force: checks the arguments, and sets the function, particles and distances of the force."""

from typing import Literal, TypeAlias

import numpy as np

from ..errors import LoweringError
from ..force.learned_pair_force import LearnedPairForce
from .tolerance import check_tolerance

_METHODS = {
    LearnedPairForce.NoCutoff: "NoCutoff",
    LearnedPairForce.CutoffNonPeriodic: "CutoffNonPeriodic",
    LearnedPairForce.CutoffPeriodic: "CutoffPeriodic",
}


#: How a Context evaluates a program, as create_force() and add_correction() name it.
Evaluation: TypeAlias = Literal["auto", "exact", "table"]

_EVALUATIONS = {
    "auto": LearnedPairForce.AutomaticEvaluation,
    "exact": LearnedPairForce.ExactEvaluation,
    "table": LearnedPairForce.TableEvaluation,
}


def check_arguments(model, particles, nonbonded_method, representation, evaluation):
    """Require valid arguments of create_force().

    Raises
    ------
    LoweringError, TypeError
    """
    if representation not in ("auto", "table", "program"):
        raise LoweringError(
            f"{model.source}: there is no representation {representation!r}; expected 'auto', 'table' or 'program'."
        )
    if not isinstance(evaluation, str) or evaluation not in _EVALUATIONS:
        raise LoweringError(
            f"{model.source}: there is no evaluation {evaluation!r}; expected 'auto', 'exact' or 'table'."
        )
    if representation == "table" and evaluation == "exact":
        raise LoweringError(
            f"{model.source}: a table is an interpolation, so that representation='table' has no evaluation='exact';"
            " use representation='program'."
        )
    if isinstance(particles, (str, set, frozenset, dict)):
        raise TypeError(
            f"{model.source}: the particles are a {type(particles).__name__}; expected a sequence with one type or"
            " feature vector for each particle."
        )
    if isinstance(particles, np.ma.MaskedArray):
        raise TypeError(
            f"{model.source}: the particles are a masked array, whose masked numbers are not features; give None for"
            " particles that are not covered."
        )
    if isinstance(nonbonded_method, bool) or not isinstance(nonbonded_method, int) or nonbonded_method not in _METHODS:
        raise TypeError(
            f"{model.source}: nonbonded_method is {nonbonded_method!r}; expected"
            f" {', '.join(f'LearnedPairForce.{name}' for name in _METHODS.values())}."
        )
    if nonbonded_method == LearnedPairForce.NoCutoff and evaluation == "table":
        raise LoweringError(
            f"{model.source}: tables end at the model's cutoff, and NoCutoff has none; use evaluation='auto' or"
            " 'exact'."
        )
    if nonbonded_method == LearnedPairForce.NoCutoff and model.switching_distance is not None:
        raise LoweringError(
            f"{model.source}: the model has a switching distance of {model.switching_distance:g} nm, and NoCutoff has"
            " no cutoff at which the switching function could end; use CutoffNonPeriodic."
        )


def configure_force(model, function, report, particles, nonbonded_method):
    """Make a force with the function, particles and distances of a model.

    Parameters
    ----------
    model : PairModel
    function : PairTable or PairProgram
    report : dict
        The lowering report of the function.
    particles : ndarray, shape (n,) of types or (n, n_features)
        As particles.read_particles() returns them.
    nonbonded_method : int

    Returns
    -------
    LearnedPairForce
    """
    force = LearnedPairForce(function)
    if model.features is None:
        force.setParticleTypes(particles)
    else:
        force.setAllParticleFeatures([None if np.isnan(row).any() else row for row in particles])
    force.setNonbondedMethod(nonbonded_method)
    force.setCutoffDistance(model.cutoff)
    if model.switching_distance is not None:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(model.switching_distance)
    force.lowering_report = report
    return force


def force_with_cutoff(model, function, particles, nonbonded_method):
    """Make a force for particles with types, with the distances of an environment model or a compiled model.

    Parameters
    ----------
    model : EnvironmentModel or CompiledModel
    function : PairTable, PairProgram or EnvironmentFunction
    particles : iterable of str, int or None
        The name or the index of the type of each particle.
    nonbonded_method : int

    Returns
    -------
    LearnedPairForce

    Raises
    ------
    LoweringError
        If the nonbonded method has no cutoff.
    """
    if nonbonded_method not in (LearnedPairForce.CutoffPeriodic, LearnedPairForce.CutoffNonPeriodic):
        raise LoweringError(
            f"{model.source}: nonbonded_method is {nonbonded_method!r}; expected LearnedPairForce.CutoffPeriodic or"
            " CutoffNonPeriodic, since the function ends at its cutoff."
        )
    force = LearnedPairForce(function)
    force.setParticleTypes(model.type_indices(particles))
    force.setNonbondedMethod(nonbonded_method)
    force.setCutoffDistance(model.cutoff)
    force.setInnerCutoffDistance(model.inner_cutoff)
    if model.switching_distance is not None:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(model.switching_distance)
    return force


def set_evaluation(force, evaluation, tolerance):
    """Set how a Context evaluates the program of a force, by the name that create_force() accepts."""
    force.setEvaluation(_EVALUATIONS[evaluation])
    force.setTableTolerance(check_tolerance(tolerance))
