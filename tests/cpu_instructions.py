# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The instruction sets of the CPU platform, and those that this processor lacks."""

import functools
import os

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU

VARIABLE = "LEARNEDPAIR_CPU_INSTRUCTIONS"
SETS = ("AVX512", "AVX2", "SSE4", "portable")


def context_of(force, instructions):
    """A Context for the particles of a force with a given instruction set; the environment variable is restored."""
    system = openmm.System()
    for _ in range(force.getNumParticles()):
        system.addParticle(1.0)
    system.addForce(force)
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = instructions
    try:
        return CPU.context(system)
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def small_force():
    force = lp.LearnedPairForce(systems.table())
    force.setParticleTypes(np.zeros(2, dtype=int))
    force.setNonbondedMethod(lp.LearnedPairForce.CutoffNonPeriodic)
    force.setCutoffDistance(systems.CUTOFF)
    return force


@functools.cache
def missing():
    """The instruction sets that this processor lacks, according to the error message for an unknown one."""
    with pytest.raises(
        openmm.OpenMMException,
        match="LEARNEDPAIR_CPU_INSTRUCTIONS is 'MMX'; expected an instruction set of this processor: .*portable",
    ) as info:
        context_of(small_force(), "MMX")
    return set(SETS) - set(str(info.value).split("processor: ")[1].rstrip(".").split(", "))
