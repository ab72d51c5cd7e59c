# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A reporter that tells whether a simulation stays inside the training domain of its models."""

from __future__ import annotations

import os
from typing import Any, TextIO

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import app

from ..force.functions import EnvironmentFunction
from ..force.learned_pair_force import LearnedPairForce
from ..models.metadata.domain import Domain
from .domain_counts import DomainCounts, as_domain_of, count_pairs, domain_of
from .guard_reporter import GuardReporter, atom_name

COLUMNS = [
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


class DomainReporter(GuardReporter):
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

    keyword = "domain"
    data = "training domain"

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
        super().__init__(file, reportInterval, COLUMNS, force, domain, stop, append)

    def _limits_of(self, correction: LearnedPairForce, given: Any) -> Domain | None:
        return domain_of(correction) if given is None else as_domain_of(correction, given)

    def _why_left_out(self, correction: LearnedPairForce) -> str:
        if isinstance(correction.getFunction(), EnvironmentFunction):
            return "is an environment function, and is left out: watch its densities with lp.DensityReporter"
        return super()._why_left_out(correction)

    def _count(
        self,
        correction: LearnedPairForce,
        limits: Domain,
        positions: NDArray[np.float64],
        box: NDArray[np.float64] | None,
    ) -> list[DomainCounts]:
        return count_pairs(correction, limits, positions, box)

    def _columns(self, counts: DomainCounts) -> list[Any]:
        low, high = counts.limits or ("", "")
        distance = "" if counts.distance is None else round(counts.distance, 6)
        numbers = [counts.in_range, counts.below, counts.above, counts.without_data]
        return [*counts.types, low, high, *numbers, distance, *(counts.particles or ("", ""))]

    def _kind(self, counts: DomainCounts) -> tuple[str, ...]:
        return counts.types

    def _message(self, simulation: app.Simulation, name: str, counts: DomainCounts) -> str:
        """A sentence on the most extreme pair outside of the training domain."""
        assert counts.particles is not None
        first, second = (atom_name(simulation.topology, index) for index in counts.particles)
        what = "" if counts.types[0] == "*" else f", of the types {counts.types[0]} and {counts.types[1]},"
        if counts.limits is None:
            data, number = "has no training data for this pair of types", counts.without_data
        else:
            side = "begin" if counts.outside == "below" else "end"
            end, number = (counts.limits[0], counts.below) if side == "begin" else (counts.limits[1], counts.above)
            data = f"has training data that {side} at {end:g} nm"
        pairs = "1 such pair" if number == 1 else f"{number} such pairs"
        return (
            f"DomainReporter: step {simulation.currentStep}: {first} and {second}{what} are {counts.distance:.4f} nm"
            f" apart, and the correction {name!r} {data} ({pairs} in this step); its energies there are extrapolated:"
            " add such structures to the training data."
        )
