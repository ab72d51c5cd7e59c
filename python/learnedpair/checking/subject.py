# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What is checked: a System with its corrections, each in a force group of its own, at given positions."""

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from ..applying.no_effect import why_no_effect
from ..force.corrections import corrections_of
from ..force.learned_pair_force import LearnedPairForce

NUM_GROUPS = 32


@dataclass
class Subject:
    """A System with corrections, and where to evaluate it.

    Attributes
    ----------
    source : str
        The name of the System for messages.
    system : openmm.System
    positions : ndarray, shape (n_particles, 3), nm
    box : ndarray, shape (3, 3), nm, or None
        The periodic box vectors; None if no force of the System is periodic.
    parameters : dict of str to float
        Values of global parameters; the others have their default values.
    """

    source: str
    system: openmm.System
    positions: NDArray[np.float64]
    box: NDArray[np.float64] | None
    parameters: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.corrections = corrections_of(self.system)
        if not self.corrections:
            raise ValueError(
                f"{self.source}: the System has no LearnedPairForce, so there is nothing to check; learnedpair apply"
                " writes a System with one."
            )
        for correction in self.corrections:
            reason = why_no_effect(correction)
            if reason:
                raise ValueError(f"{self.source}: the correction {correction.getName()!r} does nothing: {reason}.")
        self.separated, self.groups = separate(self.system, self.source)

    def prepare(self, context: openmm.Context) -> openmm.Context:
        """Set the parameters, the box and the positions of a Context, and return it.

        Raises
        ------
        ValueError
            If the Context does not have one of the parameters.
        """
        existing = dict(context.getParameters())
        for name, value in self.parameters.items():
            if name not in existing:
                raise ValueError(
                    f"--parameter {name}: {self.source} has no such global parameter, only"
                    f" {', '.join(existing) or 'none at all'}."
                )
            context.setParameter(name, value)
        if self.box is not None:
            context.setPeriodicBoxVectors(*self.box)
        context.setPositions(self.positions)
        context.computeVirtualSites()
        return context

    def global_values(self, correction: LearnedPairForce) -> dict[str, float]:
        """The values of the global parameters of a correction's function, without its scale."""
        defaults = {
            correction.getGlobalParameterName(i): correction.getGlobalParameterDefaultValue(i)
            for i in range(correction.getNumGlobalParameters())
        }
        return {name: self.parameters.get(name, value) for name, value in defaults.items()}

    def scale(self, correction: LearnedPairForce) -> float:
        """The value of a correction's scale; 1 without one."""
        name = correction.getScaleParameter()
        return float(self.parameters.get(name, correction.getScaleDefaultValue())) if name else 1.0

    def refer_to(self, correction: LearnedPairForce) -> str:
        """The beginning of a message about a correction."""
        return f"{self.source}: the correction {correction.getName()!r}"


def without_correction(system: openmm.System) -> openmm.System:
    """Copy a System without its corrections."""
    plain = copy.deepcopy(system)
    for index in reversed(range(plain.getNumForces())):
        if LearnedPairForce.is_learned_pair_force(plain.getForce(index)):
            plain.removeForce(index)
    return plain


def separate(system: openmm.System, source: str) -> tuple[openmm.System, list[int]]:
    """Copy a System and give each correction a force group of its own. The groups of other forces stay as they are,
    since the nonbonded forces of one group must have the same cutoff on GPUs.

    Returns
    -------
    system : openmm.System
    groups : list of int
        The force group of each correction.

    Raises
    ------
    ValueError
        If there are not enough force groups.
    """
    separated = copy.deepcopy(system)
    corrections = corrections_of(separated)
    used = {
        force.getForceGroup() for force in separated.getForces() if not LearnedPairForce.is_learned_pair_force(force)
    }
    free = [group for group in range(NUM_GROUPS) if group not in used]
    if len(free) < len(corrections):
        raise ValueError(
            f"{source}: the System has {len(corrections)} corrections, and its other forces leave {len(free)} of"
            f" {NUM_GROUPS} force groups free; the check needs one for each correction, so give other forces the same"
            " group."
        )
    for correction, group in zip(corrections, free):
        correction.setForceGroup(group)
    return separated, free[: len(corrections)]


def evaluate(context: openmm.Context, group: int) -> tuple[float, NDArray[np.float64]]:
    """The energy of a force group in kJ/mol, and its forces in kJ/mol/nm."""
    state: Any = context.getState(energy=True, forces=True, groups={group})
    return state.getPotentialEnergy()._value, np.array(state.getForces(asNumpy=True)._value)


def evaluate_alone(subject: Subject, correction: LearnedPairForce) -> tuple[float, NDArray[np.float64]]:
    """Evaluate a correction on the Reference platform in a System without other forces and without virtual sites. The
    forces on virtual sites, which OpenMM moves to other particles, then remain where they act.
    """
    system = openmm.System()
    for _ in range(correction.getNumParticles()):
        system.addParticle(1.0)
    if subject.box is not None:
        system.setDefaultPeriodicBoxVectors(*subject.box)
    system.addForce(copy.copy(correction))
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    for name in subject.parameters.keys() & dict(context.getParameters()).keys():
        context.setParameter(name, subject.parameters[name])
    context.setPositions(subject.positions)
    return evaluate(context, correction.getForceGroup())
