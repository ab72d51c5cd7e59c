# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Matrix products: the operation ``linear`` if one matrix is constant, else products and sums of elements."""

import numpy as np
import torch

from .refusals import MixesPairs
from .rules import composite, rule


@rule("bmm")
def batched(recorder, func, args, kwargs):
    a, b = (recorder.codes(x).numpy() for x in args[:2])
    result = recorder.meta(func, args, kwargs)
    if result.numel() == 0 or a.size == 0:
        return recorder.fill(result.shape, recorder.builder.literal([0.0]), result.dtype)
    (a, b), layout, varies = _decode(recorder, a, b)
    rows = [_one_product(recorder, x, y) for x, y in zip(a, b)]
    return recorder.encode(np.stack(rows), layout, result.dtype, varies)


def _decode(recorder, a, b):
    """Decode the matrices [batch][m][k] and [batch][k][n].

    Returns
    -------
    (a, b) : references without the axis of the pairs
    layout : Layout or None
        The axis of the pairs in the result.
    varies : bool
    """
    (layout_a, varies_a), (layout_b, varies_b) = recorder.layout(a), recorder.layout(b)
    if varies_a and varies_b:
        if layout_a != layout_b or layout_a.axis != 0:
            raise MixesPairs("a matrix product")
        layout = layout_a
    elif varies_a or varies_b:
        layout = layout_a if varies_a else layout_b
        if layout.axis == (2 if varies_a else 1):
            raise MixesPairs("a matrix product that sums over the {item}s")
    else:  # shared by all pairs, possibly repeated along an axis of pairs
        layout = (
            layout_a
            if layout_a is not None and layout_a.axis < 2
            else layout_b
            if layout_b is not None and layout_b.axis == 2
            else None
        )
    in_a = layout if layout is not None and layout.axis < 2 else None
    in_b = layout if layout is not None and layout.axis != 1 else None
    return (recorder.decode(a, in_a), recorder.decode(b, in_b)), layout, varies_a or varies_b


def _one_product(recorder, a, b):
    """The references of the product of two matrices of references, [m][k] and [k][n]."""
    (rows, inner), columns = a.shape, b.shape[1]
    matrix = recorder.constant_step(b.T)
    if matrix is not None:
        return np.stack([_linear(recorder, matrix, row, columns) for row in a])
    matrix = recorder.constant_step(a)
    if matrix is not None:
        return np.stack([_linear(recorder, matrix, column, rows) for column in b.T], axis=1)
    left = np.broadcast_to(a[:, None, :], (rows, columns, inner))
    right = np.broadcast_to(b.T[None, :, :], (rows, columns, inner))
    products = (recorder.expression(left) * recorder.expression(right)).node
    if inner > 1:
        length = recorder.builder.steps[products].length
        if length == 1:  # all products have the same two factors
            products = recorder.builder.step("gather", [products], [0] * left.size, left.size)
        products = recorder.builder.step("sum", [products], (rows * columns, inner, 1), rows * columns)
    return np.broadcast_to(recorder.references(products), [rows * columns]).reshape(rows, columns)


def _linear(recorder, matrix, vector, length):
    operand = recorder.expression(vector, expand=True)
    return recorder.references(recorder.builder.step("linear", [matrix, operand.node], (), length))


@composite("mm")
def product(a, b):
    return torch.squeeze(torch.bmm(torch.unsqueeze(a, 0), torch.unsqueeze(b, 0)), 0)


@composite("mv")
def matrix_times_vector(a, b):
    return torch.squeeze(product(a, torch.unsqueeze(b, 1)), 1)


@composite("dot", "vdot")
def dot(a, b):
    return product(torch.unsqueeze(a, 0), torch.unsqueeze(b, 1)).reshape([])


def _sum(x, product, beta, alpha):
    product = product if alpha == 1 else product * alpha
    return product if beta == 0 else (x if beta == 1 else x * beta) + product


@composite("addmm")
def addmm(x, a, b, beta=1, alpha=1):
    return _sum(x, product(a, b), beta, alpha)


@composite("addmv")
def addmv(x, a, b, beta=1, alpha=1):
    return _sum(x, matrix_times_vector(a, b), beta, alpha)


@composite("baddbmm")
def baddbmm(x, a, b, beta=1, alpha=1):
    return _sum(x, torch.bmm(a, b), beta, alpha)


@composite("addr")
def addr(x, a, b, beta=1, alpha=1):
    return _sum(x, torch.unsqueeze(a, 1) * torch.unsqueeze(b, 0), beta, alpha)


@composite("_trilinear")
def trilinear(a, b, c, expand1, expand2, expand3, sumdim, unroll_dim=1):
    """The operator behind torch.nn.Bilinear."""
    factors = [a, b, c]
    for i, axes in enumerate((expand1, expand2, expand3)):
        for axis in sorted(axes):
            factors[i] = torch.unsqueeze(factors[i], axis)
    return torch.sum(factors[0] * factors[1] * factors[2], sumdim)
