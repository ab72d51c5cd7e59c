# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Model files that ship with the package."""

from pathlib import Path

#: A correction of TIP3P water to dimers of quantum chemistry and to the liquid at 298 K (examples/water).
WATER = Path(__file__).parent / "water.pt"

#: The same correction as a table, for use without PyTorch: load_model(WATER).save_compiled(WATER_COMPILED).
WATER_COMPILED = Path(__file__).parent / "water.xml"
