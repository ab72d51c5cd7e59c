# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tabulates the radial part of a program, that is, all values that depend on the distance alone, to a stated error."""

import numpy as np

from ..errors import LoweringError
from .comparison import Case
from .tolerance import CONTROL_POINTS, PROBES, SAFETY

MIN_KNOTS, MAX_KNOTS = 33, 16385
#: Knots are first added until the error is small enough for this number of pairs of each case, then for all pairs.
NUM_FIRST_PAIRS = 6


def tabulate_radial(model, exact, cases, tolerance, given_knots):
    """Tabulate the radial part of a program.

    Parameters
    ----------
    model : PairModel
    exact : PairProgram
    cases : list of Case
        The pairs of particles at which the error is measured.
    tolerance : float
        The force error is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``.
    given_knots : int
        The number of knots; 0 for as many as the tolerance requires.

    Returns
    -------
    program : PairProgram
    knots : int
        0, with the program unchanged, if it has no radial part to tabulate.

    Raises
    ------
    LoweringError
        If the tolerance cannot be met.
    """
    first_cases = [Case(case.first[:NUM_FIRST_PAIRS], case.second[:NUM_FIRST_PAIRS], case.values) for case in cases]
    knots = given_knots or _refine(model, exact, first_cases, tolerance, 0, MIN_KNOTS)[1]
    return _refine(model, exact, cases, tolerance, given_knots, knots) if knots else (exact, 0)


def _refine(model, exact, cases, tolerance, given_knots, knots):
    """Add knots until the error is small enough for all cases, beginning with a given number of knots."""
    while True:
        program = exact.tabulate_radial(model.cutoff, knots)
        if not program.has_table:
            return exact, 0
        width = (model.cutoff - model.inner_cutoff) / (knots - 1)
        positions = np.concatenate([PROBES, np.random.default_rng(0).random(CONTROL_POINTS)])
        distances = model.inner_cutoff + width * (np.arange(knots - 1)[:, None] + positions).ravel()
        ratio, worst = 0.0, ""
        for case in cases:
            dEdR, table_dEdR = (
                case.evaluate(exact.evaluate, distances)[1],
                case.evaluate(program.evaluate, distances)[1],
            )
            ratios = np.abs(table_dEdR - dEdR) / (SAFETY * tolerance * (np.abs(dEdR) + 1))
            k = int(np.argmax(ratios))
            if ratios[k] > ratio:
                ratio, worst = (
                    float(ratios[k]),
                    (
                        f"{case.name(distances, k)} the force is {abs(dEdR[k]):.4g} kJ/mol/nm and the error"
                        f" {abs(table_dEdR[k] - dEdR[k]):.2g}"
                    ),
                )
        if ratio <= (1 / SAFETY if given_knots else 1):
            return program, knots
        if given_knots or knots >= MAX_KNOTS:
            raise LoweringError(
                f"{model.source}: the table of the radial part does not reach the tolerance {tolerance:g} with"
                f" {knots} knots: {worst}. Allow a larger tolerance, use tabulate_radial=False, or"
                " look for a kink."
            )
        knots = min(MAX_KNOTS, int(np.ceil(knots * float(np.clip(1.05 * ratio ** (1 / 3), 1.1, 4)))))
