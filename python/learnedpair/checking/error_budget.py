# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The error budget of a correction in one structure: tables, single precision and the spread of a committee."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..force.functions import PairTable
from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import find_pairs
from .pairs import allowance_of_tables, pair_functions
from .platforms import Report
from .results import format_table, rms
from .subject import Subject, evaluate_alone

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """One source of errors.

    Attributes
    ----------
    source, meaning : str
        What causes the error, and what the numbers are.
    energy : float, kJ/mol
    rms_force, largest_force : float, kJ/mol/nm
        Of all components of the forces.
    """

    source: str
    energy: float
    rms_force: float
    largest_force: float
    meaning: str


def find_budget(
    subject: Subject,
    index: int,
    report: Report,
    member_forces: Sequence[LearnedPairForce],
    progress: Callable[[str], None],
) -> list[Contribution]:
    """Find what is known about the errors of a correction.

    Parameters
    ----------
    subject : Subject
    index : int
        The index of the correction.
    report : Report
        Of all platforms.
    member_forces : sequence of LearnedPairForce
        Those of the members of a committee; empty without one.
    progress : callable
        Called with a line of text before each step.

    Returns
    -------
    list of Contribution
        The last one is the sum, if there are several: an upper estimate, since errors may cancel.
    """
    found = [_of_tables(subject, index, progress), _of_platforms(index, report)]
    if member_forces:
        progress("spread of the committee")
        found.append(_of_committee(subject, member_forces))
    known = [each for each in found if each is not None]
    if len(known) < 2:
        return known
    energy, rms_force, largest_force = (
        sum(getattr(each, name) for each in known) for name in ("energy", "rms_force", "largest_force")
    )
    return [*known, Contribution("sum", energy, rms_force, largest_force, "as if no errors cancelled")]


def _of_tables(subject: Subject, index: int, progress: Callable[[str], None]) -> Contribution | None:
    """The bound of the error of the table in a force. Those of a program are part of the measured errors, since
    Reference runs the program.
    """
    correction = subject.corrections[index]
    error = correction.lowering_report.get("max_relative_force_error")
    if not isinstance(correction.getFunction(), PairTable) or error is None:  # None: the table is not made of a model
        return None
    progress("pairs in range, for the error of tables")
    pairs = find_pairs(correction, subject.positions, subject.box)
    _, dEdR = pair_functions(correction, pairs, subject.global_values(correction))
    bound = allowance_of_tables(correction, pairs, dEdR, error, subject.scale(correction))
    return Contribution("tables", bound.energy, bound.rms, bound.largest, "bound, from the largest error of a pair")


def _of_platforms(index: int, report: Report) -> Contribution | None:
    """The largest differences of all platforms to Reference."""
    errors = report.measured_errors.get(index, [])
    if not errors:
        return None
    source = "tables and single precision" if index in report.programs_with_tables else "single precision"
    energy, rms_force, largest = (max(each[k] for each in errors) for k in range(3))
    return Contribution(source, energy, rms_force, largest, "measured against Reference, worst platform")


def _of_committee(subject: Subject, member_forces: Sequence[LearnedPairForce]) -> Contribution:
    evaluated = [evaluate_alone(subject, force) for force in member_forces]
    energies = np.array([energy for energy, _ in evaluated])
    forces = np.array([force for _, force in evaluated])
    spread = forces.std(axis=0, ddof=1)
    meaning = f"sample standard deviation of {len(evaluated)} members"
    return Contribution("committee", float(energies.std(ddof=1)), rms(spread), float(spread.max()), meaning)


def format_budget(name: str, budget: Sequence[Contribution]) -> list[str]:
    """Format the errors of a correction as a table."""
    if not budget:
        return [
            f"Error budget of {name}: nothing to add up (no tables, no platform in single precision, no committee)."
        ]
    rows = [
        [each.source, f"{each.energy:.2e}", f"{each.rms_force:.2e}", f"{each.largest_force:.2e}", each.meaning]
        for each in budget
    ]
    header = ["source", "energy", "force, RMS", "force, largest", "meaning"]
    return [
        f"Error budget of {name} in this structure, in kJ/mol and, for components of forces, kJ/mol/nm:",
        *(f"  {line}" for line in format_table(header, rows, right=(1, 2, 3))),
    ]


def budget_as_json(budget: Sequence[Contribution]) -> list[dict[str, Any]]:
    """The errors of a correction for a JSON file."""
    return [asdict(each) for each in budget]
