# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Sphinx extension: the contents of the site are the links of the start page.

The start page is plain Markdown, which the host of the repository shows, too. Each of its sections that ends in a table
of pages becomes a part of the table of contents. Pages that exist only on the site, since they are generated, are named
in a comment of the section: `<!-- pages: generated/benchmarks -->`. They are left out if they do not exist.
"""

import re
from pathlib import Path

SECTION = re.compile(r"^## +(.+)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)
LINK_IN_TABLE = re.compile(r"^\|.*$", re.MULTILINE)
PAGE = re.compile(r"\]\(([^)#:]+)\.md\)")
COMMENT = re.compile(r"<!-- pages: ([^>]*?) -->")


def parts(text, folder):
    """The title of each part of the contents, and its pages as paths relative to the start page."""
    for title, content in SECTION.findall(text):
        rows = "\n".join(LINK_IN_TABLE.findall(content))
        generated = " ".join(COMMENT.findall(content)).split()
        found = [name for name in generated if any((folder / f"{name}{end}").exists() for end in (".md", ".rst"))]
        pages = list(dict.fromkeys([*PAGE.findall(rows), *found]))
        if pages:
            yield title.strip(), pages


def add_contents(app, name, source):
    """Append a hidden table of contents for each part to the start page."""
    if name != app.config.root_doc:
        return
    folder = Path(app.env.doc2path(name)).parent
    for title, pages in parts(source[0], folder):
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(pages) + "\n```\n"


def setup(app):
    app.connect("source-read", add_contents)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
