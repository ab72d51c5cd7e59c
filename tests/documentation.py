# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The code in the pages of the documentation, and which tests execute it."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: For each page with blocks of Python code, the tests that execute them: numbers of blocks, from 0.
RUN_BY = {
    "README.md": {"test_cli.py": [0]},
    "docs/theory.md": {"test_code_blocks.py": [0]},
    "docs/user/alchemy.md": {"test_lambda_reporter.py": [0, 1, 2]},
    "docs/user/beside-openmm.md": {"test_code_blocks.py": [0], "test_beside_samplers.py": [1]},
    "docs/user/committees.md": {"test_committee.py": [0, 2, 3, 4], "test_code_blocks.py": [1]},
    "docs/user/features.md": {"test_cli.py": [0]},
    "docs/user/ffxml.md": {"test_ffxml.py": [0, 1]},
    "docs/user/fitting.md": {"test_fit_splines.py": [0, 1, 3, 4], "test_code_blocks.py": [2]},
    "docs/user/guarding.md": {"test_domain_reporter.py": [0, 1, 2, 3]},
    "docs/user/many-body.md": {"test_load_environment.py": [0, 1, 2, 3]},
    "docs/user/models.md": {"test_code_blocks.py": [0], "test_pair_energy.py": [1]},
    "docs/user/openmm-ml.md": {"test_openmm_ml.py": [0]},
    "docs/user/quick-start.md": {"test_cli.py": [0, 1, 2]},
    "docs/user/recipes.md": {"test_recipes.py": [0, 1, 2, 3, 4]},
    "docs/user/swapping-in.md": {"test_code_blocks.py": [0]},
    "docs/user/tables-and-programs.md": {"test_code_blocks.py": [0]},
    "docs/user/tables-of-other-engines.md": {"test_code_blocks.py": [0]},
    "docs/user/troubleshooting.md": {"test_recipes.py": [0]},
    "examples/cpp/README.md": {"test_cpp_package.py": [0]},
    "examples/ensemble/README.md": {"test_code_blocks.py": [0]},
}
#: Blocks of Python code that no test executes, by page and number, and the reason.
NOT_RUN: dict[tuple[str, int], str] = {}


def pages():
    """The Markdown pages of the repository that git tracks, or would track."""
    top = subprocess.run(["git", "rev-parse", "--show-toplevel"], cwd=ROOT, capture_output=True, text=True)
    if top.returncode == 0 and Path(top.stdout.strip()).resolve() == ROOT:
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    else:  # an unpacked source distribution, which may be inside another repository
        names = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.md"))
        listed = [name for name in names if not re.search(r"(^|/)(\.|build/|dist/|demo_output/|generated/)", name)]
    found = sorted(name for name in listed if (ROOT / name).is_file())
    assert "README.md" in found
    return found


def python_code(name):
    """The blocks of Python code in a Markdown file."""
    return blocks(name, "python")


def blocks(name, language):
    """The blocks of a Markdown file that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / name).read_text(encoding="utf-8"), re.M | re.S)


def indented_blocks(name):
    """The indented blocks of a Markdown file: commands, what they print, and formulas."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.M | re.S)
    return [block.strip("\n") for block in re.findall(r"(?:\n\n|\A)((?: {4}[^\n]*(?:\n+(?= {4})|\n|\Z))+)", text)]
