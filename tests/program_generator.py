# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Random programs for hypothesis, with every operation of docs/program.md, whose values are of order 1 and well
conditioned.

For every value the generator knows an interval that contains it, and a bound for its rounding error. It scales values
down that are too large or would amplify rounding errors too much, and keeps the arguments of functions inside their
domains. Decisions (floor, less, select, lookup) depend on values shifted by random numbers, or on integers, so that
rounding does not change them. Values may have kinks, but random inputs do not hit a kink exactly.
"""

import itertools
import math
import random
from dataclasses import dataclass, field

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from learnedpair import _core

INPUTS = ("distance", "particle1", "particle2", "pair", "globals")
UNARY = ("neg", "abs", "floor", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "erf", "erfc")
BINARY = ("add", "sub", "mul", "div", "pow", "atan2", "minimum", "maximum", "less", "less_equal", "equal")
BETWEEN = ("gather", "concat", "sum", "max", "linear", "lookup", "table", "table_slope")
#: The operations of a PairProgram; the input `pair` occurs only in staged programs.
OPERATIONS = {*UNARY, *BINARY, *BETWEEN, "select", "literal", "weight", "distance", "particle1", "particle2", "globals"}

DISTANCES = (0.1, 0.9)  # nm
FEATURES = (-1.5, 1.5)
PARAMETERS = (0.3, 1.5)  # global parameters
LONGEST = 8
LARGEST = 8.0  # the largest magnitude of a value
NOISIEST = 300.0  # the largest rounding error of a value, in units of the rounding error of 1


@dataclass
class RandomProgram:
    """A pair program and the data that its evaluation needs."""

    text: str
    weights: np.ndarray
    num_types: int  # 0 if particles have features
    num_features: int  # 0 if particles have types
    num_globals: int
    seed: int
    table_ends: list = field(repr=False)  # indices of the weights that are the first and last knot of a table

    @property
    def typed(self):
        return self.num_types > 0

    @property
    def program(self):
        return _core.TensorProgram(self.text, self.weights)

    @property
    def function(self):
        return _core.PairProgram(
            self.text, self.weights, self.num_types, self.num_features, 0.05, self.global_parameters
        )

    @property
    def global_parameters(self):
        generator = random.Random(self.seed + 1)
        return {f"g{k}": generator.uniform(*PARAMETERS) for k in range(self.num_globals)}

    def inputs(self, count):
        """Arrays of random pairs for TensorProgram.evaluate(), which depend only on the seed."""
        generator = random.Random(self.seed)
        particles = [
            (
                [float(generator.randrange(self.num_types))]
                if self.typed
                else [generator.uniform(*FEATURES) for _ in range(self.num_features)]
            )
            for _ in range(2 * count)
        ]
        return {
            "distance": np.array([generator.uniform(*DISTANCES) for _ in range(count)]),
            "particle1": np.array(particles[:count]),
            "particle2": np.array(particles[count:]),
            "globals": np.array(list(self.global_parameters.values())),
        }

    def with_weights(self, weights):
        """The same program with other weights, except for the ends of tables, which must be in increasing order."""
        weights = np.array(weights, dtype=float)
        weights[self.table_ends] = self.weights[self.table_ends]
        return _core.TensorProgram(self.text, weights)


@dataclass(frozen=True)
class _Step:
    operation: str
    size: int
    operands: tuple = ()
    integers: tuple = ()
    numbers: tuple = ()


@dataclass(frozen=True)
class _Value:
    step: int
    size: int
    low: float
    high: float
    noise: float
    inputs: frozenset  # the inputs that it depends on
    whole: bool = False  # an integer without rounding error: types, truth values

    @property
    def largest(self):
        return max(abs(self.low), abs(self.high))


_SMOOTH = {  # functions that are defined everywhere, and the largest magnitude of their derivatives
    "tanh": (math.tanh, 1.0),
    "sigmoid": (lambda x: 0.5 * (1 + math.tanh(0.5 * x)), 0.25),
    "erf": (math.erf, 1.13),
    "erfc": (math.erfc, 1.13),
    "neg": (lambda x: -x, 1.0),
    "sin": (None, 1.0),
    "cos": (None, 1.0),
}


class _Writer:
    """Draws steps. Each method of the list MOVES adds a few steps, and values that later steps may use to `pool`."""

    def __init__(self, draw, typed, max_steps):
        self.draw, self.typed, self.max_steps = draw, typed, max_steps
        self.seed = draw(st.integers(0, 2**31))
        self.random = random.Random(self.seed + 2)  # for constants; the structure is drawn by hypothesis
        self.num_types = self.integer(2, 4) if typed else 0
        self.width = 1 if typed else self.integer(1, 4)
        self.num_globals = self.integer(0, 3)
        self.steps, self.pool, self.known = [], [], {}

    # Draws

    def integer(self, low, high):
        return self.draw(st.integers(low, high))

    def choose(self, options):
        return options[self.integer(0, len(options) - 1)]

    def coin(self):
        return self.integer(0, 1) == 1

    def uniform(self, low, high):
        return self.random.uniform(low, high)

    def any_value(self, fits=lambda value: True):
        return self.choose([value for value in self.pool if fits(value)])

    def partner(self, x):
        """A value whose length is compatible with that of x in an elementwise operation."""
        return self.any_value(lambda y: 1 in (x.size, y.size) or x.size == y.size)

    # Steps

    def add(self, operation, operands, low, high, noise, *, size=None, integers=(), numbers=(), whole=False, inputs=()):
        size = size or max(x.size for x in operands)
        step = _Step(operation, size, tuple(x.step for x in operands), tuple(integers), tuple(numbers))
        self.steps.append(step)
        depends = frozenset(inputs).union(*(x.inputs for x in operands))
        value = _Value(
            len(self.steps) - 1,
            size,
            low,
            high,
            0.0 if whole or not operands else noise + max(abs(low), abs(high)),
            depends,
            whole,
        )
        assert low <= high and math.isfinite(value.noise + value.largest), step
        return value

    def input(self, operation):
        if operation not in self.known:
            size = {"distance": 1, "globals": self.num_globals}.get(operation, self.width)
            low, high = {"distance": DISTANCES, "globals": PARAMETERS}.get(
                operation, (0.0, self.num_types - 1.0) if self.typed else FEATURES
            )
            whole = self.typed and operation.startswith("particle")
            self.known[operation] = self.add(operation, [], low, high, 0.0, size=size, inputs=[operation], whole=whole)
        return self.known[operation]

    def constant(self, numbers, operation=None):
        operation = operation or self.choose(["weight", "literal"])
        return self.add(operation, [], min(numbers), max(numbers), 0.0, size=len(numbers), numbers=numbers)

    def random_constant(self, size, low=-1.0, high=1.0, operation=None):
        return self.constant([self.uniform(low, high) for _ in range(size)], operation)

    def keep(self, value):
        """Add a value to the pool, scaled down if it or its rounding error is too large."""
        factor = min(1.0, LARGEST / max(value.largest, 1e-9), NOISIEST / max(value.noise, 1e-9))
        if factor < 1:
            value = self.binary("mul", value, self.constant([0.3 * factor], "literal"))
        self.pool.append(value)
        return value

    # Operations; the operands must be in their domains

    def unary(self, operation, x):
        if operation in _SMOOTH:
            function, derivative = _SMOOTH[operation]
            ends = sorted((function(x.low), function(x.high))) if function else (-1.0, 1.0)
            return self.add(operation, [x], *ends, derivative * x.noise)
        if operation == "abs":
            return self.add(operation, [x], max(x.low, -x.high, 0.0), x.largest, x.noise)
        if operation == "floor":
            return self.add(operation, [x], math.floor(x.low), math.floor(x.high), 0.0, whole=True)
        function = getattr(math, operation)
        derivative = {
            "sqrt": lambda: 0.5 / math.sqrt(x.low),
            "log": lambda: 1 / x.low,
            "log1p": lambda: 1 / (1 + x.low),
        }.get(operation, lambda: math.exp(x.high))()
        return self.add(operation, [x], function(x.low), function(x.high), derivative * x.noise)

    def binary(self, operation, x, y):
        if operation in ("less", "less_equal", "equal"):
            return self.add(operation, [x, y], 0.0, 1.0, 0.0, whole=True)
        function, derivatives = {
            "add": (lambda a, b: a + b, (1, 1)),
            "sub": (lambda a, b: a - b, (1, 1)),
            "minimum": (min, (1, 1)),
            "maximum": (max, (1, 1)),
            "mul": (lambda a, b: a * b, (y.largest, x.largest)),
            "div": (lambda a, b: a / b, (1 / max(abs(y.low), 1e-9), x.largest / max(y.low**2, 1e-9))),
            "pow": (lambda a, b: a**b, (y.largest * 2.0**7, 2.0**7)),
            "atan2": (math.atan2, (2, 2)),  # one operand is at least 0.5
        }[operation]
        ends = [function(a, b) for a, b in itertools.product((x.low, x.high), (y.low, y.high))]
        if operation == "mul" and x is y:
            ends = [max(x.low, -x.high, 0.0) ** 2, x.largest**2]
        return self.add(operation, [x, y], min(ends), max(ends), derivatives[0] * x.noise + derivatives[1] * y.noise)

    def squashed(self, x):
        return x if x.largest <= 1.5 else self.unary(self.choose(["tanh", "sin", "sigmoid", "erf"]), x)

    def positive(self, x):
        """A value between 0.5 and 2 that depends on x."""
        if x.low >= 0.5 and x.high <= 2:
            return x
        kind = self.integer(0, 3)
        if kind == 0:
            return self.binary("add", self.unary("sigmoid", x), self.constant([0.6], "literal"))
        if kind == 1:
            return self.unary("exp", self.binary("mul", self.unary("tanh", x), self.constant([0.65], "literal")))
        if kind == 2:
            return self.binary(
                "add",
                self.unary("abs", self.unary("tanh", x)),
                self.constant([0.7, 0.8][: self.choose([1, x.size if x.size == 2 else 1])], "literal"),
            )
        return self.binary(
            "minimum",
            self.binary("maximum", self.unary("abs", x), self.constant([0.55], "weight")),
            self.constant([1.7], "literal"),
        )

    def sum_of(self, x, integers, operation="sum"):
        size, count = integers[0] * integers[2], integers[1]
        if operation == "max":
            return self.add("max", [x], x.low, x.high, x.noise, size=size, integers=integers)
        return self.add(
            "sum",
            [x],
            min(count * x.low, x.low),
            max(count * x.high, x.high),
            count * x.noise + count * x.largest,
            size=size,
            integers=integers,
        )

    def linear(self, x, rows):
        numbers = [self.uniform(-1, 1) for _ in range(rows * x.size)]
        bound = max(sum(abs(w) for w in numbers[row * x.size : (row + 1) * x.size]) for row in range(rows))
        matrix = self.constant(numbers, self.choose(["weight", "weight", "literal"]))
        return self.add(
            "linear",
            [matrix, x],
            -bound * x.largest,
            bound * x.largest,
            bound * (x.noise + x.size * x.largest),
            size=rows,
        )

    def concat(self, parts):
        return self.add(
            "concat",
            parts,
            min(x.low for x in parts),
            max(x.high for x in parts),
            max(x.noise for x in parts),
            size=sum(x.size for x in parts),
            whole=all(x.whole for x in parts),
        )

    def gather(self, x, indices):
        return self.add("gather", [x], x.low, x.high, x.noise, size=len(indices), integers=indices, whole=x.whole)

    def indices(self, x, count):
        return [self.integer(0, x.size - 1) for _ in range(count)]

    def lookup(self, index, rows, width):
        table = self.random_constant(rows * width)
        return self.add(
            "lookup", [index, table], table.low, table.high, 0.0, size=index.size * width, integers=[width], whole=False
        )

    def whole_number(self, x):
        """An integer that rounding does not change: x itself, or the floor of a random linear function of x."""
        if x.whole:
            return x
        scaled = self.binary("mul", x, self.random_constant(1, 1.0, 4.0))
        return self.unary("floor", self.binary("add", scaled, self.random_constant(1, 0.1, 0.9)))

    # Moves

    def move_smooth(self):
        self.keep(self.unary(self.choose([*_SMOOTH, "abs"]), self.any_value()))

    def move_function(self):
        operation, x = self.choose(["exp", "expm1", "sqrt", "log", "log1p"]), self.any_value()
        self.keep(self.unary(operation, self.squashed(x) if operation.startswith("exp") else self.positive(x)))

    def move_arithmetic(self):
        x = self.any_value()
        self.keep(
            self.binary(
                self.choose(["add", "sub", "mul", "minimum", "maximum", "add", "sub", "mul"]), x, self.partner(x)
            )
        )

    def move_div(self):
        x = self.any_value()
        y = self.positive(self.partner(x))
        self.keep(self.binary("div", x, y))

    def move_pow(self):
        x = self.any_value()
        exponent = (
            self.constant([self.choose([2.0, 3.0, -1.0, 0.5, 6.0, 1.0, 0.0])])
            if self.coin()
            else self.squashed(self.partner(x))
        )
        self.keep(self.binary("pow", self.positive(x), exponent))

    def move_angle(self):
        """An angle from -pi/2 to pi/2, or from 0 to pi: the jump from -pi to pi is not in either interval."""
        x = self.any_value()
        y = self.positive(self.partner(x))
        self.keep(self.binary("atan2", *((x, y) if self.coin() else (y, x))))

    def move_with_constant(self):
        """Arithmetic with 0, 1, -1 or 2, which simplification may remove."""
        x, special = self.any_value(), self.choose([0.0, 1.0, -0.0, -1.0, 2.0])
        y = self.constant([special] * self.choose([1, x.size]))
        operation = self.choose(["add", "sub", "mul"] + ["div"] * (abs(special) == 1))
        self.keep(self.binary(operation, *((x, y) if operation == "div" or self.coin() else (y, x))))

    def move_constants(self):
        x, y = self.random_constant(self.integer(1, 3)), self.random_constant(1)
        self.keep(self.binary(self.choose(["add", "mul", "sub"]), self.unary(self.choose(list(_SMOOTH)), x), y))

    def move_negations(self):
        """-(-x), x + (-y), (-x) + y, x - (-y)."""
        x = self.any_value()
        negative = self.unary("neg", x)
        if self.coin():
            self.keep(self.unary("neg", negative))
        else:
            y = self.partner(x)
            self.keep(self.binary(self.choose(["add", "sub"]), *((negative, y) if self.coin() else (y, negative))))

    def move_sums(self):
        """A sum of several values, some of them subtracted."""
        total = self.any_value()
        for _ in range(self.integer(2, 4)):
            y = self.partner(total)
            total = self.binary(self.choose(["add", "sub"]), *((total, y) if self.coin() else (y, total)))
        self.keep(total)

    def move_gather(self):
        x = self.any_value()
        for _ in range(self.integer(1, 2)):
            x = self.gather(x, self.indices(x, self.integer(1, 4)) if self.coin() else list(range(x.size)))
        self.keep(x)

    def move_concat(self):
        parts = [self.any_value() for _ in range(self.integer(1, 3))]
        if sum(x.size for x in parts) > LONGEST:
            parts = [self.gather(x, [0, x.size - 1]) if x.size > 2 else x for x in parts]
        joined = self.concat(parts)
        if self.coin() and joined.size < LONGEST:
            joined = self.concat([joined, self.any_value(lambda x: x.size == 1)])
        self.keep(joined)

    def move_slice(self):
        """A part of a concatenation."""
        parts = [self.any_value(lambda x: x.size <= 3) for _ in range(2)]
        joined = self.concat(parts)
        first = self.integer(0, joined.size - 1)
        self.keep(self.gather(joined, list(range(first, self.integer(first, joined.size - 1) + 1))))

    def move_reduction(self):
        x = self.any_value()
        extents = [
            (o, m, x.size // (o * m))
            for o in range(1, x.size + 1)
            for m in range(1, x.size + 1)
            if x.size % (o * m) == 0
        ]
        self.keep(self.sum_of(x, self.choose(extents), self.choose(["sum", "max"])))

    def move_outer_product(self):
        """A sum over [o][m][i] of all products of the elements of two vectors."""
        x, y = (self.any_value(lambda value: value.size <= 3) for _ in range(2))
        if x.size * y.size <= LONGEST:
            left = self.gather(x, [i for i in range(x.size) for _ in range(y.size)])
            products = self.binary("mul", left, self.gather(y, list(range(y.size)) * x.size))
            self.keep(self.sum_of(products, [1, x.size, y.size]))

    def move_linear(self):
        self.keep(self.linear(self.any_value(), self.integer(1, 5)))

    def move_layer(self):
        """A network layer on a concatenation or a sum of values."""
        length = self.integer(1, 2)
        parts = [self.resized(self.any_value(), length) for _ in range(self.integer(2, 4))]
        if self.coin():
            joined = self.concat(parts)
        else:
            joined = parts[0]
            for part in parts[1:]:
                joined = self.binary(self.choose(["add", "add", "sub"]), joined, part)
            if self.coin() and joined.size < LONGEST - 1:
                joined = self.concat([joined, self.resized(self.any_value(), 2)])
        self.keep(self.unary(self.choose(["tanh", "sigmoid", "neg"]), self.linear(joined, self.integer(2, 4))))

    def resized(self, x, size):
        return x if x.size == size else self.gather(x, self.indices(x, size))

    def move_symmetric_layer(self):
        """The sum of the same linear layer applied to both particles."""
        x, y = (self.particle_value(k) for k in (1, 2))
        self.keep(self.binary("add", *(self.add_like(self.linear(x, 2), y))))

    def add_like(self, first, y):
        """A layer that exists, and the same layer applied to another value of the same length."""
        step = self.steps[first.step]
        second = _Value(len(self.steps), first.size, first.low, first.high, first.noise, y.inputs)
        self.steps.append(_Step(step.operation, step.size, (step.operands[0], y.step)))
        return first, second

    def particle_value(self, which):
        x = self.input(f"particle{which}")
        return x if not self.typed else self.binary("mul", x, self.constant([0.5], "literal"))

    def move_embedding(self):
        """A lookup by types, or by rounded features if there are no types."""
        x = self.input(self.choose(["particle1", "particle2"]))
        if self.typed and self.coin():
            both = self.binary("mul", self.input("particle1"), self.constant([float(self.num_types)], "literal"))
            pair = self.binary("add", both, self.input("particle2"))
            self.keep(self.lookup(pair, self.num_types**2, self.integer(1, 2)))
        elif self.typed:
            self.keep(self.lookup(x, self.num_types, self.integer(1, 4)))
        else:
            self.keep(
                self.lookup(
                    self.whole_number(self.gather(x, self.indices(x, 2))), self.integer(1, 4), self.integer(1, 2)
                )
            )

    def move_bins(self):
        """A lookup by distance; the index may be negative or too large."""
        scaled = self.binary("mul", self.input("distance"), self.random_constant(1, 3.0, 9.0))
        offset = self.random_constant(1, -3.0, 3.0)
        self.keep(
            self.lookup(self.unary("floor", self.binary("add", scaled, offset)), self.integer(1, 5), self.integer(1, 3))
        )

    def move_comparison(self):
        operation, x = self.choose(["less", "less_equal", "equal"]), self.any_value()
        if x.whole and self.coin():
            y = self.any_value(lambda value: value.whole and (value.size in (1, x.size) or x.size == 1))
        else:
            y = self.random_constant(1)
        truth = self.keep(self.binary(operation, *((x, y) if self.coin() else (y, x))))
        if operation == "equal" and self.coin():
            self.keep(self.unary("neg", truth))

    def move_select(self):
        if self.coin():
            x = self.any_value()
            choice = self.binary(self.choose(["less", "less_equal"]), x, self.random_constant(1))
        else:
            choice = self.whole_number(self.any_value())
        a = self.partner(choice)
        size = max(choice.size, a.size)
        b = self.any_value(lambda value: value.size in (1, size) or size == 1)
        self.keep(self.add("select", [choice, a, b], min(a.low, b.low), max(a.high, b.high), max(a.noise, b.noise)))

    def move_table(self):
        """A table of a value that does not depend on both r and global parameters, or the derivative of a table for a
        value that depends on neither: no derivative of `table_slope` is needed, which would be an error.
        """
        derivative = self.coin()
        if derivative:
            x = self.any_value(lambda value: not value.inputs & {"distance", "globals"})
            x = self.gather(x, self.indices(x, 1))
        else:
            x = self.any_value(lambda value: value.size == 1 and not value.inputs.issuperset({"distance", "globals"}))
        knots, curves = self.integer(2, 5), self.integer(1, 3)
        low, high = x.low - 0.1, x.high + 0.1
        h = (high - low) / (knots - 1)
        numbers = [low, high]
        for _ in range(knots):
            numbers += [self.uniform(-1, 1) for _ in range(curves)] + [self.uniform(-1, 1) / h for _ in range(curves)]
        bound = 6 / h if derivative else 2.0
        self.keep(
            self.add(
                "table_slope" if derivative else "table",
                [x, self.constant(numbers, "weight")],
                -bound,
                bound,
                20 / h * x.noise + 20.0 * bound,
                size=curves,
                integers=[knots],
            )
        )

    def move_repeat(self):
        """A duplicate of an existing step, with exchanged operands if the operation is commutative."""
        repeated = self.choose(self.pool)
        step = self.steps[repeated.step]
        if step.operation in INPUTS:
            return
        operands = step.operands[::-1] if step.operation in ("add", "mul", "equal") else step.operands
        self.steps.append(_Step(step.operation, step.size, operands, step.integers, step.numbers))
        copy = _Value(
            len(self.steps) - 1,
            repeated.size,
            repeated.low,
            repeated.high,
            repeated.noise,
            repeated.inputs,
            repeated.whole,
        )
        self.keep(self.binary("mul", copy, self.partner(copy)))

    def begin(self):
        """The inputs, and basis functions of the distance."""
        r = self.input("distance")
        for name in ["particle1", "particle2"] + ["globals"] * (self.num_globals > 0):
            self.pool.append(self.input(name))
        self.pool.append(r)
        centers = self.random_constant(self.integer(2, 4), 0.1, 0.9, "weight")
        scaled = self.binary("mul", self.binary("sub", r, centers), self.random_constant(1, 1.5, 3.0))
        self.pool.append(self.unary("exp", self.unary("neg", self.binary("mul", scaled, scaled))))

    def finish(self):
        """A sum of up to six values that no step uses; the rest of them is dead code."""
        used = {operand for step in self.steps for operand in step.operands}
        loose = [value for value in self.pool if value.step not in used and value.inputs][-6:] or self.pool[-1:]
        if not any("distance" in value.inputs for value in loose):
            loose.append(self.any_value(lambda value: "distance" in value.inputs))
        total = None
        for value in loose:
            number = self.squashed(value if value.size == 1 else self.sum_of(value, [1, value.size, 1]))
            total = number if total is None else self.binary(self.choose(["add", "sub"]), total, number)
        return total

    def write(self):
        self.begin()
        for _ in range(self.integer(0, 25)):
            if len(self.steps) < self.max_steps:
                self.choose(MOVES)(self)
        return self.finish().step

    def symmetrize(self, output):
        """g(r, a1, a2) + g(r, a2, a1): repeat every step with the particles exchanged, but use the same constants."""
        exchanged = {}
        for i in range(len(self.steps)):
            step = self.steps[i]
            if step.operation in ("particle1", "particle2"):
                exchanged[i] = self.input("particle2" if step.operation == "particle1" else "particle1").step
            elif not step.operands:
                exchanged[i] = i
            else:
                exchanged[i] = len(self.steps)
                self.steps.append(
                    _Step(step.operation, step.size, tuple(exchanged[k] for k in step.operands), step.integers)
                )
        self.steps.append(_Step("add", 1, (output, exchanged[output])))
        return len(self.steps) - 1

    def result(self, output):
        weights, table_ends, first, lines = [], [], {}, []
        for i, step in enumerate(self.steps):
            words = [f"v{i}[{step.size}] = {step.operation}", *(f"v{operand}" for operand in step.operands)]
            if step.operation == "weight":
                first[i] = len(weights)
                weights += step.numbers
            elif step.operation == "literal":
                words += map(repr, step.numbers)
            elif step.operation.startswith("table"):
                table_ends += [first[step.operands[1]], first[step.operands[1]] + 1]
            if step.integers:
                words.append("{" + " ".join(map(str, step.integers)) + "}")
            lines.append(" ".join(words))
        return RandomProgram(
            "\n".join(lines) + f"\noutput v{output}\n",
            np.array(weights),
            self.num_types,
            0 if self.typed else self.width,
            self.num_globals,
            self.seed,
            table_ends,
        )


MOVES = [move for name, move in vars(_Writer).items() if name.startswith("move_")] + [_Writer.move_layer] * 2


@st.composite
def pair_programs(draw, typed=None, max_steps=60, symmetric=False):
    """Random pair programs.

    Parameters
    ----------
    typed : bool, optional
        Whether particles have types rather than features; drawn by default.
    max_steps : int
        The approximate maximum number of steps; twice as many if symmetric.
    symmetric : bool
        Whether the energy is invariant, to the last bit, under exchange of the particles.
    """
    writer = _Writer(draw, draw(st.booleans()) if typed is None else typed, max_steps)
    output = writer.write()
    return writer.result(writer.symmetrize(output) if symmetric else output)


def examples(count, **options):
    """A list of random programs, the same in every run."""
    programs = []

    @settings(
        max_examples=count,
        derandomize=True,  # test_program_source.py is also imported in processes that do not load conftest.py
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pair_programs(**options))
    def collect(program):
        programs.append(program)

    collect()
    return programs
