# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""LearnedPairForce as an openmm.Force in Python, and the conversion of its arguments. Independent of models."""
