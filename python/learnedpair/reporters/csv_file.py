# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A CSV file of a reporter, with a header that must be the same when the file is continued."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import Any, TextIO

from .existing_file import is_continued, require_text_file


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
    TypeError
        If the file is neither a path nor a text file that is open for writing.
    ValueError
        If two columns have the same name, or the file to be continued has other columns or ends within a row.
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
        repeated = [name for name in header if list(header).count(name) > 1]
        if repeated:
            raise ValueError(f"{reporter}: two columns would have the name {repeated[0]!r}; rename the parameter.")
        require_text_file(file, f"{reporter}: the file")
        if not isinstance(file, (str, os.PathLike)):
            self._header = [] if append else [list(header)]
        else:
            self._header = [] if append and is_continued(file, header, reporter, remedy) else [list(header)]
            if not os.path.isdir(os.path.dirname(os.path.abspath(file))):
                raise ValueError(f"{reporter}: {os.fspath(file)}: there is no such folder.")
        self._given, self._append = file, append

    def start(self) -> None:
        """Open the file, and write the header. An existing file is replaced here."""
        if isinstance(self._given, (str, os.PathLike)):
            self._file: TextIO = open(  # noqa: SIM115
                self._given, "a" if self._append else "w", encoding="utf-8", newline=""
            )
        else:
            self._file = self._given
        self._writer = csv.writer(self._file, lineterminator="\n")
        self.write(self._header)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows, and everything that is in a buffer."""
        self._writer.writerows(rows)
        if hasattr(self._file, "flush"):
            self._file.flush()

    def __del__(self) -> None:
        if self._owns_file and hasattr(self, "_file"):  # absent if the constructor has raised an exception
            self._file.close()
