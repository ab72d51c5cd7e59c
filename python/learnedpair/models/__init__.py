# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Trained models: reading, evaluation in double precision, checks and writing; independent of tables and programs."""
