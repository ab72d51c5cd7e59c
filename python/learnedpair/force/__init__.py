# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The force in Python: an openmm.Force, and what is given to it. It knows nothing of models."""
