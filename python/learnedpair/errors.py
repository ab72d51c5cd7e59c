# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The exceptions of this package. Wrong input to the Force itself is reported by openmm.OpenMMException."""


class LearnedPairError(Exception):
    """Base class of all errors that this package raises by itself."""


class ModelError(LearnedPairError, ValueError):
    """A model file or its metadata cannot be used as it is."""


class LoweringError(LearnedPairError, ValueError):
    """A model cannot be turned into the representation that was asked for."""


class PluginLoadError(LearnedPairError, ImportError):
    """The C++ libraries do not fit the OpenMM that is running, or were not loaded by it."""
