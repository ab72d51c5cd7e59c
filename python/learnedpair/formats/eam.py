# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads embedded-atom potentials in the setfl format of DYNAMO and LAMMPS: eam/alloy and eam/fs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .text import read_text

Array = NDArray[np.float64]

#: More elements, or more points of a table, than any file has: a larger number is a mistake.
MAX_ELEMENTS, MAX_POINTS = 100, 10**6


@dataclass(frozen=True)
class EamFile:
    """An embedded-atom potential in the units of the file: angstrom and eV.

    Attributes
    ----------
    comment : str
        The first three lines.
    elements : list of str
    embedding : ndarray, shape (T, n_rho)
        The embedding energies at the densities 0, drho, 2 drho ...
    densities : ndarray, shape (T, T, n_r)
        ``densities[a, b]`` is the density that an atom of the element b causes at an atom of the element a, at the
        distances 0, dr, 2 dr ...
    pairs : ndarray, shape (T, T, n_r)
        The pair energies times the distance.
    drho, dr, cutoff : float
    """

    comment: str
    elements: list[str]
    embedding: Array
    densities: Array
    pairs: Array
    drho: float
    dr: float
    cutoff: float


def read_eam(path: str | os.PathLike[str], format: str | None = None) -> EamFile:
    """Read a file.

    Parameters
    ----------
    path : path-like
    format : {"alloy", "fs"}, optional
        By default that of the ending: .eam.alloy or .eam.fs.

    Raises
    ------
    ModelError
        If the format is not known, or the file is damaged or has other numbers than its header says.
    """
    name = os.fspath(path)
    if format is None:
        format = name.rpartition(".")[2].lower()
    if format not in ("alloy", "fs"):
        raise ModelError(f"{name}: the format is {format!r}; expected 'alloy' or 'fs', such as format='alloy'.")
    lines = read_text(name).splitlines()
    if len(lines) < 6:
        raise ModelError(f"{name}: the file has {len(lines)} lines; expected a setfl file, with its tables.")
    elements = _read_elements(lines[3].split(), name)
    n_rho, drho, n_r, dr, cutoff = _read_header(lines[4].split(), name)
    numbers = _Numbers(lines[5:], name)
    count = len(elements)
    embedding = np.zeros((count, n_rho))
    densities, pairs = np.zeros((2, count, count, n_r))
    for k, element in enumerate(elements):
        numbers.skip_element(element)
        embedding[k] = numbers.take(n_rho, f"the embedding energies of {element}")
        for other in range(count if format == "fs" else 1):
            table = numbers.take(n_r, f"the densities of {element}")
            densities[other if format == "fs" else slice(None), k] = table
    for i in range(count):
        for j in range(i + 1):
            pairs[i, j] = pairs[j, i] = numbers.take(n_r, f"the pair energies of {elements[i]} and {elements[j]}")
    numbers.require_end()
    return EamFile(" ".join(lines[:3]), elements, embedding, densities, pairs, drho, dr, cutoff)


def _read_elements(words: list[str], name: str) -> list[str]:
    if not words or not words[0].isdigit() or int(words[0]) != len(words) - 1 or not 0 < int(words[0]) <= MAX_ELEMENTS:
        raise ModelError(
            f"{name}: line 4 is {' '.join(words)!r:.60}; expected the number of elements and their names, as in a setfl"
            " file."
        )
    if len(set(words[1:])) < len(words) - 1:
        raise ModelError(f"{name}: line 4 names an element twice: {', '.join(words[1:])}.")
    return words[1:]


def _read_header(words: list[str], name: str) -> tuple[int, float, int, float, float]:
    try:
        n_rho, drho, n_r, dr, cutoff = int(words[0]), float(words[1]), int(words[2]), float(words[3]), float(words[4])
    except (ValueError, IndexError):
        n_rho = n_r = 0
        drho = dr = cutoff = np.nan
    if not (4 < n_rho <= MAX_POINTS and 4 < n_r <= MAX_POINTS and all(0 < x < np.inf for x in (drho, dr, cutoff))):
        raise ModelError(
            f"{name}: line 5 is {' '.join(words)!r:.80}; expected the number and the spacing of densities, the number"
            " and the spacing of distances, and the cutoff; all positive, and at least 5 points."
        )
    if cutoff > 1.5 * n_r * dr:
        raise ModelError(f"{name}: the tables end at {(n_r - 1) * dr:g} angstrom, and the cutoff is {cutoff:g}.")
    return n_rho, drho, n_r, dr, cutoff


class _Numbers:
    """The numbers of the lines below the header, one after the other."""

    def __init__(self, lines: list[str], name: str) -> None:
        self._lines, self._name, self._next = lines, name, 0
        self._rest: list[str] = []

    def skip_element(self, element: str) -> None:
        """Skip the line with the atomic number, the mass, the lattice constant and the lattice."""
        words = self._words(element)
        if len(words) < 3:
            raise ModelError(
                f"{self._name}: line {self._next + 5} is {' '.join(words)!r:.60}; expected the atomic number, the mass"
                f" and the lattice of {element}."
            )

    def take(self, count: int, what: str) -> Array:
        """The next numbers."""
        while len(self._rest) < count:
            self._rest += self._words(what)
        words, self._rest = self._rest[:count], self._rest[count:]
        try:
            values = np.array(words, dtype=float)
        except ValueError:
            values = np.array([np.nan])
        if not np.isfinite(values).all():
            raise ModelError(
                f"{self._name}: {what}, up to line {self._next + 5}, have a word that is no finite number."
            )
        if self._rest:
            raise ModelError(
                f"{self._name}: {what} end within line {self._next + 5}; expected {count} numbers, up to the end of a"
                " line."
            )
        return values

    def require_end(self) -> None:
        """Require that only empty lines follow."""
        if any(line.split() for line in self._lines[self._next :]):
            raise ModelError(f"{self._name}: there are more numbers after the last table; look for a wrong header.")

    def _words(self, what: str) -> list[str]:
        """The words of the next line that is not empty."""
        for line in self._remaining():
            if words := line.split():
                return words
        raise ModelError(f"{self._name}: the file ends within {what}.")

    def _remaining(self) -> Iterator[str]:
        while self._next < len(self._lines):
            self._next += 1
            yield self._lines[self._next - 1]


def slopes_of(values: Array) -> Array:
    """The slopes with which LAMMPS interpolates a table, by the index of its points: from five points, and from fewer
    at its ends. Shape as ``values``, whose last axis is that of the table.
    """
    slopes = np.empty_like(values)
    slopes[..., 2:-2] = (values[..., :-4] - values[..., 4:] + 8 * (values[..., 3:-1] - values[..., 1:-3])) / 12
    slopes[..., 1], slopes[..., -2] = (values[..., 2] - values[..., 0]) / 2, (values[..., -1] - values[..., -3]) / 2
    slopes[..., 0], slopes[..., -1] = values[..., 1] - values[..., 0], values[..., -1] - values[..., -2]
    return slopes
