# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The checks of a model, and the pairs, distances and values of global parameters at which they are made."""
