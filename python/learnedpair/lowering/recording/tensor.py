# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tensors without data, whose elements refer to elements of the steps of a program.

A recorded tensor has the shape that the model expects, including the axis of the P pairs. Instead of numbers it has
**codes**, an ordinary int64 tensor of the same shape:

    code = reference * (P + 1) + pair,      reference = step * 2**32 + element

``pair`` is the index of the pair that the element belongs to, or P for a number that all pairs share. Operators that
only move data are executed by PyTorch on the codes, including views and writes into views. The rules of other operators
decode the codes: they remove the axis along which ``pair`` counts from 0 to P-1, and the remaining references are the
operands. P is a prime that divides no other length, so that the axis is found even after it was merged with others.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch.utils._pytree import tree_map

from ...models.pytorch.double import LOWER, widen
from .builder import Builder, Expression
from .refusals import MixesPairs, Refusal

_ELEMENTS = 2**32


class Recorded(torch.Tensor):
    """A tensor whose operators are recorded; see the documentation of this file.

    Attributes
    ----------
    codes : Tensor, int64
    recorder : Recorder
    """

    @staticmethod
    def __new__(cls, recorder, codes, dtype):
        return torch.Tensor._make_wrapper_subclass(cls, codes.shape, strides=codes.stride(), dtype=dtype, device="cpu")

    def __init__(self, recorder, codes, dtype):
        self.recorder, self.codes = recorder, codes

    def __repr__(self):  # a model may print its tensors, and there are no numbers to print
        return f"Recorded(shape={tuple(self.shape)}, dtype={self.dtype})"

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        with torch._C.DisableTorchFunctionSubclass():  # keep the results of __torch_dispatch__ as they are
            return func(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        recorder = next(x.recorder for x in leaves((args, kwargs)) if isinstance(x, Recorded))
        return recorder.dispatch(func, args, kwargs or {})


class Layout(NamedTuple):
    """The place of the pairs in a shape: the axis ``axis`` consists of [outer][P][inner]."""

    axis: int
    outer: int
    inner: int


def leaves(arguments):
    """The arguments of an operator in a flat list, without the lists, tuples and dicts around them."""
    if isinstance(arguments, (list, tuple)):
        return [leaf for x in arguments for leaf in leaves(x)]
    if isinstance(arguments, dict):
        return leaves(list(arguments.values()))
    return [arguments]


def _merged(x):
    """The lengths and strides of a tensor, with adjacent axes merged where they are contiguous in memory."""
    blocks = []
    for size, stride in zip(x.shape, x.stride()):
        if size == 1:
            continue
        if blocks and blocks[-1][1] == size * stride:
            blocks[-1] = (blocks[-1][0] * size, stride)
        else:
            blocks.append((size, stride))
    return tuple(blocks)


class Recorder:
    """The state of one recording: the program so far, the number of pairs, and conversions between tensors and steps.

    Parameters
    ----------
    pairs : int
        P, a prime that divides no length of a tensor in the model.
    dispatch : callable (recorder, func, args, kwargs)
        Called for each operator.
    numbers : list of Tensor
        Tensors that tracing has made from Python numbers.
    """

    def __init__(self, pairs, dispatch, numbers=()):
        self.pairs = pairs
        self._numbers = {x.data_ptr() for x in numbers}
        self.builder = Builder()
        self.refusal = None  # the first one, with its line; the model might catch the exception
        self.failure = None  # the last other exception, with its line
        self.depth = 0
        self._dispatch = dispatch
        self._constants = {}
        self._matrices = {}
        self._widened = {}

    def dispatch(self, func, args, kwargs):
        return self._dispatch(self, func, args, kwargs)

    # From steps to tensors.

    def wrap(self, codes, dtype):
        """A recorded tensor with these codes."""
        return Recorded(self, codes, dtype)

    def input(self, operation, length, dtype=torch.float64, shape=(), varies=True):
        """A recorded tensor of the elements of an input, of shape [P, *shape], or [*shape] if all pairs share it."""
        node = self.builder.step(operation, (), (), length)
        references = self.references(node).reshape((1, *shape) if varies else shape)
        return self.encode(references, Layout(0, 1, 1) if varies else None, dtype, varies)

    def references(self, node):
        """The references to all elements of a step."""
        return node * _ELEMENTS + np.arange(self.builder.steps[node].length, dtype=np.int64)

    def encode(self, references, layout, dtype, varies=True, like=None):
        """Make a recorded tensor from references, with the axis of the pairs inserted as ``layout`` says.

        Parameters
        ----------
        references : ndarray of int64
            Without the pairs: the length of the axis ``layout.axis`` is outer * inner.
        layout : Layout or None
        dtype : torch.dtype
        varies : bool
            Whether each pair has its own numbers.
        like : Tensor, optional
            A tensor with the strides of the result. They decide whether later operators can make views.
        """
        P = self.pairs
        codes = references.astype(np.int64) * (P + 1) + P
        if layout is not None:
            axis, outer, inner = layout
            shape = references.shape
            split = codes.reshape(*shape[:axis], outer, 1, inner, *shape[axis + 1 :])
            pair = (
                np.arange(P).reshape(P, 1, *[1] * (len(shape) - axis - 1))
                if varies
                else np.full((P,) + (1,) * (len(shape) - axis), P)
            )
            codes = (split - P + pair).reshape(*shape[:axis], outer * P * inner, *shape[axis + 1 :])
        codes = torch.from_numpy(np.array(codes, order="C"))
        if like is not None and like.stride() != codes.stride():
            codes = torch.empty_strided(like.shape, like.stride(), dtype=torch.int64).copy_(codes)
        return self.wrap(codes, dtype)

    def fill(self, shape, node, dtype):
        """A recorded tensor whose elements are all the first element of a step, shared by all pairs."""
        return self.wrap(torch.full(tuple(shape), self.code(node), dtype=torch.int64), dtype)

    def code(self, node):
        """The code of the first element of a step, shared by all pairs."""
        return node * _ELEMENTS * (self.pairs + 1) + self.pairs

    # From constant tensors to steps.

    def codes(self, x):
        """The codes of a recorded tensor; of an ordinary tensor, which becomes a weight; or of a number, which becomes
        a literal.
        """
        if isinstance(x, Recorded):
            return x.codes
        if isinstance(x, torch.Tensor) and x.dim() == 0 and x.data_ptr() in self._numbers:
            x = x.item()
        if not isinstance(x, torch.Tensor):
            return torch.tensor(self.code(self.builder.literal([x])))
        if x.is_complex() or x.layout != torch.strided:
            raise Refusal(f"a constant tensor of type {x.dtype} and layout {x.layout} cannot be recorded")
        if x.numel() == 0:
            return torch.zeros(x.shape, dtype=torch.int64)
        # Take the elements in the order of memory, without repetitions, so that all views of a matrix are one weight.
        order = sorted(range(x.dim()), key=lambda axis: (-x.stride(axis), axis))
        stored = x.detach().permute(order)
        stored = stored[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in stored.stride())]
        references = self._weight(stored)
        back = sorted(range(x.dim()), key=order.__getitem__)
        return torch.from_numpy(np.array(references * (self.pairs + 1) + self.pairs)).permute(back).expand(x.shape)

    def _weight(self, x):
        """The references of an ordinary tensor, which becomes a weight."""
        # Equal memory with equal contents is one weight. The version of a tensor changes when it is written to.
        key = (x.data_ptr(), _merged(x), x.dtype, x._version)
        if key not in self._constants:
            values = x.to(torch.float64).numpy()
            for axis in range(values.ndim):  # store numbers that are the same for each pair once
                first = values.take([0], axis)
                if values.shape[axis] % self.pairs == 0 and np.array_equal(
                    np.broadcast_to(first, values.shape), values, equal_nan=True
                ):
                    values = first
            # Keep the tensor alive, so that its memory is not reused for another one.
            self._constants[key] = self.builder.weight(values.reshape(-1)), values.size, x
        node, size, _ = self._constants[key]
        references = self.references(node)
        if size == x.numel():
            return references.reshape(x.shape)
        shape = [1 if n % self.pairs == 0 else n for n in x.shape]
        if size != np.prod(shape, dtype=int):
            raise MixesPairs("a constant tensor with several axes of {item}s")
        return np.broadcast_to(references.reshape(shape), x.shape)

    def widen(self, x):
        """Convert a shorter floating-point tensor to double precision, only once, so that it becomes one weight."""
        if isinstance(x, torch.Tensor) and x.dtype in LOWER:
            key = (x.data_ptr(), tuple(x.shape), x.stride(), x.dtype, x._version)
            if key not in self._widened:
                self._widened[key] = x.to(torch.float64), x
            return self._widened[key][0]
        return widen(x)

    def constant_values(self, x):
        """The numbers of a recorded tensor as an ordinary tensor, if all are weights or literals; else None."""
        if not isinstance(x, Recorded):
            return x
        references = np.asarray(x.codes.numpy() // (self.pairs + 1))
        values = self._constant_values(references)
        return None if values is None else torch.from_numpy(values).to(x.dtype)

    def _constant_values(self, references):
        nodes, elements = references // _ELEMENTS, references % _ELEMENTS
        values = np.empty(references.shape)
        for node in np.unique(nodes):
            if not self.builder.is_constant(node):
                return None
            values[nodes == node] = self.builder.values[node][elements[nodes == node]]
        return values

    def constant_step(self, references):
        """A single weight or literal with the given elements in this order; None if they are not constant."""
        references = np.ascontiguousarray(references).reshape(-1)
        key = references.tobytes()
        if key not in self._matrices:
            values = self._constant_values(references)
            if values is None:
                return None
            nodes = np.unique(references // _ELEMENTS)
            if len(nodes) == 1 and np.array_equal(references, self.references(int(nodes[0]))):
                self._matrices[key] = int(nodes[0])
            elif all(self.builder.steps[node].operation == "literal" for node in nodes):
                self._matrices[key] = self.builder.literal(values)
            else:
                self._matrices[key] = self.builder.weight(values)
        return self._matrices[key]

    # From tensors to steps.

    def layout(self, *tensors):
        """Find the axis of the pairs in several arrays of codes of the same shape.

        Returns
        -------
        layout : Layout or None
            None if there is no axis of pairs.
        varies : bool
            Whether pairs have numbers of their own in any of the arrays.

        Raises
        ------
        MixesPairs
            If the pairs are not in order along one and the same axis.
        """
        found = [layout for layout in map(self._layout_that_varies, tensors) if layout is not None]
        if found:
            if any(layout != found[0] for layout in found):
                raise MixesPairs()
            return found[0], True
        for layout in self._candidates(tensors[0].shape):
            if all(self._is_same_for_all_pairs(codes, layout) for codes in tensors):
                return layout, False
        return None, False

    def _candidates(self, shape):
        for axis, size in enumerate(shape):
            if size > 0 and size % self.pairs == 0:
                rest = size // self.pairs
                for outer in range(1, rest + 1):
                    if rest % outer == 0:
                        yield Layout(axis, outer, rest // outer)

    def _layout_that_varies(self, codes):
        P = self.pairs
        pair = codes % (P + 1)
        shared = pair == P
        if shared.all():
            return None
        for layout in self._candidates(codes.shape):
            index = np.arange(codes.shape[layout.axis]) // layout.inner % P
            if (
                shared | (pair == index.reshape(-1, *[1] * (codes.ndim - layout.axis - 1)))
            ).all() and self._is_same_for_all_pairs(codes, layout):
                return layout
        raise MixesPairs()

    def _split(self, codes, layout):
        axis, outer, inner = layout
        return codes.reshape(*codes.shape[:axis], outer, self.pairs, inner, *codes.shape[axis + 1 :])

    def _is_same_for_all_pairs(self, codes, layout):
        references = self._split(codes // (self.pairs + 1), layout)
        return (references == references.take([0], layout.axis + 1)).all()

    def decode(self, codes, layout):
        """The references of codes, with the axis of the pairs removed from ``layout.axis``."""
        references = np.asarray(codes // (self.pairs + 1))
        if layout is None:
            return references
        if codes.shape[layout.axis] % self.pairs != 0 or not self._is_same_for_all_pairs(codes, layout):
            raise MixesPairs()
        axis, outer, inner = layout
        return (
            self._split(references, layout)
            .take(0, axis + 1)
            .reshape(*codes.shape[:axis], outer * inner, *codes.shape[axis + 1 :])
        )

    def expression(self, references, is_bool=False, expand=False):
        """Convert references to an operand: an existing step if possible, else elements gathered from several steps.

        Parameters
        ----------
        references : ndarray of int64
        is_bool : bool
        whole : bool
            Whether to repeat an element that all references share. Elementwise operations take it as a scalar instead.
        """
        references = references.reshape(-1)
        if not expand and (references == references[0]).all():
            references = references[:1]
        return Expression(self.builder, self._gathered(references), is_bool)

    def _gathered(self, references):
        nodes, elements = references // _ELEMENTS, references % _ELEMENTS
        starts = np.flatnonzero(np.diff(nodes, prepend=-1))
        different = list(dict.fromkeys(nodes[starts].tolist()))
        for node in different:
            if self.builder.steps[node].operation == "undefined":
                raise Refusal(self.builder.steps[node].numbers[0])
        if len(different) == 1:
            return self._elements_of(different[0], elements)
        if len(different) == len(starts):  # each step occurs in one contiguous piece
            pieces = [self._elements_of(*piece) for piece in zip(different, np.split(elements, starts[1:]))]
            return self._concat(pieces)
        offsets = dict(
            zip(different, np.cumsum([0, *(self.builder.steps[node].length for node in different)]).tolist())
        )
        return self._elements_of(
            self._concat(different), elements + np.array([offsets[node] for node in nodes.tolist()])
        )

    def _concat(self, nodes):
        return self.builder.step("concat", nodes, (), sum(self.builder.steps[node].length for node in nodes))

    def _elements_of(self, node, elements):
        if np.array_equal(elements, np.arange(self.builder.steps[node].length)):
            return node
        return self.builder.step("gather", [node], elements.tolist(), len(elements))

    def has_derivative(self, x):
        """Whether a recorded tensor may have a nonzero derivative with respect to the distance or the densities."""
        return any(
            self.builder.has_derivative(int(node))
            for node in np.unique(x.codes.numpy() // (self.pairs + 1) // _ELEMENTS)
        )

    # Shapes and types by PyTorch's own rules.

    def meta(self, func, args, kwargs):
        """The results of an operator on the meta device: shapes, strides and dtypes without data."""

        def to_meta(x):
            if isinstance(x, torch.Tensor):
                return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")
            return torch.device("meta") if isinstance(x, torch.device) else x

        return func(*tree_map(to_meta, args), **tree_map(to_meta, kwargs))
