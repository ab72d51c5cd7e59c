# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The forces of the members of a committee, and the force of a System that they belong to."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import openmm

from ..force.corrections import corrections_of
from ..force.differences import first_difference
from ..force.learned_pair_force import LearnedPairForce
from .member_context import MAX_MEMBERS

if TYPE_CHECKING:  # this needs PyTorch
    from ..lowering.committee import CommitteeModel

ABOUT_MEMBERS = "expected a committee, as load_committee() returns it, or a list of the forces of its members"


class Members:
    """The members of a committee, which are given as models or as forces.

    Parameters
    ----------
    given : CommitteeModel, or sequence of LearnedPairForce

    Raises
    ------
    TypeError, ValueError
        If these are not the members of a committee, fewer than 2 or more than 32, or forces with different settings.
    """

    def __init__(self, given: CommitteeModel | Sequence[openmm.Force]) -> None:
        self._committee: Any = None
        self._forces: list[LearnedPairForce] = []
        if hasattr(given, "create_member_forces"):
            self._committee = given
            self._digests = [member.digest for member in self._committee.members]
        else:
            self._forces = _as_forces(given)
            self._digests = [force.lowering_report.get("digest", "") for force in self._forces]
        if not 2 <= len(self) <= MAX_MEMBERS:
            raise ValueError(
                f"CommitteeReporter: the number of members is {len(self)}; expected 2 to {MAX_MEMBERS}, since each has"
                " a force group of its own."
            )
        _require_alike(self._forces)

    def __len__(self) -> int:
        return len(self._digests)

    def forces_for(self, system: openmm.System, force: LearnedPairForce | None) -> list[LearnedPairForce]:
        """Get the forces of the members, with the settings of the force that they belong to.

        Parameters
        ----------
        system : openmm.System
            The simulated System.
        force : LearnedPairForce or None
            The force that the members belong to; None to find it in the System.

        Returns
        -------
        list of LearnedPairForce

        Raises
        ------
        ValueError
            If the force is not found, is not for this System, or has other settings than the forces of the members.
        """
        driving = self._find(system) if force is None else force
        if self._committee is not None:
            assert driving is not None
            self._forces = self._committee.create_member_forces(driving)
        elif driving is not None:
            difference = first_difference(driving, self._forces[0])
            if difference:
                raise ValueError(
                    f"CommitteeReporter: the force {driving.getName()!r} of the System and that of members[0] differ in"
                    f" {difference}; make the forces of the members with create_member_forces() of the committee."
                )
        count = self._forces[0].getNumParticles()
        if count != system.getNumParticles():
            raise ValueError(
                f"CommitteeReporter: the forces of the members have {count} particles, and the System"
                f" {system.getNumParticles()}; they belong to another System."
            )
        if (self._forces[0].getParticleTypes() == LearnedPairForce.NotCovered).all():
            raise ValueError("CommitteeReporter: no particle is covered by the members, so that they have no spread.")
        return self._forces

    def _find(self, system: openmm.System) -> LearnedPairForce | None:
        """Find the force of the committee, or of one of its members, by the digests in its report. Forces of members
        can do without it.
        """
        found = [force for force in corrections_of(system) if self._is_of(force)]
        if len(found) != 1 and self._committee is not None:
            what = "no force" if not found else f"{len(found)} forces"
            raise ValueError(
                f"CommitteeReporter: {what} of the System {'was' if not found else 'were'} made from"
                f" {self._committee.source} or one of its members, and exactly one is needed to know the particles and"
                " exclusions; pass force=..."
            )
        return found[0] if len(found) == 1 else None

    def _is_of(self, force: LearnedPairForce) -> bool:
        report = force.lowering_report
        members = {member["digest"] for member in report.get("members", [])}
        return members == set(self._digests) or report.get("digest") in self._digests


def _as_forces(given: Any) -> list[LearnedPairForce]:
    """Copy the forces of members."""
    if isinstance(given, (str, dict, openmm.Force)) or not hasattr(given, "__iter__"):
        raise TypeError(f"CommitteeReporter: the members are a {type(given).__name__}; {ABOUT_MEMBERS}.")
    forces = []
    for index, force in enumerate(given):
        if not isinstance(force, openmm.Force) or not LearnedPairForce.is_learned_pair_force(force):
            raise TypeError(f"CommitteeReporter: members[{index}] is a {type(force).__name__}; {ABOUT_MEMBERS}.")
        forces.append(copy.copy(LearnedPairForce.cast(force)))
    return forces


def _require_alike(forces: list[LearnedPairForce]) -> None:
    for index, force in enumerate(forces[1:], start=1):
        difference = first_difference(forces[0], force)
        if difference:
            raise ValueError(
                f"CommitteeReporter: the forces of members[0] and members[{index}] differ in {difference}; the members"
                " may differ in their functions alone."
            )
