# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Arguments that all reporters have."""

from typing import Any

from ..force.particles import as_index


def read_interval(interval: Any, reporter: str) -> int:
    """Convert the number of steps between two reports to an int.

    Parameters
    ----------
    interval : int
    reporter : str
        The name of the reporter, for messages.

    Raises
    ------
    TypeError, ValueError
        If it is not an integer, or not at least 1.
    """
    steps = as_index(interval, f"{reporter}: reportInterval")
    if steps < 1:
        raise ValueError(f"{reporter}: reportInterval is {steps}; expected at least 1 step.")
    return steps
