# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the commands in the pages of the documentation: their scripts and options exist, or there is a reason why
they cannot be read. Commands with results are executed by the tests of their subject.
"""

import re
import shlex
from pathlib import Path

import pytest
from documentation import ROOT, indented_blocks, pages
from learnedpair import cli

#: Pages of parts that need a compiler or tools of their own; tests beside them run their commands.
OWN_TESTS = (
    "tests/aarch64/README.md",
    "tests/cuda/README.md",
    "tests/hip/README.md",
    "packaging/README.md",
    "examples/cpp/README.md",
)
#: Commands that no test executes as they are printed, and the reason.
NOT_RUN = {
    r"(\S+/)?pip (install|download|uninstall)\b": "downloads packages; .ci/run installs those of README.md",
    r"\w+=\S+ (\S+/)?pip install": "builds the package; .ci/run does it with other options",
    r'LEARNEDPAIR_CMAKE_ARGS="[^"]*" pip install': "builds the package; .ci/run does it with other options",
    r"conda install": "needs conda",
    r"python3 -m venv": "two of them are the commands of README.md that .ci/run executes",
    r"eval \"\$\(tests/cuda/install_offline": "needs a folder of wheels",
    r"tests/check_device": "needs a GPU",
    r"tests/cuda/emulate": "compiles for minutes; tests/cuda has tests of it",
    r"(\S+/)?python (-m pytest|tests/run\.py|tests/lint\.py)": "the test suite and lint themselves",
    r"python -m openmm\.testInstallation": "a command of OpenMM",
    r"python packaging/build\.py": "builds packages for minutes; .ci/run executes it",
    r"docs/(build_site|check_links\.py)|python docs/check_links\.py": "needs Doxygen; .ci/run builds the site",
    r"cmake -[SD]": "builds a program of the reader; tests/test_cpp_package.py and tests/aarch64 do such things",
}
SHELL = re.compile(
    r"^(\w+=(\S+|\"[^\"]*\") )*(\S*/)?(learnedpair|python3?|pip|conda|eval|cmake|docker|docs/\w+|tests/[\w/]+)\b ?"
)


def commands(page):
    """The lines of a page that are commands, without comments."""
    for block in indented_blocks(page):
        for line in re.sub(r" *\\\n\s*", " ", block).splitlines():
            line = re.sub(r"\s{2,}# .*$", "", line[4:].rstrip())
            if SHELL.match(line) and "  " not in line.strip():
                yield line


def parse(arguments, monkeypatch):
    """Parse a command line of learnedpair, and execute nothing. Wrong options end with SystemExit."""
    monkeypatch.setattr(cli, "_run", lambda options: options)
    return cli.main(arguments)


def options_of(script):
    """The text in which a script defines its options: its own, and that of the files beside it that it imports."""
    files, text = [script], ""
    for path in files:
        content = path.read_text(encoding="utf-8")
        text += content
        imported = (script.parent / f"{name}.py" for name in re.findall(r"^(?:from|import) (\w+)", content, re.M))
        files += [each for each in imported if each.is_file() and each not in files]
    return text


def problem_of(command, page, monkeypatch):
    """What is wrong with a command, or None."""
    if any(re.match(pattern, command) for pattern in NOT_RUN):
        return None
    words = shlex.split(command.partition(" > ")[0])
    if words[0] == "learnedpair":
        try:
            parse(words[1:], monkeypatch)
        except SystemExit:
            return f"{page}: {command}: learnedpair does not accept these arguments"
        return None
    if words[0] in ("python", "python3"):
        script = next((path for path in (ROOT / words[1], ROOT / Path(page).parent / words[1]) if path.is_file()), None)
        if script is None:
            return f"{page}: {command}: there is no such script"
        known = options_of(script)
        unknown = [word for word in words[2:] if word.startswith("--") and f'"{word.partition("=")[0]}"' not in known]
        return f"{page}: {command}: unknown options {unknown}" if unknown else None
    return f"{page}: {command}: neither read by this test nor in NOT_RUN"


@pytest.mark.parametrize("page", [name for name in pages() if name not in OWN_TESTS])
def test_commands_can_be_given(page, monkeypatch):
    found = [problem_of(command, page, monkeypatch) for command in commands(page)]
    assert [problem for problem in found if problem] == []


def test_wrong_commands_are_found(monkeypatch):
    def wrong(command):
        return problem_of(command, "benchmarks/README.md", monkeypatch)

    assert "does not accept" in wrong("learnedpair inspect delta.pt --no-such-option")
    assert "no such script" in wrong("python benchmarks/none.py")
    assert "unknown options ['--none']" in wrong("python benchmarks/distinct.py --none --platform CPU")
    assert "neither read" in wrong("tests/other --run")
    assert wrong("learnedpair demo --steps 500") is wrong("python benchmarks/distinct.py --waters 10") is None


def test_every_reason_is_needed():
    found = [command for page in pages() if page not in OWN_TESTS for command in commands(page)]
    assert [pattern for pattern in NOT_RUN if not any(re.match(pattern, command) for command in found)] == []


def test_commands_are_recognized():
    found = {page: list(commands(page)) for page in pages()}
    assert "learnedpair inspect delta.pt" in found["docs/user/models.md"]
    assert len(found["benchmarks/README.md"]) > 20 and found["docs/program.md"] == []
