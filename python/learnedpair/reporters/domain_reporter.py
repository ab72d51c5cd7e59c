# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A reporter that tells whether a simulation stays inside the training domain of its models."""

from __future__ import annotations

import collections
import itertools
import os
from typing import Any, TextIO

import numpy as np
import openmm
from openmm import app, unit

from ..errors import DomainError, ModelError, warn
from ..force.corrections import all_corrections_of
from ..force.learned_pair_force import LearnedPairForce
from ..force.pairs import find_lost_particle
from ..models.metadata.domain import Domain
from .csv_file import CsvFile
from .domain_counts import DomainCounts, as_domain_of, count_pairs, domain_of
from .interval_reporter import IntervalReporter, require_bool

COLUMNS = [
    "step",
    "time (ps)",
    "correction",
    "type 1",
    "type 2",
    "low (nm)",
    "high (nm)",
    "in range",
    "below",
    "above",
    "without data",
    "distance (nm)",
    "particle 1",
    "particle 2",
]


class DomainReporter(IntervalReporter):
    """Compares the distances of a simulation with the training domain of its corrections, and writes counts as CSV.

    A reporter for openmm.app.Simulation. A report looks at the pairs that a correction evaluates: within the cutoff,
    not excluded, allowed by the interaction groups, minimum images. It writes a row for each correction and each pair
    of types that occur:

    ``step``, ``time (ps)``, ``correction``
        ``correction`` is the name of the force; names that occur several times are numbered.
    ``type 1``, ``type 2``, ``low (nm)``, ``high (nm)``
        The types and their training domain, which is empty if there are no training data for them. A model with
        features has one row, with the types "*".
    ``in range``, ``below``, ``above``, ``without data``
        The number of pairs in range; of those that are closer than the low end of the training domain; further apart
        than its high end; and without training data.
    ``distance (nm)``, ``particle 1``, ``particle 2``
        The most extreme distance outside of the training domain, and its particles: the shortest distance that is below
        it or without data, else the longest above it. Empty if all pairs are inside.

    The first time that a pair of types is below, above or without data, a warning names the two atoms, the step and the
    distance. Nothing is computed between reports.

    Parameters
    ----------
    file : path-like or text file
        The file to write to. An existing file is replaced, unless ``append`` is true.
    reportInterval : int
        The number of steps between two reports.
    force : openmm.Force, optional
        The one correction to look at, a force of the System. By default all corrections of the System that have a
        training domain, also those inside a CustomCVForce or an ATMForce; a warning names those without one.
    domain : dict of (str, str) to (low, high), or (low, high), nm or Quantities; optional
        The training domain in place of that of the model, as in :func:`export_model`. Types without names are called
        "0", "1", and so on.
    stop : bool
        Whether to raise a DomainError, instead of warning, at a report with a pair outside of the training domain. The
        rows of that report are written before.
    append : bool
        Whether to continue an existing file.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; or, at the first step, if no correction has a training domain, or ``force`` or
        ``domain`` does not fit the System.
    DomainError
        At a report, with ``stop``; and in any case if the position of a covered particle is not finite.

    Examples
    --------
    Two argon atoms that are closer than those of the training data:

    >>> import io
    >>> import numpy as np
    >>> import openmm
    >>> import learnedpair as lp
    >>> from openmm import app
    >>> r = np.linspace(0.25, 1.0, 301)
    >>> energy, slope = -0.3 * (1 - r**2) ** 3, 1.8 * r * (1 - r**2) ** 2
    >>> force = lp.LearnedPairForce(lp.PairTable(1, 0.25, 1.0, [energy], [slope], [0]))
    >>> force.setNonbondedMethod(force.CutoffNonPeriodic)
    >>> force.setParticleTypes([0, 0])
    >>> system, topology = openmm.System(), app.Topology()
    >>> for particle in range(2):
    ...     index = system.addParticle(39.948)
    ...     atom = topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", topology.addChain()))
    >>> index = system.addForce(force)
    >>> platform = openmm.Platform.getPlatform("Reference")
    >>> simulation = app.Simulation(topology, system, openmm.VerletIntegrator(1e-6), platform)
    >>> simulation.context.setPositions([[0, 0, 0], [0.3, 0, 0]])
    >>> file = io.StringIO()
    >>> simulation.reporters.append(lp.DomainReporter(file, 1, domain={("0", "0"): (0.32, 1.0)}, stop=True))
    >>> try:
    ...     simulation.step(10)
    ... except lp.DomainError as error:
    ...     print(error)
    DomainReporter: step 1: Ar 1 Ar (atom 0) and Ar 2 Ar (atom 1), of the types 0 and 0, are 0.3000 nm apart, ...
    >>> header, row = file.getvalue().splitlines()
    >>> row
    '1,1e-06,LearnedPairForce,0,0,0.32,1.0,1,1,0,0,0.3,0,1'
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        reportInterval: int,
        *,
        force: openmm.Force | None = None,
        domain: dict[tuple[str, str], Any] | tuple[Any, Any] | None = None,
        stop: bool = False,
        append: bool = False,
    ) -> None:
        require_bool(stop, "DomainReporter: stop")
        require_bool(append, "DomainReporter: append")
        # A correction inside a CustomCVForce need not be periodic, and no molecule is to be moved into the box.
        super().__init__(reportInterval, ["positions"], periodic=False)
        self._force = None if force is None else LearnedPairForce.cast(force)
        self._domain, self._stop = domain, stop
        self._warned = set[tuple[str, ...]]()
        self._file = CsvFile(file, COLUMNS, append=append, reporter="DomainReporter")

    def _prepare(self, simulation: app.Simulation) -> None:
        if not self._watched(simulation.system):
            raise ValueError(
                "DomainReporter: no correction of the System has a training domain; export the model again with"
                " domain={...}, or give the reporter domain={...}."
            )

    def _start(self) -> None:
        self._file.start()

    def _watched(self, system: openmm.System) -> list[tuple[str, LearnedPairForce, Domain]]:
        """The corrections to look at: their names, which are made unique, and their training domains."""
        corrections = all_corrections_of(system)
        how_often = collections.Counter(each.getName() for each in corrections)
        named = [
            (each.getName() if how_often[each.getName()] == 1 else f"{each.getName()} {number}", each)
            for number, each in enumerate(corrections, 1)
        ]
        if self._force is not None:
            named = [(name, each) for name, each in named if int(each.this) == int(self._force.this)]
            if not named:
                raise ValueError(
                    f"DomainReporter: force is {self._force.getName()!r}, which is no force of this System; give one"
                    " that system.getForces() returns."
                )
        if self._domain is not None and len(named) > 1:
            raise ValueError(
                f"DomainReporter: domain is given, and the System has {len(named)} corrections; choose one of them with"
                " force=..., and make a reporter for each."
            )
        watched = []
        for name, each in named:
            try:
                domain = domain_of(each) if self._domain is None else as_domain_of(each, self._domain)
            except ModelError as error:
                raise ValueError(f"DomainReporter: the correction {name!r}: {error}") from error
            if domain is not None:
                watched.append((name, each, domain))
            elif (name,) not in self._warned:
                self._warned.add((name,))
                warn(f"DomainReporter: the correction {name!r} has no training domain, and is left out.")
        return watched

    def report(self, simulation: app.Simulation, state: openmm.State) -> None:
        """Write the rows of a report; warn or raise an exception if a pair is outside of the training domain.

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
        problems: list[tuple[str, DomainCounts]] = []
        for name, correction, domain in self._watched(simulation.system):
            lost = find_lost_particle(correction, positions)
            if lost is not None:
                raise DomainError(
                    f"DomainReporter: step {step}: the position of {_atom(simulation.topology, lost)} is"
                    f" {positions[lost].tolist()} nm; the simulation has become unstable. Look at the last reports"
                    " before this one."
                )
            counts = count_pairs(correction, domain, positions, box)
            self._file.write([[step, time, name, *_columns(each)] for each in counts])
            problems += [(name, each) for each in counts if each.outside]
        if self._stop and problems:
            # Pairs that are too close come first: their forces are the largest.
            name, counts_of_worst = min(problems, key=lambda problem: problem[1].outside == "above")
            raise DomainError(_message(simulation, name, counts_of_worst))
        for name, each in problems:
            if (name, *each.types, each.outside) not in self._warned:
                self._warned.add((name, *each.types, each.outside))
                warn(_message(simulation, name, each))


