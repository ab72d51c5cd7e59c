# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Shortens the messages of PyTorch's exceptions to one line, and adds advice where PyTorch gives none."""

import re

_ERROR = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): (.+)$")
#: Lines without words, which only mark a place in the model's source.
_POINTER = re.compile(r"^[~^\s]*(<--- HERE)?$|^\W+$")


def first_line(error):
    """The first line of an exception's message, in which the TorchScript compiler states the error."""
    return _lines(error)[0]


def reason(error, message=""):
    """The line of an exception's message that states the error, for a model that fails when it is called.

    TorchScript prints the model's source first, then a line that begins with the name of the exception. It omits that
    line if the exception was raised in Python; ``message`` is then used as the message of that exception.
    """
    lines = _lines(error)
    named = [match[1] for match in map(_ERROR.match, lines) if match]
    if named:
        text = named[-1]
    elif message and "Traceback of TorchScript" in str(error):
        text = f"{_lines(message)[0]}, in the line {lines[-1]}"
    else:
        text = lines[-1]
    # The rest is a list of all backends of PyTorch, or says where to report a bug.
    return re.split(r"(?<=\.) This could be because", text)[0]


def advice(error):
    """Advice on some errors of PyTorch: a sentence with a leading space, or an empty string."""
    text = str(error)
    if re.search(r"Parametrization is not working with scripting", text):
        return (
            " TorchScript does not know torch.nn.utils.parametrizations: write the weights into the layer with"
            " torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight'), export with trace=True, or export to"
            " a path that ends in .pt2."
        )
    if re.search(r"'CUDA' backend|compiled with CUDA|cuda|NVIDIA driver|on the same device|MPS|XPU", text):
        return (
            " The model names a device, such as 'cuda', for a tensor that it makes; make it with device=r.device, so"
            " that it runs where its arguments are, and export it again."
        )
    return ""


def _lines(error):
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [
        line for line in lines if line and not _POINTER.match(line) and not re.fullmatch(r"\w+(Error|Exception):", line)
    ]
    return lines or [type(error).__name__]
