# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Averages of a liquid that a fit compares with experiment."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from openmm import unit

from ...errors import ModelError
from ..arguments import as_array, without_unit
from .frames import Frames

Array = NDArray[np.float64]

AVOGADRO = unit.AVOGADRO_CONSTANT_NA.value_in_unit(unit.mole**-1)
#: kJ/mol/nm^3 in bar, and g/mol/nm^3 in kg/m^3.
BAR, DENSITY = 1e25 / AVOGADRO, 1e24 / AVOGADRO


@dataclass(frozen=True)
class Observation:
    """An observable in each frame.

    Attributes
    ----------
    values : ndarray, shape (n_frames, n_values)
    slopes : ndarray, shape (n_frames, n_values, n_coefficients), or None
        The derivatives of the observable of a given structure by the coefficients of the fit; None if they are zero.
    """

    values: Array
    slopes: Array | None = None


class LiquidTarget(Protocol):
    """An average of a liquid with an experimental value."""

    @property
    def names(self) -> list[str]:
        """A name, with its unit, for each value."""

    @property
    def values(self) -> Array:
        """The experimental values, shape (n_values,)."""

    @property
    def tolerances(self) -> Array:
        """By how much each value may be missed, shape (n_values,)."""

    def observe(self, frames: Frames) -> Observation:
        """The observable in each frame."""


class _OneValue:
    """A target with a single value."""

    value: float
    tolerance: float
    #: Whether the System must have a barostat, or must not; None if it does not matter.
    needs_barostat: ClassVar[bool | None] = None
    _unit: ClassVar[unit.Unit]

    def __post_init__(self) -> None:
        for name in ("value", "tolerance"):
            what = f"{type(self).__name__}: {name}"
            object.__setattr__(self, name, as_number(getattr(self, name), self._unit, what))
        _require_target(type(self).__name__, self.values, self.tolerances)

    @property
    def values(self) -> Array:
        """The experimental values, shape (n_values,)."""
        return np.array([self.value], dtype=float)

    @property
    def tolerances(self) -> Array:
        """By how much each value may be missed, shape (n_values,)."""
        return np.array([self.tolerance], dtype=float)


def as_number(value: Any, its_unit: unit.Unit, what: str) -> float:
    """Convert a number, or a Quantity, to a number in a unit.

    Raises
    ------
    ModelError
        ``what`` begins the message.
    """
    if unit.is_quantity(value):
        if not value.unit.is_compatible(its_unit):
            raise ModelError(f"{what} is {value}; expected a value in {its_unit}.")
        value = value.value_in_unit(its_unit)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise ModelError(f"{what} is {value!r}; expected a number.")
    return float(value)


@dataclass(frozen=True)
class Density(_OneValue):
    """The density, in a System with a barostat.

    Parameters
    ----------
    value, tolerance : float, kg/m^3, or Quantity

    Raises
    ------
    TypeError, ModelError
        If the value is not finite, or the tolerance is not a finite number above 0.

    Examples
    --------
    Water at 298.15 K and 1 bar (W. Wagner and A. Pruss, J. Phys. Chem. Ref. Data 31 (2002) 387):

    >>> import learnedpair as lp
    >>> lp.fit.Density(997.05, tolerance=2.0).names
    ['density (kg/m3)']
    """

    value: float
    tolerance: float
    names: ClassVar[list[str]] = ["density (kg/m3)"]
    needs_barostat = True
    _unit = unit.kilogram / unit.meter**3

    def observe(self, frames: Frames) -> Observation:
        """The average in each frame of a simulation, and its derivatives by the coefficients of the fit."""
        return Observation(DENSITY * frames.mass / frames.volumes[:, None])


@dataclass(frozen=True)
class Pressure(_OneValue):
    """The pressure, in a System without a barostat. At the experimental density it is better determined than the
    density at constant pressure, and the liquid cannot leave the state of interest: for water at 298 K, 200 bar
    correspond to 1 % of the density.

    Parameters
    ----------
    value, tolerance : float, bar, or Quantity

    Raises
    ------
    TypeError, ModelError
        If the value is not finite, or the tolerance is not a finite number above 0.

    Examples
    --------
    >>> import learnedpair as lp
    >>> lp.fit.Pressure(1.0, tolerance=50.0).names
    ['pressure (bar)']
    """

    value: float
    tolerance: float
    names: ClassVar[list[str]] = ["pressure (bar)"]
    needs_barostat = False
    _unit = unit.bar

    def observe(self, frames: Frames) -> Observation:
        """The average in each frame of a simulation, and its derivatives by the coefficients of the fit."""
        slopes = -BAR / 3 * frames.virial_rows / frames.volumes[:, None]
        return Observation(frames.pressures[:, None], slopes[:, None])


@dataclass(frozen=True)
class PotentialEnergy(_OneValue):
    """The potential energy, divided by the number of molecules. For rigid molecules without the energy of polarization
    it is RT minus the enthalpy of vaporization.

    Parameters
    ----------
    value, tolerance : float, kJ/mol, or Quantity

    Raises
    ------
    TypeError, ModelError
        If the value is not finite, or the tolerance is not a finite number above 0.

    Examples
    --------
    Water at 298.15 K, from an enthalpy of vaporization of 43.99 kJ/mol:

    >>> import learnedpair as lp
    >>> lp.fit.PotentialEnergy(8.314e-3 * 298.15 - 43.99, tolerance=0.2).names
    ['potential energy (kJ/mol per molecule)']
    """

    value: float
    tolerance: float
    names: ClassVar[list[str]] = ["potential energy (kJ/mol per molecule)"]
    _unit = unit.kilojoule_per_mole

    def observe(self, frames: Frames) -> Observation:
        """The average in each frame of a simulation, and its derivatives by the coefficients of the fit."""
        count = frames.num_molecules
        return Observation(frames.potentials[:, None] / count, frames.energy_rows[:, None] / count)


