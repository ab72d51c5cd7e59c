# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From reference energies and forces to a pair model."""

from .baseline import subtract_baseline
from .configurations import Configuration, ReferenceData
from .dimer_curves import read_dimers
from .extended_xyz import read_extended_xyz
from .result import SplineFit
from .splines import fit_splines

__all__ = [
    "Configuration",
    "ReferenceData",
    "SplineFit",
    "fit_splines",
    "read_dimers",
    "read_extended_xyz",
    "subtract_baseline",
]
