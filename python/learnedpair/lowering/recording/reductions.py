# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Sums and other reductions over axes other than that of the pairs, and operators that consist of reductions."""

import math

import torch

from .refusals import MixesPairs, Unsupported
from .rules import composite, rule


def _axes(x, dims):
    dims = [dims] if isinstance(dims, int) else dims
    return sorted({dim % max(x.dim(), 1) for dim in dims}) if dims else list(range(x.dim()))


def _reduce(recorder, operation, func, args, kwargs):
    """Record ``sum`` or ``max`` over axes; the shape and dtype of the result are PyTorch's."""
    x, result = args[0], recorder.meta(func, args, kwargs)
    axes = _axes(x, args[1] if len(args) > 1 else None)
    if result.numel() == 0:
        return recorder.wrap(torch.zeros(result.shape, dtype=torch.int64), result.dtype)
    codes = x.codes.numpy()
    layout, varies = recorder.layout(codes)
    if layout is not None and layout.axis in axes:
        raise MixesPairs(f"a reduction over the axis of the {{item}}s (axis {layout.axis})")
    references = recorder.decode(codes, layout)
    if references.size == 0:
        return recorder.fill(result.shape, recorder.builder.literal([0.0]), result.dtype)
    kept = [axis for axis in range(x.dim()) if axis not in axes]
    shape = [1 if axis in axes else size for axis, size in enumerate(references.shape)]
    middle = math.prod(references.shape[axis] for axis in axes)
    if middle == 1:
        references = references.reshape(shape)
    else:
        if axes == list(range(axes[0], axes[-1] + 1)):  # adjacent axes need no transposition
            outer, inner = math.prod(references.shape[: axes[0]]), math.prod(references.shape[axes[-1] + 1 :])
        else:
            references = references.transpose(*kept, *axes)
            outer, inner = references.size // middle, 1
        operand = recorder.expression(references, expand=True)
        node = recorder.builder.step(operation, [operand.node], (outer, middle, inner), outer * inner)
        references = recorder.references(node).reshape(shape)
    reduced = recorder.encode(references, layout, result.dtype, varies)
    return recorder.wrap(reduced.codes.reshape(result.shape), result.dtype)


@rule("sum")
def sum_over(recorder, func, args, kwargs):
    return _reduce(recorder, "sum", func, args, kwargs)


@rule("amax")
def amax(recorder, func, args, kwargs):
    return _reduce(recorder, "max", func, args, kwargs)


@composite("amin")
def amin(x, dim=(), keepdim=False):
    return -torch.amax(-x, dim, keepdim)


@rule("max")
def largest(recorder, func, args, kwargs):
    return _extreme(recorder, func, args, torch.amax)


@rule("min")
def smallest(recorder, func, args, kwargs):
    return _extreme(recorder, func, args, torch.amin)


def _extreme(recorder, func, args, extreme):
    if len(args) == 1:
        return extreme(args[0])
    values = extreme(args[0], *args[1:])
    reason = f"the index that {func._schema.name} returns is not supported, only the value"
    return values, recorder.fill(values.shape, recorder.builder.undefined(reason), torch.int64)


@composite("any")
def any_of(x, dim=(), keepdim=False):
    return torch.amax(x.to(torch.bool), dim, keepdim)


@composite("all")
def all_of(x, dim=(), keepdim=False):
    return torch.logical_not(torch.amax(torch.logical_not(x), dim, keepdim))


def _count(x, dims):
    return math.prod(x.shape[axis] for axis in _axes(x, dims))


@composite("mean")
def mean(x, dim=None, keepdim=False, dtype=None):
    total = torch.sum(x) if dim is None else torch.sum(x, dim, keepdim)
    return total / _count(x, dim)


@composite("var")
def variance(x, dim=None, unbiased=None, keepdim=False, correction=None):
    return _variance_and_mean(x, dim, unbiased, keepdim, correction)[0]


@composite("var_mean")
def variance_and_mean(x, dim=None, unbiased=None, keepdim=False, correction=None):
    variance, average = _variance_and_mean(x, dim, unbiased, keepdim, correction)
    return variance, average


def _variance_and_mean(x, dim, unbiased, keepdim, correction):
    if isinstance(dim, bool):  # var(x, unbiased)
        dim, unbiased = None, dim
    correction = correction if correction is not None else 1 if unbiased in (None, True) else 0
    dims = _axes(x, dim)
    average = torch.mean(x, dims, True)
    deviation = x - average
    variance = torch.sum(deviation * deviation, dims, keepdim) / (_count(x, dims) - correction)
    return variance, average if keepdim else average.reshape(variance.shape)


@composite("std")
def standard_deviation(x, dim=None, unbiased=None, keepdim=False, correction=None):
    return sqrt_with_zero_derivative_at_zero(variance(x, dim, unbiased, keepdim, correction))


@composite("std_mean")
def standard_deviation_and_mean(x, dim=None, unbiased=None, keepdim=False, correction=None):
    variance, average = _variance_and_mean(x, dim, unbiased, keepdim, correction)
    return sqrt_with_zero_derivative_at_zero(variance), average


def sqrt_with_zero_derivative_at_zero(x):
    """The square root with the derivative 0 at 0, which PyTorch gives to norms and standard deviations."""
    return torch.where(x == 0, torch.zeros_like(x), torch.sqrt(x))


