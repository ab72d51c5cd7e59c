# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Sphinx extension: Doxygen reads the public C++ headers, and Breathe makes entries of them."""

import shutil
import subprocess
from pathlib import Path

from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
#: The installed headers besides internal/.
HEADERS = ROOT / "plugin" / "include"
SETTINGS = """
PROJECT_NAME = openmm-learnedpair
INPUT = {headers}
FILE_PATTERNS = *.h
RECURSIVE = NO
OUTPUT_DIRECTORY = {output}
GENERATE_XML = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
XML_PROGRAMLISTING = NO
QUIET = YES
WARN_IF_UNDOCUMENTED = NO
WARN_AS_ERROR = FAIL_ON_WARNINGS
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = LEARNEDPAIR_EXPORT=
"""


def run_doxygen(app):
    """Write Doxygen's XML of the headers into the folder of the build."""
    if shutil.which("doxygen") is None:
        raise ExtensionError("The C++ reference needs the program doxygen (Debian: apt-get install doxygen).")
    output = Path(app.doctreedir).parent / "doxygen"
    output.mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.format(headers=HEADERS, output=output)
    done = subprocess.run(["doxygen", "-"], input=settings, text=True, capture_output=True, cwd=output)
    if done.returncode:
        raise ExtensionError(f"Doxygen found errors in the C++ headers:\n{done.stderr}")
    app.config.breathe_projects = {"learnedpair": str(output / "xml")}
    app.config.breathe_default_project = "learnedpair"


def setup(app):
    app.setup_extension("breathe")
    # Before Breathe reads its settings, in its own handler of the same event.
    app.connect("builder-inited", run_doxygen, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
