# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that the source distribution contains every file that a build and the README's commands need."""

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCES = (".*", "*.egg-info", "__pycache__", "build", "demo_output", "dist")
#: The folders that must be complete.
FOLDERS = ("benchmarks", "cmake", "docs", "examples", "findings", "packaging", "platforms", "plugin", "python", "tests")
FILES = ("CMakeLists.txt", "LICENSE", "README.md", "VERSION", "constraints.txt", "pyproject.toml", "setup.py")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the source tree, since setuptools writes into the folder that it works in."""
    return shutil.copytree(
        ROOT, tmp_path_factory.mktemp("tree") / "project", ignore=shutil.ignore_patterns(*NOT_SOURCES)
    )


@pytest.fixture(scope="module")
def names(tree, tmp_path_factory):
    """The files in the source distribution, relative to its folder."""
    folder = tmp_path_factory.mktemp("dist")
    code = f"from setuptools import build_meta; print(build_meta.build_sdist({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=tree, check=True, capture_output=True)
    [archive] = folder.iterdir()
    with tarfile.open(archive) as file:
        return {member.name.split("/", 1)[1] for member in file if member.isfile()}


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_are_complete(names, folder):
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
    ignored = re.compile(r"(^|/)(__pycache__|generated|[^/]*\.egg-info|\.[^/]*|demo_output)/")
    expected = {name for name in files if not ignored.search(name)} - {"docs/user/errors.md"}  # which is generated
    assert expected - names == set()
    assert len(expected) > 1


def test_files_of_the_build_are_there(names):
    assert set(FILES) - names == set()


def test_every_file_that_cmake_names_is_there(names):
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:cmake|platforms|plugin|python)/[\w./-]+\.\w+", text))
    assert len(named) > 60
    assert named - names == set()


def test_the_package_has_all_its_folders(names):
    """setuptools finds only folders with an __init__.py."""
    folders = {path.parent for path in (ROOT / "python/learnedpair").rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
    assert {"python/learnedpair/py.typed", "python/learnedpair/_core.pyi"} <= names