def _columns(counts: DomainCounts) -> list[Any]:
    """The last columns of a row."""
    low, high = counts.limits or ("", "")
    distance = "" if counts.distance is None else round(counts.distance, 6)
    numbers = [counts.in_range, counts.below, counts.above, counts.without_data]
    return [*counts.types, low, high, *numbers, distance, *(counts.particles or ("", ""))]


def _message(simulation: app.Simulation, name: str, counts: DomainCounts) -> str:
    """A sentence on the most extreme pair outside of the training domain."""
    assert counts.particles is not None
    first, second = (_atom(simulation.topology, index) for index in counts.particles)
    what = "" if counts.types[0] == "*" else f", of the types {counts.types[0]} and {counts.types[1]},"
    if counts.limits is None:
        data, number = "has no training data for this pair of types", counts.without_data
    else:
        side = "begin" if counts.outside == "below" else "end"
        end, number = (counts.limits[0], counts.below) if side == "begin" else (counts.limits[1], counts.above)
        data = f"has training data that {side} at {end:g} nm"
    pairs = "1 such pair" if number == 1 else f"{number} such pairs"
    return (
        f"DomainReporter: step {simulation.currentStep}: {first} and {second}{what} are {counts.distance:.4f} nm apart,"
        f" and the correction {name!r} {data} ({pairs} in this step); its energies there are extrapolated: add such"
        " structures to the training data."
    )


def _atom(topology: app.Topology, index: int) -> str:
    """The name of an atom, such as "HOH 12 O (atom 35)"."""
    atom = next(itertools.islice(topology.atoms(), index, None), None)
    return f"particle {index}" if atom is None else f"{atom.residue.name} {atom.residue.id} {atom.name} (atom {index})"
