# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reading of files with the features of particles."""

import numpy as np


def read_features(path, count):
    """Read the features of particles from a file.

    Parameters
    ----------
    path : Path
        A NumPy array of shape (n_particles, n_features) if the name ends in .npy, else a text file with one line for
        each particle.
    count : int or None
        The number of particles, if it is known.

    Returns
    -------
    list with a row of float, or None, for each particle

    Raises
    ------
    ValueError
        If the file cannot be read, a row has a part that is not a number, some but not all features of a row are nan,
        or the number of rows is not the number of particles.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    rows = _rows_of_array(path) if path.suffix.lower() == ".npy" else _rows_of_text(path)
    while rows and len(rows[-1][1]) == 0 and (count is None or len(rows) > count):  # empty lines at the end
        rows.pop()
    if count is not None and len(rows) != count:
        raise ValueError(
            f"{path}: there are {len(rows)} feature vectors, but the System has {count} particles; expected one for"
            " each, with nan for particles that are not covered."
        )
    features = []
    for place, row in rows:
        missing = np.isnan(row)
        if missing.any() and not missing.all():
            raise ValueError(
                f"{path}: in {place} some features are nan and others are not; expected all of them for a particle that"
                " is not covered."
            )
        features.append(None if missing.all() else row)
    return features


def _rows_of_array(path):
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path}: this is not a NumPy array ({error}).") from error
    if isinstance(array, np.ndarray) and array.ndim == 1:
        array = array[:, None]  # one feature
    if not (
        isinstance(array, np.ndarray)
        and array.ndim == 2
        and (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer))
    ):
        what = (
            f"an array of {array.dtype} with shape {array.shape}"
            if isinstance(array, np.ndarray)
            else f"a {type(array).__name__}"
        )
        raise ValueError(f"{path}: the file holds {what}; expected numbers with the shape (n_particles, n_features).")
    return [(f"row {index}", row) for index, row in enumerate(array.astype(float))]


def _rows_of_text(path):
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: this is not a text ({error}); expected numbers, one line for each particle, or a NumPy array in a"
            " file that ends in .npy."
        ) from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")] if "," in line else line.split()
        if not any(cells):
            cells = []
        try:
            rows.append((f"line {number}", [float(cell) for cell in cells]))
        except ValueError:
            raise ValueError(
                f"{path}: line {number} is {line.strip()[:60]!r}; expected numbers between commas or blanks, and nan or"
                " an empty line for a particle that is not covered."
            ) from None
    return rows
