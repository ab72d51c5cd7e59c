# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The table of rules for operators, and the three decorators that register rules."""

from collections.abc import Callable

import numpy as np
import torch
from torch.utils._pytree import tree_map

from .builder import Expression
from .tensor import Recorded

#: The rules: name of an operator without its overload -> function (recorder, func, args, kwargs) -> tensors.
RULES: dict[str, Callable] = {}

#: The names of the elementwise operators.
FORMULAS: set[str] = set()


def rule(*names):
    """Register ``function(recorder, func, args, kwargs)`` for operators."""

    def register(function):
        for name in names:
            RULES[_qualified(name)] = function
        return function

    return register


def composite(*names):
    """Register a function that takes the arguments of an operator and is written in PyTorch operations with rules."""

    def register(function):
        return rule(*names)(lambda recorder, func, args, kwargs: function(*args, **kwargs)) and function

    return register


def elementwise(*names):
    """Register a formula for elementwise operators; it gets tensors as Expressions."""

    def register(formula):
        rule(*names)(lambda recorder, func, args, kwargs: apply_formula(recorder, formula, func, args, kwargs))
        FORMULAS.update(map(_qualified, names))
        return formula

    return register


def _qualified(name):
    return name if "::" in name else f"aten::{name}"


def apply_formula(recorder, formula, func, args, kwargs):
    """Apply a formula elementwise, with PyTorch's broadcasting and type promotion."""
    result = recorder.meta(func, args, kwargs)
    if result.numel() == 0:
        return recorder.wrap(torch.zeros(result.shape, dtype=torch.int64), result.dtype)
    tensors = {
        i: recorder.codes(x).expand(result.shape).numpy() for i, x in enumerate(args) if isinstance(x, torch.Tensor)
    }
    layout, varies = recorder.layout(*tensors.values())
    operands = [
        recorder.expression(recorder.decode(tensors[i], layout), x.dtype == torch.bool) if i in tensors else x
        for i, x in enumerate(args)
    ]
    value = formula(
        *operands, **{k: x for k, x in kwargs.items() if k not in ("dtype", "device", "layout", "pin_memory")}
    )
    return encode_expression(recorder, value, result, layout, varies)


def encode_expression(recorder, value, result, layout, varies):
    """Convert an Expression or a Python number to a recorded tensor with the shape and dtype of ``result``."""
    if not isinstance(value, Expression):
        value = Expression(recorder.builder, recorder.builder.literal([value]))
    shape = list(result.shape)
    if layout is not None:
        shape[layout.axis] = layout.outer * layout.inner
    references = np.broadcast_to(recorder.references(value.node), [np.prod(shape, dtype=int)]).reshape(shape)
    return recorder.encode(references, layout, result.dtype, varies, like=result)


def to_codes(recorder, arguments):
    """Replace recorded tensors in arguments by their codes."""
    return tree_map(lambda x: x.codes if isinstance(x, Recorded) else x, arguments)
