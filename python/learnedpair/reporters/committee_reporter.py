# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A reporter of the spread of a committee, and of the configurations on which its members disagree."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import openmm
from openmm import app, unit

from ..devices import find_platform
from ..force.learned_pair_force import LearnedPairForce
from ..force.particles import as_number
from .candidate_file import CandidateFile, check_candidates, symbols_of
from .committee_spread import Spread, spread_of
from .csv_file import CsvFile
from .interval_reporter import IntervalReporter, require_bool
from .member_context import MemberContext
from .member_forces import Members

if TYPE_CHECKING:  # this needs PyTorch
    from ..lowering.committee import CommitteeModel

_UNIT_OF_FORCE = unit.kilojoule_per_mole / unit.nanometer


class CommitteeReporter(IntervalReporter):
    """Writes how far the members of a committee disagree at the positions of a simulation, as CSV.

    A reporter for openmm.app.Simulation. At each report, the energy and the forces of each member are computed at the
    present positions, with the present box and parameters. This takes place in a Context of its own: the simulated
    System is unchanged, and nothing is computed between the reports. Each row holds the step, the time in ps, the mean
    of the energies, their spread, the root mean square over the covered particles of the spread of forces, its maximum,
    the particle where it occurs, and the energy of each member; in kJ/mol and kJ/mol/nm. These are the energies of the
    correction alone.

    The spread is the sample standard deviation over the K members. That of the force on particle i is

    sigma_i = sqrt(sum over members k of ``|F_ik - mean F_i|^2`` / (K - 1))

    Parameters
    ----------
    file : path-like or text file
        The file to write to. An existing file is replaced, unless ``append`` is true.
    reportInterval : int
        The number of steps between two rows.
    members : CommitteeModel, or sequence of LearnedPairForce
        The committee of :func:`load_committee`; or the forces of its 2 to 32 members, as
        :meth:`CommitteeModel.create_member_forces` makes them, which need no PyTorch and can be stored with
        openmm.XmlSerializer.
    force : LearnedPairForce, optional
        The force that the members belong to. By default it is found in the System: the force that was made from the
        committee or from one of its members. Its particles, exclusions and other settings, as they are before the first
        step, are those of the members. Later changes with updateParametersInContext() are not followed; make a new
        reporter then.
    platform : openmm.Platform or str, optional
        Where the members are computed. By default the platform of the Simulation, with its properties.
    properties : dict of str to str, optional
        Properties of the Context of the members, such as {"Precision": "double"}.
    select : (float, float), kJ/mol/nm, or Quantities, optional
        Configurations with a maximum spread of forces from the first to below the second number are written to
        ``candidates``. The second may be infinite.
    candidates : path-like or text file, optional
        A file in the extended XYZ format, in angstrom, with the spread of the force on each particle.
    append : bool
        Whether to continue existing files. The columns of the CSV file must be the same.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; or, before the first step, if the members do not fit the System.

    References
    ----------
    The selection by two limits of the maximum spread: DP-GEN, Zhang et al., Phys. Rev. Mater. 3, 023804 (2019);
    Comput. Phys. Commun. 253, 107206 (2020). Their "model deviation" has K in place of K - 1.

    Examples
    --------
    Two untrained networks disagree about the force between two argon atoms:

    >>> import io
    >>> import openmm
    >>> import torch
    >>> import learnedpair as lp
    >>> from openmm import app
    >>> networks = []
    >>> for seed in range(2):
    ...     generator = torch.manual_seed(seed)
    ...     networks.append(lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3))
    >>> committee = lp.load_committee(networks, types=["Ar"], cutoff=0.8, inner_cutoff=0.3)
    >>> method = lp.LearnedPairForce.CutoffNonPeriodic
    >>> system, topology = openmm.System(), app.Topology()
    >>> residue = topology.addResidue("Ar", topology.addChain())
    >>> for particle in range(2):
    ...     index = system.addParticle(39.948)
    ...     atom = topology.addAtom("Ar", app.element.argon, residue)
    >>> index = system.addForce(committee.create_force(["Ar", "Ar"], nonbonded_method=method))
    >>> platform = openmm.Platform.getPlatform("Reference")
    >>> simulation = app.Simulation(topology, system, openmm.VerletIntegrator(1e-6), platform)
    >>> simulation.context.setPositions([[0, 0, 0], [0.4, 0, 0]])
    >>> file = io.StringIO()
    >>> simulation.reporters.append(lp.CommitteeReporter(file, 1, committee))
    >>> simulation.step(1)
    >>> header, row = file.getvalue().splitlines()
    >>> header.split(",")[:4]
    ['step', 'time (ps)', 'mean E (kJ/mol)', 'spread of E (kJ/mol)']
    >>> header.split(",")[4:7]
    ['RMS spread of F (kJ/mol/nm)', 'max spread of F (kJ/mol/nm)', 'particle of max']
    >>> mean, spread = map(float, row.split(",")[2:4])
    >>> energies = [model.evaluate([0.4], [0], [0])[0][0] for model in committee.members]
    >>> bool(abs(mean - sum(energies) / 2) < 1e-4 and abs(spread - abs(energies[0] - energies[1]) / 2**0.5) < 1e-4)
    True
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        reportInterval: int,
        members: CommitteeModel | Sequence[openmm.Force],
        *,
        force: openmm.Force | None = None,
        platform: openmm.Platform | str | None = None,
        properties: Mapping[str, str] | None = None,
        select: tuple[float | unit.Quantity, float | unit.Quantity] | None = None,
        candidates: str | os.PathLike[str] | TextIO | None = None,
        append: bool = False,
    ) -> None:
        super().__init__(reportInterval, ["positions"], periodic=None)
        require_bool(append, "CommitteeReporter: append")
        self._members = Members(members)
        self._force = None if force is None else LearnedPairForce.cast(force)
        self._platform = find_platform(platform) if isinstance(platform, str) else platform
        self._properties = dict(properties or {})
        self._select = _read_limits(select)
        if (select is None) != (candidates is None):
            given, missing = ("candidates", "select") if select is None else ("select", "candidates")
            raise ValueError(
                f"CommitteeReporter: {given} was given without {missing}; configurations are written with"
                " select=(low, high) and candidates=path."
            )
        if candidates is not None:
            check_candidates(candidates, append)
            if _is_same_file(file, candidates):
                raise ValueError(
                    f"CommitteeReporter: candidates is {candidates!r}, the file of the numbers; name another one."
                )
        self._context: MemberContext | None = None
        self._symbols: list[str] = []
        self._file = CsvFile(
            file, self._header(), append=append, reporter="CommitteeReporter", remedy="the same number of members"
        )
        self._candidates = None if candidates is None else CandidateFile(candidates, append)

    def _header(self) -> list[str]:
        return [
            "step",
            "time (ps)",
            "mean E (kJ/mol)",
            "spread of E (kJ/mol)",
            "RMS spread of F (kJ/mol/nm)",
            "max spread of F (kJ/mol/nm)",
            "particle of max",
            *(f"E of members[{index}] (kJ/mol)" for index in range(len(self._members))),
        ]

    def _prepare(self, simulation: app.Simulation) -> None:
        self._context = self._make_context(simulation)
        if not self._context.is_periodic:  # in a periodic System, too: no molecule is to be moved into the box
            self._periodic = False

    def _start(self) -> None:
        self._file.start()
        if self._candidates is not None:
            self._candidates.start()

    def _make_context(self, simulation: app.Simulation) -> MemberContext:
        forces = self._members.forces_for(simulation.system, self._force)
        box = simulation.context.getState().getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer)
        context = MemberContext(forces, *self._platform_for(simulation.context), box)
        present = dict(simulation.context.getParameters())
        for name in context.parameters:
            if name not in present:
                raise ValueError(
                    f"CommitteeReporter: the members depend on the parameter {name!r}, and the Context has only"
                    f" {', '.join(sorted(present)) or 'none at all'}; give the members that belong to its force."
                )
        if self._candidates is not None:
            self._symbols = symbols_of(simulation.topology)
            if len(self._symbols) != simulation.system.getNumParticles():
                raise ValueError(
                    f"CommitteeReporter: the topology has {len(self._symbols)} atoms, and the System"
                    f" {simulation.system.getNumParticles()} particles; candidates need the element of each particle."
                )
        return context

    def _platform_for(self, context: openmm.Context) -> tuple[openmm.Platform, dict[str, str]]:
        """The platform of the members' Context and its properties: by default those of the simulated Context."""
        if self._platform is not None:
            return self._platform, self._properties
        platform = context.getPlatform()
        present = {name: platform.getPropertyValue(context, name) for name in platform.getPropertyNames()}
        return platform, {**present, **self._properties}

    def report(self, simulation: app.Simulation, state: openmm.State) -> None:
        """Write a row, and the configuration if it is selected.

        Parameters
        ----------
        simulation : openmm.app.Simulation
        state : openmm.State
            The present State, with positions.
        """
        if self._context is None:
            self._context = self._make_context(simulation)
        energies, forces = self._context.evaluate(state, dict(simulation.context.getParameters()))
        spread = spread_of(energies, forces, self._context.particles)
        time = state.getTime().value_in_unit(unit.picosecond)
        row = [
            simulation.currentStep,
            time,
            spread.mean_energy,
            spread.energy,
            spread.rms_force,
            spread.max_force,
            spread.max_particle,
            *energies.tolist(),
        ]
        self._file.write([row])
        if self._candidates is not None and self._select[0] <= spread.max_force < self._select[1]:
            self._write_candidate(self._candidates, self._context, simulation.currentStep, state, spread)

    def _write_candidate(
        self, file: CandidateFile, context: MemberContext, step: int, state: openmm.State, spread: Spread
    ) -> None:
        positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        box = state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer) if context.is_periodic else None
        spreads = np.zeros(len(positions))
        spreads[context.particles] = spread.force
        values = {
            "step": step,
            "time_ps": state.getTime().value_in_unit(unit.picosecond),
            "mean_energy_kJ_mol": spread.mean_energy,
            "energy_spread_kJ_mol": spread.energy,
            "rms_force_spread_kJ_mol_nm": spread.rms_force,
            "max_force_spread_kJ_mol_nm": spread.max_force,
            "particle_of_max": spread.max_particle,
        }
        file.write(self._symbols, positions, box, spreads, values)


