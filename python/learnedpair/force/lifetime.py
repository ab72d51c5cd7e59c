# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces that OpenMM may delete while a Python object still refers to them."""

import functools
import weakref

import openmm

from .functions import core

_owners = weakref.WeakKeyDictionary()


def keep_alive(force, system):
    """Let a System live as long as the Python object of a force that belongs to it."""
    _owners[force] = system


class GuardedForce(openmm.Force):
    """A force that raises an OpenMMException when it is used after OpenMM has deleted it."""

    @property
    def this(self):
        """What OpenMM's Python layer holds of the C++ object. OpenMM deletes a force that is removed from its System,
        or whose System is deleted; using it afterwards is an error.
        """
        pointer, handle = self._pointer
        if not core.exists(handle):
            raise openmm.OpenMMException(
                "LearnedPairForce: this force no longer exists: it was removed from its System, or its System was"
                " deleted. Make a new force, or copy.deepcopy() this one beforehand."
            )
        return pointer

    @this.setter
    def this(self, pointer):
        self._pointer = pointer, core.handle_of(int(pointer))


def _checked(inherited):
    """A method of openmm.Force that says first if the force no longer exists: OpenMM's Python layer would complain of a
    wrong type.
    """

    @functools.wraps(inherited)
    def method(self, *arguments, **keywords):
        _ = self.this  # raises if the force no longer exists
        return inherited(self, *arguments, **keywords)

    return method


for _name in ("getName", "setName", "getForceGroup", "setForceGroup", "usesPeriodicBoundaryConditions", "__getstate__"):
    setattr(GuardedForce, _name, _checked(getattr(openmm.Force, _name)))
