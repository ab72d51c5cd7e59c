# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A liquid whose averages are compared with experiment, and its simulation."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openmm
from numpy.typing import ArrayLike, NDArray
from openmm import app, unit

from ...applying.apply import add_correction
from ...errors import ModelError
from ...lowering.pair_model import PairModel
from ...units import in_kelvin, in_nanometers
from ..basis import InverseSplineBasis
from ..pairs_of_types import PairOfTypes
from .frames import Frames, Particles, rows_of_frame
from .targets import LiquidTarget

Array = NDArray[np.float64]

_BAROSTATS = (
    openmm.MonteCarloBarostat,
    openmm.MonteCarloAnisotropicBarostat,
    openmm.MonteCarloFlexibleBarostat,
    openmm.MonteCarloMembraneBarostat,
)


@dataclass(frozen=True, eq=False)
class Liquid:
    """A simulation whose averages are compared with experiment.

    Parameters
    ----------
    topology : openmm.app.Topology
    system : openmm.System
        The force field without the correction, with or without a barostat. It is copied.
    positions : array_like, shape (N, 3), nm, or Quantity
        Of whole molecules.
    temperature : float, K, or Quantity
    targets : sequence
        Of :class:`Density`, :class:`Pressure`, :class:`PotentialEnergy` and :class:`RadialDistribution`.
    equilibration, sampling, interval : float, ps
        The times of the first equilibration, of sampling, and between two samples. The simulation of a later round
        begins where the last one ended, with a fifth of the equilibration.
    time_step, friction : float, ps and 1/ps
    platform : str, optional
        The name of the platform; by default OpenMM's choice.
    seed : int

    Raises
    ------
    ModelError
        If a number is wrong, there are no targets, or the System has another number of particles than the positions.

    Examples
    --------
    >>> import learnedpair as lp
    >>> import openmm
    >>> from openmm import app
    >>> field = app.ForceField("amber14/tip3p.xml")
    >>> water = app.Modeller(app.Topology(), [])
    >>> water.addSolvent(field, boxSize=openmm.Vec3(2, 2, 2))
    >>> system = field.createSystem(water.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9)
    >>> lp.fit.Liquid(water.topology, system, water.positions, 298.15, [lp.fit.Pressure(1.0, tolerance=50.0)])
    <Liquid of ... particles at 298.15 K: pressure (bar)>
    """

    topology: app.Topology
    system: openmm.System
    positions: ArrayLike
    temperature: float
    targets: Sequence[LiquidTarget]
    equilibration: float = 20.0
    sampling: float = 60.0
    interval: float = 0.1
    time_step: float = 0.002
    friction: float = 1.0
    platform: str | None = None
    seed: int = 1
    has_barostat: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", np.array(in_nanometers(self.positions, "positions"), dtype=float))
        object.__setattr__(self, "temperature", in_kelvin(self.temperature, "temperature"))
        for name in ("temperature", "equilibration", "sampling", "interval", "time_step", "friction"):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and 0 < value < np.inf):
                raise ModelError(f"Liquid: {name} is {value!r}; expected a positive number.")
        if self.sampling < 10 * self.interval:
            raise ModelError(
                f"Liquid: sampling takes {self.sampling:g} ps, and the interval is {self.interval:g} ps; expected at"
                " least 10 samples."
            )
        count = self.system.getNumParticles()
        if np.shape(self.positions) != (count, 3):
            raise ModelError(
                f"Liquid: the positions have the shape {np.shape(self.positions)}, and the System has {count}"
                " particles."
            )
        if not self.targets:
            raise ModelError("Liquid: there are no targets; give at least one, such as Density.")
        if not self.system.usesPeriodicBoundaryConditions():
            raise ModelError("Liquid: the System is not periodic; a liquid needs a periodic box.")
        object.__setattr__(self, "has_barostat", any(isinstance(each, _BAROSTATS) for each in self.system.getForces()))

    def __repr__(self) -> str:
        return (
            f"<Liquid of {self.system.getNumParticles()} particles at {self.temperature:g} K: {', '.join(self.names)}>"
        )

    @property
    def names(self) -> list[str]:
        """The names of all averages, one after the other."""
        return [name for target in self.targets for name in target.names]

    @property
    def wanted(self) -> Array:
        """The experimental values of all averages."""
        return np.concatenate([target.values for target in self.targets])

    @property
    def tolerances(self) -> Array:
        return np.concatenate([target.tolerances for target in self.targets])

    @property
    def beta(self) -> float:
        """1/kT in mol/kJ."""
        kT = unit.MOLAR_GAS_CONSTANT_R * self.temperature * unit.kelvin
        return 1 / kT.value_in_unit(unit.kilojoule_per_mole)


