# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Handles each operator that PyTorch executes while a model is recorded: by a rule, or by decomposition."""

import torch
from torch._decomp import decomposition_table

from ...models.pytorch.double import InDoublePrecision, widened
from . import arithmetic, lookups, movement, products, reductions  # noqa: F401  (importing them registers rules)
from .movement import refuse_detached
from .refusals import Refusal, Unsupported
from .rules import FORMULAS, RULES
from .tensor import Recorded, leaves

#: The best known operators without rules of their own, which PyTorch decomposes into operators with rules.
_DECOMPOSED = (
    "linear",
    "matmul",
    "einsum",
    "tensordot",
    "softmax",
    "log_softmax",
    "layer_norm",
    "rms_norm",
    "group_norm",
    "batch_norm",
    "one_hot",
    "softsign",
    "tanhshrink",
    "glu",
    "prelu",
    "logsigmoid",
    "cosine_similarity",
    "pairwise_distance",
    "normalize",
    "cross",
    "nan_to_num",
    "bucketize",
    "scaled_dot_product_attention",
    "diff",
)


def _is_public_operator(name):
    internal = ("aten::_", "aten::unsafe_", "aten::lift", "aten::native_", "aten::resolve_")
    return name.startswith("aten::") and not name.startswith(internal) and not name.endswith(("_copy", "_scatter"))


#: The operators that can be recorded, by their public names. PyTorch may be able to decompose others into these.
SUPPORTED = sorted({*_DECOMPOSED, *(name.removeprefix("aten::") for name in RULES if _is_public_operator(name))})

#: Factories of tensors. They have no recorded argument; their result is recorded if it is a single number or has an
#: axis of pairs.
_FACTORIES = {"aten::zeros", "aten::ones", "aten::full", "aten::empty", "aten::scalar_tensor", "aten::empty_strided"}

_CONTROL_FLOW = (
    "branches on the value of a tensor that differs between {item}s (if, while, int(), float() or item() of a tensor)"
)
_USE_WHERE = "Use torch.where(condition, a, b), which computes both branches."

#: Operators that a program cannot express, with the reason and the remedy.
_REFUSED = {
    "aten::_local_scalar_dense": (_CONTROL_FLOW, _USE_WHERE),
    "aten::is_nonzero": (_CONTROL_FLOW, _USE_WHERE),
    "aten::equal": (_CONTROL_FLOW, _USE_WHERE),
    "aten::allclose": (_CONTROL_FLOW, _USE_WHERE),
    "aten::nonzero": ("aten::nonzero makes a tensor whose size depends on the values of the {item}s", _USE_WHERE),
    "aten::masked_select": (
        "aten::masked_select makes a tensor whose size depends on the values of the {item}s",
        _USE_WHERE,
    ),
    "aten::unique_dim": ("aten::unique_dim makes a tensor whose size depends on the values of the {item}s", ""),
    "aten::_unique2": ("aten::unique makes a tensor whose size depends on the values of the {item}s", ""),
}


class Recording(InDoublePrecision):
    """The context in which a model is recorded; it also catches operators without recorded arguments (factories)."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.recorder.dispatch(func, args, kwargs or {})


def make_dispatch(line):
    """Make the function that a Recorder calls for each operator.

    Parameters
    ----------
    line : callable () -> str or None
        Returns the line of the user's code that is being executed.
    """

    def dispatch(recorder, func, args, kwargs):
        recorder.depth += 1
        try:
            return _dispatch(recorder, func, args, kwargs)
        except Refusal as refusal:
            if recorder.depth == 1 and recorder.refusal is None:
                recorder.refusal = refusal, line()
            raise
        except Exception as error:
            # Python replaces a TypeError in an operator such as * by "unsupported operand type(s)": keep the original.
            if recorder.depth == 1:
                recorder.failure = error, line()
            raise
        finally:
            recorder.depth -= 1

    return dispatch


def _dispatch(recorder, func, args, kwargs):
    args, kwargs = widened(func, args, kwargs, recorder.widen)
    name = func._schema.name
    if torch.Tag.nondeterministic_seeded in func.tags and name not in RULES and not _is_composite(func):
        raise Refusal(f"{name} draws random numbers", "Call model.eval() before exporting, or remove it.")
    if not any(isinstance(x, Recorded) for x in leaves((args, kwargs))):
        return _without_recorded(recorder, func, args, kwargs)
    if name in _REFUSED:
        raise Refusal(*_REFUSED[name])
    result = _record(recorder, func, args, kwargs)
    # An exception is the clamp_min_ under no_grad() by which PyTorch's cosine_similarity keeps its norms above 0.
    if not torch.is_grad_enabled() and name != "aten::clamp_min_":
        for x in leaves(list(result) if isinstance(result, tuple) else result):
            refuse_detached(recorder, x)
    return result


def _without_recorded(recorder, func, args, kwargs):
    name = func._schema.name
    if name in _FACTORIES:
        shape = () if name == "aten::scalar_tensor" else tuple(args[0])
        if not shape or any(size > 0 and size % recorder.pairs == 0 for size in shape):
            return RULES[name](recorder, func, args, kwargs)
    return func(*args, **kwargs)


def _is_composite(func):
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")


def _record(recorder, func, args, kwargs):
    name = func._schema.name
    if func._schema.is_mutable:
        return _write(recorder, func, args, kwargs)
    if name in RULES:
        return RULES[name](recorder, func, args, kwargs)
    if name.startswith("prims::") and name.replace("prims::", "aten::") in FORMULAS:
        return RULES[name.replace("prims::", "aten::")](recorder, func, args, kwargs)
    try:
        return _decompose(recorder, func, args, kwargs)
    except Unsupported as error:
        # Report the operator that the user has called instead of a part of it.
        raise Unsupported(name) from error


def _decompose(recorder, func, args, kwargs):
    if _is_composite(func):
        decomposition = func.decompose
    elif func in decomposition_table:
        decomposition = decomposition_table[func]
    else:
        raise Unsupported(func._schema.name)
    with Recording(recorder):
        result = decomposition(*args, **kwargs)
    if result is NotImplemented:
        raise Unsupported(func._schema.name)
    return result


def _write(recorder, func, args, kwargs):
    """Record an operator that writes into its first argument.

    The result of its counterpart that does not write is copied into the codes of the argument, which its views share.
    """
    name = func._schema.name
    target = args[0] if args else None
    if not name.endswith("_") or name.endswith("__") or not hasattr(torch.ops.aten, name.removeprefix("aten::")[:-1]):
        raise Unsupported(f"{name}.{func._overloadname}" if func._overloadname else name)
    if not isinstance(target, Recorded):
        raise Refusal(
            f"{name} writes values of the {{item}}s into a constant tensor",
            "Make a new tensor instead: x = x + y, torch.cat or torch.stack.",
        )
    packet = getattr(torch.ops.aten, name.removeprefix("aten::")[:-1])
    counterpart = getattr(packet, func._overloadname or "default", None)
    if counterpart is None:
        raise Unsupported(f"{name}.{func._overloadname}")
    result = _record(recorder, counterpart, args, kwargs)
    if isinstance(result, torch.Tensor) and not torch.can_cast(result.dtype, target.dtype):
        raise Refusal(f"{name} cannot write a result of type {result.dtype} into a tensor of type {target.dtype}")
    target.codes.copy_(recorder.codes(result))
    return target


def run_recording(recorder, function, *args, **kwargs):
    """Call a function on recorded tensors."""
    with Recording(recorder):
        return function(*args, **kwargs)