def _read_limits(select: Any) -> tuple[float, float]:
    """Convert the limits of the selection to kJ/mol/nm; without a selection, to limits that nothing meets."""
    if select is None:
        return math.inf, math.inf
    if isinstance(select, (str, dict)) or not hasattr(select, "__len__") or len(select) != 2:
        raise TypeError(
            f"CommitteeReporter: select is {select!r}; expected (low, high), the limits of the maximum spread of forces"
            " in kJ/mol/nm."
        )
    low, high = map(_as_force, select)
    if not 0 <= low < high:
        raise ValueError(
            f"CommitteeReporter: select is ({low:g}, {high:g}); expected 0 <= low < high, in kJ/mol/nm; high may be"
            " infinite."
        )
    return low, high


def _as_force(value: Any) -> float:
    if unit.is_quantity(value):
        if not value.unit.is_compatible(_UNIT_OF_FORCE):
            raise TypeError(f"CommitteeReporter: select contains {value}; expected kJ/mol/nm.")
        return float(value.value_in_unit(_UNIT_OF_FORCE))
    return as_number(value, "CommitteeReporter: select")


def _is_same_file(first: object, second: object) -> bool:
    """Whether two arguments are the same file."""
    if isinstance(first, (str, os.PathLike)) and isinstance(second, (str, os.PathLike)):
        return os.path.realpath(first) == os.path.realpath(second)
    return first is second
