# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the causes of infinite and NaN numbers in a model."""

import os
import re
import warnings

import torch

from ...errors import PACKAGE

_TORCH = os.path.dirname(torch.__file__)


def find_infinite_weights(module):
    """The names of the parameters and buffers of a module that contain NaN or infinite numbers."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return [name for name, tensor in named if tensor.is_floating_point() and not torch.isfinite(tensor).all()]


def find_infinite_derivative(forward):
    """Name the operation whose derivative is infinite or NaN.

    Parameters
    ----------
    forward : callable () -> (distance, parameters, energy)

    Returns
    -------
    str
        Sentences for an error message, with a leading space.
    """
    operation, line = _failing_operation(forward)
    where = f" In this model it is {operation}{line}." if operation else ""
    return (
        f" The energy is finite, but its derivative is not.{where} A division by zero, or the root or power of zero,"
        " has an infinite derivative: look whether a global parameter or a feature is zero at the end of its range."
        " Automatic differentiation goes through both branches of torch.where() and clamp(), also the one that is not"
        " chosen: give the operation an argument that is harmless there, such as torch.sqrt(torch.where(x > 0, x, 1))."
    )


def _failing_operation(forward):
    """The operation whose derivative is NaN, by PyTorch's name, and its line in the model; empty strings if unknown."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with torch.autograd.set_detect_anomaly(True, check_nan=True):
            distance, _, energy = forward()
            try:
                torch.autograd.grad(energy.sum(), distance)
            except RuntimeError as error:
                match = re.search(r"Function '(\w+?)Backward\d*' returned nan", str(error))
                return (match[1].lower() if match else ""), _line(caught)
    return "", ""


def _line(caught):
    """The line of the model in the traceback that anomaly detection prints as a warning, as " (file.py, line 12)".

    It is the last line outside of PyTorch and of this package.
    """
    for warning in caught:
        places = re.findall(r'File "([^"]+)", line (\d+)', str(warning.message))
        places = [
            (file, line) for file, line in places if not file.startswith((_TORCH, PACKAGE)) and os.path.isfile(file)
        ]
        if "Traceback of forward call" in str(warning.message) and places:
            return f" ({os.path.basename(places[-1][0])}, line {places[-1][1]})"
    return ""
