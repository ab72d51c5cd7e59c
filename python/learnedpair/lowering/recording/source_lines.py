# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the line of the user's code at which recording failed."""

import linecache
import os
import re
import sys

import torch

from ...errors import PACKAGE

_TORCH = os.path.dirname(torch.__file__) + os.sep
#: The folders of this package whose code runs during recording. learnedpair.nn counts as the user's code.
_OURS = tuple(f"{PACKAGE}{folder}{os.sep}" for folder in ("lowering", "models"))

#: A source line of scripted, loaded and exported modules: File "model.py", line 7, in forward
_FILE_LINE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?')
#: A source line of traced modules, which list the innermost line first: model.py(7): forward
_TRACED_LINE = re.compile(r"^(?P<file>[^\s(].*)\((?P<line>\d+)\): (?P<function>\S+)$")


def _is_user_file(file):
    """Whether a file is neither PyTorch's nor the recorder's, and is a file at all."""
    return not file.startswith((_TORCH, *_OURS, "<")) and f"{os.sep}site-packages{os.sep}torch{os.sep}" not in file


def _format(file, line, function, text):
    text = " ".join(text.split())
    return f"{file}:{line}" + (f" in {function}" if function else "") + (f": {text}" if text else "")


def line_on_stack(outermost):
    """The innermost line of the user's code on Python's stack, within the function with code ``outermost``; or None."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code is not outermost:
        if _is_user_file(frame.f_code.co_filename):
            return _format_frame(frame, frame.f_lineno)
        frame = frame.f_back
    return None


def line_of_exception(error):
    """The innermost line of the user's code in the traceback of a Python exception; or None."""
    found, traceback = None, error.__traceback__
    while traceback is not None:
        if _is_user_file(traceback.tb_frame.f_code.co_filename):
            found = _format_frame(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _format_frame(frame, line):
    return _format(
        frame.f_code.co_filename, line, frame.f_code.co_name, linecache.getline(frame.f_code.co_filename, line)
    )


def line_in_traceback(error):
    """The innermost line of the user's code in an exception of the TorchScript interpreter; or None."""
    _, found, text = str(error).rpartition("Traceback of TorchScript")
    if not found:
        return None
    lines = text.splitlines()
    places = [(number, match) for number, line in enumerate(lines) if (match := _FILE_LINE.match(line))]
    users = [place for place in places if _is_user_file(place[1]["file"])] or places
    if users:
        number, match = users[-1]
        return _format(match["file"], match["line"], match["function"], _marked_line(lines[number + 1 :]))
    for line in lines:
        match = _TRACED_LINE.match(line.strip())
        if match and _is_user_file(match["file"]):
            return _format(
                match["file"], match["line"], match["function"], linecache.getline(match["file"], int(match["line"]))
            )
    return None


def _marked_line(lines):
    """The line of a source excerpt that the interpreter marks."""
    for above, line in zip(lines, lines[1:]):
        if _FILE_LINE.match(line):
            break
        if "<--- HERE" in line:
            return above
    return ""


def line_of_node(stack_trace):
    """The innermost line of the user's code in the stack trace of a node of an exported graph; or None."""
    lines = (stack_trace or "").splitlines()
    found = None
    for number, line in enumerate(lines):
        match = _FILE_LINE.match(line)
        if match and _is_user_file(match["file"]):
            text = lines[number + 1] if number + 1 < len(lines) else ""
            found = _format(match["file"], match["line"], match["function"], text)
    return found
