# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The instruction sets of the CPU platform, and those of them that this processor lacks."""

import functools
import os
import platform
import unittest.mock

import learnedpair as lp
import numpy as np
import openmm
import pytest
import systems
from comparators import CPU, evaluate

VARIABLE = "LEARNEDPAIR_CPU_INSTRUCTIONS"
X86, ARM = ("AVX512", "AVX2", "SSE4"), ("NEON",)
IS_ARM = platform.machine() in ("aarch64", "arm64")
#: The instruction sets of this processor's family, the best one first, and those of the other family.
SETS = (*(ARM if IS_ARM else X86), "portable")
OTHERS = X86 if IS_ARM else ARM


def context_of(force, instructions):
    """A Context for the particles of a force with a given instruction set."""
    system = openmm.System()
    for _ in range(force.getNumParticles()):
        system.addParticle(1.0)
    system.addForce(force)
    with unittest.mock.patch.dict(os.environ, {VARIABLE: instructions}):
        return CPU.context(system)


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


def assert_portable(instructions, system, positions):
    """Require the results of an instruction set to be those of the portable path, but for rounding in another order.

    The RMS difference of the forces is at most 2e-6 of the RMS force (9e-7 with AVX-512, whose estimates of 1/r differ
    most), that of the energy at most 1e-6 of it or of the forces.
    """
    energies, forces = [], []
    for name in (instructions, "portable"):
        with unittest.mock.patch.dict(os.environ, {VARIABLE: name}):
            energy, force = evaluate(CPU.context(system, positions))
        energies.append(energy)
        forces.append(force)
    rms = np.sqrt(np.mean(forces[1] ** 2))
    difference = np.sqrt(np.mean((forces[0] - forces[1]) ** 2)) / rms
    assert difference <= 2e-6, f"{instructions}: RMS difference of the forces {difference:.3g} of the RMS force"
    scale = abs(energies[1]) + 0.1 * rms * np.sqrt(forces[1].size)
    assert abs(energies[0] - energies[1]) <= 1e-6 * scale, f"{instructions}: {energies}"
