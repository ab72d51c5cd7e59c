# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A reporter that tells whether the densities of a simulation stay in the ranges of the training data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import app

from ..force.densities import densities_of
from ..force.functions import EnvironmentFunction
from ..force.learned_pair_force import LearnedPairForce
from ..force.particles import is_finite_number
from ..models.metadata.density_ranges import DensityRanges, read_density_ranges
from .guard_reporter import GuardReporter, atom_name

COLUMNS = ["type", "channel", "low", "high", "atoms", "below", "above", "smallest", "largest", "particle"]


@dataclass
class DensityCounts:
    """The atoms of one type in one channel.

    Attributes
    ----------
    type : str
    channel : int
    limits : (float, float) or None
        The range in the training data; None if the type has none.
    atoms, below, above : int
        All atoms of the type, and those below and above the range with its margin.
    smallest, largest : float
        The range of the densities of these atoms.
    particle : int or None
        The atom that is furthest outside of the range; None if all are inside.
    """

    type: str
    channel: int
    limits: tuple[float, float] | None
    atoms: int
    below: int
    above: int
    smallest: float
    largest: float
    particle: int | None

    @property
    def outside(self) -> str:
        """Where the atom furthest outside is: "below", "above", "without data", or "" for nowhere."""
        if self.limits is None:
            return "without data"
        if self.particle is None:
            return ""
        return "above" if self.largest - self.limits[1] > self.limits[0] - self.smallest else "below"


