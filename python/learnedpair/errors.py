# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The exceptions and warnings of this package. Wrong input to the Force itself is reported by
openmm.OpenMMException.
"""

import os
import sys
import warnings

#: The folder of this package, with a separator at its end.
PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class LearnedPairError(Exception):
    """Base class of all errors that this package raises by itself."""


class ModelError(LearnedPairError, ValueError):
    """A model file or its metadata cannot be used as it is."""


class LoweringError(LearnedPairError, ValueError):
    """A model cannot be turned into the representation that was asked for."""


class ToleranceError(LoweringError):
    """A table does not reach the tolerance that was asked for."""


class PluginLoadError(LearnedPairError, ImportError):
    """The C++ libraries do not fit the OpenMM that is running, or were not loaded by it."""


def warn(message):
    """Issue a UserWarning for the line of the user's script that called this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
