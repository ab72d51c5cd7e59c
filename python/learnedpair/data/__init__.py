# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Model files that ship with the package."""

from pathlib import Path

#: GFN2-xTB minus TIP3P for water, learned on dimers: an example to try things with, not a water model.
WATER_GFN2 = Path(__file__).parent / "water_gfn2.pt"
