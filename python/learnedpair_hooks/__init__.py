# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The entry points through which other programs find learnedpair.

They import learnedpair only when it is used, so that its errors appear there: OpenMM ignores every exception while it
loads entry points, and an exception would make openmm-ml unusable for other potentials.
"""
