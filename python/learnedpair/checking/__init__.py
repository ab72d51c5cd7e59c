# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks of the corrections in a System: platforms, derivatives, the model, and the conservation of energy."""
