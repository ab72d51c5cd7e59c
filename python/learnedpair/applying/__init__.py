# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Application of a correction to a System: types, exclusions, checks, and the force that is added."""
