# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A CSV file of a reporter, with a header that must be the same when the file is continued."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import Any, TextIO


class CsvFile:
    """Writes rows, each of which is complete in the file before the simulation continues.

    Parameters
    ----------
    file : path-like or text file
        An existing file is replaced, unless ``append`` is true. A text file that is given remains open.
    header : sequence of str
        The names of the columns.
    append : bool
        Whether to continue an existing file, whose columns must be the same.
    reporter : str
        The name of the reporter, for messages.
    remedy : str
        What gives the columns of the existing file, as the end of a sentence.

    Raises
    ------
    ValueError
        If the file to be continued has other columns.
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        header: Sequence[str],
        *,
        append: bool,
        reporter: str,
        remedy: str = "",
    ) -> None:
        self._owns_file = isinstance(file, (str, os.PathLike))
        write_header = True
        if not isinstance(file, (str, os.PathLike)):
            self._file, write_header = file, not append
        else:
            if append and os.path.exists(file) and os.path.getsize(file) > 0:
                with open(file, encoding="utf-8", newline="") as existing:
                    found = next(csv.reader(existing), [])
                if found != list(header):
                    raise ValueError(
                        f"{reporter}: {os.fspath(file)} has the columns {', '.join(found)}, and the columns to append"
                        f" are {', '.join(header)}; give another file{f', or {remedy}' if remedy else ''}."
                    )
                write_header = False
            self._file = open(file, "a" if append else "w", encoding="utf-8", newline="")  # noqa: SIM115
        self._writer = csv.writer(self._file, lineterminator="\n")
        if write_header:
            self.write([header])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows, and everything that is in a buffer."""
        self._writer.writerows(rows)
        if hasattr(self._file, "flush"):
            self._file.flush()

    def __del__(self) -> None:
        if self._owns_file and hasattr(self, "_file"):  # absent if the constructor has raised an exception
            self._file.close()
