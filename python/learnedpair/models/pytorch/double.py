# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Any module in double precision, whatever types its constants and casts have."""

import contextlib

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from .state import default_dtype

LOWER = {torch.float32, torch.float16, torch.bfloat16}


def widen(x):
    """float64 in place of a shorter floating-point type or tensor; anything else as it is."""
    if isinstance(x, torch.dtype):
        return torch.float64 if x in LOWER else x
    # The exact type: tensor subclasses know by themselves what they hold.
    if isinstance(x, torch.Tensor) and x.dtype in LOWER:
        return x.to(torch.float64)
    return x


def widened(func, args, kwargs, widen=widen):
    """The arguments of an operator with 64-bit floating-point numbers in place of shorter ones."""
    if func._schema.is_mutable:
        # What is written into must stay the tensor that it is; torch converts what is written.
        written = [a.alias_info is not None and a.alias_info.is_write for a in func._schema.arguments]
        args = [x if write else tree_map(widen, x) for x, write in zip(args, written)]
        return args, {k: x if isinstance(x, torch.Tensor) else tree_map(widen, x) for k, x in kwargs.items()}
    return tree_map(widen, args), tree_map(widen, kwargs)


class InDoublePrecision(TorchDispatchMode):
    """A context in which all floating-point arithmetic of PyTorch is in double precision.

    ``module.double()`` reaches parameters and buffers, and neither the constants of a frozen TorchScript file nor
    ``x.float()`` in a forward. In this context arguments of type float32, float16 and bfloat16 are converted to float64
    before an operator sees them, and where the program asks for one of these types it gets float64. It works below
    automatic differentiation: gradients are as exact as values. What the operators of the backward pass see must be
    converted too, so that ``torch.autograd.grad`` belongs inside of the context as well.

    ``last_failure`` is the message of the last operator that failed, or empty. TorchScript does not pass on the
    messages of exceptions
    that are raised here.
    """

    last_failure = ""

    def __enter__(self):
        # What is made from Python's numbers and from integers takes the default type. TorchScript's optimizer is
        # switched off because what it fuses is no longer seen here.
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
