# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From a model to a force: a table or a program in place of the model, compared with it."""
