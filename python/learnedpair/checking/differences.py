# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Comparison of forces with central differences of the energy."""

import numpy as np
import openmm
from numpy.typing import NDArray

from ..force.learned_pair_force import LearnedPairForce
from ..force.neighbors import minimum_image
from ..force.pairs import box_of, cutoff_of
from .results import Result, rms
from .subject import Subject
from .targets import Target

#: The step in nm: small compared with the distance between knots of a table, where the slope of the force jumps.
STEP = 5e-6
#: Particles that have a partner this close to the cutoff, in nm, are not moved: a truncated function jumps there.
MARGIN = 10 * STEP
#: How many particles are moved together, and how many alone.
TOGETHER, ALONE = 500, 5
#: The largest error, relative to the RMS force and to the length of the displacement.
LIMIT = 1e-5


def check_differences(
    subject: Subject,
    correction: LearnedPairForce,
    group: int,
    context: openmm.Context,
    forces: NDArray[np.float64],
    name: str,
    target: Target,
) -> list[Result]:
    """Compare the forces of a correction with central differences of its energy: along a random direction of many
    particles, and along random directions of some particles alone.

    Parameters
    ----------
    subject : Subject
    correction : LearnedPairForce
    group : int
        The force group of the correction.
    context : openmm.Context
        In double precision.
    forces : ndarray, shape (n_particles, 3), kJ/mol/nm
    name : str
        The name of the correction in the results.
    target : Target
        The platform of the Context.
    """
    random = np.random.default_rng(0)
    movable = _movable(subject, correction, random)
    if len(movable) == 0:
        message = "no particle could be moved, since each has a partner at the cutoff"
        return [Result(name, str(target), "force - differences", float("nan"), LIMIT, "of the RMS force", message)]

    def error(particles: NDArray[np.int64]) -> float:
        direction = np.zeros_like(subject.positions)
        direction[particles] = random.normal(size=(len(particles), 3))
        difference = (_energy(subject, context, group, direction) - _energy(subject, context, group, -direction)) / (
            2 * STEP
        )
        return float(abs(difference + (forces * direction).sum()) / (rms(forces) * np.linalg.norm(direction)))

    alone = max(error(movable[k : k + 1]) for k in range(min(ALONE, len(movable))))
    together = error(movable)
    context.setPositions(subject.positions)
    context.computeVirtualSites()
    what = "force - differences"
    return [
        Result(name, str(target), f"{what}, {len(movable)} together", together, LIMIT, "of the RMS force"),
        Result(name, str(target), f"{what}, {min(ALONE, len(movable))} alone", alone, LIMIT, "of the RMS force"),
    ]


def _energy(subject: Subject, context: openmm.Context, group: int, direction: NDArray[np.float64]) -> float:
    context.setPositions(subject.positions + STEP * direction)
    context.computeVirtualSites()
    return float(context.getState(energy=True, groups={group}).getPotentialEnergy()._value)


def _movable(subject: Subject, correction: LearnedPairForce, random: np.random.Generator) -> NDArray[np.int64]:
    """Choose particles at random that the correction acts on, directly or through their virtual sites, and that have no
    partner close to the cutoff.
    """
    system = subject.system
    carried: dict[int, list[int]] = {}  # the virtual sites that move with a particle
    for site in range(system.getNumParticles()):
        if system.isVirtualSite(site):
            virtual = system.getVirtualSite(site)
            for k in range(virtual.getNumParticles()):
                carried.setdefault(virtual.getParticle(k), []).append(site)
    covered = correction.getParticleTypes() != correction.NotCovered
    where, box, cutoff = subject.positions[covered], box_of(correction, subject.box), cutoff_of(correction)

    def is_far_from_cutoff(particle: int) -> bool:
        delta = minimum_image(where - subject.positions[particle], box)
        return bool((np.abs(np.sqrt((delta**2).sum(axis=1)) - cutoff) > MARGIN).all())

    chosen: list[int] = []
    for particle in random.permutation(system.getNumParticles()).tolist():
        moving = [site for site in [particle, *carried.get(particle, [])] if covered[site]]
        if moving and not system.isVirtualSite(particle) and all(map(is_far_from_cutoff, moving)):
            chosen.append(particle)
            if len(chosen) == TOGETHER:
                break
    return np.array(chosen, dtype=np.int64)
