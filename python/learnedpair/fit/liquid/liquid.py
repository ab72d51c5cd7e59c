# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A liquid whose averages are compared with experiment, and its simulation."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import openmm
from numpy.typing import ArrayLike, NDArray
from openmm import app, unit

from ...applying.apply import add_correction
from ...devices import find_platform
from ...errors import ModelError
from ...force.learned_pair_force import LearnedPairForce
from ...lowering.pair_model import PairModel
from ..arguments import as_array, as_seed, without_unit
from ..basis import InverseSplineBasis
from ..pairs_of_types import PairOfTypes
from ..task import indices_of
from .frames import Frames, Particles, rows_of_frame
from .targets import LiquidTarget, RadialDistribution, as_number

Array = NDArray[np.float64]

#: The units of the arguments that are numbers.
_UNITS = {
    "temperature": unit.kelvin,
    "equilibration": unit.picosecond,
    "sampling": unit.picosecond,
    "interval": unit.picosecond,
    "time_step": unit.picosecond,
    "friction": 1 / unit.picosecond,
}
_BAROSTATS = (
    openmm.MonteCarloBarostat,
    openmm.MonteCarloAnisotropicBarostat,
    openmm.MonteCarloFlexibleBarostat,
    openmm.MonteCarloMembraneBarostat,
)


