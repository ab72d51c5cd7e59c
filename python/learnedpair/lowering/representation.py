# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From a model to a force: which representation it gets, and what the particles are to it."""

import numpy as np

from ..errors import LoweringError, ToleranceError, warn
from ..force.learned_pair_force import LearnedPairForce, PairProgram
from ..force.ranges import check_ranges, random_rows
from ..models.checks.contract import check_rows, check_types, require_zero_beyond_cutoff
from .programs import lower_to_program
from .tables import BYTES_PER_KNOT, FEWEST_INTERVALS, lower_to_shape, lower_to_table, occurring_pairs

_METHODS = {
    LearnedPairForce.NoCutoff: "NoCutoff",
    LearnedPairForce.CutoffNonPeriodic: "CutoffNonPeriodic",
    LearnedPairForce.CutoffPeriodic: "CutoffPeriodic",
}
#: "auto" makes no table that is larger than this.
MOST_TABLE_BYTES = 32 * 2**20
#: How many rows of features a program is compared with the model for, beside those that occur.
OTHER_ROWS = 8


def create_force(model, particles, nonbonded_method, representation, tolerance, tabulate_radial):
    """See :meth:`PairModel.create_force`."""
    if representation not in ("auto", "table", "program"):
        raise LoweringError(
            f"{model.source}: there is no representation {representation!r}; expected 'auto', 'table' or 'program'."
        )
    if isinstance(particles, (str, set, frozenset, dict)):
        raise TypeError(
            f"{model.source}: the particles are a {type(particles).__name__}; expected a sequence with one type or row"
            " of features for each particle."
        )
    if isinstance(particles, np.ma.MaskedArray):
        raise TypeError(
            f"{model.source}: the particles are a masked array, whose hidden numbers are no features; give None for"
            " particles that are not covered."
        )
    if isinstance(nonbonded_method, bool) or not isinstance(nonbonded_method, int) or nonbonded_method not in _METHODS:
        raise TypeError(
            f"{model.source}: nonbonded_method is {nonbonded_method!r}; expected"
            f" {', '.join(f'LearnedPairForce.{name}' for name in _METHODS.values())}."
        )
    no_cutoff = nonbonded_method == LearnedPairForce.NoCutoff
    if no_cutoff and model.switching_distance is not None:
        raise LoweringError(
            f"{model.source}: the model is switched off from {model.switching_distance:g} nm on, and NoCutoff has no"
            " cutoff to be switched off at; use CutoffNonPeriodic."
        )
    if model.features is None:
        types = np.array([model.type_index(particle) for particle in particles], dtype=np.int32)
        distinct = np.unique(types[types != LearnedPairForce.NotCovered])
        check_types(model, distinct)
    else:
        rows = model.feature_rows(particles)
        distinct = _sample(model, rows)
    if no_cutoff:
        require_zero_beyond_cutoff(model, distinct)
    obstacle = _table_obstacle(model, no_cutoff)
    if representation == "table" and obstacle:
        raise LoweringError(f"{model.source}: {obstacle}; use representation='program'.")
    function = None
    if representation == "table" or (
        representation == "auto"
        and not obstacle
        and len(occurring_pairs(types)) * FEWEST_INTERVALS * BYTES_PER_KNOT <= MOST_TABLE_BYTES
    ):
        try:
            function, report = lower_to_table(model, occurring_pairs(types), tolerance)
        except ToleranceError as error:
            if representation == "table":
                raise
            warn(f"{error} It becomes a program instead, which is exact and costs more.")
        else:
            if representation == "auto" and report["bytes"] > MOST_TABLE_BYTES:
                function = None
    if function is None:
        with_table = (representation == "auto" and not no_cutoff) if tabulate_radial is None else tabulate_radial
        if with_table and no_cutoff:
            raise LoweringError(
                f"{model.source}: a table of the radial part ends at the model's cutoff, and NoCutoff has none; use"
                " tabulate_radial=False."
            )
        function, report = lower_to_program(model, distinct, tolerance if with_table else None)
    force = LearnedPairForce(function)
    if model.features is None:
        force.setParticleTypes(types)
    else:
        force.setParticleFeatures([None if np.isnan(row).any() else row for row in rows])
    force.setNonbondedMethod(nonbonded_method)
    force.setCutoffDistance(model.cutoff)
    if model.switching_distance is not None:
        force.setUseSwitchingFunction(True)
        force.setSwitchingDistance(model.switching_distance)
    force.lowering_report = report
    return force


def require_program(model):
    """Require that a model can become a program.

    Raises
    ------
    LoweringError
        Naming the operation and the line, or how they differ.
    """
    if model.features is None:
        particles = np.arange(len(model.types))
    else:
        particles = random_rows(model.feature_ranges, 0 if None in model.feature_ranges.values() else OTHER_ROWS)
    lower_to_program(model, particles)


def _sample(model, rows):
    """The distinct rows of features that occur, checked, and some others of their ranges, which updates may bring."""
    occurring = np.unique(rows[~np.isnan(rows).any(axis=1)], axis=0)
    check_rows(model, occurring)
    if None in model.feature_ranges.values():
        return occurring
    ends = np.array(list(model.feature_ranges.values())).T
    return np.concatenate([occurring, ends, random_rows(model.feature_ranges, OTHER_ROWS, seed=2)])


def _table_obstacle(model, no_cutoff):
    """Why a model cannot become a table, or an empty string."""
    if model.features is not None:
        return "the model has features, and a table is for types"
    if model.global_parameters:
        return "the model has global parameters, which a table cannot hold"
    return "a table ends at the cutoff, and NoCutoff has none" if no_cutoff else ""


def _kinds(types, features):
    """What a model tells particles apart by, for a message."""
    if types:
        return f"the types {', '.join(types)}"
    return f"the features {', '.join(features)}" if features else ""


def update_force(model, force, tolerance):
    """See :meth:`PairModel.update_force`."""
    force = LearnedPairForce.cast(force)
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
    old = force.getFunction()
    if isinstance(old, PairProgram):
        function, report = _program_of_structure(model, force, old, tolerance)
    else:
        obstacle = _table_obstacle(model, False)
        if obstacle:
            raise LoweringError(f"{model.source}: {obstacle}; make a new force.")
        function, report = lower_to_shape(model, old, tolerance)
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
    force.setFunction(function)
    for index, (value, low, high) in enumerate(settings):
        force.setGlobalParameterDefaultValue(index, value)
        force.setGlobalParameterRange(index, low, high)
    force.lowering_report = report


def _program_of_structure(model, force, old, tolerance):
    """The program of a model, if it differs from another one in weights only."""
    made_to = force.lowering_report.get("domain_nm", [None, model.cutoff])[1]
    if made_to != model.cutoff:
        raise LoweringError(
            f"{model.source}: the cutoff of the model is {model.cutoff:g} nm, and the force was made from one with"
            f" {made_to:g} nm; make a new force."
        )
    if model.features is None:
        types = force.getParticleTypes()
        particles = np.unique(types[types != LearnedPairForce.NotCovered])
    else:
        rows = force.getParticleFeatures()
        covered = np.flatnonzero(~np.isnan(rows).any(axis=1))
        check_ranges(
            model.source,
            model.feature_ranges,
            rows[covered],
            covered,
            "load it with other ranges in features if they are known to be wider",
        )
        particles = _sample(model, rows)
    knots = force.lowering_report.get("radial_knots", 0)
    function, report = lower_to_program(model, particles, tolerance if knots else None, knots=knots)
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
