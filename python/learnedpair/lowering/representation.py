# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Chooses what a model becomes: a table or a program."""

from ..errors import LoweringError, ToleranceError, warn
from .curves import MIN_INTERVALS
from .particles import occurring_pairs
from .programs import lower_to_program
from .reports import BYTES_PER_KNOT
from .tables import lower_to_table

#: "auto" makes no table that is larger than this.
MAX_TABLE_BYTES = 32 * 2**20


def choose_representation(model, particles, distinct, no_cutoff, representation, tolerance, tabulate_radial):
    """The function of a force in the representation that is asked for.

    Parameters
    ----------
    model : PairModel
    particles : ndarray, shape (n,) of types or (n, n_features)
        Of the force.
    distinct : ndarray, shape (m,) of types or (m, n_features)
        Those a program is compared with the model for.
    no_cutoff : bool
        Whether the force has no cutoff.
    representation, tolerance, tabulate_radial
        As in :meth:`PairModel.create_force`.

    Returns
    -------
    function : PairTable or PairProgram
    report : dict

    Raises
    ------
    LoweringError
        If the model cannot be represented as asked for, or the tolerance cannot be met.
    """
    obstacle = table_obstacle(model, no_cutoff)
    if representation == "table":
        if obstacle:
            raise LoweringError(f"{model.source}: {obstacle}; use representation='program'.")
        return lower_to_table(model, occurring_pairs(particles), tolerance)
    if representation == "auto" and not obstacle:
        lowered = _small_table(model, occurring_pairs(particles), tolerance)
        if lowered is not None:
            return lowered
    with_table = (representation == "auto" and not no_cutoff) if tabulate_radial is None else tabulate_radial
    if with_table and no_cutoff:
        raise LoweringError(
            f"{model.source}: a table of the radial part ends at the model's cutoff, and NoCutoff has none; use"
            " tabulate_radial=False."
        )
    return lower_to_program(model, distinct, tolerance if with_table else None)


def table_obstacle(model, no_cutoff):
    """Why a model cannot become a table, or an empty string."""
    if model.features is not None:
        return "the model has features, and a table is for types"
    if model.global_parameters:
        return "the model has global parameters, which a table cannot hold"
    return "a table ends at the cutoff, and NoCutoff has none" if no_cutoff else ""


def _small_table(model, pairs, tolerance):
    """A table and its report, or None if it would be too large, or does not reach the tolerance."""
    if len(pairs) * MIN_INTERVALS * BYTES_PER_KNOT > MAX_TABLE_BYTES:
        return None
    try:
        table, report = lower_to_table(model, pairs, tolerance)
    except ToleranceError as error:
        warn(f"{error} It becomes a program instead, which is exact and costs more.")
        return None
    return (table, report) if report["bytes"] <= MAX_TABLE_BYTES else None
