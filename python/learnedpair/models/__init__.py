# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Trained models: read, evaluated in double precision, written. It knows nothing of tables and programs."""
