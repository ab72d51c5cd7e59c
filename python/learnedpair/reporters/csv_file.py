# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The CSV file of a reporter: a header and rows, written to a new file, an existing one, or an open one."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import Any, TextIO

from ..force.particles import as_index


class CsvFile:
    """A CSV file that is complete after each row.

    Parameters
    ----------
    file : path-like or text file
        The file to write to. An existing file is replaced, unless ``append`` is true.
    header : sequence of str
        The names of the columns.
    append : bool
        Whether to continue an existing file, whose columns must be the same.
    owner : str
        The name of the reporter; the beginning of messages.
    remedy : str
        What gives the columns of the existing file; the end of a message.

    Raises
    ------
    ValueError
        If the existing file has other columns.
    """

    def __init__(
        self, file: str | os.PathLike[str] | TextIO, header: Sequence[str], append: bool, owner: str, remedy: str
    ) -> None:
        self._file: TextIO | None = None
        self._owns_file = False
        if not isinstance(file, (str, os.PathLike)):
            self._file, write_header = file, not append
        else:
            write_header = True
            if append and os.path.exists(file) and os.path.getsize(file) > 0:
                with open(file, encoding="utf-8", newline="") as existing:
                    found = next(csv.reader(existing), [])
                if found != list(header):
                    raise ValueError(
                        f"{owner}: {os.fspath(file)} has the columns {', '.join(found)}, and the columns to append are"
                        f" {', '.join(header)}; give another file{remedy}."
                    )
                write_header = False
            self._file = open(file, "a" if append else "w", encoding="utf-8", newline="")  # noqa: SIM115
            self._owns_file = True
        self._writer = csv.writer(self._file, lineterminator="\n")
        if write_header:
            self.write([header])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows, and everything that is in a buffer."""
        assert self._file is not None
        self._writer.writerows(rows)
        if hasattr(self._file, "flush"):
            self._file.flush()

    def __del__(self) -> None:
        if self._owns_file and self._file is not None:
            self._file.close()


def read_interval(interval: int, owner: str) -> int:
    """Check the number of steps between two reports.

    Raises
    ------
    TypeError, ValueError
        If it is not an integer, or less than 1. ``owner``, the name of the reporter, begins the message.
    """
    result = int(as_index(interval, f"{owner}: reportInterval"))
    if result < 1:
        raise ValueError(f"{owner}: reportInterval is {result}; expected at least 1 step.")
    return result
