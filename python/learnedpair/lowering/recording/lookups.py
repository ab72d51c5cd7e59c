# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Indexing: constant indices move data, recorded indices (mostly types) become the operation ``lookup``."""

import numpy as np
import torch

from .arithmetic import less, select
from .builder import Expression
from .refusals import Refusal
from .rules import composite, rule
from .tensor import Recorded

#: The largest table of computed (not constant) values that a recorded index may select from, in elements.
_MAX_CHOICE = 4096
#: The inputs that are types, if they are integers.
_TYPES = ("particle1", "particle2", "type")


def _real_indices(recorder, indices):
    """The indices as ordinary tensors if all of them are constant, else None."""
    real = [recorder.constant_values(x) for x in indices if x is not None]
    return (
        None if any(x is None for x in real) else [None if x is None else recorder.constant_values(x) for x in indices]
    )


def _refuse_mask(index):
    if index is not None and index.dtype in (torch.bool, torch.uint8):
        raise Refusal(
            "indexing with a mask makes a tensor whose size depends on the values of the {item}s",
            "Use torch.where(mask, a, b), which keeps the size.",
        )


@rule("index", "_unsafe_index")
def index(recorder, func, args, kwargs):
    x, indices = args[:2]
    real = _real_indices(recorder, indices)
    if real is not None:
        return recorder.wrap(func(recorder.codes(x), real), x.dtype)
    for one in indices:
        _refuse_mask(one)
    x = recorder.wrap(recorder.codes(x), x.dtype)
    where = [axis for axis, one in enumerate(indices) if one is not None]
    rest = [axis for axis in range(x.dim()) if axis not in where]
    # Look up rows of a table [all combinations of the indexed axes][the other axes] by one combined index.
    table = torch.permute(x, [*where, *rest]).reshape(-1, *[x.shape[axis] for axis in rest])
    chosen = _lookup(
        recorder, table, _combined_index(recorder, [indices[axis] for axis in where], [x.shape[axis] for axis in where])
    )
    if where == list(range(where[0], where[-1] + 1)) and where[0] > 0:
        # PyTorch and NumPy put the new axes in place of adjacent indexed axes; otherwise the new axes come first.
        count = chosen.dim() - len(rest)
        before = where[0]
        chosen = torch.permute(
            chosen, [*range(count, count + before), *range(count), *range(count + before, chosen.dim())]
        )
    return chosen


def _combined_index(recorder, indices, sizes):
    """The index into all combinations of the indexed axes, in row-major order."""
    if len(indices) == 1:
        return indices[0]  # `lookup` counts negative indices from the end
    total = None
    for one, size in zip(indices, sizes):
        one = one if not isinstance(one, Recorded) or _is_type(recorder, one) else torch.where(one < 0, one + size, one)
        total = one if total is None else total * size + one
    return total


