# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What a model says about itself beside the computation: names, units, distances, rules, parameters."""
