# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Replaces the CustomNonbondedForces of a System."""

from __future__ import annotations

import dataclasses
from typing import Any

import openmm
from openmm import unit

from ..force.learned_pair_force import LearnedPairForce
from ..force.lifetime import keep_alive
from ..lowering.tolerance import check_tolerance
from .conversion import from_custom_nonbonded, read_inner_cutoff


@dataclasses.dataclass(frozen=True)
class ReplacedForce:
    """What :func:`accelerate` did with one CustomNonbondedForce."""

    #: The index of the force in the System before.
    index: int
    name: str
    expression: str
    #: Its index in the System now, or None if it was left alone.
    new_index: int | None
    #: Why it was left alone; empty if it was replaced.
    reason: str = ""
    #: How Contexts in single and mixed precision evaluate it: "table" or "program".
    evaluation: str = ""
    #: Why it is not evaluated with tables, or empty.
    exact_because: str = ""
    #: Why GPUs run the program although tables are possible, or empty.
    exact_on_gpus_because: str = ""
    #: The number of distinct curves of the tables, and their size in bytes.
    curves: int = 0
    bytes: int = 0
    #: The largest error of the tables: of the force, relative to ``|F(r)| + 1 kJ/mol/nm``.
    max_relative_force_error: float = 0.0
    #: Below this distance, in nm, the energy of a pair continues as a straight line.
    inner_cutoff: float = 0.0

    def __str__(self) -> str:
        what = f"force {self.index}, {self.name} ({_shortened(self.expression)})"
        if self.new_index is None:
            return f"{what}: left alone. {self.reason}"
        exactly = " (GPUs run the program, which takes no longer there)" if self.exact_on_gpus_because else ""
        how = (
            f"{self.curves} curves of {self.bytes / 1024:.0f} KiB in all, force error"
            f" {self.max_relative_force_error:.1e}{exactly}"
            if self.evaluation == "table"
            else f"the program is run for every pair, since {self.exact_because}"
            + (" (give inner_cutoff if no pair comes closer)" if "jumps near" in self.exact_because else "")
        )
        return f"{what}: replaced by force {self.new_index}. {how}; unchanged above {self.inner_cutoff:.4g} nm"


