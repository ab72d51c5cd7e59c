# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What the reporters have in common that compare a simulation with the training data of its corrections."""

from __future__ import annotations

import collections
import itertools
import os
from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import app, unit

from ..errors import DomainError, ModelError, warn
from ..force.corrections import all_corrections_of
from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import find_lost_particle
from .csv_file import CsvFile
from .interval_reporter import IntervalReporter, require_bool


class GuardReporter(IntervalReporter):
    """The base class of DomainReporter and DensityReporter.

    A report writes the rows of each correction, and warns of what is outside of the training data, once for each kind
    of it, or raises a DomainError. A derived class says what the training data are and what is outside of them.

    Parameters
    ----------
    columns : list of str
        Those after ``step``, ``time (ps)`` and ``correction``.
    given : object
        The training data that the user gives for one correction, or None.
    file, reportInterval, force, stop, append
        As for DomainReporter.
    """

    #: The keyword of the training data, and what they are called in messages.
    keyword: str
    data: str

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        reportInterval: int,
        columns: list[str],
        force: openmm.Force | None,
        given: Any,
        stop: bool,
        append: bool,
    ) -> None:
        self._name = type(self).__name__
        require_bool(stop, f"{self._name}: stop")
        require_bool(append, f"{self._name}: append")
        # A correction inside a CustomCVForce need not be periodic, and no molecule is to be moved into the box.
        super().__init__(reportInterval, ["positions"], periodic=False)
        self._force = None if force is None else LearnedPairForce.cast(force)
        self._given, self._stop = given, stop
        self._warned = set[tuple[str, ...]]()
        columns = ["step", "time (ps)", "correction", *columns]
        self._file = CsvFile(file, columns, append=append, reporter=self._name)

    def _limits_of(self, correction: LearnedPairForce, given: Any) -> Any:
        """The training data of a correction, those given or else those of its model; None if they are not known.

        Raises
        ------
        ModelError
            If they do not fit the correction.
        """
        raise NotImplementedError

    def _why_left_out(self, correction: LearnedPairForce) -> str:
        """Why a correction without training data is left out: the end of a sentence."""
        return f"has no {self.data}, and is left out"

    def _count(
        self,
        correction: LearnedPairForce,
        limits: Any,
        positions: NDArray[np.float64],
        box: NDArray[np.float64] | None,
    ) -> Sequence[Any]:
        """Compare positions with training data. Each result has the attribute ``outside``: "" if nothing is."""
        raise NotImplementedError

    def _columns(self, counts: Any) -> list[Any]:
        """The last columns of the row of a result."""
        raise NotImplementedError

    def _kind(self, counts: Any) -> tuple[str, ...]:
        """What is warned of only once."""
        raise NotImplementedError

    def _message(self, simulation: app.Simulation, name: str, counts: Any) -> str:
        """A sentence on a result that is outside of the training data."""
        raise NotImplementedError

    def _prepare(self, simulation: app.Simulation) -> None:
        if not self._watched(simulation.system):
            if self._force is not None:
                raise ValueError(
                    f"{self._name}: the correction {self._force.getName()!r} {self._why_left_out(self._force)}."
                )
            raise ValueError(
                f"{self._name}: no correction of the System has a {self.data}; export the model again with"
                f" {self.keyword}={{...}}, or give the reporter {self.keyword}={{...}}."
            )

    def _start(self) -> None:
        self._file.start()

    def _watched(self, system: openmm.System) -> list[tuple[str, LearnedPairForce, Any]]:
        """The corrections to look at: their names, which are made unique, and their training data."""
        corrections = all_corrections_of(system)
        named = list(zip(_unique_names([each.getName() for each in corrections]), corrections))
        if self._force is not None:
            named = [(name, each) for name, each in named if int(each.this) == int(self._force.this)]
            if not named:
                raise ValueError(
                    f"{self._name}: force is {self._force.getName()!r}, which is no force of this System; give one"
                    " that system.getForces() returns."
                )
        if self._given is not None and len(named) > 1:
            raise ValueError(
                f"{self._name}: {self.keyword} is given, and the System has {len(named)} corrections; choose one of"
                " them with force=..., and make a reporter for each."
            )
        watched = []
        for name, each in named:
            try:
                limits = self._limits_of(each, self._given)
            except ModelError as error:
                raise ValueError(f"{self._name}: the correction {name!r}: {error}") from error
            if limits is not None:
                watched.append((name, each, limits))
            elif (name,) not in self._warned:
                self._warned.add((name,))
                warn(f"{self._name}: the correction {name!r} {self._why_left_out(each)}.")
        return watched

    def report(self, simulation: app.Simulation, state: openmm.State) -> None:
        """Write the rows of a report; warn or raise an exception if something is outside of the training data.

        Parameters
        ----------
        simulation : openmm.app.Simulation
        state : openmm.State
            The present State, with positions that are not moved to other periodic images.

        Raises
        ------
        DomainError
            If the reporter is to stop the simulation, or the position of a covered particle is not finite.
        """
        positions = np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
        box = np.array(state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer))
        step, time = simulation.currentStep, state.getTime().value_in_unit(unit.picosecond)
        problems: list[tuple[str, Any]] = []
        for name, correction, limits in self._watched(simulation.system):
            lost = find_lost_particle(correction, positions)
            if lost is not None:
                raise DomainError(
                    f"{self._name}: step {step}: the position of {atom_name(simulation.topology, lost)} is"
                    f" {positions[lost].tolist()} nm; the simulation has become unstable. Look at the last reports"
                    " before this one."
                )
            counts = self._count(correction, limits, positions, box)
            self._file.write([[step, time, name, *self._columns(each)] for each in counts])
            problems += [(name, each) for each in counts if each.outside]
        if self._stop and problems:
            # What is too close comes first: its forces are the largest.
            name, worst = min(problems, key=lambda problem: problem[1].outside == "above")
            raise DomainError(self._message(simulation, name, worst))
        for name, each in problems:
            if (name, *self._kind(each), each.outside) not in self._warned:
                self._warned.add((name, *self._kind(each), each.outside))
                warn(self._message(simulation, name, each))


def _unique_names(names: list[str]) -> list[str]:
    """Number names that occur several times, such that all are different."""
    how_often = collections.Counter(names)
    taken = {name for name in names if how_often[name] == 1}
    result = []
    for number, name in enumerate(names, 1):
        if how_often[name] > 1:
            while f"{name} {number}" in taken:
                number += len(names)
            name = f"{name} {number}"
            taken.add(name)
        result.append(name)
    return result


def atom_name(topology: app.Topology, index: int) -> str:
    """The name of an atom, such as "HOH 12 O (atom 35)"."""
    atom = next(itertools.islice(topology.atoms(), index, None), None)
    return f"particle {index}" if atom is None else f"{atom.residue.name} {atom.residue.id} {atom.name} (atom {index})"
