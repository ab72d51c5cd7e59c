# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Lowering: turns a model into a table or a program with a measured error, and makes a force of it."""
