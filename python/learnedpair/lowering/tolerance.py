# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The tolerance of tables, and the positions between two knots at which their error is measured."""

import numpy as np

from ..errors import LoweringError
from ..force.particles import is_finite_number

#: Positions in an interval, from 0 to 1, at which the force error is measured while knots are added: the two maxima of
#: the interpolation error, and one position between them.
PROBES = np.array([0.5 - 0.5 / np.sqrt(3), 0.47, 0.5 + 0.5 / np.sqrt(3)])
#: Knots are added until the error is below this fraction of the tolerance, because the error may be slightly larger
#: between the measured points.
SAFETY = 0.8
#: The number of random points of each interval in the final measurement.
CONTROL_POINTS = 6


def check_tolerance(tolerance):
    """Convert a tolerance to a float.

    Raises
    ------
    LoweringError
        If it is not a positive finite number.
    """
    if not (is_finite_number(tolerance) and tolerance > 0):
        raise LoweringError(f"the tolerance is {tolerance!r:.60}; expected a positive number.")
    return float(tolerance)
