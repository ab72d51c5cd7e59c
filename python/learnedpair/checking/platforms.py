# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of all platforms with the Reference platform."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from ..force.corrections import corrections_of
from ..force.functions import PairTable
from ..force.kernel_info import describe_kernel
from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import find_pairs
from .differences import check_differences
from .pairs import Allowance, allowance_of_tables, pair_functions
from .results import Result, failure, rms
from .subject import Subject, evaluate, without_correction
from .targets import REFERENCE, Skipped, Target, describe_device, one_line


@dataclass(frozen=True)
class Bounds:
    """Error bounds of a platform in comparison with Reference: the RMS error and the largest error of force components,
    relative to the RMS force; the error of the energy, relative to its size; and what rounding alone may cause, in
    kJ/mol or kJ/mol/nm.
    """

    rms: float
    largest: float
    energy: float
    floor: float


#: The largest error in single precision is that of stiff walls in OpenMM's CustomNonbondedForce.
SINGLE = Bounds(1e-5, 1.6e-4, 2e-5, 1e-6)
DOUBLE = Bounds(1e-9, 1e-8, 1e-9, 1e-9)


@dataclass
class Expected:
    """Energy and forces of a correction on the Reference platform, in double precision."""

    energy: float
    forces: NDArray[np.float64]
    #: What tables may add to errors; found when it is first needed, since all pairs are enumerated.
    allowance: Allowance | None = None

    @property
    def rms(self) -> float:
        return rms(self.forces)

    @property
    def energy_scale(self) -> float:
        """The size of an energy that errors are relative to. The second term remains if the energies of pairs cancel:
        a force over 0.1 nm, for independent components.
        """
        return abs(self.energy) + 0.1 * self.rms * float(np.sqrt(self.forces.size))


@dataclass
class Report:
    """What was measured on all platforms.

    Attributes
    ----------
    targets : list of dict
        Platform, precision, device, and the evaluation of each correction.
    skipped : list of Skipped
    results : list of Result
    expected : list of Expected
        For each correction.
    programs_with_tables : set of int
        The corrections whose program is evaluated with tables on a platform other than Reference.
    measured_errors : dict of int to list of (float, float, float)
        For each correction and each platform that evaluates its program with tables, or is in single or mixed
        precision: the difference to Reference of the energy, in kJ/mol, and of the components of the forces, RMS and
        largest, in kJ/mol/nm.
    """

    targets: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    programs_with_tables: set[int] = field(default_factory=set)
    measured_errors: dict[int, list[tuple[float, float, float]]] = field(default_factory=dict)


def name_of(index: int) -> str:
    """The name of a correction in tables."""
    return f"correction {index + 1}"


def check_platforms(subject: Subject, targets: list[Target], progress: Callable[[str], None]) -> Report:
    """Compare energies and forces of all corrections on all targets with Reference, and in double precision the forces
    with differences of energies.

    Parameters
    ----------
    subject : Subject
    targets : list of Target
        The first is Reference.
    progress : callable
        Called with a line of text before each step.
    """
    report = Report()
    for target in targets:
        progress(f"{target}: energy and forces")
        try:
            context = subject.prepare(target.context(subject.separated))
        except openmm.OpenMMException as error:
            if target == REFERENCE:
                raise
            _explain(report, subject, target, error)
            continue
        _check_target(report, subject, target, context, progress)
    return report


def _explain(report: Report, subject: Subject, target: Target, error: openmm.OpenMMException) -> None:
    """Record that a Context could not be made: a failure of the correction, unless the System cannot run without it."""
    try:
        target.context(without_correction(subject.system))
    except openmm.OpenMMException as other:
        reason = f"the System cannot run there even without a correction ({one_line(other)})"
        report.skipped.append(Skipped(target.platform, target.precision, reason))
    else:
        report.results.append(failure("System", str(target), "Context with corrections", one_line(error)))


