# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The compiled module, and the pair functions that it has."""

from ..plugin import load

core = load()

PairTable = core.PairTable
PairProgram = core.PairProgram
