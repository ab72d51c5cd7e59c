# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The compiled module and its pair functions."""

from ..plugin import load

core = load()

PairTable = core.PairTable
PairProgram = core.PairProgram
