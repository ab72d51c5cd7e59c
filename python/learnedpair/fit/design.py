# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The linear equations of a spline fit: how the energies and forces of configurations depend on the coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .configurations import Configuration
from .distances import Distances, Range
from .expected_errors import Errors, expected_errors
from .pairs_of_types import PairOfTypes
from .rigid import project

Array = NDArray[np.float64]


class Basis(Protocol):
    """Functions of the distance."""

    @property
    def size(self) -> int:
        """The number of functions."""

    def evaluate(self, r: Array) -> tuple[Array, Array]:
        """The functions and their derivatives by r: two ndarrays of shape (n, size)."""


def rows_of(
    configuration: Configuration,
    distances: dict[PairOfTypes, Distances],
    bases: Mapping[PairOfTypes, Basis],
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
            s, dSdR = (each[:, None] for each in interacting.switching(found.r, configuration))
            values, dEdR = s * values, s * dEdR + dSdR * values
            energy = values.sum(axis=0)
            if configuration.forces is not None:
                push = (found.delta / found.r[:, None])[:, :, None] * dEdR[:, None, :]
                np.add.at(forces, found.i, push)
                np.add.at(forces, found.j, -push)
        energy_row.append(energy)
        if configuration.rigid and configuration.forces is not None:
            forces = project(forces, configuration.whole_positions, configuration.fragments)
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
