# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the texts of errors and warnings in the Python sources, by their syntax trees."""

import ast
import itertools
import re

from error_texts import Gap, Text

#: An expression with more alternatives than this gets a gap in place of them.
MAX_ALTERNATIVES = 8
#: Arguments with this name are help texts of a command.
HELP = ("help", "description", "epilog", "metavar")
#: What a sentence outside of raise and warn must look like to be a part of a message.
SENTENCE = re.compile(r"[.?]\s*$")
MIN_WORDS = 5


def python_texts(files):
    """Find the texts of Python files.

    Parameters
    ----------
    files : dict of str to str
        The contents of the files by their names, relative to the repository.

    Returns
    -------
    texts : list of Text
    without_text : list of Text
        The statements that raise something whose words are not there: they are raised again, or made elsewhere.
    """
    trees = {name: ast.parse(content) for name, content in files.items()}
    constants = _constants(trees.values())
    texts, without_text = [], []
    for name, tree in trees.items():
        for found in _File(name, tree, constants).texts():
            (without_text if found.is_empty else texts).append(found)
    return texts, without_text


def function_at(content, line):
    """The name of the function or class around a line, or an empty string."""
    inside = [
        node
        for node in ast.walk(ast.parse(content))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno <= line <= node.end_lineno
    ]
    return max(inside, key=lambda node: node.lineno).name if inside else ""


def _constants(trees):
    """The strings that modules define by capital letters, such as REBUILD; those with two values are left out."""
    values = {}
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                values.setdefault(node.targets[0].id, []).append(node.value)
    return {name: found[0] for name, found in values.items() if len(found) == 1}


def _product(options):
    """All sequences with one of the alternatives of each element; of elements with too many, a gap."""
    while True:
        count = 1
        for each in options:
            count *= len(each)
        if count <= MAX_ALTERNATIVES:
            break
        most = max(range(len(options)), key=lambda k: len(options[k]))
        options[most] = [(Gap("…"),)]
    return [sum(parts, ()) for parts in itertools.product(*options)]


class _File:
    """One Python file, whose strings are resolved as far as they are written in it or are constants of the package."""

    def __init__(self, name, tree, constants):
        self._name, self._tree, self._constants = name, tree, constants
        self._used = set()  # nodes that belong to a text
        self._functions = {}
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.Lambda)):
                for node in ast.walk(function):
                    self._functions[node] = function  # the innermost comes last
        self._mark_documentation()

    def _mark_documentation(self):
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                self._used.add(node.value)
            if isinstance(node, ast.keyword) and node.arg in HELP:
                self._used.update(ast.walk(node))

    def texts(self):
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Raise) and node.exc is not None:
                yield from self._raised(node)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("warn", "warnings.warn"):
                yield from self._arguments(node, "warning", node.args[:1])
            elif (
                isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__" and self._is_exception(node)
            ):
                yield from self._arguments(node, "part", node.args)
        yield from self._sentences()

    def _is_exception(self, node):
        classes = [each for each in self._tree.body if isinstance(each, ast.ClassDef) and node in ast.walk(each)]
        return any(re.search(r"Error|Exception|Refusal", ast.unparse(base)) for each in classes for base in each.bases)

    def _raised(self, node):
        if isinstance(node.exc, ast.Call):
            kind = ast.unparse(node.exc.func).rsplit(".", 1)[-1]
            arguments = node.exc.args or [ast.Constant("")]
        else:
            kind, arguments = ast.unparse(node.exc), [ast.Constant("")]
        yield from self._arguments(node, kind, arguments)

    def _arguments(self, node, kind, arguments):
        """The first argument is the message, and others are a remedy that is appended to it."""
        for index, argument in enumerate(arguments):
            for parts in self.resolve(argument, self._functions.get(node)):
                text = Text(parts, kind if index == 0 else "part", self._name, node.lineno, node.end_lineno)
                if index == 0 or not text.is_empty:
                    yield text
            self._used.update(ast.walk(argument))

    def _sentences(self):
        """Sentences that are added to a list of problems, returned to a caller that raises them, and so on."""
        if "/cli/" in self._name or "/checking/" in self._name:
            return  # these print sentences
        for node in ast.walk(self._tree):
            if node in self._used or not isinstance(node, (ast.Constant, ast.JoinedStr)):
                continue
            if isinstance(node, ast.Constant) and not isinstance(node.value, str):
                continue
            for parts in self.resolve(node, self._functions.get(node)):
                text = Text(parts, "part", self._name, node.lineno, node.end_lineno)
                if SENTENCE.search(text.display) and len(text.display.split()) >= MIN_WORDS and not text.is_empty:
                    yield text
            self._used.update(ast.walk(node))

    def resolve(self, node, function, depth=0):
        """The texts that an expression may have: a list of tuples of strings and gaps."""
        gap = [(Gap.of(ast.unparse(node)),)]
        if depth > 4:
            return gap
        if isinstance(node, ast.Constant):
            return [(node.value,)] if isinstance(node.value, str) else gap
        if isinstance(node, ast.JoinedStr):
            return _product([self._inserted(value, function, depth) for value in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _product([self.resolve(side, function, depth + 1) for side in (node.left, node.right)])
        if isinstance(node, ast.IfExp):
            return [*self.resolve(node.body, function, depth + 1), *self.resolve(node.orelse, function, depth + 1)]
        if isinstance(node, ast.Name):
            return self._value_of(node.id, function, depth) or gap
        return gap

    def _inserted(self, value, function, depth):
        """A part of an f-string."""
        if isinstance(value, ast.Constant):
            return [(value.value,)]
        if isinstance(value.value, (ast.Name, ast.IfExp)) and value.format_spec is None and value.conversion == -1:
            options = self.resolve(value.value, function, depth + 1)
            is_text = any(isinstance(part, str) and " " in part.strip() for option in options for part in option)
            return options if is_text else [(Gap.of(ast.unparse(value.value)),)]
        return [(Gap.of(ast.unparse(value.value)),)]

    def _value_of(self, name, function, depth):
        """The texts that a variable has, or an empty list if it may have others."""
        if name in self._constants:
            return self.resolve(self._constants[name], None, depth + 1)
        if function is None:
            return []
        assigned = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
        ]
        arguments = [argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)]
        if name in arguments or not assigned:
            return []
        self._used.update(each for node in assigned for each in ast.walk(node))
        return [parts for node in assigned for parts in self.resolve(node, function, depth + 1)]
