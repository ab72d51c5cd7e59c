# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The exceptions and warnings of this package.

The C++ library, and thus most methods of LearnedPairForce, raises openmm.OpenMMException instead.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

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


@contextlib.contextmanager
def pytorch_for(what: str) -> Iterator[None]:
    """Say in the exception of a missing PyTorch what needs it, and how to do without."""
    try:
        yield
    except ImportError as error:
        if error.name != "torch":
            raise
        raise ImportError(
            f"{what} needs PyTorch: pip install 'openmm-learnedpair[torch]'. Compiled models need none: 'learnedpair"
            " compile' makes them where PyTorch is installed, and learnedpair.data.WATER_COMPILED is one.",
            name="torch",
        ) from error


def warn(message: str) -> None:
    """Issue a UserWarning that points to the line of the user's script that called this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