class Sampler:
    """The simulation of a liquid, which continues when the correction changes."""

    def __init__(self, liquid: Liquid, bases: dict[PairOfTypes, InverseSplineBasis]) -> None:
        self.liquid, self.bases = liquid, bases
        self._last: openmm.State | None = None
        self._rounds = 0

    def sample(self, model: PairModel) -> Frames:
        """Simulate the liquid with a correction."""
        liquid = self.liquid
        system = copy.deepcopy(liquid.system)
        force = add_correction(system, liquid.topology, model, exclusions="molecules")
        pressure = None
        if not liquid.has_barostat:
            # With frequency 0 it computes the pressure and never changes the volume.
            pressure = openmm.MonteCarloBarostat(1.0, liquid.temperature, 0)
            system.addForce(pressure)
        integrator = openmm.LangevinMiddleIntegrator(liquid.temperature, liquid.friction, liquid.time_step)
        integrator.setRandomNumberSeed(liquid.seed + self._rounds)
        platform = [] if liquid.platform is None else [openmm.Platform.getPlatform(liquid.platform)]
        context = openmm.Context(system, integrator, *platform)
        self._begin(context)
        particles = _particles_of(context, model, force.getParticleTypes(), force)
        rows: list[tuple[Any, ...]] = []
        for _ in range(round(liquid.sampling / liquid.interval)):
            integrator.step(max(1, round(liquid.interval / liquid.time_step)))
            state = context.getState(positions=True, energy=True)
            positions, box = state.getPositions(asNumpy=True)._value, np.array(state.getPeriodicBoxVectors()._value)
            bars = np.nan if pressure is None else pressure.computeCurrentPressure(context).value_in_unit(unit.bar)
            potential = state.getPotentialEnergy()._value
            if not np.isfinite(potential):
                raise ModelError(
                    f"{liquid!r}: the potential energy is {potential} kJ/mol; the simulation is unstable with the"
                    " correction: shorten the time step, or add data at short distances."
                )
            sums = rows_of_frame(particles, positions, box, self.bases, model.cutoff, model.switching_distance)
            rows.append((positions, box, potential, bars, *sums))
        self._last = context.getState(positions=True, velocities=True)
        self._rounds += 1
        positions, boxes, potentials, pressures, energy_rows, virial_rows = map(np.array, zip(*rows))
        return Frames(particles, positions, boxes, potentials, pressures, liquid.has_barostat, energy_rows, virial_rows)

    def _begin(self, context: openmm.Context) -> None:
        """Set the initial state and equilibrate."""
        liquid, steps = self.liquid, round(self.liquid.equilibration / self.liquid.time_step)
        if self._last is None:
            context.setPositions(liquid.positions)
            openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
            context.setVelocitiesToTemperature(liquid.temperature, liquid.seed)
        else:
            context.setPeriodicBoxVectors(*self._last.getPeriodicBoxVectors())
            context.setPositions(self._last.getPositions())
            context.setVelocities(self._last.getVelocities())
            steps //= 5
        context.getIntegrator().step(steps)


def _particles_of(context: openmm.Context, model: PairModel, types: NDArray[np.int32], force: Any) -> Particles:
    system = context.getSystem()
    count, names = system.getNumParticles(), model.types or []
    molecules = np.zeros(count, np.int64)
    for index, members in enumerate(context.getMolecules()):
        molecules[list(members)] = index
    excluded = [sorted(force.getExclusionParticles(index)) for index in range(force.getNumExclusions())]
    return Particles(
        [None if each < 0 else names[each] for each in types],
        np.array([system.getParticleMass(index)._value for index in range(count)]),
        molecules,
        np.array([i * count + j for i, j in excluded], dtype=np.int64),
    )
