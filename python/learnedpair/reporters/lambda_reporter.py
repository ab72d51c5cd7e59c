# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A reporter for free energies: derivatives of the energy with respect to parameters, and energies along a ladder."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

import openmm
from openmm import app, unit

from ..force.particles import as_number
from ..units import in_kelvin, in_md_units, require_one_dimension
from .csv_file import CsvFile
from .derivative_requests import why_incomplete
from .interval_reporter import IntervalReporter

#: In kJ/mol/K.
GAS_CONSTANT = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)


class LambdaReporter(IntervalReporter):
    """Writes derivatives of the potential energy with respect to parameters, and its values along a ladder, as CSV.

    A reporter for openmm.app.Simulation. Each row holds the step, the time in ps, the values of the parameters, the
    potential energy E in kJ/mol, and dE/dg for each parameter g. With a ladder, it also holds the energy of the present
    positions in each state of the ladder: the parameters are set to the values of the state, and back again. With a
    temperature, columns of reduced derivatives and energies, divided by RT, are added: ``du/dg`` and ``u(state)``.

    Parameters
    ----------
    file : path-like or text file
        The file to write to. An existing file is replaced, unless ``append`` is true.
    reportInterval : int
        The number of steps between two rows.
    parameters : str or sequence of str
        The names of parameters of the Context, such as a scale.
    ladder : sequence of float or of dict, optional
        The states: values of the parameter, or dicts of the values of several parameters; a parameter that a dict
        leaves out keeps its present value. Numbers are in the unit of the parameter, and Quantities are converted to
        OpenMM's units.
    temperature : float, K, or Quantity, optional
        The temperature for the reduced columns.
    derivatives : bool
        Whether to write derivatives. They need ``force.addEnergyParameterDerivative(name)`` for each force that depends
        on the parameter, before the Simulation is created.
    append : bool
        Whether to continue an existing file, whose columns must be the same. A text file that is given is continued
        without a header and without these checks.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or the file to be continued has other columns or ends within a row; or, at the first
        step, if the Context does not have a parameter, or a force depends on a parameter and does not contribute to its
        derivative.

    References
    ----------
    dE/dg is OpenMM's energy parameter derivative, the sum over the forces. R is ``unit.MOLAR_GAS_CONSTANT_R``.

    Examples
    --------
    Two argon atoms, with a correction that is switched on by half:

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
    >>> force.setScaleParameter("lam", 0.5)
    >>> force.addEnergyParameterDerivative("lam")
    >>> system, topology = openmm.System(), app.Topology()
    >>> residue = topology.addResidue("Ar", topology.addChain())
    >>> for particle in range(2):
    ...     index = system.addParticle(39.948)
    ...     atom = topology.addAtom("Ar", app.element.argon, residue)
    >>> index = system.addForce(force)
    >>> platform = openmm.Platform.getPlatform("Reference")
    >>> simulation = app.Simulation(topology, system, openmm.VerletIntegrator(1e-6), platform)
    >>> simulation.context.setPositions([[0, 0, 0], [0.4, 0, 0]])
    >>> file = io.StringIO()
    >>> simulation.reporters.append(lp.LambdaReporter(file, 1, "lam", ladder=[0.0, 0.5, 1.0]))
    >>> simulation.step(1)
    >>> header, row = file.getvalue().splitlines()
    >>> header
    'step,time (ps),lam,E (kJ/mol),dE/dlam (kJ/mol),E(lam=0.0) (kJ/mol),E(lam=0.5) (kJ/mol),E(lam=1.0) (kJ/mol)'
    >>> [round(float(value), 4) for value in row.split(",")]
    [1.0, 0.0, 0.5, -0.0889, -0.1778, 0.0, -0.0889, -0.1778]
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        reportInterval: int,
        parameters: str | Sequence[str],
        *,
        ladder: Sequence[float | unit.Quantity | Mapping[str, float | unit.Quantity]] | None = None,
        temperature: float | unit.Quantity | None = None,
        derivatives: bool = True,
        append: bool = False,
    ) -> None:
        include = ["energy", "parameterDerivatives"] if derivatives else ["energy"]
        super().__init__(reportInterval, include, periodic=None)
        self._parameters = _read_names(parameters)
        self._ladder = [] if ladder is None else _read_ladder(ladder, self._parameters)
        if not derivatives and not self._ladder:
            raise ValueError("LambdaReporter: there is nothing to write with derivatives=False and no ladder=[...].")
        self._beta = None if temperature is None else 1 / (GAS_CONSTANT * _read_temperature(temperature))
        self._derivatives = derivatives
        self._file = CsvFile(
            file, self._header(), append=append, reporter="LambdaReporter", remedy="the same parameters and ladder"
        )

    def _header(self) -> list[str]:
        states = [f"({', '.join(f'{name}={value!r}' for name, value in state.items())})" for state in self._ladder]
        names = self._parameters if self._derivatives else []
        columns = ["step", "time (ps)", *self._parameters, "E (kJ/mol)"]
        columns += [f"dE/d{name} (kJ/mol)" for name in names] + [f"E{state} (kJ/mol)" for state in states]
        if self._beta is not None:
            columns += [f"du/d{name}" for name in names] + [f"u{state}" for state in states]
        return columns

    def _start(self) -> None:
        self._file.start()

    def _prepare(self, simulation: app.Simulation) -> None:
        existing = dict(simulation.context.getParameters())
        for name in self._parameters:
            if name not in existing:
                raise ValueError(
                    f"LambdaReporter: the Context has no parameter {name!r}, only"
                    f" {', '.join(sorted(existing)) or 'none at all'}."
                )
            reason = why_incomplete(simulation.system, name) if self._derivatives else ""
            if reason:
                raise ValueError(
                    f"LambdaReporter: the derivative with respect to {name!r} would be incomplete: {reason}"
                )

    def report(self, simulation: app.Simulation, state: openmm.State) -> None:
        """Write a row.

        Parameters
        ----------
        simulation : openmm.app.Simulation
        state : openmm.State
            The present State, with energy and energy parameter derivatives.

        Raises
        ------
        openmm.OpenMMException
            If the energy of a state of the ladder cannot be computed, for example since a value is outside of the range
            of a global parameter. The parameters of the Context are set back nevertheless.
        """
        context = simulation.context
        slopes = []
        if self._derivatives:
            derivatives = dict(state.getEnergyParameterDerivatives())
            missing = [name for name in self._parameters if name not in derivatives]
            if missing:
                raise ValueError(
                    f"LambdaReporter: the State has no derivative with respect to {missing[0]!r}; call"
                    f" addEnergyParameterDerivative({missing[0]!r}) on each force that depends on it, before the"
                    " Simulation is created."
                )
            slopes = [derivatives[name] for name in self._parameters]
        energies = self._energies(context)
        row = [
            simulation.currentStep,
            state.getTime().value_in_unit(unit.picosecond),
            *(context.getParameter(name) for name in self._parameters),
            state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole),
            *slopes,
            *energies,
        ]
        if self._beta is not None:
            row += [self._beta * value for value in (*slopes, *energies)]
        self._file.write([row])

    def _energies(self, context: openmm.Context) -> list[float]:
        """The potential energy of the present positions in each state of the ladder, in kJ/mol."""
        if not self._ladder:
            return []
        groups = context.getIntegrator().getIntegrationForceGroups()
        energies = []
        with _restored_parameters(context, self._parameters):
            present = {name: context.getParameter(name) for name in self._parameters}
            for state in self._ladder:
                for name, value in {**present, **state}.items():
                    context.setParameter(name, value)
                energy = context.getState(energy=True, groups=groups).getPotentialEnergy()
                energies.append(float(energy.value_in_unit(unit.kilojoule_per_mole)))
        return energies


@contextlib.contextmanager
def _restored_parameters(context: openmm.Context, names: Sequence[str]) -> Iterator[None]:
    """Set parameters back to the values that they have now, also after an exception."""
    values = {name: context.getParameter(name) for name in names}
    try:
        yield
    finally:
        for name, value in values.items():
            context.setParameter(name, value)


def _read_names(parameters: str | Sequence[str]) -> list[str]:
    names: list[Any] = [parameters]
    if not isinstance(parameters, (str, bytes, Mapping, set, frozenset)):
        with contextlib.suppress(TypeError):  # the message below says what it is
            names = list(parameters)
    if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise ValueError(
            f"LambdaReporter: the parameters are {parameters!r}; expected the name of a parameter, or several different"
            " names in a list."
        )
    return names


def _read_ladder(ladder: Any, names: list[str]) -> list[dict[str, float]]:
    """Convert the ladder to dicts of parameters and numbers, which are all different."""
    expected = "expected a sequence of states, such as [0.0, 0.5, 1.0]"
    if isinstance(ladder, (str, bytes, Mapping, set, frozenset)):
        raise TypeError(f"LambdaReporter: the ladder is {ladder!r:.80}; {expected}.")
    try:
        given = list(ladder)
    except TypeError:  # also a Quantity or an array that holds a single number
        raise TypeError(f"LambdaReporter: the ladder is {ladder!r:.80}; {expected}.") from None
    states: list[dict[str, float]] = []
    for each in given:
        state = _read_state(each, names)
        if state in states:
            raise ValueError(f"LambdaReporter: the ladder has the state {each!r:.80} twice; give each state once.")
        states.append(state)
    for name in names:
        values = [each.get(name) if isinstance(each, Mapping) else each for each in given]
        require_one_dimension(values, f"LambdaReporter: {name} in the ladder")
    return states


def _read_state(state: float | unit.Quantity | Mapping[str, Any], names: list[str]) -> dict[str, float]:
    """Convert a state of the ladder to a dict of parameters and numbers."""
    if not isinstance(state, Mapping):
        if len(names) > 1:
            raise ValueError(
                f"LambdaReporter: the ladder has the state {state!r}, and there are {len(names)} parameters; give a"
                f" dict for each state, such as {{{names[0]!r}: {state!r}}}."
            )
        state = {names[0]: state}
    unknown = [name for name in state if name not in names]
    if unknown or not state:
        raise ValueError(
            f"LambdaReporter: the ladder has the state {dict(state)!r}; expected values of {', '.join(names)}, which"
            " are the parameters of the reporter."
        )
    numbers = {}
    for name, value in state.items():
        what = f"LambdaReporter: {name} in the ladder"
        numbers[name] = float(as_number(in_md_units(value), what))
        if not math.isfinite(numbers[name]):
            raise ValueError(f"{what} is {numbers[name]}; expected a finite number.")
    return numbers


def _read_temperature(temperature: float | unit.Quantity) -> float:
    what = "LambdaReporter: the temperature"
    value = float(as_number(in_kelvin(temperature, what), what))
    if not 0 < value < float("inf"):
        raise ValueError(f"LambdaReporter: the temperature is {value:g} K; expected a positive number.")
    return value
