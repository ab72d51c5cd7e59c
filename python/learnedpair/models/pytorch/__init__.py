# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Helpers for PyTorch: modules, double precision, global state and error messages."""
