# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A file of configurations on which a committee disagrees, in the extended XYZ format."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray
from openmm import app

from .existing_file import require_complete_frames, require_text_file

#: The symbol of a particle that is not an atom, such as a virtual site.
NO_ELEMENT = "X"
NM_IN_ANGSTROM = 10.0


def check_candidates(file: Any, append: bool) -> None:
    """Check the arguments of CandidateFile, before any file is opened.

    Raises
    ------
    TypeError
        If the file is neither a path nor a text file that is open for writing.
    ValueError
        If the file to be continued is no XYZ file, or ends within a frame.
    """
    require_text_file(file, "CommitteeReporter: candidates")
    if isinstance(file, (str, os.PathLike)) and not os.path.isdir(os.path.dirname(os.path.abspath(file))):
        raise ValueError(f"CommitteeReporter: candidates is {os.fspath(file)!r}: there is no such folder.")
    if append and isinstance(file, (str, os.PathLike)):
        require_complete_frames(file, "CommitteeReporter")


class CandidateFile:
    """Writes frames one after the other, with positions and box vectors in angstrom, as the format wants them.

    Parameters
    ----------
    file : path-like or text file
        An existing file is replaced, unless ``append`` is true. A text file that is given remains open.
    append : bool
        Whether to continue an existing file.

    References
    ----------
    The format: https://github.com/libAtoms/extxyz
    """

    def __init__(self, file: str | os.PathLike[str] | TextIO, append: bool) -> None:
        self._owns_file = isinstance(file, (str, os.PathLike))
        self._given, self._append = file, append

    def start(self) -> None:
        """Open the file. An existing one is replaced here."""
        if isinstance(self._given, (str, os.PathLike)):
            self._file: TextIO = open(self._given, "a" if self._append else "w", encoding="utf-8")  # noqa: SIM115
        else:
            self._file = self._given

    def write(
        self,
        symbols: Sequence[str],
        positions: NDArray[np.float64],
        box: NDArray[np.float64] | None,
        spreads: NDArray[np.float64],
        values: Mapping[str, float],
    ) -> None:
        """Write a frame.

        Parameters
        ----------
        symbols : sequence of str, length n
        positions : ndarray, shape (n, 3), nm
        box : ndarray, shape (3, 3), nm, or None
            The box vectors; None if the System is not periodic.
        spreads : ndarray, shape (n,), kJ/mol/nm
            The spread of the force on each particle.
        values : mapping of str to number
            Entries of the comment line, whose names contain their units.
        """
        entries = []
        if box is not None:
            lattice = " ".join(f"{component * NM_IN_ANGSTROM:.9g}" for component in box.ravel())
            entries.append(f'Lattice="{lattice}"')
        entries.append("Properties=species:S:1:pos:R:3:force_spread:R:1")
        entries += [f"{name}={value!r}" for name, value in values.items()]
        entries.append('pbc="F F F"' if box is None else 'pbc="T T T"')
        lines = [str(len(symbols)), " ".join(entries)]
        for symbol, (x, y, z), spread in zip(symbols, positions * NM_IN_ANGSTROM, spreads, strict=True):
            lines.append(f"{symbol:<2} {x:15.8f} {y:15.8f} {z:15.8f} {spread:.6g}")
        self._file.write("\n".join(lines) + "\n")
        self._file.flush()

    def __del__(self) -> None:
        if self._owns_file and hasattr(self, "_file"):  # absent if the constructor has raised an exception
            self._file.close()


def symbols_of(topology: app.Topology) -> list[str]:
    """The symbol of the element of each atom of a topology."""
    return [NO_ELEMENT if atom.element is None else atom.element.symbol for atom in topology.atoms()]
