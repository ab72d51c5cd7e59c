# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The compiled module and its learned functions."""

from typing import TYPE_CHECKING, TypeAlias

from ..plugin import load

core = load()

#: The largest number of pairs of distinct particles for which a Context makes tables by itself.
MAX_CURVES: int = core.MAX_CURVES

if TYPE_CHECKING:
    from .._core import EnvironmentFunction, PairProgram, PairTable
else:
    PairTable = core.PairTable
    PairProgram = core.PairProgram
    EnvironmentFunction = core.EnvironmentFunction

#: What a LearnedPairForce can evaluate.
Function: TypeAlias = "PairTable | PairProgram | EnvironmentFunction"