@dataclasses.dataclass(frozen=True)
class AccelerationReport:
    """What :func:`accelerate` did. ``print(report)`` shows one line for each force."""

    #: The tolerance of the tables: the largest force error, relative to ``|F(r)| + 1 kJ/mol/nm``.
    tolerance: float
    forces: tuple[ReplacedForce, ...]

    @property
    def num_replaced(self) -> int:
        """The number of forces that were replaced."""
        return sum(force.new_index is not None for force in self.forces)

    def to_dict(self) -> dict[str, Any]:
        """Get the report as numbers and texts, for JSON."""
        return {**dataclasses.asdict(self), "num_replaced": self.num_replaced}

    def __str__(self) -> str:
        if not self.forces:
            return "The System has no CustomNonbondedForce."
        lines = [f"{self.num_replaced} of {len(self.forces)} CustomNonbondedForces replaced:"]
        return "\n".join([*lines, *(f"  {force}" for force in self.forces)])


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def accelerate(
    system: openmm.System, *, tolerance: float = 1e-4, inner_cutoff: float | unit.Quantity | None = None
) -> AccelerationReport:
    """Replace the CustomNonbondedForces of a System by LearnedPairForces that compute the same, and faster.

    Each force is converted by :func:`from_custom_nonbonded`. One that cannot be converted is left alone, and so are
    forces inside a CustomCVForce or an ATMForce. A force with too many distinct particles for tables is replaced as
    well: its program is run for every pair, on the CPU platform still much faster than before, on GPUs about as fast.

    One thing is not the same: if any force of the System asks for the derivative of the energy with respect to a global
    parameter, OpenMM adds the derivatives of those forces that were asked themselves. A LearnedPairForce adds its own
    in any case, so that the sum is complete.

    Call this before a Context or a Simulation is created from the System. The replaced forces are deleted: Python
    variables that refer to them must not be used any more. The new forces are the last ones of the System, so that the
    indices of other forces change.

    Parameters
    ----------
    system : openmm.System
    tolerance : float
        The largest force error of the tables, relative to ``|F(r)| + 1 kJ/mol/nm`` for every pair of particles.
    inner_cutoff : float, nm, or Quantity, optional
        As in :func:`from_custom_nonbonded`, for all forces. A tabulated potential that begins at a distance above 0
        jumps there, which tables cannot do: give this distance.

    Returns
    -------
    AccelerationReport
        For each CustomNonbondedForce what was done, and the error and the size of the tables.

    Raises
    ------
    TypeError, ValueError
        If ``system`` is not an openmm.System, or an option is wrong.

    Examples
    --------
    >>> import openmm
    >>> import learnedpair as lp
    >>> system = openmm.System()
    >>> system.setDefaultPeriodicBoxVectors([3, 0, 0], [0, 3, 0], [0, 0, 3])
    >>> force = openmm.CustomNonbondedForce("138.935*q1*q2*exp(-r/0.8)/r")
    >>> force.setNonbondedMethod(force.CutoffPeriodic)
    >>> index = force.addPerParticleParameter("q")
    >>> for particle in range(200):
    ...     index = system.addParticle(40.0)
    ...     index = force.addParticle([1.0 if particle % 2 else -1.0])
    >>> index = system.addForce(force)
    >>> print(lp.accelerate(system))
    1 of 1 CustomNonbondedForces replaced:
      force 0, CustomNonbondedForce (138.935*q1*q2*exp(-r/0.8)/r): replaced by force 0. 2 curves ...
    """
    if not isinstance(system, openmm.System):
        raise TypeError(f"accelerate: the system is a {type(system).__name__}; expected an openmm.System.")
    tolerance = check_tolerance(tolerance)
    inner_cutoff = None if inner_cutoff is None else read_inner_cutoff(inner_cutoff, "accelerate")
    outcomes: list[tuple[ReplacedForce, LearnedPairForce | None]] = [
        _convert(system, index, force, tolerance, inner_cutoff)
        for index, force in enumerate(system.getForces())
        if isinstance(force, openmm.CustomNonbondedForce)
    ]
    outcomes = _without_lone_periodic_forces(system, outcomes)
    for outcome, converted in reversed(outcomes):
        if converted is not None:
            system.removeForce(outcome.index)
    reports = []
    for outcome, converted in outcomes:
        if converted is not None:
            outcome = dataclasses.replace(outcome, new_index=system.addForce(converted))
            keep_alive(converted, system)
        reports.append(outcome)
    return AccelerationReport(tolerance, tuple(reports))


def _without_lone_periodic_forces(system, outcomes):
    """Leave periodic forces alone if they would be the only periodic ones: a LearnedPairForce refuses that."""
    replaced = {outcome.index for outcome, converted in outcomes if converted is not None}
    remaining = [
        force
        for index, force in enumerate(system.getForces())
        if isinstance(force, (openmm.NonbondedForce, openmm.CustomNonbondedForce)) and index not in replaced
    ]
    if not remaining or any(force.usesPeriodicBoundaryConditions() for force in remaining):
        return outcomes
    reason = "It is periodic, and the nonbonded forces that remain are not; OpenMM would apply its default box."
    return [
        (dataclasses.replace(outcome, reason=reason), None)
        if converted is not None and converted.usesPeriodicBoundaryConditions()
        else (outcome, converted)
        for outcome, converted in outcomes
    ]


def _convert(system, index, force, tolerance, inner_cutoff):
    """Convert one force. Return what is known about it, and the new force, or None if it is to be left alone."""
    outcome = ReplacedForce(index, force.getName(), force.getEnergyFunction(), None)
    try:
        converted = from_custom_nonbonded(force, tolerance=tolerance, inner_cutoff=inner_cutoff)
        evaluation = converted.describe_for(system)
    except (ValueError, openmm.OpenMMException) as error:
        return dataclasses.replace(outcome, reason=str(error)), None
    return (
        dataclasses.replace(
            outcome,
            evaluation=evaluation["evaluation"],
            exact_because=evaluation["exact_because"],
            exact_on_gpus_because=evaluation["exact_on_gpus_because"],
            curves=evaluation["num_curves"],
            bytes=evaluation["table_bytes"],
            max_relative_force_error=evaluation["max_relative_force_error"],
            inner_cutoff=converted.getInnerCutoffDistance()._value,
        ),
        converted,
    )
