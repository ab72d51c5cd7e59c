# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What all reporters have in common: they report at multiples of an interval."""

from __future__ import annotations

from typing import Any

from openmm import app

from ..force.particles import as_count


def require_bool(value: Any, what: str) -> None:
    """Require True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{what} is {value!r:.60}; expected True or False.")


class IntervalReporter:
    """The base class of the reporters of this package.

    Parameters
    ----------
    reportInterval : int
        The number of steps between two reports.
    include : list of str
        What a report needs of the State, such as ["positions"].
    periodic : bool or None
        Whether the positions are moved to the periodic box; None to do as the Simulation does.

    Raises
    ------
    TypeError, ValueError
        If the interval is not an integer, or not at least 1.
    """

    def __init__(self, reportInterval: int, include: list[str], periodic: bool | None) -> None:
        self._interval = int(as_count(reportInterval, f"{type(self).__name__}: reportInterval", "step"))
        self._include, self._periodic = include, periodic
        self._is_prepared = False

    def describeNextReport(self, simulation: app.Simulation) -> dict[str, Any]:
        """Say when the next report is due and what it needs, in the form that openmm.app.Simulation expects.

        The first call compares the reporter with the System and the Context.

        Parameters
        ----------
        simulation : openmm.app.Simulation

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            If the arguments of the reporter do not fit the System or the Context.
        """
        if not self._is_prepared:
            self._prepare(simulation)
            self._start()  # an existing file is replaced only if all arguments are right
            self._is_prepared = True
        steps = self._interval - simulation.currentStep % self._interval
        return {"steps": steps, "periodic": self._periodic, "include": self._include}

    def _prepare(self, simulation: app.Simulation) -> None:
        """Compare the reporter with the System and the Context before the first report."""
        raise NotImplementedError

    def _start(self) -> None:
        """Open the files, before the first report."""
        raise NotImplementedError
