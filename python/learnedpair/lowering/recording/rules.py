# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The table of rules, one for each operator, and the three ways to write one."""

import numpy as np
import torch
from torch.utils._pytree import tree_map

from .builder import Expression
from .tensor import Recorded

#: What is done for an operator: name without overload -> function (recorder, func, args, kwargs) -> tensors.
RULES = {}

#: The operators that work element by element.
FORMULAS = set()


def rule(*names):
    """Register ``function(recorder, func, args, kwargs)`` for operators."""

    def register(function):
        for name in names:
            RULES[_qualified(name)] = function
        return function

    return register


def composite(*names):
    """Register a function that takes the operator's arguments and computes with PyTorch operations that have rules."""

    def register(function):
        return rule(*names)(lambda recorder, func, args, kwargs: function(*args, **kwargs)) and function

    return register


def elementwise(*names):
    """Register a formula for an operator that works element by element; tensors arrive in it as Expressions."""

    def register(formula):
        rule(*names)(lambda recorder, func, args, kwargs: apply_formula(recorder, formula, func, args, kwargs))
        FORMULAS.update(map(_qualified, names))
        return formula

    return register


def _qualified(name):
    return name if "::" in name else f"aten::{name}"


def apply_formula(recorder, formula, func, args, kwargs):
    """Compute element by element, with PyTorch's broadcasting and its type of the result."""
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
    """An Expression, or a Python number, as a recorded tensor of the shape and type of ``result``."""
    if not isinstance(value, Expression):
        value = Expression(recorder.builder, recorder.builder.literal([value]))
    shape = list(result.shape)
    if layout is not None:
        shape[layout.axis] = layout.outer * layout.inner
    references = np.broadcast_to(recorder.references(value.node), [np.prod(shape, dtype=int)]).reshape(shape)
    return recorder.encode(references, layout, result.dtype, varies, like=result)


def to_codes(recorder, arguments):
    """Arguments with the codes in place of recorded tensors."""
    return tree_map(lambda x: x.codes if isinstance(x, Recorded) else x, arguments)
