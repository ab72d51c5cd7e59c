# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A plain interpreter of programs in NumPy, in double precision, that enforces every rule of docs/program.md.

It shares no code with the package that writes and runs programs.
"""

import math
import re

import numpy as np

_LINE = re.compile(r"v(\d+)\[(\d+)\] = ([a-z_0-9]+)((?: [^\s{}]+)*)(?: \{((?:-?\d+)(?: -?\d+)*)\})?")
_OUTPUT = re.compile(r"output( v\d+)+")
_INPUTS = ("distance", "particle1", "particle2", "pair", "globals")
_vectorized = {name: np.vectorize(getattr(math, name), otypes=[float]) for name in ("erf", "erfc")}


class OracleError(Exception):
    """The program breaks a rule of docs/program.md."""


def check(condition, text):
    if not condition:
        raise OracleError(text)


def _sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


_UNARY = {
    "neg": np.negative,
    "abs": np.abs,
    "floor": np.floor,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "erf": _vectorized["erf"],
    "erfc": _vectorized["erfc"],
}
_BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "atan2": np.arctan2,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "less": lambda a, b: (a < b).astype(float),
    "less_equal": lambda a, b: (a <= b).astype(float),
    "equal": lambda a, b: (a == b).astype(float),
}


class _Interpreter:
    def __init__(self, weights, inputs, pairs):
        self.weights, self.inputs, self.pairs = weights, inputs, pairs
        self.used = 0  # number of weights that the steps so far have taken
        self.seen = set()  # inputs that have occurred
        self.values, self.operations = [], []

    def step(self, length, operation, words, numbers):
        if operation in _INPUTS:
            check(not words and not numbers, f"{operation} takes nothing")
            check(operation not in self.seen, f"{operation} occurs twice")
            self.seen.add(operation)
            check(self.inputs.get(operation) is not None, f"there is no input {operation}")
            value = self.inputs[operation]
        elif operation == "literal":
            check(words and not numbers, "a literal is made of numbers")
            value = np.array([float(word) for word in words])[None]
        elif operation == "weight":
            check(not words and not numbers, "a weight takes nothing")
            check(self.used + length <= len(self.weights), "there are too few weights")
            value = self.weights[None, self.used : self.used + length]
            self.used += length
        else:
            nodes = [self.operand(word) for word in words]
            value = self.compute(operation, nodes, numbers, length)
        value = np.broadcast_to(np.asarray(value, dtype=float), (self.pairs, np.shape(value)[1]))
        check(value.shape[1] == length, f"{operation} has length {value.shape[1]}, not {length}")
        self.values.append(value)
        self.operations.append(operation)

    def operand(self, word):
        check(re.fullmatch(r"v\d+", word), f"{word} is not a step")
        check(int(word[1:]) < len(self.values), f"{word} comes later")
        return int(word[1:])

    def constant(self, node):
        check(self.operations[node] in ("weight", "literal"), "expected a weight or literal")
        return self.values[node][0]

    def compute(self, operation, nodes, numbers, length):
        if operation in _UNARY or operation in _BINARY or operation == "select":
            check(not numbers, f"{operation} takes no integers")
            operands = [self.values[node] for node in nodes]
            arity = 1 if operation in _UNARY else 2 if operation in _BINARY else 3
            check(len(operands) == arity, f"{operation} takes {arity} operands")
            lengths = {x.shape[1] for x in operands}
            check(lengths <= {1, length} and length == max(lengths), f"{operation} has operands of lengths {lengths}")
            if operation == "select":
                return np.where(operands[0] != 0, operands[1], operands[2])
            return (_UNARY | _BINARY)[operation](*operands)
        method = getattr(self, f"do_{operation}", None)
        check(method is not None, f"there is no operation {operation}")
        return method(nodes, numbers)

    def do_gather(self, nodes, numbers):
        check(len(nodes) == 1 and numbers, "gather takes one operand and indices")
        x = self.values[nodes[0]]
        check(all(0 <= i < x.shape[1] for i in numbers), "an index of gather is out of range")
        return x[:, numbers]

    def do_concat(self, nodes, numbers):
        check(nodes and not numbers, "concat takes operands and no integers")
        return np.concatenate([self.values[node] for node in nodes], axis=1)

    def reduced(self, nodes, numbers):
        check(len(nodes) == 1 and len(numbers) == 3 and min(numbers) > 0, "expected one operand and {o m i}")
        x = self.values[nodes[0]]
        check(x.shape[1] == np.prod(numbers), "o m i is not the length of the operand")
        return x.reshape(self.pairs, *numbers)

    def do_sum(self, nodes, numbers):
        return self.reduced(nodes, numbers).sum(2).reshape(self.pairs, -1)

    def do_max(self, nodes, numbers):
        return self.reduced(nodes, numbers).max(2).reshape(self.pairs, -1)

    def do_linear(self, nodes, numbers):
        check(len(nodes) == 2 and not numbers, "linear takes a matrix and a vector")
        matrix, x = self.constant(nodes[0]), self.values[nodes[1]]
        check(len(matrix) % x.shape[1] == 0, "the matrix of linear does not fit the vector")
        return x @ matrix.reshape(-1, x.shape[1]).T

    def do_lookup(self, nodes, numbers):
        check(len(nodes) == 2 and len(numbers) == 1 and numbers[0] > 0, "lookup takes an index, a table and {w}")
        table = self.constant(nodes[1])
        check(len(table) % numbers[0] == 0, "the table of lookup does not have whole rows")
        table = table.reshape(-1, numbers[0])
        index = np.trunc(self.values[nodes[0]])
        check(np.isfinite(index).all(), "an index of lookup is not a number")
        index = np.clip(np.where(index < 0, index + len(table), index), 0, len(table) - 1).astype(int)
        return table[index].reshape(self.pairs, -1)

    def do_table(self, nodes, numbers, slope=False):
        check(len(nodes) == 2 and len(numbers) == 1 and numbers[0] >= 2, "table takes r, data and {knots}")
        check(self.operations[nodes[1]] == "weight", "the data of table are a weight")
        r, data, knots = self.values[nodes[0]], self.constant(nodes[1]), numbers[0]
        check(r.shape[1] == 1, "table takes one number")
        check((len(data) - 2) % (2 * knots) == 0, "the data of table have the wrong length")
        first, last = data[:2]
        data = data[2:].reshape(knots, 2, -1)
        width = (last - first) / (knots - 1)
        place = np.clip(np.floor((r[:, 0] - first) / width), 0, knots - 2).astype(int)
        t = ((r[:, 0] - first) / width - place)[:, None]
        (a, da), (b, db) = ((data[place + i, 0], data[place + i, 1] * width) for i in (0, 1))
        c2, c3 = 3 * (b - a) - 2 * da - db, 2 * (a - b) + da + db
        return (da + t * (2 * c2 + t * 3 * c3)) / width if slope else a + t * (da + t * (c2 + t * c3))

    def do_table_slope(self, nodes, numbers):
        return self.do_table(nodes, numbers, slope=True)


def _column(values, pairs):
    """An input as an array [P, n]. An array of one number per pair may have the shape [P]."""
    values = np.asarray(values, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    check(values.shape[0] in (1, pairs), "the inputs have different numbers of pairs")
    return values


def evaluate(text, weights, *, distance, particle1=None, particle2=None, pair=None, globals_=None):
    """Evaluate a program for many pairs.

    Parameters
    ----------
    text : str
    weights : ndarray, float64
    distance : ndarray, shape (P,), nm
    particle1, particle2, pair : ndarray, shape (P,) or (P, n), optional
    globals_ : sequence of float, optional
        The same for all pairs.

    Returns
    -------
    list of ndarray, shape (P, n)
        The outputs.

    Raises
    ------
    OracleError
        If the program breaks a rule of docs/program.md.
    """
    pairs = len(distance)
    inputs = {
        name: _column(x, pairs)
        for name, x in (("distance", distance), ("particle1", particle1), ("particle2", particle2), ("pair", pair))
        if x is not None
    }
    if globals_ is not None:
        inputs["globals"] = np.asarray(globals_, dtype=float)[None]
    if particle1 is not None and particle2 is not None:
        check(inputs["particle1"].shape[1] == inputs["particle2"].shape[1], "the particles have different lengths")
    weights = np.asarray(weights)
    check(weights.dtype == np.float64 and weights.ndim == 1, "the weights are not an array of float64")
    interpreter = _Interpreter(weights, inputs, pairs)
    lines = text.split("\n")
    check(lines.pop() == "", "the text does not end with a line")
    check(lines and _OUTPUT.fullmatch(lines[-1]), "the last line does not name outputs")
    with np.errstate(all="ignore"):
        for number, line in enumerate(lines[:-1]):
            match = _LINE.fullmatch(line)
            check(match, f"not a step: {line}")
            index, length, operation, words, numbers = match.groups()
            check(int(index) == number, f"expected v{number}: {line}")
            check(int(length) > 0, f"a value has no numbers: {line}")
            try:
                interpreter.step(int(length), operation, words.split(), [int(i) for i in (numbers or "").split()])
            except OracleError as error:
                raise OracleError(f"{line}: {error}") from None
    check(interpreter.used == len(weights), "there are weights that no step takes")
    return [interpreter.values[interpreter.operand(word)] for word in lines[-1].split()[1:]]
