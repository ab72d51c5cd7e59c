# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The code in the pages of the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python_code(name):
    """The blocks of Python code in a Markdown file."""
    return blocks(name, "python")


def blocks(name, language):
    """The blocks of a Markdown file that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / name).read_text(encoding="utf-8"), re.M | re.S)
