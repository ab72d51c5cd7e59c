# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What is checked of a model, and at which pairs, distances and values of global parameters."""
