# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reference data of a fit: structures with energies and forces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from openmm import unit

from ..errors import ModelError
from ..force.particles import is_finite_number
from .arguments import as_array, as_integers, as_seed, without_unit
from .rigid import make_whole, project

Array = NDArray[np.float64]

#: The units of plain numbers, to which Quantities are converted.
_UNITS = {
    "positions": unit.nanometer,
    "box": unit.nanometer,
    "energy": unit.kilojoule_per_mole,
    "baseline_energy": unit.kilojoule_per_mole,
    "forces": unit.kilojoule_per_mole / unit.nanometer,
    "baseline_forces": unit.kilojoule_per_mole / unit.nanometer,
}


@dataclass(frozen=True, eq=False)
class Configuration:
    """One structure with its reference energy, its reference forces, or both. Quantities are converted.

    The pair function is fitted to the reference minus the baseline.

    Attributes
    ----------
    name : str
        The place of the structure in its file, for messages and reports.
    types : tuple of str, length N
        The type of each atom, for instance its element.
    positions : ndarray, shape (N, 3), nm
    energy : float, kJ/mol, or None
        The interaction energy: the energy of the structure minus those of its isolated fragments.
    forces : ndarray, shape (N, 3), kJ/mol/nm, or None
        Minus the gradient of ``energy``.
    box : ndarray, shape (3, 3), nm, or None
        The periodic box vectors in OpenMM's reduced form, one per row.
    fragments : ndarray of int, shape (N,)
        The fragment of each atom, for instance its molecule. Pairs of atoms of one fragment do not interact. By default
        every atom is a fragment.
    baseline_energy : float, kJ/mol
        The interaction energy of the force field that is to be corrected.
    baseline_forces : ndarray, shape (N, 3), kJ/mol/nm, or None
        None means that they are zero.
    weight : float
        The factor of the squared errors of this structure.
    rigid : bool
        Whether fragments are rigid, as water is with ``rigidWater=True``. Only the sum and the torque of the forces on
        each fragment count then: both sets of forces are replaced by the smallest ones that have the same.

    Examples
    --------
    A pair of argon atoms, and the energy of its correction to a Lennard-Jones potential:

    >>> import learnedpair as lp
    >>> dimer = lp.fit.Configuration(
    ...     "first", ("Ar", "Ar"), [[0, 0, 0], [0, 0, 0.38]], energy=-1.178, baseline_energy=-0.995
    ... )
    >>> round(dimer.energy_difference, 3)
    -0.183
    """

    name: str
    types: tuple[str, ...]
    positions: Array
    energy: float | None = None
    forces: Array | None = None
    box: Array | None = None
    fragments: NDArray[np.int64] = None  # type: ignore[assignment]  # __post_init__() replaces None
    baseline_energy: float = 0.0
    baseline_forces: Array | None = None
    weight: float = 1.0
    rigid: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", _as_names(self.types, self.name))
        count = len(self.types)
        for name, its_unit in _UNITS.items():
            object.__setattr__(self, name, without_unit(getattr(self, name), its_unit, f"{self.name}: {name}"))
        if self.fragments is None:
            object.__setattr__(self, "fragments", np.arange(count))
        shapes = {
            "positions": (count, 3),
            "forces": (count, 3),
            "baseline_forces": (count, 3),
            "box": (3, 3),
            "fragments": (count,),
        }
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is None and name != "positions":
                continue
            convert = as_integers if name == "fragments" else as_array
            value = convert(value, f"{self.name}: {name}")
            if value.shape != shape:
                raise ModelError(f"{self.name}: {name} has the shape {value.shape}; expected {shape}.")
            if not np.isfinite(value).all():
                raise ModelError(f"{self.name}: {name} has a value that is not finite.")
            object.__setattr__(self, name, value)
        if self.box is not None:
            _require_reduced_form(self.box, self.name)
        if self.energy is None and self.forces is None:
            raise ModelError(f"{self.name}: the structure has neither an energy nor forces; leave it out.")
        for name in ("energy", "baseline_energy", "weight"):
            value = getattr(self, name)
            if value is None and name == "energy":
                continue
            if not is_finite_number(value):
                raise ModelError(f"{self.name}: {name} is {value!r:.60}; expected a finite number.")
            object.__setattr__(self, name, float(value))
        if self.weight <= 0:
            raise ModelError(f"{self.name}: weight is {self.weight:g}; expected a positive number.")
        if not isinstance(self.rigid, bool):
            raise ModelError(f"{self.name}: rigid is {self.rigid!r}; expected True or False.")
        for name in ("forces", "baseline_forces"):
            if self.rigid and getattr(self, name) is not None:
                object.__setattr__(self, name, project(getattr(self, name), self.whole_positions, self.fragments))

    @property
    def whole_positions(self) -> Array:
        """The positions, with the atoms of each fragment in the same periodic image: that next to its first atom."""
        return self.positions if self.box is None else make_whole(self.positions, self.fragments, self.box)

    @property
    def energy_difference(self) -> float | None:
        """The energy minus that of the baseline, in kJ/mol; None without an energy."""
        return None if self.energy is None else self.energy - self.baseline_energy

    @property
    def force_difference(self) -> Array | None:
        """The forces minus those of the baseline, in kJ/mol/nm; None without forces."""
        if self.forces is None:
            return None
        return self.forces if self.baseline_forces is None else self.forces - self.baseline_forces


