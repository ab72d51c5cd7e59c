# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Restores PyTorch's initial global state inside calls of this package, whatever a script has changed."""

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.RLock()


@contextlib.contextmanager
def default_torch_state():
    """A context with autograd on, new tensors on the CPU, and autocast off."""
    with torch.inference_mode(False), torch.enable_grad(), torch.device("cpu"), torch.autocast("cpu", enabled=False):
        yield


def in_default_torch_state(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function to run in :func:`default_torch_state`."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with default_torch_state():
            return function(*args, **kwargs)

    return wrapper


@contextlib.contextmanager
def default_dtype(dtype):
    """A context with this default dtype, which tensors made from Python's floating-point numbers have.

    The default dtype is a setting of the whole process. While one thread is in this context, others wait to enter it.
    """
    with _lock:
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


@contextlib.contextmanager
def without_torchscript_warnings():
    """Suppress PyTorch's warning that TorchScript is deprecated: users of this package cannot act on it."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", r"`?torch\.jit\.", category)
        yield