@composite("linalg_vector_norm")
def vector_norm(x, ord=2, dim=None, keepdim=False, dtype=None):
    dims = _axes(x, dim)
    powers = {
        2: lambda: sqrt_with_zero_derivative_at_zero(torch.sum(x * x, dims, keepdim)),
        1: lambda: torch.sum(torch.abs(x), dims, keepdim),
        0: lambda: torch.sum((x != 0).to(x.dtype), dims, keepdim),
        math.inf: lambda: torch.amax(torch.abs(x), dims, keepdim),
        -math.inf: lambda: torch.amin(torch.abs(x), dims, keepdim),
    }
    if ord in powers:
        return powers[ord]()
    total = torch.sum(torch.abs(x) ** ord, dims, keepdim)
    return torch.where(total == 0, torch.zeros_like(total), total ** (1.0 / ord))


@composite("norm")
def norm(x, p=2, dim=None, keepdim=False, dtype=None):
    return vector_norm(x, 2 if p is None else p, dim, keepdim)


@composite("prod")
def product(x, dim=None, keepdim=False, dtype=None):
    if dim is None:
        raise Unsupported("aten::prod over all axes")
    factors = torch.unbind(x.to(dtype or (x.dtype if x.dtype.is_floating_point else torch.int64)), dim)
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return torch.unsqueeze(result, dim) if keepdim else result


def _cumulative(x, dim, combine):
    parts = list(torch.unbind(x, dim))
    for i in range(1, len(parts)):
        parts[i] = combine(parts[i - 1], parts[i])
    return torch.stack(parts, dim)


@rule("cumsum")
def cumsum(recorder, func, args, kwargs):
    _refuse_over_pairs(recorder, args[0], args[1])
    return _cumulative(_summable(args[0]), args[1], torch.add)


@rule("cumprod")
def cumprod(recorder, func, args, kwargs):
    _refuse_over_pairs(recorder, args[0], args[1])
    return _cumulative(_summable(args[0]), args[1], torch.mul)


def _summable(x):
    return x if x.dtype.is_floating_point else x.to(torch.int64)


def _refuse_over_pairs(recorder, x, dim):
    layout, _ = recorder.layout(x.codes.numpy())
    if layout is not None and x.dim() > 0 and layout.axis == dim % x.dim():
        raise MixesPairs(f"an operation along the axis of the {{item}}s (axis {layout.axis})")


# Normalization.


@composite("_softmax")
def softmax(x, dim, half_to_float=False):
    exponentials = torch.exp(x - torch.amax(x, dim, True))
    return exponentials / torch.sum(exponentials, dim, True)


@composite("_log_softmax")
def log_softmax(x, dim, half_to_float=False):
    shifted = x - torch.amax(x, dim, True)
    return shifted - torch.log(torch.sum(torch.exp(shifted), dim, True))


@composite("logsumexp")
def logsumexp(x, dim, keepdim=False):
    largest = torch.amax(x, dim, True)
    result = largest + torch.log(torch.sum(torch.exp(x - largest), dim, True))
    return result if keepdim else result.reshape(torch.amax(x, dim, False).shape)


@composite("native_layer_norm")
def layer_norm(x, normalized_shape, weight, bias, eps):
    dims = list(range(x.dim() - len(normalized_shape), x.dim()))
    variance, average = _variance_and_mean(x, dims, None, True, 0)
    scale = torch.rsqrt(variance + eps)
    return _affine((x - average) * scale, weight, bias), average, scale


def _affine(x, weight, bias):
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


@composite("native_group_norm")
def group_norm(x, weight, bias, N, C, HxW, group, eps):
    grouped = torch.reshape(x, [N, group, C // group * HxW])
    variance, average = _variance_and_mean(grouped, [2], None, True, 0)
    scale = torch.rsqrt(variance + eps)
    shape = [1, C] + [1] * (x.dim() - 2)
    normalized = torch.reshape((grouped - average) * scale, x.shape)
    return (
        _affine(normalized, *[None if p is None else p.reshape(shape) for p in (weight, bias)]),
        average.squeeze(2),
        scale.squeeze(2),
    )


@composite("_native_batch_norm_legit_no_training")
def batch_norm(x, weight, bias, average, variance, momentum, eps):
    shape = [1, -1] + [1] * (x.dim() - 2)
    weight, bias, average, scale = [
        None if p is None else p.reshape(shape) for p in (weight, bias, average, torch.rsqrt(variance + eps))
    ]
    return _affine((x - average) * scale, weight, bias), average, scale


@composite("native_batch_norm")
def native_batch_norm(x, weight, bias, average, variance, training, momentum, eps):
    if training:
        raise MixesPairs("batch normalization in training mode")
    return batch_norm(x, weight, bias, average, variance, momentum, eps)


@composite("_scaled_dot_product_flash_attention_for_cpu")
def attention(query, key, value, dropout_p=0.0, is_causal=False, *, attn_mask=None, scale=None):
    if dropout_p > 0 or is_causal:
        raise Unsupported("attention with dropout or a causal mask")
    scores = torch.matmul(query, torch.transpose(key, -2, -1)) * (
        1 / math.sqrt(query.shape[-1]) if scale is None else scale
    )
    scores = scores if attn_mask is None else scores + attn_mask
    return torch.matmul(torch.softmax(scores, -1), value), torch.logsumexp(scores, -1)
