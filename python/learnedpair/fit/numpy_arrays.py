# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads structures with energies and forces from the arrays of an .npz file."""

from __future__ import annotations

import math
import os
import zipfile
from typing import IO, Any, Literal

import numpy as np

from ..errors import ModelError
from ..units import ENERGY, LENGTH, factor
from .configurations import Configuration, ReferenceData

#: The most bytes that the arrays of a file may have: a small compressed file can announce arrays that fill the memory.
LARGEST = 8 * 2**30
#: The arrays, with the kinds of their elements as NumPy abbreviates them, and words for these.
NUMBERS = ("fiu", "numbers")
ARRAYS = {
    "types": ("U", "texts"),
    "positions": NUMBERS,
    "energies": NUMBERS,
    "forces": NUMBERS,
    "boxes": NUMBERS,
    "fragments": ("iu", "integers"),
    "weights": NUMBERS,
}


def read_npz(
    path: str | os.PathLike[str],
    *,
    length_unit: Literal["nm", "angstrom", "bohr"],
    energy_unit: Literal["kJ/mol", "kcal/mol", "eV", "hartree"],
    method: str,
) -> ReferenceData:
    """Read structures of the same number of atoms with interaction energies and forces from an .npz file.

    Parameters
    ----------
    path : path-like
        A file as ``numpy.savez`` writes it, with arrays of these names. The file has ``types``, ``positions``, and
        ``energies``, ``forces`` or both; the others are optional.

        - ``types``: texts, shape (n_atoms,), or (n_frames, n_atoms)
        - ``positions``: shape (n_frames, n_atoms, 3), in length_unit
        - ``energies``: shape (n_frames,), in energy_unit
        - ``forces``: shape (n_frames, n_atoms, 3), in energy_unit per length_unit
        - ``boxes``: shape (n_frames, 3, 3), in length_unit; the periodic box vectors in OpenMM's reduced form
        - ``fragments``: integers, shape (n_atoms,), or (n_frames, n_atoms); by default every atom is a fragment
        - ``weights``: shape (n_frames,)
    length_unit, energy_unit : str
        The units of the file.
    method : str
        How the reference was computed, for instance "PBE0-D3(BJ)/def2-TZVP, counterpoise-corrected".

    Returns
    -------
    ReferenceData
        One configuration for each frame.

    Raises
    ------
    ModelError
        If the file is damaged, or an array is missing, unknown, of a wrong shape or kind, pickled, or too large.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "argon.npz")
    >>> positions = [[[0, 0, 0], [0, 0, 3.8]], [[0, 0, 0], [0, 0, 5.0]]]
    >>> np.savez(path, types=["Ar", "Ar"], positions=positions, energies=[-0.2814, -0.0771])
    >>> lp.fit.read_npz(path, length_unit="angstrom", energy_unit="kcal/mol", method="an example")
    <ReferenceData argon.npz: 2 configurations of Ar; 2 energies>
    >>> folder.cleanup()
    """
    source = os.path.basename(os.fspath(path))
    length = factor(LENGTH, "length", length_unit)
    per_mole = factor(ENERGY, "energy", energy_unit)
    arrays = _read(path, source)
    count, atoms = _check(arrays, source)
    types = np.broadcast_to(arrays["types"], (count, atoms))
    scales = {"positions": length, "energies": per_mole, "forces": per_mole / length, "boxes": length, "weights": 1.0}
    values = {name: arrays[name].astype(float) * scale for name, scale in scales.items() if name in arrays}
    if "fragments" in arrays:
        values["fragments"] = np.broadcast_to(arrays["fragments"], (count, atoms))
    arguments = {"energies": "energy", "boxes": "box", "weights": "weight"}
    configurations = []
    for index in range(count):
        given: dict[str, Any] = {arguments.get(name, name): value[index] for name, value in values.items()}
        for name in ("energy", "weight"):
            if name in given:
                given[name] = float(given[name])
        configurations.append(
            Configuration(f"{source}, frame {index}", tuple(str(name) for name in types[index]), **given)
        )
    return ReferenceData(configurations, source, method)


