# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The files that commands write."""

import json
import math


def require_inputs(paths):
    """Require files that exist.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    for path in paths:
        if not path.is_file():
            raise ValueError(f"{path}: there is no such file.")


def require_output(path, read, remedy="name another one to write to"):
    """Require that a file can be written without the loss of one that is read.

    Parameters
    ----------
    path : Path
        The file to write.
    read : iterable of Path
        The files that are read.
    remedy : str
        How to name another file, as the end of a sentence.

    Raises
    ------
    ValueError
        If the path is a folder, its folder does not exist, or it is one of the files that are read.
    """
    if path.is_dir():
        raise ValueError(f"{path}: this is a folder, and not the name of a file to write.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{path}: there is no such folder to write to.")
    for other in read:
        if path.exists() and other.exists() and path.samefile(other):
            raise ValueError(f"{path}: the file is read, too, and would be lost; {remedy}.")


def require_json(options, read, output=None):
    """Require that the file of --json, if there is one, can be written, and that it is not the output itself."""
    if options.json is None:
        return
    require_output(options.json, read, "name another one by --json")
    if output is not None and options.json.resolve() == output.resolve():
        raise ValueError(f"{options.json}: --json names the output itself; name another file.")


def write_json(path, document):
    """Write a document of numbers and texts to a JSON file. JSON has no infinite numbers: they become texts."""
    path.write_text(json.dumps(_without_infinities(document), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _without_infinities(value):
    if isinstance(value, dict):
        return {key: _without_infinities(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_infinities(each) for each in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value
