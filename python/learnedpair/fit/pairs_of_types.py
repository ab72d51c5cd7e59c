# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Pairs of types: as keys, as texts, and the types that a model needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from ..errors import ModelError

PairOfTypes = tuple[str, str]

_Value = TypeVar("_Value")


class PairsOfTypes(dict[PairOfTypes, _Value]):
    """A dict of pairs of types, which are found in either order."""

    def repeated(self) -> PairOfTypes | None:
        """A pair that is there in both orders; None if there is none."""
        both = (pair for pair in self if pair[0] != pair[1] and super(PairsOfTypes, self).__contains__(pair[::-1]))
        return next(both, None)

    def __contains__(self, pair: object) -> bool:
        return isinstance(pair, tuple) and (super().__contains__(pair) or super().__contains__(pair[::-1]))

    def __missing__(self, pair: PairOfTypes) -> _Value:
        if pair in self:
            return self[pair[::-1]]
        raise KeyError(pair)

    def get(self, pair: PairOfTypes, default: Any = None) -> Any:
        try:
            return self[pair]
        except KeyError:
            return default


def label_of(pair: PairOfTypes) -> str:
    """A text for a pair of types: O-H, or A-B | C if a type has a hyphen in its name."""
    return (" | " if any("-" in name for name in pair) else "-").join(pair)


def names_of(types: Iterable[Any], needed: Iterable[str], source: str) -> list[str]:
    """The names of the types of a model, which must include those of the data.

    Raises
    ------
    ModelError
        ``source`` begins the message.
    """
    if isinstance(types, str):
        raise ModelError(f"{source}: types is {types!r}; expected a list of names, or a dict with rules.")
    names = [each for each in types if each is not None]
    for each in needed:
        if each not in names:
            raise ModelError(f"{source}: the data have the type {each!r}, and types has {names}; add it.")
    return names