@dataclass(frozen=True)
class RadialDistribution:
    """Values of the radial distribution function of two types, for pairs of different molecules.

    Parameters
    ----------
    type1, type2 : str
        Types of the model.
    r : array_like, shape (n,), nm
        Distances below half of the width of the box.
    g, tolerance : array_like, shape (n,)
    width : float, nm
        The width of the bins around the distances.

    Raises
    ------
    ModelError
        If the shapes differ, a bin begins below 0, or a tolerance is not positive.

    Examples
    --------
    The first maximum, minimum and second maximum of water at 295 K (L. B. Skinner et al., J. Chem. Phys. 138 (2013)
    074506):

    >>> import learnedpair as lp
    >>> r, g, tolerance = [0.280, 0.345, 0.45], [2.57, 0.84, 1.12], [0.05, 0.02, 0.02]
    >>> lp.fit.RadialDistribution("O", "O", r, g, tolerance).names
    ['g O-O at 0.280 nm', 'g O-O at 0.345 nm', 'g O-O at 0.450 nm']
    """

    type1: str
    type2: str
    r: ArrayLike
    g: ArrayLike
    tolerance: ArrayLike
    width: float = 0.01

    needs_barostat: ClassVar[bool | None] = None

    def __post_init__(self) -> None:
        for name in ("r", "g", "tolerance"):
            what = f"RadialDistribution: {name}"
            value = without_unit(self.r, unit.nanometer, what) if name == "r" else getattr(self, name)
            object.__setattr__(self, name, np.atleast_1d(as_array(value, what)))
        object.__setattr__(self, "width", as_number(self.width, unit.nanometer, "RadialDistribution: width"))
        r, g, tolerance = self.values_of("r"), self.values_of("g"), self.values_of("tolerance")
        if r.ndim != 1 or len(r) == 0 or g.shape != r.shape or tolerance.shape not in (r.shape, (1,)):
            raise ModelError(
                f"RadialDistribution: r, g and tolerance have the shapes {r.shape}, {g.shape} and {tolerance.shape};"
                " expected the same, and at least one distance."
            )
        _require_target("RadialDistribution", self.values, self.tolerances)
        if not (np.isfinite(r).all() and self.width > 0 and (r > self.width / 2).all()):
            raise ModelError(
                f"RadialDistribution: r is {r.tolist()} nm with bins of width {self.width:g} nm; expected finite"
                " distances, with bins that do not begin below 0."
            )

    def values_of(self, name: str) -> Array:
        """An argument as an array.

        Parameters
        ----------
        name : str
            "r", "g" or "tolerance".

        Returns
        -------
        ndarray, shape (n_values,)
        """
        return np.asarray(getattr(self, name), dtype=float)

    @property
    def longest(self) -> float:
        """The end of the last bin, in nm."""
        return float(self.values_of("r").max() + self.width / 2)

    @property
    def names(self) -> list[str]:
        """A name, with its unit, for each value."""
        return [f"g {self.type1}-{self.type2} at {r:.3f} nm" for r in np.asarray(self.r)]

    @property
    def values(self) -> Array:
        """The experimental values, shape (n_values,)."""
        return np.atleast_1d(np.asarray(self.g, dtype=float))

    @property
    def tolerances(self) -> Array:
        """By how much each value may be missed, shape (n_values,)."""
        return np.broadcast_to(np.asarray(self.tolerance, dtype=float), self.values.shape)

    def observe(self, frames: Frames) -> Observation:
        """The average in each frame of a simulation, and its derivatives by the coefficients of the fit."""
        centers = np.asarray(self.r)
        low, high = centers - self.width / 2, centers + self.width / 2
        pairs = frames.number_of_pairs(self.type1, self.type2)
        if pairs == 0:
            raise ModelError(
                f"RadialDistribution: the liquid has no pairs of {self.type1!r} and {self.type2!r} in different"
                f" molecules; its types are {', '.join(frames.particles.names)}."
            )
        shells = 4 / 3 * np.pi * (high**3 - low**3) * pairs
        rows = []
        for index, volume in enumerate(frames.volumes):
            r = np.sort(frames.distances(index, self.type1, self.type2, float(high.max())))
            counts = np.searchsorted(r, high) - np.searchsorted(r, low)
            rows.append(counts * volume / shells)
        return Observation(np.array(rows))


def _require_target(name: str, values: Array, tolerances: Array) -> None:
    if not np.isfinite(values).all():
        raise ModelError(f"{name}: the value is {values}; expected finite numbers.")
    if not (np.isfinite(tolerances).all() and (tolerances > 0).all()):
        raise ModelError(f"{name}: tolerance is {tolerances}; expected positive numbers.")


def observe_all(targets: Sequence[LiquidTarget], frames: Frames) -> Observation:
    """The observables of all targets, one after the other."""
    observed = [target.observe(frames) for target in targets]
    size = frames.energy_rows.shape[1]
    slopes = [np.zeros((*each.values.shape, size)) if each.slopes is None else each.slopes for each in observed]
    return Observation(np.concatenate([each.values for each in observed], axis=1), np.concatenate(slopes, axis=1))
