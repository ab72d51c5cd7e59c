# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Settings of Sphinx for the documentation; `docs/build_site` calls it.

The source folder is that of the repository, not docs/, so that the links between pages in docs/, examples/, benchmarks/
and the top folder are the same on the site and on the host of the repository.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "openmm-learnedpair"
author = "openmm-learnedpair contributors"
copyright = author
version = release = (ROOT / "VERSION").read_text(encoding="utf-8").strip()

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "contents",
    "cpp_reference",
    "error_index",
    "mathml",
    "measurements",
]

root_doc = "docs/index"
include_patterns = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "benchmarks/README.md",
    "docs/**",
    "examples/*/README.md",
    "packaging/README.md",
    "tests/aarch64/README.md",
    "tests/conformance/README.md",
    "tests/cuda/README.md",
    "tests/hip/README.md",
]
exclude_patterns = ["docs/_*", "docs/gallery", "docs/generated/gallery/*/**", "**/GALLERY_HEADER.rst"]
# A page that the site has beside index.html of this folder, so that the address of the site itself is a page.
html_additional_pages = {"index": "to_start_page.html"}
templates_path = [str(DOCS / "_templates")]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme = "furo"
html_title = f"openmm-learnedpair {version}"
html_copy_source = False
html_show_sourcelink = False
highlight_language = "text"
pygments_style = "friendly"

# Every reference to an object of Python or C++ must lead to an entry, except those to other packages: the build uses no
# network, so that it has no list of their entries.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(openmm|numpy|np|torch|collections|ase|dict|type|std)\b.*"),
    ("cpp:identifier", r"(OpenMM|OpenMMException|LearnedPairPlugin|size_t)(::.*)?"),
]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 6
myst_links_external_new_tab = False

autosummary_generate = True
autosummary_generate_overwrite = True
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

sphinx_gallery_conf = {
    "examples_dirs": str(DOCS / "gallery"),
    "gallery_dirs": str(DOCS / "generated" / "gallery"),
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"/_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1,
    "remove_config_comments": True,
}
