# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The tolerance of tables, and where in an interval between two knots their error is measured."""

import numbers

import numpy as np

from ..errors import LoweringError

#: Where in an interval the error is measured while knots are being added: its two extremes, and in between.
PROBES = np.array([0.5 - 0.5 / np.sqrt(3), 0.47, 0.5 + 0.5 / np.sqrt(3)])
#: The part of the tolerance that knots are added for: the error between the points it is measured at may be a little
#: larger.
SAFETY = 0.8
#: How many random points of each interval the final measurement takes.
CONTROL_POINTS = 6


def check_tolerance(tolerance):
    """The tolerance of a table as a number, if it is a possible one."""
    if not (isinstance(tolerance, numbers.Real) and 0 < tolerance < np.inf):
        raise LoweringError(f"the tolerance is {tolerance!r}; expected a positive number.")
    return float(tolerance)
