# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits to averages of liquids: density, pressure, energy and structure."""
