# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The metadata of a model: names of types or features, units, distances, rules and global parameters."""