def _read(path: str | os.PathLike[str], source: str) -> dict[str, Any]:
    """The arrays of a file. Nothing is unpickled, and nothing is read whose size is not known."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _require_small_arrays(archive, source)
            file.seek(0)
            with np.load(file, allow_pickle=False) as found:
                return {name: found[name] for name in found.files}
        except ModelError:
            raise
        except Exception as error:  # zipfile, its decompressors and NumPy raise many types of exceptions
            text = " ".join(str(error).split())
            raise ModelError(
                f"{source}: this is not an .npz file, or it is damaged ({type(error).__name__}: {text}); write it with"
                " numpy.savez."
            ) from error


def _require_small_arrays(archive: zipfile.ZipFile, source: str) -> None:
    """Require arrays that are known, of plain numbers or texts, and together not too large, by their headers alone."""
    total = 0
    names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    for info, name in zip(archive.infolist(), names):
        if name not in ARRAYS or names.count(name) > 1:
            raise ModelError(
                f"{source}: the file has the array {name!r:.60}{' twice' if name in ARRAYS else ''}; expected only"
                f" {', '.join(ARRAYS)}, each once."
            )
        with archive.open(info) as member:
            shape, kind, itemsize, begin = _header(member)
        wanted, words = ARRAYS[name]
        if kind not in wanted:
            pickled = ", as pickled objects" if kind == "O" else ""
            raise ModelError(f"{source}: the elements of {name} are of the kind {kind!r}{pickled}; expected {words}.")
        size = math.prod(shape) * itemsize
        if begin + size != info.file_size:
            raise ModelError(
                f"{source}: {name} is announced with the shape {shape}, {size} bytes, and the file has"
                f" {info.file_size - begin}; it is damaged."
            )
        total += size
        if total > LARGEST:
            raise ModelError(
                f"{source}: the arrays up to {name} have {total} bytes; expected at most {LARGEST}. Divide the file."
            )


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], str, int, int]:
    """The shape of an array, the kind and size of its elements, and where these begin."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise ValueError(f"version {version} of the header")
    return shape, dtype.kind, dtype.itemsize, member.tell()


def _check(arrays: dict[str, Any], source: str) -> tuple[int, int]:
    """Require shapes that fit together. Returns the numbers of frames and of atoms."""
    for name in ("types", "positions"):
        if name not in arrays:
            raise ModelError(f"{source}: there is no array {name!r}, only {', '.join(arrays) or 'nothing'}; add it.")
    positions, types = arrays["positions"], arrays["types"]
    if positions.ndim != 3 or positions.shape[1] == 0 or positions.shape[2] != 3:
        raise ModelError(f"{source}: positions has the shape {positions.shape}; expected (n_frames, n_atoms, 3).")
    count, atoms = positions.shape[:2]
    shapes: dict[str, list[tuple[int, ...]]] = {
        "types": [(atoms,), (count, atoms)],
        "energies": [(count,)],
        "forces": [(count, atoms, 3)],
        "boxes": [(count, 3, 3)],
        "fragments": [(atoms,), (count, atoms)],
        "weights": [(count,)],
    }
    for name, expected in shapes.items():
        if name in arrays and arrays[name].shape not in expected:
            raise ModelError(
                f"{source}: {name} has the shape {arrays[name].shape}; expected {' or '.join(map(str, expected))} for"
                f" positions of the shape {positions.shape}."
            )
    if (types == "").any():
        raise ModelError(f"{source}: types has an empty text; expected the name of a type for each atom.")
    if "fragments" in arrays and arrays["fragments"].dtype == np.uint64:
        raise ModelError(f"{source}: fragments are of the kind uint64; expected integers that int64 can hold.")
    return count, atoms
