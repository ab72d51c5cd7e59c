# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes text files, and reads those of other programs: lines with their numbers, and columns of numbers with their
rounding.
"""

import contextlib
import json
import os
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

#: The largest file that is read. A table of a million rows has about 60 MB.
MAX_BYTES = 64 * 2**20
NUMBER = re.compile(r"[+-]?(?P<whole>\d*)(?:\.(?P<fraction>\d*))?(?:[eE](?P<exponent>[+-]?\d+))?")


class Line(NamedTuple):
    """A line of a file: its number, beginning with 1, and its words."""

    number: int
    words: list[str]


class Columns(NamedTuple):
    """Columns of numbers, and what rounding to the written digits can have changed them by."""

    values: NDArray[np.float64]
    """Shape (n_rows, n_columns)."""
    rounding: NDArray[np.float64]
    """Half a unit of the last digit, shape (n_rows, n_columns)."""
    lines: NDArray[np.int64]
    """The line of each row, shape (n_rows,)."""


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file. A file of that name is replaced only when the new one is complete.

    Raises
    ------
    ModelError
        If the file cannot be written, for example because the disk is full.
    """
    name = os.fsdecode(path)
    temporary = f"{name}.part{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, name)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise ModelError(f"{name}: the file cannot be written ({error.strerror}); it is unchanged.") from error


def read_text(path: str) -> str:
    """Read a text file.

    Raises
    ------
    ModelError
        If there is no such file, it is too large, empty, or no text.
    """
    if not os.path.isfile(path):
        kind = "this is a folder, and not a table" if os.path.isdir(path) else "there is no such file"
        raise ModelError(f"{path}: {kind}.")
    size = os.path.getsize(path)
    if size > MAX_BYTES:
        raise ModelError(
            f"{path}: the file has {size} bytes, and at most {MAX_BYTES} are read; write a table with fewer rows."
        )
    with open(path, encoding="utf-8-sig") as file:  # some editors write a byte order mark
        try:
            text = file.read()
        except UnicodeDecodeError as error:
            raise ModelError(
                f"{path}: this is not a text file ({error.reason} at byte {error.start}); expected a table as text."
            ) from None
    if "\0" in text:
        raise ModelError(f"{path}: this is not a text file: it contains a zero byte; expected a table as text.")
    if not text.strip():
        raise ModelError(f"{path}: the file is empty; expected a table.")
    return text


def decode_json(text: str) -> Any:
    """Parse JSON, and refuse an object that has an entry twice, of which Python would keep the last one alone.

    Raises
    ------
    ValueError
        If the text is not JSON, or an entry occurs twice.
    """
    return json.loads(text, object_pairs_hook=_distinct_entries)


def _distinct_entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key, value in pairs:
        if key in entries:
            raise ValueError(f"the entry {key!r:.60} occurs twice; keep one of them")
        entries[key] = value
    return entries


def lines_of(text: str, comments: str) -> list[Line]:
    """The lines that are not empty, without comments.

    Parameters
    ----------
    text : str
    comments : str
        The characters that begin a comment at the beginning of a line; "#" does so anywhere in it.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words and words[0][0] not in comments:
            found.append(Line(number, words))
    return found


def parse_columns(source: str, lines: list[Line], count: int, names: str) -> Columns:
    """Convert lines of numbers.

    Parameters
    ----------
    source : str
        The name of the file in messages.
    lines : list of Line
    count : int
        The number of columns.
    names : str
        What the columns are, for messages.

    Returns
    -------
    Columns

    Raises
    ------
    ModelError
        If a line has another number of columns, or a word is not a finite number.
    """
    for line in lines:
        if len(line.words) != count:
            raise ModelError(
                f"{source}, line {line.number}: there are {len(line.words)} columns ({' '.join(line.words)[:60]});"
                f" expected {count}: {names}."
            )
    values = np.empty((len(lines), count))
    rounding = np.empty_like(values)
    for column in range(count):
        values[:, column], rounding[:, column] = _parse_column(
            source, [(line.number, line.words[column]) for line in lines]
        )
    return Columns(values, rounding, np.array([line.number for line in lines], dtype=np.int64))


def parse_number(source: str, number: int, word: str) -> float:
    """Convert one word of line ``number``, which must be a finite number."""
    return float(_parse_column(source, [(number, word)])[0][0])


def _parse_column(source, words):
    """Convert a column; return its values, and half a unit of the last digit of each.

    All numbers of a column have the same number of decimals if they were written with a format like %.6f. Otherwise all
    have the same number of significant digits, of which a format like %.6g leaves out zeros at the end.
    """
    matches = [NUMBER.fullmatch(word) for _, word in words]
    for (number, word), match in zip(words, matches, strict=True):
        value = float(word) if match and (match["whole"] or match["fraction"]) else np.nan
        if not np.isfinite(value):
            raise ModelError(f"{source}, line {number}: {word[:40]!r} is not a finite number.")
    values = np.array([float(word) for _, word in words])
    decimals = {len(match["fraction"] or "") for match in matches}
    if len(decimals) == 1 and not any(match["exponent"] for match in matches):
        return values, np.full(len(values), 0.5 * 10.0 ** -decimals.pop())
    digits = max(len((match["whole"] + (match["fraction"] or "")).lstrip("0")) for match in matches)
    with np.errstate(divide="ignore"):
        magnitude = np.where(values == 0, -np.inf, np.floor(np.log10(np.abs(values))))
    return values, 0.5 * 10.0 ** (magnitude - digits + 1)
