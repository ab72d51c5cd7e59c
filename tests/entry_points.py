# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The entry points of this package, for tests that run without an installation."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def entry_points():
    """The entry points that pyproject.toml declares, without the commands."""
    text = PYPROJECT.read_text(encoding="utf-8")
    result = []
    for group, lines in re.findall(r'^\[project\.entry-points\."([\w.]+)"\]\n((?:\w+ = .*\n)+)', text, re.MULTILINE):
        result += [EntryPoint(name, value, group) for name, value in re.findall(r'^(\w+) = "(.*)"$', lines, re.M)]
    return result


def install(folder):
    """Write the entry points as an installation does. A folder on Python's path with them is found like an installed
    package.
    """
    information = folder / "entry_points_of_learnedpair-0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: entry-points-of-learnedpair\nVersion: 0\n", encoding="utf-8"
    )
    groups = dict.fromkeys(point.group for point in entry_points())
    text = "".join(
        f"[{group}]\n" + "".join(f"{p.name} = {p.value}\n" for p in entry_points() if p.group == group)
        for group in groups
    )
    (information / "entry_points.txt").write_text(text, encoding="utf-8")
    return folder
