# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the folders of the Python package form layers: no file imports from a layer above its own."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python" / "learnedpair"

#: The layers, highest first, as listed in docs/architecture.md: files of the top folder, or one folder.
LAYERS = (
    "__init__.py, __main__.py",
    "cli",
    "fit, fit/liquid",
    "checking",
    "nn",
    "interfaces",
    "reporters",
    "applying",
    "lowering",
    "lowering/recording",
    "models",
    "models/checks",
    "models/metadata",
    "models/pytorch",
    "formats",
    "force",
    "data",
    "plugin.py, devices.py, units.py, errors.py",
)

#: Modules that functions may import: optional libraries, one that Python 3.10 lacks, files that need PyTorch, and the
#: compiled module, whose absence is explained in an error message.
LAZY = {
    "_core",
    "ase",
    "checking/model.py",
    "fit/__init__.py",
    "fit/figures.py",
    "fit/model_figure.py",
    "fit/panels.py",
    "lowering/committee.py",
    "lowering/load_environment.py",
    "lowering/load_tables.py",
    "lowering/pair_model.py",
    "matplotlib",
    "scipy",
    "tomli",
    "tomllib",
    "vesin",
}

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def layer_of(file):
    """The index of the layer of a file."""
    folder, _, name = file.rpartition("/")
    found = [k for k, layer in enumerate(LAYERS) if (folder or name) in layer.split(", ")]
    assert found, f"{file} belongs to no layer; expected one of {LAYERS}"
    return found[0]


def file_of(module):
    """The file of a module, given by its path in the package: a file, or a folder with an __init__.py."""
    return next((file for file in (f"{module}.py", f"{module}/__init__.py") if file in FILES), None)


def imported_by(file, node):
    """The files of the package, and the names of other modules, that an import statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if node.level == 0:
        return [node.module.split(".")[0]]
    folders = file.split("/")[:-1]
    base = folders[: len(folders) + 1 - node.level]
    module = "/".join([*base, *(node.module or "").split(".")]).rstrip("/")
    if node.module:
        return [file_of(module) or module]
    return [file_of("/".join([*base, alias.name])) or alias.name for alias in node.names]


def imports(file):
    """The imports of a file: the target, the line, and whether the import is inside a function."""
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for target in imported_by(file, node):
                yield target, node.lineno, id(node) in inside


def problems_of(file):
    """Messages about wrong imports of a file."""
    for target, line, is_lazy in imports(file):
        if target == "learnedpair":
            yield f"{file}:{line} imports the package by its name; expected a relative import"
        elif target in FILES and layer_of(target) < layer_of(file):
            yield f"{file}:{line} imports {target}, which is in a layer above its own"
        if is_lazy and target not in LAZY:
            yield f"{file}:{line} imports {target} inside a function; expected that of {', '.join(sorted(LAZY))} alone"


@pytest.mark.parametrize("file", FILES)
def test_no_file_imports_from_a_layer_above_its_own(file):
    assert list(problems_of(file)) == []


def test_files_do_not_import_each_other_in_a_circle():
    graph = {file: {target for target, _, _ in imports(file) if target in FILES} for file in FILES}
    while free := [file for file, targets in graph.items() if not targets & graph.keys()]:
        for file in free:
            del graph[file]
    assert not graph, f"these files import each other: {sorted(graph)}"


def test_every_layer_exists():
    for layer in LAYERS:
        for part in layer.split(", "):
            assert (PACKAGE / part).is_file() or (PACKAGE / part / "__init__.py").is_file(), f"there is no {part}"


def test_the_document_lists_the_layers():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("### Layers of the Python package\n")[2]
    listed = re.search(r"\n\n((?:    .+\n)+)", section)[1]
    assert tuple(re.findall(r"^    (\S.*?)  +\S", listed, flags=re.MULTILINE)) == LAYERS


def test_every_folder_is_a_package():
    """setuptools installs only folders with an __init__.py."""
    folders = {path.parent.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("__init__.py")}
    assert {f"learnedpair/{file}".rpartition("/")[0] for file in FILES} == folders


@pytest.mark.parametrize(
    "source, problem",
    [
        ("from ..applying.apply import add_correction", "force/x.py:1 imports applying/apply.py"),
        ("from .. import cli", "force/x.py:1 imports cli/__init__.py"),
        ("import learnedpair.units", "imports the package by its name"),
        ("def f():\n    from ..units import factor", "force/x.py:2 imports units.py inside a function"),
        ("def f():\n    import numpy", "imports numpy inside a function"),
        ("from ..units import factor\nfrom . import ranges", None),
    ],
)
def test_wrong_imports_are_found(source, problem, tmp_path, monkeypatch):
    (tmp_path / "force").mkdir()
    (tmp_path / "force" / "x.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr("test_architecture.PACKAGE", tmp_path)
    found = list(problems_of("force/x.py"))
    assert found == [] if problem is None else len(found) == 1 and problem in found[0]


def test_a_new_file_at_the_top_is_found():
    with pytest.raises(AssertionError, match=r"helpers.py belongs to no layer"):
        layer_of("helpers.py")
