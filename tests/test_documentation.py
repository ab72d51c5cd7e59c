# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Relative links in Markdown files lead to files and headings that exist."""

import collections
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCES = re.compile(r"(^|/)(\.|build/|dist/|demo_output/)")
FILES = sorted(
    name for name in (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.md")) if not NOT_SOURCES.search(name)
)
CODE = re.compile(r"^```.*?^```$|^(?: {4}|\t)[^\n]*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
EXTERNAL = re.compile(r"[a-z][a-z+.-]*:", re.IGNORECASE)


def links(text):
    """The targets of all links and images that are not code."""
    return LINK.findall(CODE.sub("", text))


def anchors(text):
    """The anchors that GitHub gives to the headings of a page; repeated headings are numbered."""
    result, count = set(), collections.Counter()
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ +(.*?)[ #]*$", without_code, re.MULTILINE):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        result.add(f"{anchor}-{count[anchor]}" if count[anchor] else anchor)
        count[anchor] += 1
    return result


def problem_of(file, target):
    """What is wrong with a link in a file, or None."""
    if EXTERNAL.match(target):
        return None
    path, _, anchor = unquote(target).partition("#")
    linked = (file.parent / path).resolve() if path else file
    if not linked.exists():
        return f"{target}: there is no such file"
    if anchor and anchor not in anchors(linked.read_text(encoding="utf-8")):
        return f"{target}: there is no such heading"
    return None


@pytest.mark.parametrize("name", FILES)
def test_relative_links_and_anchors_exist(name):
    file = ROOT / name
    problems = [problem_of(file, target) for target in links(file.read_text(encoding="utf-8"))]
    assert [problem for problem in problems if problem] == []


def test_pages_of_the_documentation_are_linked_from_the_start_page():
    """Every page of docs/, and every README of an example, is in the tables of docs/index.md, which README.md links."""
    start = ROOT / "docs" / "index.md"
    assert "docs/index.md" in links((ROOT / "README.md").read_text(encoding="utf-8"))
    linked = {
        (start.parent / target.partition("#")[0]).resolve() for target in links(start.read_text(encoding="utf-8"))
    }
    pages = {ROOT / name for name in FILES if re.match(r"(docs/|examples/[^/]+/README)", name)} - {start}
    generated = ROOT / "docs" / "generated"
    left_out = {path for path in pages - linked if not path.is_relative_to(generated)}
    named = re.findall(r"<!-- pages: ([^>]*?) -->", start.read_text(encoding="utf-8"))
    assert left_out - {(start.parent / f"{name}.md").resolve() for name in " ".join(named).split()} == set()


def test_broken_links_are_found(tmp_path):
    (tmp_path / "page.md").write_text(
        "# One `thing`, twice\n\n## Two\n\n## Two\n\n```\n# no heading\n```\n", encoding="utf-8"
    )
    file = tmp_path / "other.md"
    assert anchors((tmp_path / "page.md").read_text(encoding="utf-8")) == {"one-thing-twice", "two", "two-1"}
    text = "[a](page.md#two-1) [b](missing.md) ![c](page.md#three) `[d](code.md)` [e](https://openmm.org)\n"
    assert links(text) == ["page.md#two-1", "missing.md", "page.md#three", "https://openmm.org"]
    assert [problem_of(file, target) for target in links(text)] == [
        None,
        "missing.md: there is no such file",
        "page.md#three: there is no such heading",
        None,
    ]
