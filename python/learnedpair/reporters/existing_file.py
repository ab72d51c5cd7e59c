# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks of the file that a reporter writes to: whether it takes text, and whether an existing one can be continued."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import Any


def require_text_file(file: Any, what: str) -> None:
    """Require a path, or a text file that is open for writing.

    Parameters
    ----------
    file : path-like or text file
    what : str
        The beginning of the message.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(file, (str, os.PathLike)):
        return
    try:
        file.write("")
    except (AttributeError, TypeError, ValueError, OSError):
        raise TypeError(f"{what} is {file!r:.80}; expected a path, or a text file that is open for writing.") from None


def is_continued(path: str | os.PathLike[str], header: Sequence[str], reporter: str, remedy: str = "") -> bool:
    """Whether a CSV file exists that rows can be appended to. A file that is absent or empty needs a header first.

    Parameters
    ----------
    path : path-like
    header : sequence of str
        The names of the columns.
    reporter : str
        The name of the reporter; the beginning of messages.
    remedy : str
        What gives the columns of the file, such as "the same parameters".

    Raises
    ------
    ValueError
        If the file is no CSV file, has other columns, or ends within a row, as after a job that was stopped.
    """
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        return False
    name, header = os.fspath(path), list(header)
    found, last, line = _read(path, f"{reporter}: {name}")
    is_cut = not _ends_with_newline(path)
    if is_cut and line == 1 and ", ".join(header).startswith(", ".join(found)):
        found = header  # a part of the header that is continued
    if found != header:
        raise ValueError(
            f"{reporter}: {name} has the columns {', '.join(found)}, and the columns to append are"
            f" {', '.join(header)}; give another file{f', or {remedy}' if remedy else ''}."
        )
    if is_cut or len(last) < len(header):
        raise ValueError(f"{reporter}: {name} ends within line {line}; remove this line to append.")
    return True


def require_complete_frames(path: str | os.PathLike[str], reporter: str) -> None:
    """Require that an XYZ file ends at the end of a frame, or does not exist.

    Parameters
    ----------
    path : path-like
    reporter : str
        The name of the reporter; the beginning of messages.

    Raises
    ------
    ValueError
        If it is no XYZ file, or ends within a frame, as after a job that was stopped.
    """
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        return
    source, begin, missing, text = f"{reporter}: {os.fspath(path)}", 0, 0, ""
    with open(path, encoding="utf-8") as file:
        try:
            for number, text in enumerate(file, 1):
                if missing == 0:
                    begin, missing = number, _atoms(text) + 2
                missing -= 1
        except ValueError:  # also that of the encoding
            raise ValueError(
                f"{source} is not an XYZ file, or a damaged one, after line {begin}; give another file to append to."
            ) from None
    if missing > 0 or not text.endswith("\n"):
        raise ValueError(f"{source} ends within the frame that begins in line {begin}; remove this frame to append.")


def _atoms(text):
    """The number of atoms in the first line of a frame."""
    if not text.strip().isdecimal():
        raise ValueError
    return int(text)


def _read(path, source):
    """The first and the last row that are not empty, and the line of the last one."""
    first, last, line = [], [], 0
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        try:
            for row in rows:
                if row:
                    first, last, line = first or row, row, rows.line_num
        except (UnicodeDecodeError, csv.Error):
            raise ValueError(f"{source} is not a CSV file, or a damaged one; give another file to append to.") from None
    return first, last, line


def _ends_with_newline(path):
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() in (b"\n", b"\r")
