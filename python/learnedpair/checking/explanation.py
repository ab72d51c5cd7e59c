# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tells without a GPU what each platform is going to do with the LearnedPairForces of a System, and why."""

from __future__ import annotations

import dataclasses

import openmm

from ..force.expected_evaluation import find_distinct
from ..force.functions import EnvironmentFunction, PairTable, core
from ..force.learned_pair_force import LearnedPairForce, describe_coverage
from .excluded_pairs import ExcludedPairs, compare_exclusions


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How Contexts in single and mixed precision, which are those of CPU and of most GPUs, evaluate a function."""

    #: "table" or "program", as :meth:`LearnedPairForce.getKernelInfo` has it.
    kind: str
    #: Why a program is run for every pair; empty for tables.
    exact_because: str
    #: Why GPUs run the program although tables are possible; empty if they use tables as well.
    exact_on_gpus_because: str
    #: The number of distinct types or feature vectors of the particles that are covered.
    num_distinct: int
    num_curves: int
    #: The size of the tables; None if a table was made by hand and has no report.
    table_bytes: int | None
    #: The largest measured force error of the tables, relative to |F| + 1 kJ/mol/nm; None if it is not known.
    max_relative_force_error: float | None


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where GPUs evaluate the pairs of a force, as :meth:`LearnedPairForce.getKernelInfo` names it."""

    #: In single and mixed precision: "shared kernel", "own kernel" or "compacted pairs".
    name: str
    #: Why it is not the shared kernel; empty if it is.
    reason: str
    #: In double precision, where fewer operations fit into OpenMM's kernel; two names if the program is small enough in
    #: single precision.
    name_in_double: str


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What platforms are going to do with one LearnedPairForce."""

    index: int
    name: str
    coverage: str
    #: "table", "program" or "environment function".
    function: str
    #: In nm; None without a cutoff.
    cutoff: float | None
    is_periodic: bool
    #: Why a Context with the force cannot be created; empty if it can. The next two are None if it cannot, and for an
    #: environment function, which every platform evaluates as it is, on GPUs with a neighbor list of its own.
    problem: str
    evaluation: Evaluation | None
    placement: Placement | None
    excluded: ExcludedPairs
    num_interaction_groups: int


def explain(system: openmm.System) -> list[Explanation]:
    """Explain what platforms are going to do with each LearnedPairForce of a System.

    Tables are made, which takes as long as when a Context is created.

    Parameters
    ----------
    system : openmm.System

    Returns
    -------
    list of Explanation
        In the order of the forces.
    """
    return [
        _explain_force(system, index, LearnedPairForce.cast(force))
        for index, force in enumerate(system.getForces())
        if LearnedPairForce.is_learned_pair_force(force)
    ]


def _explain_force(system, index, force):
    evaluation = placement = None
    problem = ""
    try:
        if isinstance(force.getFunction(), EnvironmentFunction):
            force.describe_for(system)  # raises if a Context cannot be created
        else:
            evaluation = _evaluation_of(system, force)
            placement = _placement_of(system, index, force, evaluation)
    except openmm.OpenMMException as error:
        problem = str(error)
    has_cutoff = force.getNonbondedMethod() != force.NoCutoff
    return Explanation(
        index,
        force.getName(),
        describe_coverage(force),
        _kind_of(force.getFunction()),
        force.getCutoffDistance()._value if has_cutoff else None,
        force.usesPeriodicBoundaryConditions(),
        problem,
        evaluation,
        placement,
        compare_exclusions(system, force),
        force.getNumInteractionGroups(),
    )


def _kind_of(function):
    if isinstance(function, EnvironmentFunction):
        return "environment function"
    return "table" if isinstance(function, PairTable) else "program"


def _evaluation_of(system, force):
    described = force.describe_for(system)  # raises if a Context cannot be created
    _, counts = find_distinct(force)
    function = force.getFunction()
    if isinstance(function, PairTable):
        report = force.lowering_report
        error = report.get("max_relative_force_error")
        return Evaluation("table", "", "", len(counts), len(function.energies), report.get("bytes"), error)
    is_table = described["evaluation"] == "table"
    return Evaluation(
        described["evaluation"],
        described["exact_because"],
        described["exact_on_gpus_because"],
        len(counts),
        described["num_curves"],
        described["table_bytes"],
        described["max_relative_force_error"] if is_table else None,
    )


def _placement_of(system, index, force, evaluation):
    """Apply the rules of PairPlacement in the GPU code."""
    described = core.describe_kernel(int(system.this), index)
    joins, reason = described["joins"], described["reason"]
    has_cutoff = force.getNonbondedMethod() != force.NoCutoff
    kernel = "shared kernel" if joins else "own kernel"
    if evaluation.kind == "table" or described["is_small"]:
        name = kernel
    else:
        name = "compacted pairs" if has_cutoff else "own kernel"
        reason = "the program has more operations than OpenMM's kernel takes" + (
            "" if has_cutoff else ", and without a cutoff pairs are not compacted"
        )
    in_double = name
    if not isinstance(force.getFunction(), PairTable):
        large = "compacted pairs" if has_cutoff else "own kernel"
        in_double = f"{kernel} or {large}" if described["is_small"] and kernel != large else large
    return Placement(name, reason, in_double)
