# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs any module in double precision, whatever the types of its constants and casts."""

import contextlib

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from .state import default_dtype

LOWER = {torch.float32, torch.float16, torch.bfloat16}


def widen(x):
    """Replace a shorter floating-point type, or a tensor of one, by float64; return anything else unchanged."""
    if isinstance(x, torch.dtype):
        return torch.float64 if x in LOWER else x
    if isinstance(x, torch.Tensor) and x.dtype in LOWER:
        return x.to(torch.float64)
    return x


def widened(func, args, kwargs, widen=widen):
    """Convert the arguments of an operator from shorter floating-point types to float64."""
    if func._schema.is_mutable:
        # A tensor that is written to must stay the same object; PyTorch converts the values that are written.
        written = [a.alias_info is not None and a.alias_info.is_write for a in func._schema.arguments]
        args = [x if write else tree_map(widen, x) for x, write in zip(args, written)]
        return args, {k: x if isinstance(x, torch.Tensor) else tree_map(widen, x) for k, x in kwargs.items()}
    return tree_map(widen, args), tree_map(widen, kwargs)


class InDoublePrecision(TorchDispatchMode):
    """A context in which all floating-point arithmetic of PyTorch is in double precision.

    ``module.double()`` converts parameters and buffers, but not the constants of a frozen TorchScript file, and it does
    not change ``x.float()`` in ``forward``. In this context, arguments of type float32, float16 and bfloat16 are
    converted to float64 before an operator runs, and a request for one of these types gives float64. This happens below
    autograd, so that gradients are as accurate as values. Call ``torch.autograd.grad`` inside the context as well, so
    that the operators of the backward pass are converted, too.

    ``last_failure`` is the message of the last operator that failed, or an empty string. It is kept here because
    TorchScript drops the messages of exceptions that are raised in this context.
    """

    last_failure = ""

    def __enter__(self):
        # The default dtype decides the type of tensors made from Python numbers and of integers that are promoted.
        # TorchScript's optimizer is off because fused operators do not pass through the dispatcher.
        self._contexts = [*getattr(self, "_contexts", ()), contextlib.ExitStack()]
        self._contexts[-1].enter_context(default_dtype(torch.float64))
        self._contexts[-1].enter_context(torch.jit.optimized_execution(False))
        InDoublePrecision.last_failure = ""
        return super().__enter__()

    def __exit__(self, *error):
        try:
            return super().__exit__(*error)
        finally:
            self._contexts.pop().close()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        args, kwargs = widened(func, args, kwargs or {})
        try:
            return func(*args, **kwargs)
        except Exception as error:
            InDoublePrecision.last_failure = str(error)
            raise
