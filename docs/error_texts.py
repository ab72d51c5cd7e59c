# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A text of the program: the words of an error or a warning, with gaps for what is known only when it occurs."""

import re
from dataclasses import dataclass

#: Expressions whose last name says what they stand for: a.b, a::b, f(x).b, x[0], x.getName().
_NAMED = re.compile(r"^[\w.:>()\[\]'\", -]*?(?:\.|->|::|^)(\w+)(?:\(\)|\[[^\[\]]*\])*$")
#: Functions around a value that do not change what it stands for.
_WRAPPED = re.compile(r"^(?:std::)?(?:to_string|str|repr|len|list|tuple|string|quote)\((.*)\)$", re.DOTALL)
_GETTER = re.compile(r"^get(?=[A-Z])")


@dataclass(frozen=True)
class Gap:
    """A place in a text where the program inserts a value."""

    name: str

    @staticmethod
    def of(expression: str) -> "Gap":
        """Name a gap after the expression of the program: ``force.getNumParticles()`` is "num particles", and what has
        no name is "…".
        """
        inner = _WRAPPED.match(expression.strip())
        match = _NAMED.match((inner[1] if inner else expression).strip())
        if match is None or match[1].isdigit():
            return Gap("…")
        name = _GETTER.sub("", match[1]).strip("_")
        if not name.isupper():
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        return Gap(name.replace("_", " ") or "…")


@dataclass(frozen=True)
class Text:
    """A text of the program.

    Attributes
    ----------
    parts : tuple of str and Gap
    kind : str
        The class of the exception, "warning", or "part" for a sentence that becomes a part of a message.
    file : str
        Relative to the repository, with forward slashes.
    line, last_line : int
        Of the statement.
    """

    parts: tuple[str | Gap, ...]
    kind: str
    file: str
    line: int
    last_line: int

    @property
    def is_empty(self) -> bool:
        """Whether there are no words outside of gaps."""
        return not any(isinstance(part, str) and re.search(r"[A-Za-z]{2}", part) for part in self.parts)

    @property
    def display(self) -> str:
        """The text on one line, with <name> for each gap."""
        words = "".join(
            part if isinstance(part, str) else (part.name if part.name == "…" else f"<{part.name}>")
            for part in self.parts
        )
        return " ".join(words.split())

    @property
    def sort_key(self) -> tuple[str, str]:
        """The words without gaps and signs, for the alphabetical order."""
        words = " ".join(part for part in self.parts if isinstance(part, str))
        return re.sub(r"[^a-z0-9 ]", "", words.lower()).strip(), self.display

    @property
    def num_letters(self) -> int:
        """The number of letters outside of gaps."""
        return sum(len(re.findall(r"[A-Za-z]", part)) for part in self.parts if isinstance(part, str))

    @property
    def literals(self) -> list[str]:
        """The words between gaps, in their order: the first and the last may be empty."""
        result = [""]
        for part in self.parts:
            if isinstance(part, Gap):
                result.append("")
            else:
                result[-1] += re.sub(r"\s+", " ", part)
        return result

    def is_of(self, message: str) -> bool:
        """Whether a message has this text, as a whole. Spaces and line breaks are the same."""
        return _fits(self.literals, " ".join(message.split()))

    def is_in(self, message: str) -> bool:
        """Whether a message has this text, as a whole or as a part."""
        first, *others = self.literals
        *others, last = [first.lstrip(), *others]
        return _fits(["", *others, last.rstrip(), ""], " ".join(message.split()))


def _fits(literals: list[str], message: str) -> bool:
    """Whether a message consists of words in this order, with anything between two of them."""
    first, last = literals[0].lstrip(), literals[-1].rstrip()
    if len(literals) == 1:
        return message == first.rstrip()
    if len(message) < len(first) + len(last) or not message.startswith(first) or not message.endswith(last):
        return False
    position, end = len(first), len(message) - len(last)
    for literal in literals[1:-1]:
        found = message.find(literal, position, end)
        if found < 0:
            return False
        position = found + len(literal)
    return True
