# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PyTorch modules for training pair corrections."""

from .energy import PairEnergy
from .networks import TypedPairNetwork

__all__ = ["PairEnergy", "TypedPairNetwork"]