class DensityReporter(GuardReporter):
    """Compares the densities of a simulation with those of the training data, and writes counts as CSV.

    A reporter for openmm.app.Simulation, for corrections whose function is an :class:`EnvironmentFunction`. The energy
    of an atom is extrapolated where one of its densities is outside of the range of the training data. This is the
    usual way in which such models fail: a model of small clusters does not know the densities of a liquid. A report
    writes a row for each correction, each type that occurs and each channel:

    ``step``, ``time (ps)``, ``correction``
        ``correction`` is the name of the force; names that occur several times are numbered.
    ``type``, ``channel``, ``low``, ``high``
        The range of the densities in the training data, which is empty if there are none for the type. Channels are
        counted from 0.
    ``atoms``, ``below``, ``above``
        The number of atoms, and of those whose density is below and above the range with its margin.
    ``smallest``, ``largest``, ``particle``
        The range of the densities of these atoms; and the atom furthest outside of the range of the training data with
        its margin, empty if all are inside.

    The first time that a type is below, above or without data in a channel, a warning names the atom and the step.
    Nothing is computed between reports. A report takes about as long as a few hundred steps on a GPU.

    Parameters
    ----------
    file : path-like or text file
        The file to write to. An existing file is replaced, unless ``append`` is true.
    reportInterval : int
        The number of steps between two reports.
    force : openmm.Force, optional
        The one correction to look at, a force of the System. By default all environment functions of the System whose
        models have ranges of densities; a warning names those without.
    density_ranges : dict of str to sequence of (low, high), optional
        The ranges for each type and channel in place of those of the model. Types without names are called "0", "1",
        and so on.
    margin : float
        How far a density may be outside, as a fraction of the width of its range: no simulation stays between the
        extremes of a finite sample.
    stop : bool
        Whether to raise a DomainError, instead of warning, at a report with an atom outside. The rows of that report
        are written before.
    append : bool
        Whether to continue an existing file.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; or, at the first step, if no correction has ranges of densities, or ``force`` or
        ``density_ranges`` does not fit the System.
    DomainError
        At a report, with ``stop``; and in any case if the position of a covered particle is not finite.

    Examples
    --------
    An atom with two neighbors, whose model has seen one neighbor only:

    >>> import io
    >>> import numpy as np
    >>> import openmm
    >>> import learnedpair as lp
    >>> from openmm import app
    >>> r = np.linspace(0.1, 0.6, 101)[:, None]
    >>> text = "v0[1] = densities\\nv1[1] = mul v0 v0\\noutput v1"
    >>> function = lp.EnvironmentFunction(1, 0.1, 0.6, [0], [(0.6 - r) ** 2], [-2 * (0.6 - r)], [0], text)
    >>> force = lp.LearnedPairForce(function)
    >>> force.setNonbondedMethod(force.CutoffNonPeriodic)
    >>> force.setParticleTypes([0, 0, 0])
    >>> system, topology = openmm.System(), app.Topology()
    >>> for particle in range(3):
    ...     index = system.addParticle(39.948)
    ...     atom = topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", topology.addChain()))
    >>> index = system.addForce(force)
    >>> platform = openmm.Platform.getPlatform("Reference")
    >>> simulation = app.Simulation(topology, system, openmm.VerletIntegrator(1e-6), platform)
    >>> simulation.context.setPositions([[0, 0, 0], [0.3, 0, 0], [-0.3, 0, 0]])
    >>> file = io.StringIO()
    >>> simulation.reporters.append(lp.DensityReporter(file, 1, density_ranges={"0": [(0, 0.1)]}, stop=True))
    >>> try:
    ...     simulation.step(10)
    ... except lp.DomainError as error:
    ...     print(error)
    DensityReporter: step 1: Ar 1 Ar (atom 0), of the type 0, has the density 0.18 in channel 0, ...
    """

    keyword = "density_ranges"
    data = "range of densities"

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        reportInterval: int,
        *,
        force: openmm.Force | None = None,
        density_ranges: dict[str, Any] | None = None,
        margin: float = 0.1,
        stop: bool = False,
        append: bool = False,
    ) -> None:
        if not is_finite_number(margin) or margin < 0:
            raise ValueError(f"DensityReporter: margin is {margin!r}; expected a number that is not negative.")
        self._margin = float(margin)
        super().__init__(file, reportInterval, COLUMNS, force, density_ranges, stop, append)

    def _limits_of(self, correction: LearnedPairForce, given: Any) -> DensityRanges | None:
        function = correction.getFunction()
        if not isinstance(function, EnvironmentFunction):
            return None
        ranges = correction.lowering_report.get("density_ranges") if given is None else given
        return read_density_ranges(ranges, _type_names(correction), len(function.angular))

    def _why_left_out(self, correction: LearnedPairForce) -> str:
        if not isinstance(correction.getFunction(), EnvironmentFunction):
            return "is no environment function, and is left out: watch its distances with lp.DomainReporter"
        return super()._why_left_out(correction)

    def _count(
        self,
        correction: LearnedPairForce,
        limits: DensityRanges,
        positions: NDArray[np.float64],
        box: NDArray[np.float64] | None,
    ) -> list[DensityCounts]:
        densities, types = densities_of(correction, positions, box), correction.getParticleTypes()
        counts = []
        for index, name in enumerate(_type_names(correction)):
            atoms = np.flatnonzero(types == index)
            if len(atoms) > 0:
                for channel, values in enumerate(densities[atoms].T):
                    counts.append(self._compare(name, channel, limits.get(name), atoms, values))
        return counts

    def _compare(
        self,
        name: str,
        channel: int,
        of_type: list[tuple[float, float]] | None,
        atoms: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> DensityCounts:
        """Compare the densities of the atoms of a type in one channel with the range of the training data."""
        smallest, largest = float(values.min()), float(values.max())
        if of_type is None:
            return DensityCounts(name, channel, None, len(atoms), 0, 0, smallest, largest, int(atoms[0]))
        low, high = of_type[channel]
        margin = self._margin * (high - low)
        beyond = np.maximum(low - margin - values, values - high - margin)
        below, above = int((values < low - margin).sum()), int((values > high + margin).sum())
        worst = int(atoms[beyond.argmax()]) if below + above > 0 else None
        return DensityCounts(name, channel, (low, high), len(atoms), below, above, smallest, largest, worst)

    def _columns(self, counts: DensityCounts) -> list[Any]:
        low, high = counts.limits or ("", "")
        numbers = [counts.atoms, counts.below, counts.above, float(f"{counts.smallest:.6g}")]
        particle = "" if counts.limits is None or counts.particle is None else counts.particle
        return [counts.type, counts.channel, low, high, *numbers, float(f"{counts.largest:.6g}"), particle]

    def _kind(self, counts: DensityCounts) -> tuple[str, ...]:
        # One warning is enough for a type without data; the channels of other types fail for different reasons.
        return (counts.type,) if counts.limits is None else (counts.type, str(counts.channel))

    def _message(self, simulation: app.Simulation, name: str, counts: DensityCounts) -> str:
        assert counts.particle is not None
        atom = f"{atom_name(simulation.topology, counts.particle)}, of the type {counts.type},"
        begin = f"DensityReporter: step {simulation.currentStep}: {atom}"
        end = "its energy is extrapolated: add such structures to the training data."
        if counts.limits is None:
            return f"{begin} has no training data in the correction {name!r}; {end}"
        density = counts.largest if counts.outside == "above" else counts.smallest
        number = counts.below + counts.above
        return (
            f"{begin} has the density {density:.4g} in channel {counts.channel}, and the training data of the"
            f" correction {name!r} have {counts.limits[0]:.4g} to {counts.limits[1]:.4g}"
            f" ({number} such atom{'s' * (number != 1)} of {counts.atoms} in this step); {end}"
        )


def _type_names(correction: LearnedPairForce) -> list[str]:
    """The names of the types, or their indices if they have no names."""
    names: list[str] | None = correction.lowering_report.get("types")
    return names or [str(k) for k in range(correction.getFunction().num_types)]
