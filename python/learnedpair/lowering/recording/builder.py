# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The steps of a program while it is written, and expressions that add steps: docs/program.md in Python."""

from typing import NamedTuple

import numpy as np

from .refusals import Refusal

#: Steps of which the derivative with respect to r is 0 whatever their operands are.
_WITHOUT_SLOPE = {"floor", "less", "less_equal", "equal", "lookup"}

CONSTANTS = ("literal", "weight")


class Step(NamedTuple):
    operation: str
    operands: tuple
    numbers: tuple
    length: int


class Builder:
    """Steps, each of which exists once: the same operation of the same operands is the same step."""

    def __init__(self):
        self.steps = []
        self.values = {}  # of literals and weights, by step
        self._known = {}
        self._has_slope = []

    def step(self, operation, operands=(), numbers=(), length=1):
        step = Step(operation, tuple(operands), tuple(numbers), int(length))
        # repr tells 0.0 from -0.0, which are equal as numbers, and NaN from nothing.
        key = (operation, step.operands, repr(step.numbers), step.length)
        if key not in self._known:
            self._known[key] = self._append(step)
        return self._known[key]

    def _append(self, step):
        self.steps.append(step)
        self._has_slope.append(
            step.operation == "distance"
            or (step.operation not in _WITHOUT_SLOPE and any(self._has_slope[i] for i in step.operands))
        )
        return len(self.steps) - 1

    def literal(self, numbers):
        numbers = tuple(float(x) for x in numbers)
        node = self.step("literal", (), numbers, len(numbers))
        self.values[node] = np.array(numbers)
        return node

    def weight(self, values):
        """A new weight step, even if there is one with equal numbers: that they are equal today is data, not
        structure.
        """
        node = self._append(Step("weight", (), (), len(values)))
        self.values[node] = np.asarray(values, dtype=np.float64)
        return node

    def undefined(self, reason):
        """Stands for numbers that a tensor has and a program has not, as long as nobody uses them."""
        return self.step("undefined", (), (reason,))

    def has_slope(self, node):
        """Whether the derivative of a step with respect to r may be other than 0."""
        return self._has_slope[node]

    def is_constant(self, node):
        return self.steps[node].operation in CONSTANTS

    def emit(self, output):
        """The program that computes one step: what it needs, each step after its operands, first operands first.

        Returns
        -------
        text : str
        weights : ndarray, float64
        """
        place, order, stack = {}, [], [output]
        while stack:  # depth first, without recursion: models may be deeper than Python's stack
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
    """A step as a number to compute with; Python numbers that it meets become literals.

    Attributes
    ----------
    node : int
    is_bool : bool
        Whether the value is known to be 1 or 0.
    """

    def __init__(self, builder, node, is_bool=False):
        self.builder, self.node, self.is_bool = builder, node, is_bool

    @property
    def length(self):
        return self.builder.steps[self.node].length

    def apply(self, operation, *others, is_bool=False):
        """The step ``operation self others``."""
        operands = [self, *(self.lift(x) for x in others)]
        return Expression(
            self.builder,
            self.builder.step(operation, [x.node for x in operands], (), max(x.length for x in operands)),
            is_bool,
        )

    def lift(self, x):
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
