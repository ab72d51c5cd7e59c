# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Builds the steps of a program (docs/program.md), also by arithmetic with expressions."""

from typing import NamedTuple

import numpy as np

from .refusals import Refusal

#: The inputs that forces depend on: the distance of a pair, or the densities around an atom.
_DIFFERENTIATED = ("distance", "densities")
#: Operations whose derivative with respect to these is 0 for any operands.
_ZERO_DERIVATIVE = {"floor", "less", "less_equal", "equal", "lookup"}

CONSTANTS = ("literal", "weight")


class Step(NamedTuple):
    operation: str
    operands: tuple
    numbers: tuple
    length: int


class Builder:
    """The steps of a program. Adding a step that exists already gives the existing one (hash consing)."""

    def __init__(self):
        self.steps = []
        self.values = {}  # of literals and weights, by step
        self._known = {}
        self._has_derivative = []

    def step(self, operation, operands=(), numbers=(), length=1):
        """The index of a step, which is added if it is new."""
        step = Step(operation, tuple(operands), tuple(numbers), int(length))
        # repr distinguishes 0.0 from -0.0, which compare equal, and makes NaN equal to itself.
        key = (operation, step.operands, repr(step.numbers), step.length)
        if key not in self._known:
            self._known[key] = self._append(step)
        return self._known[key]

    def _append(self, step):
        self.steps.append(step)
        self._has_derivative.append(
            step.operation in _DIFFERENTIATED
            or (step.operation not in _ZERO_DERIVATIVE and any(self._has_derivative[i] for i in step.operands))
        )
        return len(self.steps) - 1

    def literal(self, numbers):
        numbers = tuple(float(x) for x in numbers)
        node = self.step("literal", (), numbers, len(numbers))
        self.values[node] = np.array(numbers)
        return node

    def weight(self, values):
        """Add a weight, even if another one has equal numbers: new weights of the model need not be equal."""
        node = self._append(Step("weight", (), (), len(values)))
        self.values[node] = np.asarray(values, dtype=np.float64)
        return node

    def undefined(self, reason):
        """A placeholder for elements that a program cannot compute; it is refused with this reason when it is used."""
        return self.step("undefined", (), (reason,))

    def has_derivative(self, node):
        """Whether a step may have a nonzero derivative with respect to the distance or the densities."""
        return self._has_derivative[node]

    def is_constant(self, node):
        return self.steps[node].operation in CONSTANTS

    def emit(self, output):
        """Write the program that computes one step, with the steps that it needs.

        The order is that of a depth-first traversal: each step follows its operands, and first operands come first.

        Returns
        -------
        text : str
        weights : ndarray, float64
        """
        place, order, stack = {}, [], [output]
        while stack:  # no recursion: models may be deeper than Python's stack
            node = stack[-1]
            missing = [i for i in self.steps[node].operands if i not in place]
            if missing:
                stack.append(missing[0])
                continue
            stack.pop()
            if node not in place:
                place[node] = len(order)
                order.append(node)
        lines = []
        for node in order:
            step = self.steps[node]
            if step.operation == "undefined":
                raise Refusal(step.numbers[0])
            words = [step.operation, *(f"v{place[i]}" for i in step.operands)]
            if step.operation == "literal":
                words += [repr(x) for x in step.numbers]
            elif step.numbers:
                words.append("{" + " ".join(str(i) for i in step.numbers) + "}")
            lines.append(f"v{place[node]}[{step.length}] = {' '.join(words)}")
        lines.append(f"output v{place[output]}")
        weights = [self.values[node] for node in order if self.steps[node].operation == "weight"]
        return "\n".join(lines) + "\n", np.concatenate([np.zeros(0), *weights])


class Expression:
    """A step as an operand of Python arithmetic; Python numbers become literals.

    Attributes
    ----------
    node : int
    is_bool : bool
        Whether all elements are known to be 0 or 1.
    """

    def __init__(self, builder, node, is_bool=False):
        self.builder, self.node, self.is_bool = builder, node, is_bool

    @property
    def length(self):
        return self.builder.steps[self.node].length

    def apply(self, operation, *others, is_bool=False):
        """Add the step ``operation self others``."""
        operands = [self, *(self.lift(x) for x in others)]
        return Expression(
            self.builder,
            self.builder.step(operation, [x.node for x in operands], (), max(x.length for x in operands)),
            is_bool,
        )

    def lift(self, x):
        """Convert a Python number to an Expression; an Expression stays as it is."""
        return (
            x if isinstance(x, Expression) else Expression(self.builder, self.builder.literal([x]), isinstance(x, bool))
        )

    def __neg__(self):
        return self.apply("neg")

    def __add__(self, other):
        return self.apply("add", other)

    def __radd__(self, other):
        return self.lift(other).apply("add", self)

    def __sub__(self, other):
        return self.apply("sub", other)

    def __rsub__(self, other):
        return self.lift(other).apply("sub", self)

    def __mul__(self, other):
        return self.apply("mul", other)

    def __rmul__(self, other):
        return self.lift(other).apply("mul", self)

    def __truediv__(self, other):
        return self.apply("div", other)

    def __rtruediv__(self, other):
        return self.lift(other).apply("div", self)
