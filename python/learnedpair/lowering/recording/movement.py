# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Operators that only move data, which PyTorch executes on the codes; casts; and tensors filled with one number."""

import functools

import torch
from torch.utils._pytree import tree_map

from .arithmetic import to_bool, truncate
from .refusals import Refusal, Unsupported
from .rules import apply_formula, composite, rule
from .tensor import Recorded, leaves

_MOVING = (
    "view",
    "_unsafe_view",
    "reshape",
    "_reshape_alias",
    "as_strided",
    "permute",
    "t",
    "transpose",
    "expand",
    "unsqueeze",
    "squeeze",
    "slice",
    "select",
    "narrow",
    "narrow_copy",
    "cat",
    "concat",
    "stack",
    "hstack",
    "vstack",
    "split",
    "split_with_sizes",
    "unsafe_split",
    "unsafe_split_with_sizes",
    "unsafe_chunk",
    "chunk",
    "unbind",
    "flip",
    "roll",
    "repeat",
    "tile",
    "clone",
    "contiguous",
    "alias",
    "lift",
    "lift_fresh",
    "lift_fresh_copy",
    "diagonal",
    "unfold",
    "movedim",
    "swapaxes",
    "rot90",
    "resolve_conj",
    "resolve_neg",
    "positive",
    "select_scatter",
    "slice_scatter",
    "diagonal_scatter",
    "expand_as",
    "view_as",
    "flatten",
    "unflatten",
    "real",
    "view_copy",
    "permute_copy",
    "t_copy",
    "transpose_copy",
    "expand_copy",
    "unsqueeze_copy",
    "squeeze_copy",
    "slice_copy",
    "select_copy",
    "alias_copy",
    "diagonal_copy",
    "split_copy",
    "split_with_sizes_copy",
    "unbind_copy",
    "as_strided_copy",
    "_reshape_copy",
    "fliplr",
    "flipud",
    "as_strided_scatter",
    "unfold_copy",
)


@rule(*_MOVING)
def move(recorder, func, args, kwargs):
    if func._overloadname == "dtype":
        raise Unsupported("reading a tensor's memory as another type (aten::view.dtype)")
    tensors = [x for x in leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
    dtype = functools.reduce(torch.promote_types, [x.dtype for x in tensors])
    moved = func(*_in_codes(recorder, args), **_in_codes(recorder, kwargs))
    return tree_map(lambda x: recorder.wrap(x, dtype) if isinstance(x, torch.Tensor) else x, moved)


def _in_codes(recorder, arguments):
    return tree_map(lambda x: recorder.codes(x) if isinstance(x, torch.Tensor) else x, arguments)


@composite("prims::view_of", "prims::copy_strided")
def same(x, strides=None):
    """Record operators that PyTorch's decompositions apply to their results."""
    return torch.clone(x)


@rule("detach", "detach_copy")
def detach(recorder, func, args, kwargs):
    refuse_detached(recorder, args[0])
    return recorder.wrap(args[0].codes.view_as(args[0].codes), args[0].dtype)


def refuse_detached(recorder, x):
    """Refuse to detach a tensor with a derivative with respect to r or the densities: the force would be wrong."""
    if isinstance(x, Recorded) and x.dtype.is_floating_point and recorder.has_derivative(x):
        raise Refusal(
            "a value that depends on r or the densities is computed under no_grad(), or is detached, so that the force"
            " would not be the derivative of the energy",
            "Remove the detach() or no_grad().",
        )


@rule("constant_pad_nd")
def constant_pad_nd(recorder, func, args, kwargs):
    x, pad, value = args if len(args) == 3 else (*args, 0)
    return recorder.wrap(func(x.codes, pad, recorder.code(recorder.builder.literal([value]))), x.dtype)


@composite("tril")
def tril(x, diagonal=0):
    return torch.where(torch.ones(x.shape[-2:], dtype=torch.bool).tril(diagonal), x, torch.zeros_like(x))


@composite("triu")
def triu(x, diagonal=0):
    return torch.where(torch.ones(x.shape[-2:], dtype=torch.bool).triu(diagonal), x, torch.zeros_like(x))


@rule("diag_embed")
def diag_embed(recorder, func, args, kwargs):
    codes = func(args[0].codes, *args[1:], **kwargs)  # fills the rest with 0, which is replaced below
    is_diagonal = func(torch.ones_like(args[0].codes), *args[1:], **kwargs)
    zero = recorder.code(recorder.builder.literal([0.0]))
    return recorder.wrap(torch.where(is_diagonal == 1, codes, torch.tensor(zero)), args[0].dtype)


@rule("_assert_tensor_metadata", "_assert_async")
def assertion(recorder, func, args, kwargs):
    """Ignore assertions of torch.export: those on dtypes do not hold in double precision, and values are unknown."""


# Casts.


@rule("_to_copy", "prims::convert_element_type")
def cast(recorder, func, args, kwargs):
    x = args[0]
    dtype = args[1] if len(args) > 1 else kwargs.get("dtype") or x.dtype
    if dtype.is_complex:
        raise Unsupported(f"the type {dtype}")
    if dtype == torch.bool and x.dtype != torch.bool:
        return apply_formula(recorder, to_bool, torch.ops.aten._to_copy.default, args[:1], {"dtype": dtype})
    if x.dtype.is_floating_point and not dtype.is_floating_point and dtype != torch.bool:
        return apply_formula(recorder, truncate, torch.ops.aten._to_copy.default, args[:1], {"dtype": dtype})
    return recorder.wrap(x.codes.clone(), dtype)


# Tensors filled with one number, and copies into tensors.


def _filled(recorder, func, args, kwargs, value):
    result = recorder.meta(func, args, kwargs)
    return recorder.fill(result.shape, recorder.builder.literal([value]), result.dtype)


@rule("zeros_like", "new_zeros", "zeros", "zero")
def zeros(recorder, func, args, kwargs):
    return _filled(recorder, func, args, kwargs, 0.0)


@rule("ones_like", "new_ones", "ones")
def ones(recorder, func, args, kwargs):
    return _filled(recorder, func, args, kwargs, 1.0)


@rule("full_like", "full", "fill", "scalar_tensor", "new_full")
def full(recorder, func, args, kwargs):
    value = args[0] if len(args) == 1 else args[2] if func._schema.name == "aten::new_full" else args[1]
    if isinstance(value, torch.Tensor):  # fill.Tensor
        return recorder.wrap(recorder.codes(value).expand(args[0].shape).clone(), args[0].dtype)
    return _filled(recorder, func, args, kwargs, value)


@rule("empty_like", "new_empty", "empty", "new_empty_strided", "empty_strided")
def empty(recorder, func, args, kwargs):
    result = recorder.meta(func, args, kwargs)
    return recorder.fill(
        result.shape,
        recorder.builder.undefined("it uses elements of an uninitialized tensor (torch.empty)"),
        result.dtype,
    )


@composite("copy")
def copy(x, source, non_blocking=False):
    return source.to(x.dtype).expand(x.shape)
