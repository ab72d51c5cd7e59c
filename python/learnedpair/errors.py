# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The exceptions and warnings of this package.

The C++ library, and thus most methods of LearnedPairForce, raises openmm.OpenMMException instead.
"""

import os
import sys
import warnings

#: The folder of this package, with a path separator at the end.
PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class LearnedPairError(Exception):
    """The base class of the exceptions that this package defines."""


class ModelError(LearnedPairError, ValueError):
    """A model or its metadata is invalid or unsupported."""


class LoweringError(LearnedPairError, ValueError):
    """A model cannot be converted to the requested representation."""


class ToleranceError(LoweringError):
    """A table does not reach the requested tolerance."""


class DomainError(LearnedPairError, RuntimeError):
    """A simulation has left the training domain of a model."""


class PluginLoadError(LearnedPairError, ImportError):
    """The C++ libraries of the plugin do not match the running OpenMM, or OpenMM has not loaded them."""


def warn(message: str) -> None:
    """Issue a UserWarning that points to the line of the user's script that called this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
