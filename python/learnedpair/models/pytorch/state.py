# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PyTorch as it is when a program starts, whatever a script has switched on or off around a call of ours."""

import contextlib
import functools
import warnings

import torch


@contextlib.contextmanager
def default_torch_state():
    """Automatic differentiation is on, new tensors are on the CPU, and there is no autocast."""
    with torch.inference_mode(False), torch.enable_grad(), torch.device("cpu"), torch.autocast("cpu", enabled=False):
        yield


def in_default_torch_state(function):
    """Call a function in :func:`default_torch_state`."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        with default_torch_state():
            return function(*args, **kwargs)

    return wrapper


@contextlib.contextmanager
def default_dtype(dtype):
    """What floating-point type is made of Python's numbers and of integers."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def without_torchscript_warnings():
    """Nobody who reads or writes a TorchScript file with this package can act on PyTorch's warning that TorchScript is
    deprecated.
    """
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", r"`?torch\.jit\.", category)
        yield
