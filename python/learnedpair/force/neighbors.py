# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The pairs of particles within a cutoff, found with cells (linked-cell method), in NumPy alone."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: The largest number of displacements that are computed together.
CHUNK = 1_000_000
#: Cells have at least the cutoff divided by this number as their width: smaller cells have fewer pairs of particles
#: beyond the cutoff, but there are more of them.
CELLS_PER_CUTOFF = 2
#: The largest number of cells along an axis, so that the number of a cell fits into 64 bits.
MAX_CELLS = 2**20
#: The cells are searched a little beyond the cutoff, in case rounding puts a particle into the next cell.
ROUNDING = 1e-6

#: i, j (with i < j), the displacements from i to j, and the distances.
Neighbors = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def minimum_image(delta: NDArray[np.float64], box: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Move displacements, shape (..., 3), to the nearest periodic image.

    As in OpenMM, the result is the nearest image if it is shorter than half of the width of the box.
    """
    if box is not None:
        for k in (2, 1, 0):
            delta = delta - np.round(delta[..., k : k + 1] / box[k, k]) * box[k]
    return delta


def neighbors(
    positions: NDArray[np.float64], cutoff: float, box: NDArray[np.float64] | None = None
) -> Iterator[Neighbors]:
    """Find all pairs of particles that are closer than a cutoff, in parts that need little memory.

    Parameters
    ----------
    positions : ndarray, shape (n_particles, 3), nm
        Finite; they may be outside of the box.
    cutoff : float, nm
        May be infinite without a box.
    box : ndarray, shape (3, 3), nm, or None
        Periodic box vectors in OpenMM's reduced form. The pairs are those of minimum images.

    Yields
    ------
    i, j : ndarray of int, shape (n_pairs,)
        Each pair once, with i < j, in no particular order.
    delta : ndarray, shape (n_pairs, 3), nm
        The displacement from i to the minimum image of j.
    r : ndarray, shape (n_pairs,), nm

    Raises
    ------
    ValueError
        If the cutoff is longer than half the width of the box. OpenMM refuses such a box, too.

    References
    ----------
    M. P. Allen and D. J. Tildesley, Computer Simulation of Liquids, section 5.3.2 (1987). Periodic images are counted
    explicitly here, so that a box may have only one cell along an axis.

    Examples
    --------
    Three particles in a row, the outer two of which are neighbors through the periodic boundary:

    >>> import numpy as np
    >>> from learnedpair.force.neighbors import neighbors
    >>> positions = np.array([[0.1, 0, 0], [1.0, 0, 0], [1.9, 0, 0]])
    >>> for i, j, delta, r in neighbors(positions, 0.5, 2.0 * np.eye(3)):
    ...     print(i.tolist(), j.tolist(), r.round(3).tolist())
    [0] [2] [0.2]
    """
    positions = np.asarray(positions, dtype=float)
    if len(positions) < 2:
        return
    if box is not None:
        width = float(np.diagonal(box).min())
        if not cutoff <= 0.5 * width * 1.000001:  # the tolerance of OpenMM
            raise ValueError(
                f"the cutoff is {cutoff:g} nm, more than half the width of the periodic box, {width:g} nm; use a larger"
                " box or a shorter cutoff."
            )
        cutoff = min(cutoff, 0.5 * width)  # so that no pair has two images in range
    cells = _sort_into_cells(positions, cutoff, box)
    for offset in _half_of_offsets(cells.reach):
        particles, origins, start, count = _search_at(cells, offset, box)
        for rows, b in _expand(start, count):
            delta = cells.positions[b] - origins[rows]
            r = np.sqrt(np.einsum("ij,ij->i", delta, delta))
            near = np.flatnonzero(r < cutoff)
            if len(near) == 0:
                continue
            i, j, delta = cells.order[particles[rows[near]]], cells.order[b[near]], delta[near]
            delta[i > j] *= -1
            yield np.minimum(i, j), np.maximum(i, j), delta, r[near]


class _Cells(NamedTuple):
    """Particles, sorted by the cells that they are in.

    ``order`` holds the indices of the sorted particles, and ``positions`` their positions, in a box the periodic images
    inside of it. ``shape`` is the number of cells along each axis, and ``reach`` the number of cells to search in each
    direction. The particles from ``first[k]`` to ``first[k + 1]`` are in the occupied cell k, which has the coordinates
    ``coordinates[k]`` and the number ``numbers[k]``; ``cell_of`` is k for each sorted particle.
    """

    order: NDArray[np.int64]
    positions: NDArray[np.float64]
    shape: NDArray[np.int64]
    reach: NDArray[np.int64]
    coordinates: NDArray[np.int64]
    numbers: NDArray[np.int64]
    first: NDArray[np.int64]
    cell_of: NDArray[np.int64]


def _sort_into_cells(positions: NDArray[np.float64], cutoff: float, box: NDArray[np.float64] | None) -> _Cells:
    if box is None:
        low, high = positions.min(axis=0), positions.max(axis=0)
        heights = np.where(high > low, high - low, 1.0)
        fractions = (positions - low) / heights
    else:
        inverse = np.linalg.inv(box)
        heights = 1 / np.linalg.norm(inverse, axis=0)  # the distances between opposite faces
        fractions = positions @ inverse
        images = np.floor(fractions)
        fractions, positions = fractions - images, positions - images @ box
    searched = cutoff * (1 + ROUNDING)
    shape = np.clip(np.floor(heights * (CELLS_PER_CUTOFF / searched)), 1, MAX_CELLS)
    reach = np.ceil(searched / (heights / shape))
    if box is None:
        reach = np.minimum(reach, shape - 1)
    shape, reach = shape.astype(np.int64), reach.astype(np.int64)
    cells = np.minimum((fractions * shape).astype(np.int64), shape - 1)
    number = _number(cells, shape)
    order = np.argsort(number, kind="stable")
    numbers, first, cell_of = np.unique(number[order], return_index=True, return_inverse=True)
    coordinates = cells[order][first]
    return _Cells(
        order, positions[order], shape, reach, coordinates, numbers, np.append(first, len(order)), cell_of.ravel()
    )


def _number(cells: NDArray[np.int64], shape: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((cells[:, 0] * shape[1] + cells[:, 1]) * shape[2] + cells[:, 2])


def _half_of_offsets(reach: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The offsets to the cells to be searched: of two opposite offsets one, so that each pair is found once."""
    for offset in itertools.product(*(range(-k, k + 1) for k in reach.tolist())):
        if offset >= (0, 0, 0):
            yield np.array(offset)


def _search_at(
    cells: _Cells, offset: NDArray[np.int64], box: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Find the cells at an offset from the cell of each particle.

    Returns
    -------
    particles : ndarray of int
        The sorted particles that have an occupied cell there.
    origins : ndarray, shape (n, 3), nm
        Their positions, seen from the periodic image of that cell.
    start, count : ndarray of int
        The first of the sorted particles in that cell, and their number. In the particle's own cell, these are the
        particles after it.
    """
    coordinates = cells.coordinates + offset
    shifts = np.zeros((len(coordinates), 3))
    if box is None:
        exists = ((coordinates >= 0) & (coordinates < cells.shape)).all(axis=1)
    else:
        images = coordinates // cells.shape
        coordinates, shifts = coordinates - images * cells.shape, images @ box
        exists = np.full(len(coordinates), True)
    wanted = _number(coordinates, cells.shape)
    found = np.minimum(np.searchsorted(cells.numbers, wanted), len(cells.numbers) - 1)
    exists &= cells.numbers[found] == wanted
    particles = np.flatnonzero(exists[cells.cell_of])
    own = cells.cell_of[particles]
    start, end = cells.first[found[own]], cells.first[found[own] + 1]
    if not offset.any():
        start = particles + 1
    return particles, cells.positions[particles] - shifts[own], start, end - start


def _expand(
    start: NDArray[np.int64], count: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Combine each row with its partners, start to start + count, in parts of about CHUNK combinations.

    Yields
    ------
    rows, partners : ndarray of int
    """
    total = np.cumsum(count)
    begin = 0
    while begin < len(count):
        done = total[begin - 1] if begin > 0 else 0
        end = max(begin + 1, int(np.searchsorted(total, done + CHUNK, side="right")))
        part = count[begin:end]
        rows = np.repeat(np.arange(begin, end), part)
        yield rows, np.arange(len(rows)) + np.repeat(start[begin:end] - (np.cumsum(part) - part), part)
        begin = end
