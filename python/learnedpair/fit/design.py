# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The linear equations of a spline fit: how the energies and forces of configurations depend on the coefficients."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..force.neighbors import neighbors
from .basis import InverseSplineBasis
from .configurations import Configuration

Array = NDArray[np.float64]
PairOfTypes = tuple[str, str]

#: The default errors, as fractions: of the deepest reference energy, and of each reference value.
OF_DEPTH, OF_VALUE = 1e-3, 1e-2
#: A well is at least this fraction of the median of the magnitudes of all energies deep.
LEAST_DEPTH = 0.1
#: The distance over which the default error of a force changes an energy by its default error, in nm.
LENGTH = 0.05

_Value = TypeVar("_Value")


class PairsOfTypes(dict[PairOfTypes, _Value]):
    """A dict of pairs of types, which are found in either order."""

    def __missing__(self, pair: PairOfTypes) -> _Value:
        reversed_pair = pair[::-1] if isinstance(pair, tuple) else pair
        if reversed_pair != pair and reversed_pair in self:
            return self[reversed_pair]
        raise KeyError(pair)


def label_of(pair: PairOfTypes) -> str:
    """A text for a pair of types: O-H, or A-B | C if a type has a hyphen in its name."""
    return (" | " if any("-" in name for name in pair) else "-").join(pair)


def names_of(types: Iterable[Any], needed: Iterable[str], source: str) -> list[str]:
    """The names of the types of a model, which must include those of the data.

    Raises
    ------
    ModelError
        ``source`` begins the message.
    """
    if isinstance(types, str):
        raise ModelError(f"{source}: types is {types!r}; expected a list of names, or a dict with rules.")
    names = [each for each in types if each is not None]
    for each in needed:
        if each not in names:
            raise ModelError(f"{source}: the data have the type {each!r}, and types has {names}; add it.")
    return names


_NO_PAIRS = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros(0))


@dataclass(frozen=True)
class Distances:
    """The pairs of one configuration that have the same types.

    Attributes
    ----------
    i, j : ndarray of int, shape (n_pairs,)
    delta : ndarray, shape (n_pairs, 3), nm
        The displacement from i to j.
    r : ndarray, shape (n_pairs,), nm
    """

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    delta: Array
    r: Array


@dataclass(frozen=True)
class Range:
    """Where pairs interact: without a box at all distances; in a periodic box below the cutoff, with the switching
    function of the force, since the reference of a periodic structure has the energy of all neighbors.
    """

    cutoff: float
    switching_distance: float | None

    def switching(self, r: Array) -> tuple[Array, Array]:
        """OpenMM's switching function and its derivative."""
        if self.switching_distance is None:
            return np.ones_like(r), np.zeros_like(r)
        width = self.cutoff - self.switching_distance
        x = np.maximum((r - self.switching_distance) / width, 0)
        return 1 + x**3 * (-10 + x * (15 - 6 * x)), -30 * (x * (1 - x)) ** 2 / width


def find_distances(configuration: Configuration, interacting: Range) -> dict[PairOfTypes, Distances]:
    """The pairs of atoms of different fragments, by their types in alphabetical order."""
    box = configuration.box
    if box is not None and np.diag(box).min() < 2 * interacting.cutoff:
        raise ModelError(
            f"{configuration.name}: the box is {np.diag(box).min():g} nm wide, less than twice the cutoff,"
            f" {interacting.cutoff:g} nm; choose a shorter cutoff."
        )
    parts = [*neighbors(configuration.positions, np.inf if box is None else interacting.cutoff, box)]
    first, second, delta, r = (np.concatenate([part[k] for part in parts]) for k in range(4)) if parts else _NO_PAIRS
    apart = configuration.fragments[first] != configuration.fragments[second]
    first, second, delta, r = (array[apart] for array in (first, second, delta, r))
    if (r == 0).any():
        raise ModelError(f"{configuration.name}: two atoms are at the same place.")
    names, codes = np.unique(np.array(configuration.types), return_inverse=True)
    low, high = np.minimum(codes[first], codes[second]), np.maximum(codes[first], codes[second])
    result = {}
    for code in np.unique(low * len(names) + high):
        a, b = divmod(int(code), len(names))
        chosen = (low == a) & (high == b)
        result[str(names[a]), str(names[b])] = Distances(first[chosen], second[chosen], delta[chosen], r[chosen])
    return result


def find_all_distances(
    configurations: Iterable[Configuration], interacting: Range
) -> list[dict[PairOfTypes, Distances]]:
    """The pairs of each configuration; one without any is refused."""
    result = []
    for each in configurations:
        result.append(find_distances(each, interacting))
        if not result[-1]:
            raise ModelError(f"{each.name}: no two atoms of different fragments are in range; leave it out.")
    return result


