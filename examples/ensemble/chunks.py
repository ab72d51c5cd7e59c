# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The files of a replica: chunks, each written at once and by one process only, and a log of attempts.

A chunk is a number of steps. Its file holds everything that the next chunk needs, and all samples so far, so that a
state without its samples, or samples without their state, cannot occur. This module runs on workers: it imports NumPy
and the standard library only.
"""

import hashlib
import io
import os
import re
import socket
import time
import uuid
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

PATTERN = re.compile(r"chunk-(\d{6})\.npz")
TEMPORARY = ".writing-"
ATTEMPTS = "attempts.csv"


class Chunk(NamedTuple):
    """The end of a chunk.

    Attributes
    ----------
    number : int
        1 for the first chunk of a replica.
    columns : tuple of str
        The names of the samples, with units.
    samples : ndarray [S, len(columns)]
        All samples from the start of the replica.
    checkpoint : bytes
        OpenMM's checkpoint: with the states of random numbers, for the same platform and kind of processor.
    state : str
        OpenMM's State as XML: without them, for every platform.
    frames : tuple of str
        The names of the files with the frames of all chunks so far, in their order.
    """

    number: int
    columns: tuple
    samples: np.ndarray
    checkpoint: bytes
    state: str
    frames: tuple = ()


def last_number(folder):
    """The number of the last chunk that is complete, or 0."""
    if not Path(folder).is_dir():
        return 0
    matches = (PATTERN.fullmatch(name) for name in os.listdir(folder))
    return max((int(match[1]) for match in matches if match), default=0)


def read_chunk(folder, number):
    """Read the file of a chunk.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = _path(folder, number)
    try:
        with open(path, "rb") as stream, np.load(stream) as file:
            return Chunk(
                number,
                tuple(file["columns"].tolist()),
                file["samples"],
                file["checkpoint"].tobytes(),
                file["state"].tobytes().decode(),
                tuple(file["frames"].tolist()),
            )
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}); delete the folder {folder}, so that this replica is"
            " simulated again from its start"
        ) from error


def write_chunk(folder, chunk):
    """Write the file of a chunk, unless there is one.

    A worker that was given up, since it could not be reached, may still finish its chunk. A link to the complete file
    can be made once only, so that the first of two processes wins, and the other one changes nothing.

    Returns
    -------
    bool
        Whether this call has written the file.
    """
    temporary = Path(folder) / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        _save(
            temporary,
            columns=np.array(chunk.columns),
            samples=chunk.samples,
            checkpoint=np.frombuffer(chunk.checkpoint, np.uint8),
            state=np.frombuffer(chunk.state.encode(), np.uint8),
            frames=np.array(chunk.frames, dtype=str),
        )
        os.link(temporary, _path(folder, chunk.number))
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    # The new file has the samples of the older ones.
    for number in range(max(1, chunk.number - 2), chunk.number):
        _path(folder, number).unlink(missing_ok=True)
    return True


def write_frames(folder, number, positions, boxes):
    """Write the frames of a chunk, and return the name of the file.

    No two attempts have the same file. Those frames belong to the replica whose file its last chunk names.

    Parameters
    ----------
    folder : path-like
    number : int
    positions : ndarray [F, N, 3], nm
    boxes : ndarray [F, 3, 3], nm
        Box vectors, or an empty array.
    """
    name = f"frames-{number:06d}-{uuid.uuid4().hex[:8]}.npz"
    _save(Path(folder) / name, positions=positions.astype(np.float32), boxes=boxes)
    return name


def read_frames(folder, name):
    """Read the positions and box vectors of a file of frames."""
    with np.load(Path(folder) / name) as file:
        return file["positions"], file["boxes"]


def write_text(path, text):
    """Write a text file such that it has its old or its new contents, whenever the process is killed."""
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def log_attempt(folder, number):
    """Note that this process starts with a chunk: the number of attempts shows how much was computed again."""
    line = f"{number},{socket.gethostname()},{os.getpid()},{time.time():.3f}\n"
    with open(Path(folder) / ATTEMPTS, "a", encoding="utf-8") as file:
        file.write(line)


def read_attempts(folder):
    """The attempts at chunks of a replica: (number of the chunk, host, process), in their order."""
    path = Path(folder) / ATTEMPTS
    if not path.exists():
        return []
    rows = (line.split(",") for line in path.read_text(encoding="utf-8").splitlines())
    # A process that was killed while it wrote has left a part of a line.
    return [(int(row[0]), row[1], int(row[2])) for row in rows if len(row) == 4]


def remove_temporary_files(folder):
    """Remove what killed processes have left."""
    for path in Path(folder).glob(f"**/{TEMPORARY}*"):
        path.unlink(missing_ok=True)


def digest(text):
    """The SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _save(path, **arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with open(path, "wb") as file:
        file.write(buffer.getvalue())
        file.flush()
        os.fsync(file.fileno())


def _path(folder, number):
    return Path(folder) / f"chunk-{number:06d}.npz"
