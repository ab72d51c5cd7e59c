# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Sphinx extension: the page of measured results, written from benchmarks/results."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import results_page  # noqa: E402  (found by the line above)

PAGE = ROOT / "docs" / "generated" / "benchmarks.md"


def write_page(app):
    """Write the page if it would change: Sphinx reads changed files again."""
    text = results_page.page("../../benchmarks/README.md")
    PAGE.parent.mkdir(exist_ok=True)
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
