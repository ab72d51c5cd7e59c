# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the texts of errors in the C++ sources, and those that end a build in the CMake files.

A message is the arguments of require() after the condition, which are concatenated, or the argument of the constructor
of an exception, whose parts are added by + or written to a stringstream.
"""

import re

from error_texts import Gap, Text

#: Comments, and strings and characters, in which parentheses do not count.
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    | R"(?P<end>\w*)\((?P<raw>.*?)\)(?P=end)" | "(?P<text>(?:\\.|[^"\\\n])*)" | '(?:\\.|[^'\\\n])'""",
    re.DOTALL | re.VERBOSE,
)
EXCEPTION = r"(?:OpenMM::)?OpenMMException|(?:py|pybind11)::(?:value|type|index)_error"
#: The classes that exceptions of pybind11 have in Python.
PYTHON = {"value_error": "ValueError", "type_error": "TypeError", "index_error": "IndexError"}
CALL = re.compile(rf"\b(?:(?P<require>require)|(?P<exception>{EXCEPTION}))\s*\(")
RAISED_AGAIN = re.compile(r"\bthrow\s+(?!(?:an?)\b)(?P<what>\w+(?:::\w+)*)?\s*(?=[(;])")
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}
CMAKE = re.compile(r'message\(\s*FATAL_ERROR\s+((?:"[^"]*"\s*)+)\)')


def cpp_texts(files):
    """Find the texts of C++ files; as :func:`python_errors.python_texts`."""
    texts, without_text = [], []
    for name, content in files.items():
        source = _Source(content)
        for found in [*source.calls(name), *source.raised_again(name)]:
            (without_text if found.is_empty else texts).append(found)
    return texts, without_text


def cmake_texts(files):
    """Find the texts of CMake files that end a build."""
    texts = []
    for name, content in files.items():
        for match in CMAKE.finditer(content):
            words = "".join(re.findall(r'"([^"]*)"', match[1]))
            pieces = re.split(r"\$\{(\w+)\}", words)
            parts = tuple(Gap.of(piece) if k % 2 else piece for k, piece in enumerate(pieces))
            line, last = (content.count("\n", 0, match.start() + 1), content.count("\n", 0, match.end()))
            texts.append(Text(parts, "CMake", name, line + 1, last + 1))
    return texts


class _Source:
    """A C++ file, in which each string is replaced by a number between quotes of its own, and comments by spaces."""

    def __init__(self, content):
        self._strings = []
        self._code = TOKEN.sub(self._replace, content)

    def _replace(self, match):
        if match["comment"] is not None:
            return re.sub(r"[^\n]", " ", match[0])
        text = match["raw"] if match["raw"] is not None else match["text"]
        if text is None:
            return " " * len(match[0])
        if match["raw"] is None:
            text = re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[0]), text)
        self._strings.append(text)
        return f"\x01{len(self._strings) - 1}\x01" + "\n" * match[0].count("\n")

    def _line(self, position):
        return self._code.count("\n", 0, position) + 1

    def calls(self, name):
        """The texts of calls of require() and of constructors of exceptions."""
        for match in CALL.finditer(self._code):
            if re.search(
                r"(?:template<[^\n]*|inline|static|bool)\s+(?:void|\S+)?\s*$", self._code[: match.start()][-90:]
            ):
                continue  # a declaration, such as that of require() itself
            arguments, end = self._arguments(match.end())
            if match["require"]:
                pieces, kind = arguments[1:], "OpenMMException"
            else:
                pieces, kind = arguments[:1], PYTHON.get(match["exception"].split("::")[-1], "OpenMMException")
            parts = [part for piece in pieces for part in self._parts(piece, match.start())]
            yield Text(tuple(parts), kind, name, self._line(match.start()), self._line(end))

    def raised_again(self, name):
        """Statements with throw that call no constructor of an exception: throw; and throw makeIt()."""
        for match in RAISED_AGAIN.finditer(self._code):
            if not re.fullmatch(EXCEPTION, match["what"] or ""):
                line = self._line(match.start())
                yield Text((Gap.of(match["what"] or "throw"),), "throw", name, line, line)

    def _arguments(self, start):
        """The arguments of a call whose parenthesis opens before a position, and the position of its end."""
        depth, begin, arguments = 0, start, []
        for position in range(start, len(self._code)):
            character = self._code[position]
            if character in "([{":
                depth += 1
            elif character in ")]}" and depth > 0:
                depth -= 1
            elif character == ")" or (character == "," and depth == 0):
                arguments.append(self._code[begin:position])
                begin = position + 1
                if character == ")":
                    return arguments, position
        return arguments, len(self._code)

    def _parts(self, expression, position):
        """The strings and gaps of an expression of strings."""
        stream = re.fullmatch(r"\s*(\w+)\.str\(\)\s*", expression)
        if stream is not None:
            return self._streamed(stream[1], position)
        parts = []
        for piece in _split(expression, "+"):
            wrapped = re.fullmatch(r"\s*(?:std::)?string\((\s*\x01.*)\)\s*", piece, re.DOTALL)
            literal = (wrapped[1] if wrapped else piece).strip()
            numbers = re.findall(r"\x01(\d+)\x01", literal)
            if numbers and not re.sub(r"\x01\d+\x01|\s", "", literal):
                parts.append("".join(self._strings[int(number)] for number in numbers))
            else:
                parts.append(Gap.of(piece) if "\x01" not in piece else Gap("…"))
        return parts

    def _streamed(self, name, position):
        """The parts that are written to a stringstream between its declaration and a position."""
        begin = max(match.end() for match in re.finditer(rf"stringstream {name};", self._code[:position]))
        parts = []
        for statement in self._code[begin:position].split(";"):
            first, *pieces = _split(statement, "<<")
            if first.strip() == name:
                parts += [part for piece in pieces for part in self._parts(piece, position)]
        return parts


def _split(expression, sign):
    """Divide an expression at a sign that is outside of all parentheses."""
    depth, pieces, begin = 0, [], 0
    for position, character in enumerate(expression):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and expression.startswith(sign, position):
            pieces.append(expression[begin:position])
            begin = position + len(sign)
    return [*pieces, expression[begin:]]