class ReferenceData(Sequence[Configuration]):
    """Structures with reference energies and forces, and where they come from.

    Parameters
    ----------
    configurations : sequence of Configuration
    source : str
        The names of the files.
    method : str
        How the reference was computed, for instance "CCSD(T)/CBS, counterpoise-corrected". It is stored in the model.

    Raises
    ------
    ModelError
        If there is no configuration, or something else than Configurations.

    Examples
    --------
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [lp.fit.Configuration("first", ("He", "Ne"), [[0, 0, 0], [0, 0, 0.30]], energy=-0.17)],
    ...     source="by hand",
    ...     method="an example",
    ... )
    >>> data
    <ReferenceData by hand: 1 configuration of He, Ne; 1 energy>
    """

    def __init__(self, configurations: Sequence[Configuration], source: str, method: str) -> None:
        if not isinstance(configurations, Iterable):
            raise ModelError(f"ReferenceData: configurations is {configurations!r:.60}; expected a list of them.")
        self._configurations = list(configurations)
        self.source, self.method = source, method
        for each in self._configurations:
            if not isinstance(each, Configuration):
                raise ModelError(f"{source}: there is a {type(each).__name__}; expected Configurations.")
        if not self._configurations:
            raise ModelError(f"{source}: there are no configurations; expected at least one.")

    def __len__(self) -> int:
        return len(self._configurations)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return ReferenceData(self._configurations[index], self.source, self.method)
        return self._configurations[index]

    def __iter__(self) -> Iterator[Configuration]:
        return iter(self._configurations)

    def __add__(self, other: ReferenceData) -> ReferenceData:
        """Both data sets as one."""
        require_data(other, f"{self.source}: +")
        join = lambda a, b: a if a == b else f"{a}; {b}"  # noqa: E731
        return ReferenceData([*self, *other], join(self.source, other.source), join(self.method, other.method))

    def __repr__(self) -> str:
        energies = sum(each.energy is not None for each in self)
        forces = sum(each.forces is not None for each in self)
        text = ", ".join(self.types)
        labels = [_plural(energies, "energy", "energies")] * (energies > 0)
        labels += [_plural(forces, "set of forces", "sets of forces")] * (forces > 0)
        return f"<ReferenceData {self.source}: {_plural(len(self), 'configuration')} of {text}; {', '.join(labels)}>"

    @property
    def types(self) -> list[str]:
        """The types of the atoms, in the order of their first appearance."""
        return list(dict.fromkeys(each for configuration in self for each in configuration.types))

    @property
    def digest(self) -> str:
        """SHA-256 of all numbers and types, the baseline included."""
        digest = hashlib.sha256()
        for each in self:
            digest.update("\n".join(each.types).encode())
            for value in (
                each.positions,
                each.energy_difference,
                each.force_difference,
                each.box,
                each.fragments,
                each.weight,
                *([1.0] if each.rigid else []),
            ):
                digest.update(b"-" if value is None else np.ascontiguousarray(value, dtype=float).tobytes())
        return digest.hexdigest()

    def with_rigid_fragments(self) -> ReferenceData:
        """The same structures, whose fragments are rigid.

        Only the sum and the torque of the forces on each fragment are fitted.

        Returns
        -------
        ReferenceData

        Examples
        --------
        The forces along the bond of a rigid molecule do not matter:

        >>> import learnedpair as lp
        >>> forces = [[0, 0, 5], [0, 0, -4], [0, 0, -1]]
        >>> positions = [[0, 0, 0], [0, 0, 0.1], [0, 0, 0.4]]
        >>> structure = lp.fit.Configuration("a", ("O", "H", "Ar"), positions, forces=forces, fragments=[0, 0, 1])
        >>> data = lp.fit.ReferenceData([structure], source="by hand", method="an example")
        >>> data.with_rigid_fragments()[0].forces[:, 2].tolist()
        [0.5, 0.5, -1.0]
        """
        return ReferenceData([replace(each, rigid=True) for each in self], self.source, self.method)

    def select(self, chosen: Callable[[Configuration], bool]) -> ReferenceData:
        """The configurations for which a function is true.

        Parameters
        ----------
        chosen : function of a Configuration

        Returns
        -------
        ReferenceData

        Examples
        --------
        The dimers of argon that are closer than 0.5 nm:

        >>> import learnedpair as lp
        >>> data = lp.fit.ReferenceData(
        ...     [
        ...         lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-4e-3 / r**6)
        ...         for r in (0.4, 0.6)
        ...     ],
        ...     source="a formula",
        ...     method="an example",
        ... )
        >>> [each.name for each in data.select(lambda dimer: dimer.positions[1, 2] < 0.5)]
        ['0.4']
        """
        return ReferenceData([each for each in self if chosen(each)], self.source, self.method)

    def split(self, fraction: float, seed: int = 0) -> tuple[ReferenceData, ReferenceData]:
        """Divide the configurations at random.

        Parameters
        ----------
        fraction : float
            The fraction of the configurations in the second part, such as 0.2.
        seed : int
            The same seed gives the same parts.

        Returns
        -------
        (ReferenceData, ReferenceData)
            Both in the order of the file.

        Raises
        ------
        ModelError
            If one of the parts would be empty.

        Examples
        --------
        >>> import learnedpair as lp
        >>> data = lp.fit.ReferenceData(
        ...     [
        ...         lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=-4e-3 / r**6)
        ...         for r in (0.4, 0.5, 0.6, 0.7, 0.8)
        ...     ],
        ...     source="a formula",
        ...     method="an example",
        ... )
        >>> fitted, held_out = data.split(0.2, seed=1)
        >>> len(fitted), len(held_out)
        (4, 1)
        """
        if not is_finite_number(fraction):
            raise ModelError(f"{self.source}: fraction is {fraction!r:.60}; expected a number between 0 and 1.")
        seed = as_seed(seed, f"{self.source}: seed")
        held_out = round(fraction * len(self))
        if not 0 < held_out < len(self):
            raise ModelError(
                f"{self.source}: a fraction of {fraction:g} of {len(self)} configurations is {held_out}; expected a"
                " fraction that leaves at least one in both parts."
            )
        chosen = set(np.random.default_rng(seed).permutation(len(self))[:held_out].tolist())
        kept = [each for index, each in enumerate(self) if index not in chosen]
        rest = [each for index, each in enumerate(self) if index in chosen]
        return ReferenceData(kept, self.source, self.method), ReferenceData(rest, self.source, self.method)

    def with_baseline(self, energies: ArrayLike, forces: Sequence[Array | None] | None = None) -> ReferenceData:
        """The same structures with another baseline.

        Parameters
        ----------
        energies : array_like, shape (n_configurations,), kJ/mol
        forces : sequence of ndarray, shape (N, 3), kJ/mol/nm, optional

        Returns
        -------
        ReferenceData

        Raises
        ------
        ModelError
            If the shapes are others, or forces are missing.
        """
        what = f"{self.source}: energies"
        energies = as_array(without_unit(energies, _UNITS["energy"], what), what)
        if energies.shape != (len(self),) or (forces is not None and len(forces) != len(self)):
            raise ModelError(
                f"{self.source}: the baseline has energies of shape {energies.shape}; expected one for each of"
                f" {len(self)} configurations, and as many sets of forces."
            )
        if forces is None and any(each.forces is not None for each in self):
            raise ModelError(f"{self.source}: the data have forces, and the baseline has energies only; give both.")
        forces = [None] * len(self) if forces is None else forces
        changed = [
            replace(each, baseline_energy=float(energy), baseline_forces=force)
            for each, energy, force in zip(self, energies, forces)
        ]
        return ReferenceData(changed, self.source, self.method)


