# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Sphinx extension: the index of all messages, which docs/errors.py extracts from the sources."""

import subprocess
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

SCRIPT = Path(__file__).resolve().parents[1] / "errors.py"


def write_index(app):
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    if done.returncode:
        raise ExtensionError(f"docs/errors.py could not write the index of messages:\n{done.stderr}")


def setup(app):
    app.connect("builder-inited", write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
