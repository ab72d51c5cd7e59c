# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Corrections in the setups of other programs: force field files of OpenMM, and openmm-ml."""
