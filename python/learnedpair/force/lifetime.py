# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Protection from dangling pointers: OpenMM may delete a force while a Python object still refers to it."""

import functools
import weakref
from typing import Any

import openmm

from .functions import core

_owners: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def keep_alive(force: openmm.Force, system: openmm.System) -> None:
    """Keep a System alive as long as the Python object of a force that belongs to it."""
    _owners[force] = system


class GuardedForce(openmm.Force):
    """A force that raises an OpenMMException when it is used after OpenMM has deleted it."""

    @property
    def this(self) -> Any:
        """The SWIG pointer to the C++ object.

        Raises
        ------
        openmm.OpenMMException
            If OpenMM has deleted the force, because it was removed from its System or because its System was deleted.
        """
        pointer, handle = self._pointer
        if not core.exists(handle):
            raise openmm.OpenMMException(
                "LearnedPairForce: this force no longer exists: it was removed from its System, or its System was"
                " deleted. Make a new force, or copy.deepcopy() this one beforehand."
            )
        return pointer

    @this.setter
    def this(self, pointer: Any) -> None:
        self._pointer = pointer, core.handle_of(int(pointer))

    @property
    def _access(self) -> Any:
        """The methods of the C++ force."""
        return core.force_at(int(self.this))


def _checked(inherited):
    """Wrap a method of openmm.Force so that it first checks that the force still exists. Without the check, OpenMM's
    Python layer reports a wrong argument type.
    """

    @functools.wraps(inherited)
    def method(self, *arguments, **keywords):
        _ = self.this  # raises if the force no longer exists
        return inherited(self, *arguments, **keywords)

    return method


for _name in ("getName", "setName", "getForceGroup", "setForceGroup", "usesPeriodicBoundaryConditions", "__getstate__"):
    setattr(GuardedForce, _name, _checked(getattr(openmm.Force, _name)))
