# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Chooses the representation of a model: a table or a program."""

from typing import Literal, TypeAlias

from ..errors import LoweringError, ToleranceError, warn
from ..force.functions import MAX_CURVES
from .curves import MIN_INTERVALS
from .particles import occurring_pairs
from .programs import lower_to_program
from .reports import BYTES_PER_KNOT
from .tables import lower_to_table

#: What create_force() and add_correction() accept.
Representation: TypeAlias = Literal["auto", "table", "program"]

#: The largest table that "auto" makes.
MAX_TABLE_BYTES = 32 * 2**20


def choose_representation(
    model, particles, distinct, no_cutoff, representation, tolerance, evaluation, tabulate_radial
):
    """Lower a model to the requested representation.

    Parameters
    ----------
    model : PairModel
    particles : ndarray, shape (n,) of types or (n, n_features)
        All particles of the force.
    distinct : ndarray, shape (m,) of types or (m, n_features)
        The distinct particles for which a program is compared with the model.
    no_cutoff : bool
        Whether the force has no cutoff.
    representation, tolerance, evaluation, tabulate_radial
        As in :meth:`PairModel.create_force`.

    Returns
    -------
    function : PairTable or PairProgram
    report : dict

    Raises
    ------
    LoweringError
        If the model cannot have the requested representation, or the tolerance cannot be met.
    """
    obstacle = table_obstacle(model, no_cutoff)
    if representation == "table":
        if obstacle:
            raise LoweringError(f"{model.source}: {obstacle}; use representation='program'.")
        return lower_to_table(model, occurring_pairs(particles), tolerance)
    if representation == "auto" and evaluation != "exact" and not obstacle:
        lowered = _small_table(model, occurring_pairs(particles), tolerance)
        if lowered is not None:
            return lowered
    tabulates = tabulate_radial
    if tabulate_radial is None:
        pairs = len(distinct) * (len(distinct) + 1) // 2  # a few more than occur: see distinct_particles()
        is_exact = evaluation == "exact" or (evaluation == "auto" and pairs > MAX_CURVES)
        tabulates = representation == "auto" and not no_cutoff and is_exact
    if tabulates and no_cutoff:
        raise LoweringError(
            f"{model.source}: a table of the radial part ends at the model's cutoff, and NoCutoff has none; use"
            " tabulate_radial=False."
        )
    return lower_to_program(model, distinct, tolerance if tabulates else None)


def table_obstacle(model, no_cutoff):
    """The reason why a model cannot become a table; empty if it can."""
    if model.features is not None:
        return "the model has features, and a table is for types"
    if model.global_parameters:
        return "the model has global parameters, which a table cannot hold"
    return "a table ends at the cutoff, and NoCutoff has none" if no_cutoff else ""


def _small_table(model, pairs, tolerance):
    """Make a table and its report; None if the table would be too large or does not reach the tolerance."""
    if len(pairs) * MIN_INTERVALS * BYTES_PER_KNOT > MAX_TABLE_BYTES:
        return None
    try:
        table, report = lower_to_table(model, pairs, tolerance)
    except ToleranceError as error:
        warn(f"{error} It becomes a program instead, which is exact and costs more.")
        return None
    return (table, report) if report["bytes"] <= MAX_TABLE_BYTES else None
