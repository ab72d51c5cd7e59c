#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the index of all texts of errors and warnings, as a page of the documentation.

    python docs/errors.py [FILE]    (default: docs/user/errors.md)

The texts are read from the sources. Those that docs/user/troubleshooting.md shows have a link to their section there.
"""

import os
import re
import sys
from pathlib import Path

import cpp_errors
import python_errors

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "user" / "errors.md"
TROUBLESHOOTING = ROOT / "docs" / "user" / "troubleshooting.md"

PACKAGE = "python/learnedpair/"

#: Each part of the program, with the prefixes of the paths of its files. A file belongs to the first part with a
#: matching prefix.
PARTS = {
    "Files and tables of other programs": (
        "python/learnedpair/formats/",
        "python/learnedpair/lowering/load_",
        "python/learnedpair/lowering/write_",
        "python/learnedpair/models/files.py",
        "python/learnedpair/models/writing.py",
    ),
    "Models": ("python/learnedpair/models/", "python/learnedpair/lowering/", "python/learnedpair/units.py"),
    "Training networks": ("python/learnedpair/nn/",),
    "Adding a correction to a System": ("python/learnedpair/applying/", "python/src/systems.cpp"),
    "Force field files and openmm-ml": ("python/learnedpair/interfaces/", "python/learnedpair_hooks/"),
    "Fitting": ("python/learnedpair/fit/",),
    "Reporters": ("python/learnedpair/reporters/",),
    "Checking and the command line": ("python/learnedpair/checking/", "python/learnedpair/cli/"),
    "Platforms and installation": (
        "platforms/",
        "python/learnedpair/plugin.py",
        "python/learnedpair/devices.py",
        "cmake/",
        "CMakeLists.txt",
        "setup.py",
    ),
    "The force and its functions": ("plugin/", "python/"),
}

#: Statements that raise something and have no words of their own, and why: "file: function" in python/learnedpair, or a
#: C++ file.
WITHOUT_TEXT = {
    "the texts are added to a list, or made by a function, where the index has them": (
        "models/checks/contract.py: _check",
        "models/checks/environment.py: check_environment",
        "models/checks/invariance.py: require_symmetry",
        "models/metadata/density_ranges.py: read_density_ranges",
        "models/metadata/domain.py: read_domain",
        "models/metadata/domain.py: require_overlap",
        "models/metadata/validation.py: _check_globals",
        "models/metadata/validation.py: _check_ranges",
        "models/metadata/validation.py: require_none",
        "reporters/guard_reporter.py: report",
    ),
    "another exception is raised again, with its words": (
        "cli/fit.py: _place",
        "fit/task.py: fit_components",
        "interfaces/ffxml.py: add_correction",
        "interfaces/ffxml_types.py: _require_known",
        "models/pytorch/exported.py: load_exported",
        "models/metadata/validation.py: _check_rule",
        "units.py: in_length_unit",
        "plugin/src/ProgramTables.cpp",
        "python/src/bindings.cpp",
    ),
    "the function that warns or throws for all others": (
        "errors.py: warn",
        "plugin/include/internal/require.h",
    ),
    "caught in the same function": (
        "interfaces/ffxml_elements.py: _force_group",
        "plugin/src/EvaluationPlan.cpp",
        "reporters/existing_file.py: _atoms",
    ),
    "a method that subclasses have": (
        "fit/descent.py: _load",
        "fit/descent.py: _module",
        "fit/descent.py: tensors_of",
        "reporters/guard_reporter.py: _columns",
        "reporters/guard_reporter.py: _count",
        "reporters/guard_reporter.py: _kind",
        "reporters/guard_reporter.py: _limits_of",
        "reporters/guard_reporter.py: _message",
        "reporters/interval_reporter.py: _prepare",
        "reporters/interval_reporter.py: _start",
    ),
    "what a dict raises for an unknown key": ("fit/pairs_of_types.py: __missing__",),
    "the words of a refusal are at its first cause or in its class, and in recording/__init__.py around it": (
        "lowering/recording/__init__.py: _record",
        "lowering/recording/builder.py: emit",
        "lowering/recording/dispatch.py: _decompose",
        "lowering/recording/dispatch.py: _dispatch",
        "lowering/recording/dispatch.py: _record",
        "lowering/recording/dispatch.py: _write",
        "lowering/recording/refusals.py: __init__",
        "lowering/recording/tensor.py: _gathered",
        "lowering/recording/tensor.py: _layout_that_varies",
        "lowering/recording/tensor.py: decode",
        "lowering/recording/tensor.py: layout",
    ),
    "the words are in notAPairFunction() and DerivativeRules::noRule()": (
        "platforms/cpu/src/CpuCalcLearnedPairForceKernel.cpp",
        "plugin/src/PairEvaluator.cpp",
        "plugin/src/passes/DerivativeRules.cpp",
        "plugin/src/passes/differentiate.cpp",
        "plugin/src/passes/gradient.cpp",
    ),
}

#: The headings and the blocks of code of a page in Markdown.
BLOCK = re.compile(r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

INTRODUCTION = """\
<!-- Written by docs/errors.py; do not change. -->