def require_data(data: Any, what: str) -> None:
    """Require reference data, and not a list of configurations or one of them."""
    if not isinstance(data, ReferenceData):
        raise ModelError(
            f"{what}: the data are a {type(data).__name__}; expected ReferenceData, such as ReferenceData([...],"
            " source, method)."
        )


def _as_names(types: Any, place: str) -> tuple[str, ...]:
    """Require a name for each atom."""
    if isinstance(types, (str, bytes)) or not isinstance(types, (list, tuple, np.ndarray)) or len(types) == 0:
        raise ModelError(f"{place}: types is {types!r:.60}; expected a list with one name for each atom.")
    for name in types:
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            raise ModelError(f"{place}: types has {name!r:.60}; expected names that are not empty.")
    return tuple(str(name) for name in types)


def _require_reduced_form(box: Array, name: str) -> None:
    a, b, c = box
    reduced = a[1] == a[2] == b[2] == 0 and (np.diag(box) > 0).all()
    if not (reduced and a[0] >= 2 * max(abs(b[0]), abs(c[0])) and b[1] >= 2 * abs(c[1])):
        raise ModelError(
            f"{name}: the box vectors {box.tolist()} nm are not in the reduced form that OpenMM needs; convert the"
            " structure, for instance with openmm.app.internal.unitcell.reducePeriodicBoxVectors."
        )


def _plural(number: int, singular: str, plural: str | None = None) -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