@dataclass(frozen=True, eq=False)
class Liquid:
    """A simulation whose averages are compared with experiment. The correction acts between molecules only, as with
    ``add_correction(..., exclusions="molecules")``; use the model in the same way.

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
    equilibration, sampling, interval : float, ps, or Quantity
        The times of the first equilibration, of sampling, and between two samples. The simulation of a later round
        begins where the last one ended, with a fifth of the equilibration.
    time_step, friction : float, ps and 1/ps, or Quantity
    platform : str or openmm.Platform, optional
        By default the fastest one. CUDA, HIP and OpenCL are chosen only if their device is a GPU, since OpenMM's
        minimizer crashes with OpenCL on a CPU.
    seed : int

    Raises
    ------
    ModelError
        If an argument is wrong, if the System has another temperature, or if it has no barostat and a target needs one
        (or the reverse).

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
    platform: str | openmm.Platform | None = None
    seed: int = 1
    has_barostat: bool = field(init=False)

    def __post_init__(self) -> None:
        for name, its_unit in _UNITS.items():
            value = as_number(getattr(self, name), its_unit, f"Liquid: {name}")
            if not 0 < value < np.inf:
                raise ModelError(f"Liquid: {name} is {value:g}; expected a positive number.")
            object.__setattr__(self, name, value)
        if self.sampling < 10 * self.interval or self.interval < self.time_step:
            raise ModelError(
                f"Liquid: sampling takes {self.sampling:g} ps, the interval is {self.interval:g} ps, and the time step"
                f" {self.time_step:g} ps; expected at least 10 samples, and an interval of at least one step."
            )
        object.__setattr__(self, "system", copy.deepcopy(self.system))
        what = "Liquid: positions"
        positions = as_array(without_unit(self.positions, unit.nanometer, what), what)
        object.__setattr__(self, "positions", positions)
        counts = (self.system.getNumParticles(), self.topology.getNumAtoms())
        if positions.shape != (counts[0], 3) or counts[0] != counts[1] or not np.isfinite(positions).all():
            raise ModelError(
                f"Liquid: the positions have the shape {positions.shape}, the System has {counts[0]} particles, and the"
                f" topology {counts[1]} atoms; expected the same number, and finite positions."
            )
        object.__setattr__(self, "seed", as_seed(self.seed, "Liquid: seed"))
        given = self.platform.getName() if isinstance(self.platform, openmm.Platform) else self.platform
        object.__setattr__(self, "platform", find_platform(given).getName())
        object.__setattr__(self, "has_barostat", self._find_barostat())
        self._check_targets()

    def _find_barostat(self) -> bool:
        """Whether the System has a barostat that changes the volume. Thermostats of another temperature are refused."""
        if not self.system.usesPeriodicBoundaryConditions():
            raise ModelError("Liquid: the System is not periodic; a liquid needs a periodic box.")
        found = False
        for force in self.system.getForces():
            if isinstance(force, openmm.AndersenThermostat):
                raise ModelError(
                    "Liquid: the System has an AndersenThermostat; remove it, since Liquid has a thermostat."
                )
            if isinstance(force, _BAROSTATS) and force.getFrequency() > 0:
                found = True
                temperature = force.getDefaultTemperature().value_in_unit(unit.kelvin)
                if temperature != self.temperature:
                    raise ModelError(
                        f"Liquid: the barostat has the temperature {temperature:g} K, and the liquid"
                        f" {self.temperature:g} K; expected the same."
                    )
        return found

    def _check_targets(self) -> None:
        if not isinstance(self.targets, (list, tuple)) or not all(hasattr(each, "observe") for each in self.targets):
            raise ModelError(
                f"Liquid: targets is {self.targets!r}; expected a list of targets, such as [Density(...)]."
            )
        if not self.targets:
            raise ModelError("Liquid: there are no targets; give at least one, such as Density.")
        width = np.diag(self.box).min()
        for target in self.targets:
            name = type(target).__name__
            if target.needs_barostat is True and not self.has_barostat:
                raise ModelError(
                    f"{name}: the System of the liquid has no barostat, so that its density is constant; add one, or"
                    " give the experimental density to the box and use Pressure."
                )
            if target.needs_barostat is False and self.has_barostat:
                raise ModelError(
                    f"{name}: the System of the liquid has a barostat, so that its pressure is given; remove it, or use"
                    " Density."
                )
            if isinstance(target, RadialDistribution) and target.longest > width / 2:
                raise ModelError(
                    f"{name}: the last bin ends at {target.longest:g} nm, and the box is {width:g} nm wide; expected"
                    " distances up to half of it."
                )

    @property
    def box(self) -> Array:
        """The initial box vectors, shape (3, 3), nm."""
        return np.array([each.value_in_unit(unit.nanometer) for each in self.system.getDefaultPeriodicBoxVectors()])

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
        """By how much each average may be missed."""
        return np.concatenate([target.tolerances for target in self.targets])

    @property
    def beta(self) -> float:
        """1/kT in mol/kJ."""
        kT = unit.MOLAR_GAS_CONSTANT_R * self.temperature * unit.kelvin
        return 1 / kT.value_in_unit(unit.kilojoule_per_mole)


class Sampler:
    """The simulation of a liquid, which continues when the correction changes."""

    def __init__(self, liquid: Liquid, bases: Mapping[PairOfTypes, InverseSplineBasis]) -> None:
        self.liquid, self.pairs, self.bases = liquid, list(bases), list(bases.values())
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
        context = openmm.Context(system, integrator, openmm.Platform.getPlatform(liquid.platform))
        particles = particles_of(context, force, model.types or [], self.pairs)
        if self._rounds == 0:
            _require_whole(particles, np.asarray(liquid.positions), liquid.box)
        self._begin(context)
        bases = [replace(each, inner=model.inner_cutoff) for each in self.bases]
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
            sums = rows_of_frame(particles, positions, box, bases, model.cutoff, model.switching_distance)
            rows.append((positions, box, potential, bars, *sums))
        self._last = context.getState(positions=True, velocities=True)
        self._rounds += 1
        positions, boxes, potentials, pressures, energy_rows, virial_rows = map(np.array, zip(*rows))
        return Frames(particles, positions, boxes, potentials, pressures, energy_rows, virial_rows)

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


def particles_of(
    context: openmm.Context, force: LearnedPairForce, names: list[str], pairs: Sequence[PairOfTypes]
) -> Particles:
    """What does not change during a simulation with a force whose types have some names.

    Parameters
    ----------
    context : openmm.Context
    force : LearnedPairForce
    names : list of str
    pairs : sequence of (str, str)
        The pair of types of each basis.
    """
    system = context.getSystem()
    count = system.getNumParticles()
    molecules = np.zeros(count, np.int64)
    for index, members in enumerate(context.getMolecules()):
        molecules[list(members)] = index
    excluded = [sorted(force.getExclusionParticles(index)) for index in range(force.getNumExclusions())]
    return Particles(
        np.asarray(force.getParticleTypes(), dtype=np.int64),
        names,
        indices_of(pairs, names),
        np.array([system.getParticleMass(index)._value for index in range(count)]),
        molecules,
        np.array([i * count + j for i, j in excluded], dtype=np.int64),
    )


def _require_whole(particles: Particles, positions: Array, box: Array) -> None:
    """Require that no molecule is divided by the periodic boundary."""
    _, first = np.unique(particles.molecules, return_index=True)
    extent = np.abs(positions - positions[first[particles.molecules]]).max(axis=1)
    if extent.max() > np.diag(box).min() / 2:
        raise ModelError(
            f"Liquid: particle {int(extent.argmax())} is {extent.max():.3g} nm away from the first one of its molecule,"
            " more than half of the box; expected positions of whole molecules."
        )
