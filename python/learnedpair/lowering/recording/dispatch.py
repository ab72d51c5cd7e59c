# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What happens to each operator that PyTorch executes while a model is recorded."""

import torch
from torch._decomp import decomposition_table

from ...models.pytorch.double import InDoublePrecision, widened
from . import arithmetic, lookups, movement, products, reductions  # noqa: F401  (they fill the table of rules)
from .movement import refuse_detached
from .refusals import Refusal, Unsupported
from .rules import FORMULAS, RULES
from .tensor import Recorded, leaves

#: Operators without rules of their own, because PyTorch decomposes them into those that have one: the best known.
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


#: The operators that can be recorded, by the names that users know; others may be if PyTorch can decompose them.
SUPPORTED = sorted({*_DECOMPOSED, *(name.removeprefix("aten::") for name in RULES if _is_public_operator(name))})

#: Factories without a recorded argument; with as many rows as there are pairs, or a single number, they are recorded.
_FACTORIES = {"aten::zeros", "aten::ones", "aten::full", "aten::empty", "aten::scalar_tensor", "aten::empty_strided"}

_CONTROL_FLOW = (
    "decides by the value of a tensor that differs from pair to pair (if, while, int(), float() or item() of a tensor)"
)
_USE_WHERE = "Use torch.where(condition, a, b), which computes both."

#: Operators that no program can have, with the reason and the way out.
_REFUSED = {
    "aten::_local_scalar_dense": (_CONTROL_FLOW, _USE_WHERE),
    "aten::is_nonzero": (_CONTROL_FLOW, _USE_WHERE),
    "aten::equal": (_CONTROL_FLOW, _USE_WHERE),
    "aten::allclose": (_CONTROL_FLOW, _USE_WHERE),
    "aten::nonzero": ("aten::nonzero makes a tensor whose size depends on the values of the pairs", _USE_WHERE),
    "aten::masked_select": (
        "aten::masked_select makes a tensor whose size depends on the values of the pairs",
        _USE_WHERE,
    ),
    "aten::unique_dim": ("aten::unique_dim makes a tensor whose size depends on the values of the pairs", ""),
    "aten::_unique2": ("aten::unique makes a tensor whose size depends on the values of the pairs", ""),
}


class Recording(InDoublePrecision):
    """The context in which a model is recorded: also what has no recorded argument is seen, as factories of tensors."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.recorder.dispatch(func, args, kwargs or {})


def make_dispatch(line):
    """The function that a Recorder calls for each operator.

    Parameters
    ----------
    line : callable () -> str or None
        Where in the user's code the operator is.
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
            # Operators like * make "unsupported operand type(s)" of any TypeError: keep what was the matter.
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
    # PyTorch's cosine_similarity keeps its norms from being 0 with a clamp_min_ that autograd does not see.
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
        # The name that the user knows, rather than that of a part.
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
    """An operator that writes into its first argument: what its counterpart returns, put into the codes that views
    share.
    """
    name = func._schema.name
    target = args[0] if args else None
    if not name.endswith("_") or name.endswith("__") or not hasattr(torch.ops.aten, name.removeprefix("aten::")[:-1]):
        raise Unsupported(f"{name}.{func._overloadname}" if func._overloadname else name)
    if not isinstance(target, Recorded):
        raise Refusal(
            f"{name} writes numbers of the pairs into a constant tensor",
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