# Index of messages

Every text of an error or a warning, in alphabetical order of its words, for each part of the program. Values are shown
as `<name>` or …. Search this page for a few words of a message that stand between its values. Where a section of
[Troubleshooting]({troubleshooting}) shows the message, a link leads to it; otherwise the message itself names the
remedy.
"""


def sources():
    """The contents of the source files of each language, by their names relative to the repository."""
    folders = {
        "python": (("python/learnedpair", "*.py"), ("python/learnedpair_hooks", "*.py"), (".", "setup.py")),
        "cpp": (
            *((folder, pattern) for folder in ("plugin", "platforms", "python/src") for pattern in ("*.cpp", "*.h")),
        ),
        "cmake": (("cmake", "*.cmake"), (".", "CMakeLists.txt")),
    }
    result = {}
    for language, places in folders.items():
        paths = [
            path
            for folder, pattern in places
            for path in ((ROOT / folder).glob(pattern) if folder == "." else (ROOT / folder).rglob(pattern))
        ]
        result[language] = {
            path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)
        }
    return result


def all_texts():
    """The texts of all sources, and the statements without one; as :func:`python_errors.python_texts`."""
    files = sources()
    texts, without_text = python_errors.python_texts(files["python"])
    more, more_without = cpp_errors.cpp_texts(files["cpp"])
    return [*texts, *more, *cpp_errors.cmake_texts(files["cmake"])], [*without_text, *more_without]


def name_of(statement):
    """The name of a statement in WITHOUT_TEXT."""
    if not statement.file.endswith(".py"):
        return statement.file
    content = (ROOT / statement.file).read_text(encoding="utf-8")
    return f"{statement.file.removeprefix(PACKAGE)}: {python_errors.function_at(content, statement.line)}"


def part_of(file):
    """The part of the program to which a file belongs."""
    for part, beginnings in PARTS.items():
        if file.startswith(beginnings):
            return part
    raise ValueError(f"errors.py: {file} belongs to no part of the program; add it to PARTS.")


def shown_messages(page):
    """The messages that a page shows in blocks of text, with the anchors of their sections.

    Parameters
    ----------
    page : str
        Markdown.

    Returns
    -------
    list of (str, str, str)
        The message, the heading of its section, and the anchor of the heading.
    """
    found, heading = [], ""
    for match in BLOCK.finditer(page):
        if match["heading"]:
            heading = match["heading"].strip()
        elif match["language"] == "text":
            anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            found.append((match["text"].strip(), heading, anchor))
    return found


def as_code(text):
    """Text as code in Markdown, which shows it unchanged: signs are no markup, and quotes stay as they are."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def sections_of(texts, shown):
    """The sections that show a message with each text.

    A part of a program such as "<source>: there is no <name>." fits many messages; the text with the most words counts.

    Returns
    -------
    dict of str to set of (str, str)
        By the displayed text, the headings and anchors.
    """
    result = {}
    for message, heading, anchor in shown:
        for line in message.split("\n"):
            fitting = [text for text in texts if text.is_in(line)]
            most = max((text.num_letters for text in fitting), default=0)
            for text in fitting:
                if text.num_letters == most:
                    result.setdefault(text.display, set()).add((heading, anchor))
    return result


def entry(texts, sections, page):
    """A line of the index, for equal texts of one or several places."""
    words = {"part": "part of a message", "CMake": "error of the build"}
    kinds = sorted({words.get(text.kind, text.kind) for text in texts})
    places = dict.fromkeys(f"`{text.file}:{text.line}`" for text in texts)
    line = f"- {as_code(texts[0].display)} ({', '.join(kinds)}; {', '.join(places)})"
    links = [f"[{heading}]({page}#{anchor})" for heading, anchor in sorted(sections)]
    return line + (f" → {', '.join(links)}" if links else "")


def error_index(troubleshooting="troubleshooting.md"):
    """The page, in Markdown, with links to the page of troubleshooting at a relative address."""
    texts, _ = all_texts()
    sections = sections_of(texts, shown_messages(TROUBLESHOOTING.read_text(encoding="utf-8")))
    by_part = {part: {} for part in PARTS}
    for text in texts:
        by_part[part_of(text.file)].setdefault(text.display, []).append(text)
    lines = [INTRODUCTION.format(troubleshooting=troubleshooting)]
    for part in sorted(by_part):
        lines += [f"## {part}", ""]
        for equal in sorted(by_part[part].values(), key=lambda equal: equal[0].sort_key):
            lines.append(entry(equal, sections.get(equal[0].display, ()), troubleshooting))
        lines.append("")
    return "\n".join(lines)


def write_error_index(path):
    """Write the page to a file, if its contents have changed: Sphinx then does not read it again without need.

    Parameters
    ----------
    path : path-like
        In the folder docs or a folder of it.
    """
    path = Path(path).resolve()
    page = error_index(Path(os.path.relpath(TROUBLESHOOTING, path.parent)).as_posix())
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != page:
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write_error_index(sys.argv[1] if len(sys.argv) > 1 else PAGE)
