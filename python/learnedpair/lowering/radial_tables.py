# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Puts what depends on the distance alone in a program into a table, to a stated error."""

import numpy as np

from ..errors import LoweringError
from .comparison import Case
from .tolerance import CONTROL_POINTS, PROBES, SAFETY

MIN_KNOTS, MAX_KNOTS = 33, 16385
#: Knots are added for so few pairs first, and then for all of them.
PAIRS_TO_BEGIN_WITH = 6


def tabulate_radial(model, exact, cases, tolerance, given_knots):
    """The program with a table for what depends on r alone, and the number of its knots; as it was if there is no such
    thing.
    """
    few = [Case(case.first[:PAIRS_TO_BEGIN_WITH], case.second[:PAIRS_TO_BEGIN_WITH], case.values) for case in cases]
    knots = given_knots or _refine(model, exact, few, tolerance, 0, MIN_KNOTS)[1]
    return _refine(model, exact, cases, tolerance, given_knots, knots) if knots else (exact, 0)


def _refine(model, exact, cases, tolerance, given_knots, knots):
    """The same for some pairs of particles, beginning with a number of knots."""
    while True:
        program = exact.tabulate_radial(model.cutoff, knots)
        if not program.has_table:
            return exact, 0
        width = (model.cutoff - model.inner_cutoff) / (knots - 1)
        positions = np.concatenate([PROBES, np.random.default_rng(0).random(CONTROL_POINTS)])
        distances = model.inner_cutoff + width * (np.arange(knots - 1)[:, None] + positions).ravel()
        ratio, worst = 0.0, ""
        for case in cases:
            slope, table_slope = (
                case.evaluate(exact.evaluate, distances)[1],
                case.evaluate(program.evaluate, distances)[1],
            )
            ratios = np.abs(table_slope - slope) / (SAFETY * tolerance * (np.abs(slope) + 1))
            k = int(np.argmax(ratios))
            if ratios[k] > ratio:
                ratio, worst = (
                    float(ratios[k]),
                    (
                        f"{case.name(distances, k)} the force is {abs(slope[k]):.4g} kJ/mol/nm and the error"
                        f" {abs(table_slope[k] - slope[k]):.2g}"
                    ),
                )
        if ratio <= (1 / SAFETY if given_knots else 1):
            return program, knots
        if given_knots or knots >= MAX_KNOTS:
            raise LoweringError(
                f"{model.source}: the table of what depends on the distance alone does not reach the tolerance"
                f" {tolerance:g} with {knots} knots: {worst}. Allow a larger tolerance, use tabulate_radial=False, or"
                " look for a kink."
            )
        knots = min(MAX_KNOTS, int(np.ceil(knots * float(np.clip(1.05 * ratio ** (1 / 3), 1.1, 4)))))
