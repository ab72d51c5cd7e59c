# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the stub of the compiled module, which type checkers read, has the names of the module."""

import ast
from pathlib import Path

import pytest
from learnedpair import _core

STUB = ast.parse(
    (Path(__file__).resolve().parent.parent / "python" / "learnedpair" / "_core.pyi").read_text(encoding="utf-8")
)
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}


def names_in(body):
    """The names of public functions, classes and variables."""
    names = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def test_the_module_is_complete():
    assert names_in(STUB.body) == {name for name in dir(_core) if not name.startswith("_")}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_complete(name):
    members = vars(getattr(_core, name))
    assert names_in(CLASSES[name].body) == {member for member in members if not member.startswith("_")}
    for node in CLASSES[name].body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            is_property = any(isinstance(each, ast.Name) and each.id == "property" for each in node.decorator_list)
            assert isinstance(members[node.name], property) == is_property
