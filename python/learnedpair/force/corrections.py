# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The LearnedPairForces of a System."""

from collections.abc import Iterable, Iterator

import openmm

from .learned_pair_force import LearnedPairForce


def corrections_of(system: openmm.System) -> list[LearnedPairForce]:
    """Get the LearnedPairForces of a System, without those inside other forces."""
    return [
        LearnedPairForce.cast(force) for force in system.getForces() if LearnedPairForce.is_learned_pair_force(force)
    ]


def all_corrections_of(system: openmm.System) -> list[LearnedPairForce]:
    """Get the LearnedPairForces of a System, and those that a CustomCVForce or an ATMForce holds."""
    return list(_search(system.getForces()))


def _search(forces: Iterable[openmm.Force]) -> Iterator[LearnedPairForce]:
    for force in forces:
        if LearnedPairForce.is_learned_pair_force(force):
            yield LearnedPairForce.cast(force)
        elif isinstance(force, openmm.CustomCVForce):
            yield from _search(force.getCollectiveVariable(i) for i in range(force.getNumCollectiveVariables()))
        elif isinstance(force, openmm.ATMForce):
            yield from _search(force.getForce(i) for i in range(force.getNumForces()))
