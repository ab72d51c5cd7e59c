# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Learned pair corrections for OpenMM at the speed of the classical force field."""

from .force import LearnedPairForce, PairTable
