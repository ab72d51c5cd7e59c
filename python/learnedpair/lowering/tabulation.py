# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Replaces the program of a force by a table. The program itself is sampled, so PyTorch is not needed."""

from dataclasses import dataclass

import numpy as np
import openmm

from ..errors import LoweringError
from ..force.functions import PairProgram
from ..force.learned_pair_force import LearnedPairForce
from ..models.metadata.domain import Domain, read_domain
from .particles import occurring_pairs
from .reports import Member
from .tables import lower_to_table


@dataclass
class _SampledProgram:
    """A program of types with the attributes of a model that lower_to_table() uses."""

    program: PairProgram
    inner_cutoff: float
    cutoff: float
    source: str
    digest: str
    description: str
    types: list
    truncated: bool
    domain: Domain | None
    members: list

    @property
    def last_distance(self):
        return self.cutoff * (1 - 1e-12) if self.truncated else self.cutoff

    def evaluate(self, r, type1, type2):
        return self.program.evaluate(r, type1, type2)


def tabulate(force: openmm.Force, tolerance: float = 1e-4) -> None:
    """Replace the program of a force by a table, which is faster.

    Parameters
    ----------
    force : LearnedPairForce
        Its function must be a PairProgram of types without global parameters; it may come from an XML file. The
        function and the lowering report of the force are replaced. An existing Context needs
        ``context.reinitialize(preserveState=True)``.
    tolerance : float
        The table's force error is at most ``tolerance * (|F(r)| + 1 kJ/mol/nm)``.

    Raises
    ------
    LoweringError
        If the function is not such a program, the force has no cutoff, or the tolerance cannot be met.

    Examples
    --------
    >>> import learnedpair as lp
    >>> from learnedpair.data import WATER
    >>> force = lp.load_model(WATER).create_force(2 * ["O", "H", "H"], representation="program")
    >>> force
    <LearnedPairForce ...: 6 of 6 particles covered (O 2, H 4), cutoff 0.75 nm, a program with 988 weights, group 0>
    >>> lp.tabulate(force)
    >>> force
    <LearnedPairForce ...: 6 of 6 particles covered (O 2, H 4), cutoff 0.75 nm, 3 curves, group 0>
    >>> force.lowering_report["max_relative_force_error"] < 1e-4
    True
    """
    force = LearnedPairForce.cast(force)
    program = force.getFunction()
    if not isinstance(program, PairProgram) or program.num_features > 0 or program.global_parameters:
        problem = (
            "a table already"
            if not isinstance(program, PairProgram)
            else "a program with features or global parameters, and only one of types alone can become a table"
        )
        raise LoweringError(f"LearnedPairForce '{force.getName()}': the function is {problem}.")
    if force.getNonbondedMethod() == LearnedPairForce.NoCutoff:
        raise LoweringError(
            f"LearnedPairForce '{force.getName()}': the force has no cutoff, and a table ends at one; set a nonbonded"
            " method with a cutoff first."
        )
    report = force.lowering_report
    types = report.get("types") or [str(index) for index in range(program.num_types)]
    model = _SampledProgram(
        program,
        force.getInnerCutoffDistance()._value,
        force.getCutoffDistance()._value,
        report.get("model", force.getName()),
        report.get("digest", ""),
        report.get("description", ""),
        types,
        report.get("truncated", False),
        read_domain(report.get("domain"), types, "nm"),
        [Member(member["model"], member["digest"]) for member in report.get("members", [])],
    )
    table, report = lower_to_table(model, occurring_pairs(np.asarray(force.getParticleTypes())), tolerance)
    force.setFunction(table)
    force.lowering_report = report
