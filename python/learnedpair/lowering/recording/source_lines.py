# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Where in the user's code the model did what cannot be recorded."""

import linecache
import os
import re
import sys

import torch

from ...errors import PACKAGE

_TORCH = os.path.dirname(torch.__file__) + os.sep
#: The folders of this package that work while a model is recorded; a module of learnedpair.nn is the user's.
_OURS = tuple(f"{PACKAGE}{folder}{os.sep}" for folder in ("lowering", "models"))

#: What scripted, loaded and exported modules say of their source: File "model.py", line 7, in forward
_FILE_LINE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?')
#: What traced modules say, innermost first: model.py(7): forward
_TRACED_LINE = re.compile(r"^(?P<file>[^\s(].*)\((?P<line>\d+)\): (?P<function>\S+)$")


def _foreign(file):
    """Whether a file is the user's, rather than PyTorch's, the recorder's, or none."""
    return not file.startswith((_TORCH, *_OURS, "<")) and f"{os.sep}site-packages{os.sep}torch{os.sep}" not in file


def _describe(file, line, function, text):
    text = " ".join(text.split())
    return f"{file}:{line}" + (f" in {function}" if function else "") + (f": {text}" if text else "")


def line_on_stack(outermost):
    """The innermost line of the user's on Python's stack, inside the function whose code is ``outermost``; None if
    there is none.
    """
    frame = sys._getframe(1)
    while frame is not None and frame.f_code is not outermost:
        if _foreign(frame.f_code.co_filename):
            return _describe_frame(frame, frame.f_lineno)
        frame = frame.f_back
    return None


def line_of_exception(error):
    """The innermost line of the user's that an exception of Python came through; None if there is none."""
    found, traceback = None, error.__traceback__
    while traceback is not None:
        if _foreign(traceback.tb_frame.f_code.co_filename):
            found = _describe_frame(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _describe_frame(frame, line):
    return _describe(
        frame.f_code.co_filename, line, frame.f_code.co_name, linecache.getline(frame.f_code.co_filename, line)
    )


def line_in_traceback(error):
    """The innermost line of the user's in an exception that comes from the TorchScript interpreter; None if it names
    none.
    """
    _, found, text = str(error).rpartition("Traceback of TorchScript")
    if not found:
        return None
    lines = text.splitlines()
    places = [(number, match) for number, line in enumerate(lines) if (match := _FILE_LINE.match(line))]
    users = [place for place in places if _foreign(place[1]["file"])] or places
    if users:
        number, match = users[-1]
        return _describe(match["file"], match["line"], match["function"], _marked_line(lines[number + 1 :]))
    for line in lines:
        match = _TRACED_LINE.match(line.strip())
        if match and _foreign(match["file"]):
            return _describe(
                match["file"], match["line"], match["function"], linecache.getline(match["file"], int(match["line"]))
            )
    return None


def _marked_line(lines):
    """The line of an excerpt that the interpreter points to."""
    for above, line in zip(lines, lines[1:]):
        if _FILE_LINE.match(line):
            break
        if "<--- HERE" in line:
            return above
    return ""


def line_of_node(stack_trace):
    """The innermost line of the user's in what a node of an exported graph remembers of its origin; None if nothing."""
    lines = (stack_trace or "").splitlines()
    found = None
    for number, line in enumerate(lines):
        match = _FILE_LINE.match(line)
        if match and _foreign(match["file"]):
            text = lines[number + 1] if number + 1 < len(lines) else ""
            found = _describe(match["file"], match["line"], match["function"], text)
    return found
