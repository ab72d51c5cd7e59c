# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Widom insertions of rigid methane into water."""

from dataclasses import dataclass

import numpy as np
from correction import OF_METHANE, OF_WATER
from force_field import COULOMB, CUTOFF, METHANE, METHANE_CHARGES, WATER_CHARGES, pair_parameters

#: Insertions whose carbon is closer than CLOSEST (nm) to an oxygen are not evaluated: their weight is taken as zero.
#: The report has the weight of the insertions between CLOSEST and SLIGHTLY_FURTHER, which must be small.
CLOSEST, SLIGHTLY_FURTHER = 0.27, 0.28
#: The edge of the cells (nm) that are searched for positions without an oxygen.
CELL = 0.02
#: Waters whose oxygen is further away (nm) are left out. The charges of methane have neither a dipole nor a quadrupole.
FURTHEST = 1.05


@dataclass(frozen=True)
class Insertions:
    """The results of all insertions into one snapshot.

    Attributes
    ----------
    closest : ndarray, shape (n,), nm
        The shortest C-O distance of each insertion that was evaluated.
    energy, correction : ndarray, shape (n,), kJ/mol
        The energies of methane with all waters by OPLS-AA/TIP3P, and by the correction, both without the long-range
        corrections.
    attempts : float
        The number of insertions at uniformly random positions, including those that were not evaluated, whose energy
        is taken as infinite.
    volume : float, nm^3
    """

    closest: np.ndarray
    energy: np.ndarray
    correction: np.ndarray
    attempts: float
    volume: float


def insert(waters, edge, tables, num_points, num_orientations, random):
    """Insert methane at random positions, each in some random orientations.

    Parameters
    ----------
    waters : ndarray, shape (M, 3, 3), nm
    edge : float, nm
        Of the cubic box.
    tables : dict
        See make_tables().
    num_points : int
        The number of positions in cells that are not near an oxygen.
    num_orientations : int
    random : numpy.random.Generator

    Returns
    -------
    Insertions
    """
    cells, edge_of_cell = free_cells(waters[:, 0], edge)
    points = (cells[random.integers(len(cells), size=num_points)] + random.random((num_points, 3))) * edge_of_cell
    points = np.concatenate(
        [_free(part, waters[:, 0], edge) for part in np.array_split(points, num_points // 1000 + 1)]
    )
    attempts = num_points * num_orientations * (edge / edge_of_cell) ** 3 / len(cells)
    rotations = random_rotations(len(points) * num_orientations, random)
    sites = (METHANE @ rotations.transpose(0, 2, 1)).reshape(len(points), num_orientations, 5, 3)
    closest, energies, corrections = interactions(points, sites, waters, edge, tables)
    closest = np.repeat(closest, num_orientations)
    return Insertions(closest, energies.ravel(), corrections.ravel(), attempts, edge**3)


def free_cells(oxygens, edge):
    """The cells that have points without an oxygen closer than CLOSEST.

    Returns
    -------
    cells : ndarray of int, shape (n, 3)
    edge_of_cell : float, nm
        A whole fraction of the edge of the box.
    """
    count = int(np.ceil(edge / CELL))
    size = edge / count
    # Two points of two cells are closer to each other than the centers of the cells plus a diagonal.
    radius = CLOSEST / size - np.sqrt(3)
    offsets = np.indices(3 * (2 * int(radius) + 1,)).reshape(3, -1).T - int(radius)
    offsets = offsets[np.sum(offsets**2, axis=1) < radius**2]
    occupied = (np.floor(oxygens / size).astype(int)[:, None] + offsets).reshape(-1, 3) % count
    is_free = np.ones(3 * (count,), bool)
    is_free[tuple(occupied.T)] = False
    return np.argwhere(is_free), size


def _free(points, oxygens, edge):
    """The points without an oxygen closer than CLOSEST."""
    delta = (points[:, None] - oxygens).astype(np.float32)
    delta -= edge * np.round(delta / edge)
    return points[np.einsum("pmk,pmk->pm", delta, delta).min(axis=1, initial=np.inf) > CLOSEST**2]


def random_rotations(count, random):
    """Random rotation matrices, from unit quaternions."""
    w, x, y, z = (q := random.normal(size=(4, count))) / np.linalg.norm(q, axis=0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows).transpose(2, 0, 1)


def interactions(points, sites, waters, edge, tables):
    """The energies of methane with all waters, which are taken as whole molecules.

    Parameters
    ----------
    points : ndarray, shape (P, 3), nm
        Of the carbon.
    sites : ndarray, shape (P, K, 5, 3), nm
        The atoms relative to the carbon, in K orientations.
    waters, edge, tables
        See insert().

    Returns
    -------
    closest : ndarray, shape (P,), nm
        The shortest C-O distance.
    energies, corrections : ndarray, shape (P, K), kJ/mol
    """
    delta = waters[:, 0] - points[:, None]
    shift = -edge * np.round(delta / edge)
    r2 = np.sum((delta + shift) ** 2, axis=2)
    point, water = np.nonzero(r2 < FURTHEST**2)
    atoms = waters[water] + (shift[point, water] - points[point])[:, None]
    sigmas, epsilons = pair_parameters()
    energies, corrections = np.zeros((2, *sites.shape[:2]))
    for orientation in range(sites.shape[1]):
        energy, correction = np.zeros((2, len(point)))
        for a, first in enumerate(OF_METHANE):
            for b, second in enumerate(OF_WATER):
                d = atoms[:, b] - sites[point, orientation, a]
                r = np.sqrt(np.einsum("pk,pk->p", d, d))
                energy += COULOMB * METHANE_CHARGES[a] * WATER_CHARGES[b] / r
                if second == "OW":
                    power6 = np.where(r < CUTOFF, (sigmas[a] / r) ** 6, 0.0)
                    energy += 4 * epsilons[a] * (power6 * power6 - power6)
                correction += _look_up(tables[first, second], r)
        energies[:, orientation] = np.bincount(point, energy, minlength=len(points))
        corrections[:, orientation] = np.bincount(point, correction, minlength=len(points))
    return np.sqrt(r2.min(axis=1, initial=np.inf)), energies, corrections


def _look_up(table, r):
    """Interpolate a table, whose last value is zero, linearly."""
    position = np.minimum(r * ((len(table) - 1) / CUTOFF), len(table) - 1.000001)
    index = position.astype(np.int64)
    return table[index] + (position - index) * (table[index + 1] - table[index])
