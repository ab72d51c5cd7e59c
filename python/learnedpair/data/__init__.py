# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Model files that ship with the package."""

from pathlib import Path

#: A correction of TIP3P water to dimers of quantum chemistry and to the liquid at 298 K (examples/water).
WATER = Path(__file__).parent / "water.pt"