def _is_type(recorder, x):
    """Whether an index consists of types, which are never negative."""
    types = [node for node, step in enumerate(recorder.builder.steps) if step.operation in _TYPES]
    return bool(
        np.isin(x.codes.numpy() // (recorder.pairs + 1), [recorder.references(node)[0] for node in types]).all()
    )


def _lookup(recorder, table, chosen):
    """Record table[chosen] for a recorded index and a table [rows][...] that all pairs share."""
    codes = recorder.codes(chosen).numpy()
    layout, varies = recorder.layout(codes)
    shape = tuple(table.shape[1:])
    rows = recorder.constant_step(recorder.codes(table).numpy() // (recorder.pairs + 1))
    if rows is None:
        return _lookup_computed(table, chosen)
    width = int(np.prod(shape, dtype=int))
    references = recorder.decode(codes, layout)
    operand = recorder.expression(references, expand=True)
    node = recorder.builder.step("lookup", [operand.node, rows], [width], references.size * width)
    return recorder.encode(recorder.references(node).reshape(*references.shape, *shape), layout, table.dtype, varies)


def _lookup_computed(table, chosen):
    """Record table[chosen] for a computed table: the sum over all rows, with all but one replaced by 0."""
    count = table.shape[0]
    if table.numel() > _MAX_CHOICE:
        raise Refusal(
            f"an index selects from {table.numel()} numbers that are not constant",
            "Index the parameters first, and compute with the selected ones.",
        )
    chosen = torch.where(chosen < 0, chosen + count, chosen)
    mask = torch.unsqueeze(chosen, -1) == torch.arange(count)
    mask = mask.reshape(*mask.shape, *[1] * (table.dim() - 1))
    return torch.sum(torch.where(mask, table, torch.zeros_like(table)), chosen.dim())


@composite("index_select")
def index_select(x, dim, chosen):
    return torch.ops.aten.index.Tensor(x, [None] * (dim % max(x.dim(), 1)) + [chosen.reshape(-1)])


@composite("embedding")
def embedding(table, chosen, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    return torch.ops.aten.index.Tensor(table, [chosen])


@composite("take")
def take(x, chosen):
    return torch.ops.aten.index.Tensor(x.reshape(-1), [chosen])


@rule("gather")
def gather(recorder, func, args, kwargs):
    x, dim, chosen = args[:3]
    real = recorder.constant_values(chosen)
    if real is not None:
        return recorder.wrap(func(recorder.codes(x), dim, real), x.dtype)
    dim = dim % max(x.dim(), 1)
    cut = recorder.codes(x)[
        tuple(slice(None) if axis == dim else slice(size) for axis, size in enumerate(chosen.shape))
    ]
    spread = torch.movedim(cut, dim, -1).unsqueeze(dim).expand(*chosen.shape, cut.shape[dim])
    codes = recorder.codes(chosen).numpy()
    layout, _ = recorder.layout(codes)
    try:
        tables = recorder.decode(spread.numpy(), layout).reshape(-1, cut.shape[dim])
        same = recorder.constant_step(tables) is not None
    except Refusal:
        same = False
    if same:
        return _gather_from_constants(recorder, tables, recorder.decode(codes, layout), layout, x.dtype)
    count = torch.arange(cut.shape[dim])
    index = torch.where(chosen < 0, chosen + cut.shape[dim], chosen)
    values = recorder.wrap(spread, x.dtype)
    return torch.sum(torch.where(torch.unsqueeze(index, -1) == count, values, torch.zeros_like(values)), -1)


def _gather_from_constants(recorder, tables, chosen, layout, dtype):
    """Record tables[i][chosen[i]] for all i. If all tables are equal, only one is stored."""
    operand = recorder.expression(chosen, expand=True)
    if (tables == tables[0]).all():
        table = recorder.constant_step(tables[0])
    else:
        table = recorder.constant_step(tables)
        operand = select(less(operand, 0.0), operand + tables.shape[1], operand)
        operand = operand + Expression(
            recorder.builder, recorder.builder.literal(np.arange(len(tables)) * tables.shape[1])
        )
    node = recorder.builder.step("lookup", [operand.node, table], [1], chosen.size)
    return recorder.encode(recorder.references(node).reshape(chosen.shape), layout, dtype)


# Writing to indexed elements.


@rule("index_put", "_unsafe_index_put")
def index_put(recorder, func, args, kwargs):
    x, indices, values, accumulate = (*args, False)[:4]
    real = _real_indices(recorder, indices)
    if real is not None and not accumulate:
        return recorder.wrap(func(recorder.codes(x), real, recorder.codes(values)), x.dtype)
    if (
        len(indices) == 1
        and indices[0] is not None
        and indices[0].dtype == torch.bool
        and values.numel() == 1
        and not accumulate
    ):
        mask = indices[0].reshape(*indices[0].shape, *[1] * (x.dim() - indices[0].dim()))
        return torch.where(mask, values.reshape([]), x)
    raise Refusal("writing to elements that depend on the {item} cannot be recorded", "Use torch.where(mask, a, b).")


@rule("scatter")
def scatter(recorder, func, args, kwargs):
    x, dim, chosen, values = args[:4]
    if "reduce" in kwargs:
        raise Refusal("aten::scatter with a reduction is not supported")
    real = recorder.constant_values(chosen)
    if real is not None:
        source = (
            recorder.codes(values)
            if isinstance(values, torch.Tensor)
            else recorder.code(recorder.builder.literal([values]))
        )
        return recorder.wrap(func(recorder.codes(x), dim, real, source), x.dtype)
    return _scatter(x, dim, chosen, values, lambda mask, value, before: torch.where(mask, value, before))


@composite("scatter_add")
def scatter_add(x, dim, chosen, values):
    return _scatter(x, dim, chosen, values, lambda mask, value, before: torch.where(mask, before + value, before))


def _scatter(x, dim, chosen, values, write):
    dim = dim % max(x.dim(), 1)
    if any(chosen.shape[axis] != x.shape[axis] for axis in range(x.dim()) if axis != dim):
        raise Refusal("aten::scatter into a part of the other axes is not supported")
    places = torch.arange(x.shape[dim]).reshape([-1 if axis == dim else 1 for axis in range(x.dim())])
    for i in range(chosen.shape[dim]):
        value = torch.narrow(values, dim, i, 1) if isinstance(values, torch.Tensor) else values
        x = write(torch.narrow(chosen, dim, i, 1) == places, value, x)
    return x


@rule("index_fill")
def index_fill(recorder, func, args, kwargs):
    x, dim, chosen, value = args
    real = recorder.constant_values(chosen)
    if real is None:
        raise Refusal(
            "writing to elements that depend on the {item} cannot be recorded", "Use torch.where(mask, a, b)."
        )
    return recorder.wrap(recorder.codes(x).index_fill(dim, real, recorder.codes(value)), x.dtype)