def _check_target(
    report: Report, subject: Subject, target: Target, context: openmm.Context, progress: Callable[[str], None]
) -> None:
    evaluations = []
    for index, (correction, group) in enumerate(zip(corrections_of(context.getSystem()), subject.groups)):
        try:
            energy, forces = evaluate(context, group)
        except openmm.OpenMMException as error:
            if target == REFERENCE:
                raise
            report.results.append(failure(name_of(index), str(target), "energy and forces", one_line(error)))
            continue
        info = correction.getKernelInfo(context)
        evaluations.append(f"{name_of(index)}: {describe_kernel(info)}; {_describe_evaluation(correction, info)}")
        if target == REFERENCE:
            _require_effect(subject, correction, energy, forces)
            report.expected.append(Expected(energy, forces))
        else:
            expected = report.expected[index]
            allowance = Allowance()
            has_tables_of_program = info["evaluation"] == "table" and not isinstance(
                correction.getFunction(), PairTable
            )
            if has_tables_of_program:
                expected.allowance = expected.allowance or _allowance(subject, correction, progress)
                allowance = expected.allowance
                report.results.append(_of_tables(name_of(index), target, correction, info))
                report.programs_with_tables.add(index)
            if has_tables_of_program or not target.is_double:
                error_of_forces = np.asarray(forces) - expected.forces
                errors = (abs(energy - expected.energy), rms(error_of_forces), float(np.abs(error_of_forces).max()))
                report.measured_errors.setdefault(index, []).append(errors)
            report.results += compare(name_of(index), target, energy, forces, expected, allowance)
        if target.is_double:
            progress(f"{target}: differences of energies")
            report.results += check_differences(subject, correction, group, context, forces, name_of(index), target)
    report.targets.append(
        {
            "platform": target.platform,
            "precision": target.precision,
            "device": describe_device(context),
            "evaluations": evaluations,
        }
    )


def _of_tables(name: str, target: Target, correction: LearnedPairForce, info: dict[str, Any]) -> Result:
    """The error of the tables of a program that was measured when the Context made them."""
    error, tolerance = info["max_relative_force_error"], correction.getTableTolerance()
    return Result(name, str(target), "pair force error of tables", error, tolerance, "of |F| + 1")


def _describe_evaluation(correction: LearnedPairForce, info: dict[str, Any]) -> str:
    if isinstance(correction.getFunction(), PairTable):
        return "the function is a table"
    if info["evaluation"] == "environment":
        return "densities are looked up in tables, and a program is run for every atom"
    if info["evaluation"] == "table":
        return "the program is evaluated with tables"
    because = info["exact_because"]
    return f"the program is run for every pair{f', since {because}' if because else ''}"


def _require_effect(subject: Subject, correction: LearnedPairForce, energy: float, forces: NDArray[np.float64]) -> None:
    """Require finite forces that are not all zero: otherwise all comparisons would pass without any meaning."""
    name = subject.refer_to(correction)
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise ValueError(
            f"{name} has an energy of {energy:g} kJ/mol and forces that are not all finite in this structure; check"
            " the positions for NaN and for particles at the same place."
        )
    if not forces.any():
        scale = correction.getScaleParameter()
        value = subject.scale(correction)
        if scale and value == 0:
            raise ValueError(
                f"{name} is switched off, since its scale {scale!r} is 0; choose another value with --parameter"
                f" {scale}=1."
            )
        raise ValueError(
            f"{name} has no force on any particle in this structure, so there is nothing to compare; give a structure"
            " with pairs within the cutoff."
        )


def _allowance(subject: Subject, correction: LearnedPairForce, progress: Callable[[str], None]) -> Allowance:
    """The errors that the tables of a program may cause. Reference runs the program and does not have them."""
    progress("pairs in range, for the limits of tables")
    pairs = find_pairs(correction, subject.positions, subject.box)
    _, dEdR = pair_functions(correction, pairs, subject.global_values(correction))
    return allowance_of_tables(correction, pairs, dEdR, correction.getTableTolerance(), subject.scale(correction))


def compare(
    name: str,
    target: Target,
    energy: float,
    forces: NDArray[np.float64],
    expected: Expected,
    allowance: Allowance,
) -> list[Result]:
    """Compare energy and forces with those of Reference. Errors of forces are relative to the RMS force."""
    bounds = DOUBLE if target.is_double else SINGLE
    error = np.asarray(forces) - expected.forces
    note = (
        "the limit includes the error that the tolerance of the tables allows, since Reference runs the program"
        if allowance.rms
        else ""
    )
    floor = bounds.floor / expected.rms
    relative = "of the RMS force"
    return [
        Result(
            name,
            str(target),
            "energy error",
            abs(energy - expected.energy),
            bounds.energy * expected.energy_scale + bounds.floor + allowance.energy,
            "kJ/mol",
            note,
        ),
        Result(
            name,
            str(target),
            "force error, RMS",
            rms(error) / expected.rms,
            bounds.rms + floor + allowance.rms / expected.rms,
            relative,
            note,
        ),
        Result(
            name,
            str(target),
            "force error, largest",
            float(np.abs(error).max()) / expected.rms,
            bounds.largest + floor + allowance.largest / expected.rms,
            relative,
            note,
        ),
    ]
