# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Finds the file that an element of a force field belongs to, which OpenMM does not tell to parsers."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from learnedpair_hooks.ffxml import REQUIRED_FILE, TAG
from openmm.app import forcefield


@dataclass(frozen=True)
class Source:
    """The file that contains an element.

    Attributes
    ----------
    name : str
        The name of the file for messages.
    folder : Path or None
        Relative paths in the element start here. None if it is unknown.
    """

    name: str
    folder: Path | None

    @property
    def where(self) -> str:
        """The beginning of messages about an element."""
        return f"{self.name}, <{TAG}>"


def find_source() -> Source:
    """Find the file that ForceField.loadFile() is reading.

    OpenMM calls a parser with the element and the ForceField alone. The file is found in the local variables of
    loadFile(), which calls the parser.

    Returns
    -------
    Source
        With the current working directory as the folder if the ForceField reads an object without a name, such as
        io.StringIO. With an unknown folder if the parser was not called by loadFile().

    Raises
    ------
    ValueError
        If the file does not include REQUIRED_FILE.
    """
    variables = _variables_of_load_file()
    if variables is None:
        return Source("a force field", None)
    tree = variables["tree"]
    place = next(index for index, other in enumerate(variables["trees"]) if other is tree)
    source = _source_of(variables["files"][place])
    if not includes_required_file(tree.getroot()):
        raise ValueError(
            f'{source.where}: the file does not contain the line <Include file="{REQUIRED_FILE}"/>; add it at the top.'
            " Without it, OpenMM ignores the correction silently where openmm-learnedpair is not installed."
        )
    return source


def loaded_files() -> list[tuple[Source, Element]]:
    """The files that ForceField.loadFile() is reading, including those that they include, with their root elements.
    The list is empty if the parser was not called by loadFile().
    """
    variables = _variables_of_load_file()
    if variables is None:
        return []
    pairs = zip(variables["files"], variables["trees"], strict=True)
    return [(_source_of(file), tree.getroot()) for file, tree in pairs]


def includes_required_file(root: Element) -> bool:
    """Whether a force field file includes REQUIRED_FILE itself."""
    return any(include.get("file") == REQUIRED_FILE for include in root.findall("Include"))


def _variables_of_load_file() -> dict[str, Any] | None:
    frame = sys._getframe(1)
    while frame is not None:
        variables = frame.f_locals
        if frame.f_code.co_name == "loadFile" and {"tree", "trees", "files"} <= set(variables):
            return dict(variables)
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _source_of(file: Any) -> Source:
    """The source of one of the files that were given to a ForceField, or that these include."""
    name = file if isinstance(file, (str, os.PathLike)) else getattr(file, "name", None)
    if not isinstance(name, (str, os.PathLike)):
        return Source("a force field", Path.cwd())
    path = Path(name)
    if not path.is_file():  # a file of OpenMM or of another package
        folders = map(Path, forcefield._getDataDirectories())
        path = next((folder / path for folder in folders if (folder / path).is_file()), path)
    return Source(path.name, path.resolve().parent)