@dataclass(frozen=True)
class Errors:
    """The errors that are expected of the data: an absolute one plus a fraction of the reference value.

    Attributes
    ----------
    energy, force : (float, float)
        The absolute error, in kJ/mol or kJ/mol/nm, and the fraction.
    """

    energy: tuple[float, float]
    force: tuple[float, float]


def well_depth(energies: Array) -> float:
    """Minus the lowest energy; 0 if there is no well. A lowest energy that is negative by chance is no well."""
    depth = -float(energies.min())
    return depth if depth > max(LEAST_DEPTH * float(np.median(np.abs(energies))), 0.0) else 0.0


def default_errors(
    configurations: Sequence[Configuration],
    energy_error: tuple[float, float] | None,
    force_error: tuple[float, float] | None,
) -> Errors:
    """The expected errors of the data, as given or by default."""
    if energy_error is None:
        energies = np.array([each.energy for each in configurations if each.energy is not None])
        # Without a well, the smaller half of the energies sets the scale; without energies, 1 kJ/mol does.
        scale = (well_depth(energies) or float(np.median(np.abs(energies)))) if len(energies) > 0 else 1.0
        energy_error = (OF_DEPTH * scale or OF_DEPTH, OF_VALUE)
    _require_error("energy_error", energy_error)
    if force_error is None:
        force_error = (energy_error[0] / LENGTH, OF_VALUE)
    _require_error("force_error", force_error)
    return Errors((energy_error[0], energy_error[1]), (force_error[0], force_error[1]))


def _require_error(name: str, error: tuple[float, float]) -> None:
    is_pair = isinstance(error, (tuple, list)) and len(error) == 2
    if not is_pair or not all(np.isfinite(error)) or error[0] <= 0 or error[1] < 0:
        raise ModelError(f"{name} is {error!r}; expected a positive absolute error, and a fraction of the value.")


def rows_of(
    configuration: Configuration,
    distances: dict[PairOfTypes, Distances],
    bases: dict[PairOfTypes, InverseSplineBasis],
    interacting: Range,
    errors: Errors,
) -> tuple[Array, Array]:
    """The rows of the matrix and of the target for one configuration: its energy and its forces, divided by their
    expected errors.
    """
    count = len(configuration.types)
    energy_row: list[Array] = []
    force_rows: list[Array] = []
    for pair, basis in bases.items():
        energy, forces = np.zeros(basis.size), np.zeros((count, 3, basis.size))
        found = distances.get(pair)
        if found is not None:
            values, dEdR = basis.evaluate(found.r)
            if configuration.box is not None:
                s, dsdr = (each[:, None] for each in interacting.switching(found.r))
                values, dEdR = s * values, s * dEdR + dsdr * values
            energy = values.sum(axis=0)
            if configuration.forces is not None:
                push = (found.delta / found.r[:, None])[:, :, None] * dEdR[:, None, :]
                np.add.at(forces, found.i, push)
                np.add.at(forces, found.j, -push)
        energy_row.append(energy)
        force_rows.append(forces.reshape(3 * count, basis.size))
    matrix: list[Array] = []
    target: list[Array] = []
    of_energy, of_forces = expected_errors(configuration, errors)
    if (energy_difference := configuration.energy_difference) is not None:
        matrix.append(np.concatenate(energy_row)[None, :] / of_energy)
        target.append(np.array([energy_difference / of_energy]))
    if (force_difference := configuration.force_difference) is not None:
        scale = np.repeat(1 / of_forces, 3)
        matrix.append(np.concatenate(force_rows, axis=1) * scale[:, None])
        target.append(force_difference.ravel() * scale)
    return np.concatenate(matrix), np.concatenate(target)


def expected_errors(configuration: Configuration, errors: Errors) -> tuple[float, Array]:
    """The expected errors of the energy and of the force on each atom, by which rows are divided. The weight of the
    configuration is included.
    """
    factor = 1 / np.sqrt(configuration.weight)
    of_energy = errors.energy[0] + errors.energy[1] * abs(configuration.energy or 0.0)
    sizes = np.zeros(0) if configuration.forces is None else np.sqrt((configuration.forces**2).sum(axis=1))
    return float(factor * of_energy), factor * (errors.force[0] + errors.force[1] * sizes)


def connected(occurring: Iterable[Collection[PairOfTypes]]) -> list[list[PairOfTypes]]:
    """Divide pairs of types into sets that no configuration connects, so that they can be fitted one by one."""
    sets: list[set[PairOfTypes]] = []
    for pairs in occurring:
        merged = set(pairs)
        separate = []
        for each in sets:
            if each & merged:
                merged |= each
            else:
                separate.append(each)
        sets = [*separate, merged] if merged else separate
    return sorted(sorted(each) for each in sets)
