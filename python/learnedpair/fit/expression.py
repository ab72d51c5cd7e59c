# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads the expression of a pair function, as OpenMM's custom forces have it, into a PyTorch function."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..errors import ModelError

#: The operators, by the classes of Python's syntax tree.
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
#: Texts that Python's parser would accept, and OpenMM's does not.
NOT_IN_OPENMM = re.compile(r"#|\*\*|//|(?<![\w.])0[xXoObB]|(?<=\d)_(?=\d)")
#: The functions of one argument. PyTorch has them under the same names.
FUNCTIONS: dict[str, Callable[[float], float]] = {
    name: getattr(math, name)
    for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc")
} | {"abs": abs}
#: Other functions of one argument.
POWERS = {"square": 2.0, "cube": 3.0, "recip": -1.0}
#: The first character of each name in an expression.
NAME = re.compile(r"(?<![\w.])[A-Za-z_]")


def read_expression(text: str, parameters: Sequence[str]) -> torch.fx.GraphModule:
    """Convert an expression of r and parameters to a function.

    Parameters
    ----------
    text : str
        Such as "A*exp(-x) - C/r^6; x = b*r": an expression, and definitions of names that occur in it.
    parameters : sequence of str

    Returns
    -------
    torch.fx.GraphModule
        ``forward(r: Tensor[P], values: Tensor[P, n_parameters]) -> Tensor[P]``. It is made of the operators and
        functions above alone, and can be scripted.

    Raises
    ------
    ModelError
        If the expression cannot be read, has unknown names, or lacks r or one of the parameters.
    """
    if not isinstance(text, str) or not text.strip(" ;"):
        raise ModelError(f"expression is {text!r}; expected a text such as 'A*exp(-b*r) - C/r^6'.")
    reader = _Reader(text, parameters)
    for name in ("r", *parameters):
        if name not in reader.used:
            raise ModelError(f"the expression {text!r} does not depend on {name}; add it, or leave it out.")
    return torch.fx.GraphModule(torch.nn.Module(), reader.graph)


class _Reader:
    """Adds the steps of an expression to a graph.

    The expression is read by Python's parser, and nothing of it is executed: each node of the syntax tree is an
    operator, a function, a number or a name that is known here, or it is refused. Before that, an underscore is put
    before all names, so that words such as "lambda" are names.
    """

    def __init__(self, text: str, parameters: Sequence[str]) -> None:
        self.text = text
        self.graph = torch.fx.Graph()
        #: The nodes of the variables that were read; None while the definition of one is read.
        self.used: dict[str, Any] = {}
        r, self._values = self.graph.placeholder("r"), self.graph.placeholder("values")
        self._known: dict[str, Any] = {"r": r, **{name: column for column, name in enumerate(parameters)}}
        first, *definitions = (part.strip() for part in text.split(";") if part.strip())
        for definition in definitions:
            name, _, value = (part.strip() for part in definition.partition("="))
            if not (value and name.isidentifier()):
                raise ModelError(f"the expression {text!r} has {definition!r}; expected a definition, name = value.")
            if name in self._known:
                raise ModelError(f"the expression {text!r} defines {name}, which is r, a parameter, or defined twice.")
            self._known[name] = value
        self.graph.output(self._read(first))
        used = dict(self.used)
        for definition in definitions:  # those that are not used must be right, too
            self._variable(definition.partition("=")[0].strip())
        self.used = used
        self.graph.eliminate_dead_code()

    def _read(self, part: str) -> Any:
        """The value of an expression: a node of the graph, or a number."""
        wrong = NOT_IN_OPENMM.search(part)
        if wrong:
            raise ModelError(
                f"the expression {self.text!r} has {wrong.group()!r}; expected numbers, names, + - * / ^, and functions"
                " of one argument."
            )
        try:
            tree = ast.parse(NAME.sub(r"_\g<0>", " ".join(part.split())).replace("^", "**"), mode="eval")
            return self._value(tree.body)
        except ModelError:
            raise
        except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
            reason = getattr(error, "msg", None) or error
            raise ModelError(f"the expression {self.text!r} cannot be read ({reason}).") from error

    def _value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            return self._number(float(node.value))
        if isinstance(node, ast.Name):
            return self._variable(node.id.removeprefix("_"))
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return self._apply(OPERATORS[type(node.op)], self._value(node.left), self._value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return self._apply(OPERATORS[type(node.op)], self._value(node.operand))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
            return self._call(node.func.id.removeprefix("_"), self._value(node.args[0]))
        shown = re.sub(r"\b_", "", ast.unparse(node))
        raise ModelError(
            f"the expression {self.text!r} has {shown!r}; expected numbers, names, + - * / ^, and functions of one"
            " argument."
        )

    def _variable(self, name: str) -> Any:
        """The value of r, of a parameter, or of a definition."""
        if name not in self._known:
            raise ModelError(
                f"the expression {self.text!r} has the name {name!r}, which is not known; the known ones are"
                f" {', '.join(self._known)}."
            )
        if name not in self.used:
            self.used[name] = None
            self.used[name] = self._new_variable(self._known[name])
        if self.used[name] is None:
            raise ModelError(f"the expression {self.text!r} defines {name} in terms of itself.")
        return self.used[name]

    def _new_variable(self, known: Any) -> Any:
        if isinstance(known, int):
            return self.graph.call_function(torch.select, (self._values, 1, known))
        return self._read(known) if isinstance(known, str) else known

    def _call(self, name: str, x: Any) -> Any:
        if name in POWERS:
            return self._apply(operator.pow, x, POWERS[name])
        if name not in FUNCTIONS:
            raise ModelError(
                f"the expression {self.text!r} has the function {name!r}; the known ones are"
                f" {', '.join((*FUNCTIONS, *POWERS))}."
            )
        return self._apply(FUNCTIONS[name] if isinstance(x, float) else getattr(torch, name), x)

    def _apply(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Apply an operator or a function: to numbers at once."""
        if all(isinstance(each, float) for each in arguments):
            return self._number(function(*arguments))
        return self.graph.call_function(function, arguments)

    def _number(self, value: Any) -> float:
        if not (isinstance(value, float) and math.isfinite(value)):  # the root of a negative number is complex
            raise ModelError(f"the expression {self.text!r} has the constant {value}; expected finite numbers.")
        return value
