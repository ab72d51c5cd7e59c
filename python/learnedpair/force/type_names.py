# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Converts the names of types to indices, for all kinds of models."""

import operator
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .learned_pair_force import LearnedPairForce
from .particles import is_bool, refuse_masked


class TypeNames:
    """A model with the attributes ``source``, its name in messages, and ``types``, the names of its types or None."""

    source: str
    types: list[str] | None

    def type_index(self, particle: str | int | None) -> int:
        """The index of a type that is given by name or index; -1 for None.

        Parameters
        ----------
        particle : str, int or None

        Returns
        -------
        int

        Raises
        ------
        ValueError, TypeError
            If there is no such type.
        """
        if particle is None:
            return LearnedPairForce.NotCovered
        if self.types is None:
            raise TypeError(f"{self.source}: {particle!r} is not a type: the model takes features of particles.")
        if is_bool(particle):
            raise TypeError(
                f"{self.source}: {particle!r} is not a type; expected a name, an index from 0 to {len(self.types) - 1},"
                " or None for a particle that is not covered."
            )
        if isinstance(particle, str):
            if particle in self.types:
                return self.types.index(particle)
            raise ValueError(f"{self.source}: there is no type {particle!r}; the model has {', '.join(self.types)}.")
        try:
            index = operator.index(particle)
        except TypeError:
            index = len(self.types)  # an invalid index, which is refused below
        if any(name.isdecimal() for name in self.types):
            raise ValueError(
                f"{self.source}: {particle!r} is an index, and the model has types whose names are numbers"
                f" ({', '.join(self.types)}); give names, as strings."
            )
        if not LearnedPairForce.NotCovered <= index < len(self.types):
            raise ValueError(
                f"{self.source}: {particle!r} is not a type; expected a name, an index from 0 to {len(self.types) - 1},"
                " or None."
            )
        return index

    def type_indices(self, particles: Iterable[str | int | None]) -> NDArray[np.int32]:
        """The indices of the types of many particles.

        Parameters
        ----------
        particles : iterable of str, int or None
            As for :meth:`type_index`.

        Returns
        -------
        ndarray of int32, shape (n_particles,)

        Raises
        ------
        ValueError, TypeError
            As :meth:`type_index`.

        Examples
        --------
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER_COMPILED
        >>> lp.load_compiled(WATER_COMPILED).type_indices(["O", "H", "H", None]).tolist()
        [0, 1, 1, -1]
        """
        refuse_masked(particles, f"{self.source}: the types")
        if isinstance(particles, (str, bytes, dict)) or not hasattr(particles, "__iter__"):
            raise TypeError(
                f"{self.source}: the types are {particles!r}; expected one type, or None, for each particle."
            )
        particles = list(particles)
        if set(map(type, particles)) <= {str, type(None)}:  # as rules select them; a million takes 0.1 s
            indices = {name: self.type_index(name) for name in set(particles)}
            return np.fromiter(map(indices.__getitem__, particles), np.int32, len(particles))
        return np.array([self.type_index(particle) for particle in particles], dtype=np.int32)
