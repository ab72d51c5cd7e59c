# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PyTorch modules for training pair corrections."""

from .energy import PairEnergy
from .networks import FeaturePairNetwork, TypedPairNetwork

__all__ = ["FeaturePairNetwork", "PairEnergy", "TypedPairNetwork"]
