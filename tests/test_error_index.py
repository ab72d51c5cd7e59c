# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The index of messages has those that users get, and each statement that raises one; the page of troubleshooting shows
messages as they are.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import learnedpair as lp
import openmm
import pytest
from comparators import OPENCL, on
from provoked_errors import (
    FURTHER,
    SHOWN,
    SHOWN_WITH_OPENCL,
    SHOWN_WITH_PLUGIN,
    SHOWN_WITHOUT_CPU,
    SHOWN_WITHOUT_PLUGIN,
    provoke,
)

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import errors  # noqa: E402
from error_texts import Gap, Text  # noqa: E402

TEXTS, WITHOUT_TEXT = errors.all_texts()
PAGE = errors.TROUBLESHOOTING.read_text(encoding="utf-8")
#: What OpenMM and Python say, not this package.
FOREIGN = (
    "There is no registered Platform",
    "There is no serialization proxy",
    "Specified a Platform for a Context which does not support",
    "Particle coordinate is NaN.",
    "'Force' object has no attribute",
)


def shown():
    """The messages on the page of troubleshooting."""
    return [message for message, _, _ in errors.shown_messages(PAGE)]


def is_shown(message):
    """Whether the page of troubleshooting shows a message; … on the page stands for anything."""
    return any(re.fullmatch(".*".join(map(re.escape, each.split("…"))), message.strip(), re.DOTALL) for each in shown())


def require_in_index(error):
    """Require that the index has each line of a message: as the text of the statement that raised it, if this is in
    Python, or as a text with at least 20 letters, which fits no other message by chance.
    """
    for line in str(error).split("\n"):
        is_there = any(text.num_letters >= 20 and text.is_in(line) for text in TEXTS)
        assert is_there or has_text_of_statement(error, line), line


def has_text_of_statement(error, line):
    """Whether a text of the statement that raised an error in Python fits a message."""
    traceback, places = error.__traceback__, []
    while traceback is not None:
        places.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    file, number = places[-1] if places else ("", 0)
    return any(
        file.endswith(text.file.removeprefix("python/")) and text.line <= number <= text.last_line and text.is_of(line)
        for text in TEXTS
        if text.file.endswith(".py")
    )


@pytest.mark.all_samples
@pytest.mark.parametrize("name", SHOWN)
def test_messages_of_mistakes_are_shown_and_in_the_index(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = provoke(SHOWN[name])
    assert is_shown(str(error)), str(error)
    if not str(error).startswith(FOREIGN):
        require_in_index(error)


@pytest.mark.parametrize("name", FURTHER)
def test_messages_of_further_mistakes_are_in_the_index(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    require_in_index(provoke(FURTHER[name]))


@pytest.mark.parametrize("name", SHOWN_WITH_OPENCL)
@on([OPENCL])
def test_messages_of_mistakes_on_gpus_are_shown_and_in_the_index(target, name):
    error = provoke(SHOWN_WITH_OPENCL[name])
    assert is_shown(str(error)), str(error)
    require_in_index(error)


def last_line_of(code, folder, plugins=None):
    """The message with which Python code ends in a process of its own, with another folder of OpenMM's plugins."""
    environment = {**os.environ, **({"OPENMM_PLUGIN_DIR": str(plugins)} if plugins else {})}
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode != 0
    return result.stderr.splitlines()[-1].split(": ", 1)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a corrected System, OpenMM's libraries without this plugin's for CPU, and an empty folder."""
    folder = tmp_path_factory.mktemp("installation")
    system = openmm.System()
    system.addParticle(1.0)
    table = lp.PairTable(1, 0.1, 0.5, [[0.0, 0.0]], [[0.0, 0.0]], [0])
    force = lp.LearnedPairForce(table)
    force.addParticle(0)
    system.addForce(force)
    (folder / "system.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    libraries = Path(openmm.version.openmm_library_path)
    (folder / "without" / "plugins").mkdir(parents=True)
    (folder / "empty").mkdir()
    for path in [*libraries.glob("*.*"), *libraries.glob("plugins/*.*")]:
        if "LearnedPairCPU" not in path.name:
            (folder / "without" / path.relative_to(libraries)).symlink_to(path)
    return folder


@pytest.mark.parametrize("name", [*SHOWN_WITHOUT_PLUGIN, *SHOWN_WITHOUT_CPU, *SHOWN_WITH_PLUGIN])
def test_messages_of_installations_are_shown_and_in_the_index(name, folder):
    if name in SHOWN_WITHOUT_PLUGIN:
        message = last_line_of(SHOWN_WITHOUT_PLUGIN[name], folder, folder / "empty")
    elif name in SHOWN_WITHOUT_CPU:
        message = last_line_of(SHOWN_WITHOUT_CPU[name], folder, folder / "without" / "plugins")
    else:
        message = last_line_of(SHOWN_WITH_PLUGIN[name], folder)
    assert is_shown(message), message
    if not message.startswith(FOREIGN):
        require_in_index(Exception(message))


def test_each_shown_message_is_provoked_by_a_test():
    """As many messages as mistakes, whose messages are different: then none is shown that nobody provokes."""
    mistakes = [SHOWN, SHOWN_WITH_OPENCL, SHOWN_WITH_PLUGIN, SHOWN_WITHOUT_CPU, SHOWN_WITHOUT_PLUGIN]
    assert len(shown()) == len(set(shown())) == sum(map(len, mistakes))


def test_shown_messages_have_links_from_the_index():
    index = errors.error_index()
    for message, heading, anchor in errors.shown_messages(PAGE):
        if not message.startswith(FOREIGN):
            sections = errors.sections_of(TEXTS, [(message, heading, anchor)])
            for displayed in sections:
                (line,) = [line for line in index.split("\n") if line.startswith(f"- {errors.as_code(displayed)} (")]
                assert f"[{heading}](troubleshooting.md#{anchor})" in line
            linked = [text for text in TEXTS if text.display in sections]
            assert max(text.num_letters for text in linked) >= 20, message


def test_statements_without_words_are_known():
    reasons = [name for names in errors.WITHOUT_TEXT.values() for name in names]
    assert sorted(set(map(errors.name_of, WITHOUT_TEXT))) == sorted(reasons)


def test_each_raise_statement_is_in_the_index_or_has_no_words():
    """Found by lines that begin with raise, in place of syntax trees."""
    known = {(text.file, line) for text in [*TEXTS, *WITHOUT_TEXT] for line in range(text.line, text.last_line + 1)}
    for name, content in errors.sources()["python"].items():
        strings = {
            line
            for node in ast.walk(ast.parse(content))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            for line in range(node.lineno + 1, node.end_lineno + 1)
        }
        for number, line in enumerate(content.split("\n"), 1):
            if re.match(r"\s*(raise \w|warnings\.warn\(|warn\()", line) and number not in strings:
                assert (name, number) in known, f"{name}:{number}: {line}"


def test_each_throw_statement_is_in_the_index_or_has_no_words():
    """Found by lines with throw or require, outside of comments and declarations."""
    known = {(text.file, line) for text in [*TEXTS, *WITHOUT_TEXT] for line in range(text.line, text.last_line + 1)}
    count = 0
    for name, content in errors.sources()["cpp"].items():
        for number, line in enumerate(content.split("\n"), 1):
            code = re.sub(r"//.*|^\s*/?\*.*|\"[^\"]*\"", "", line)
            if re.search(r"\bthrow\b|\brequire\(", code) and not re.search(r"void require\(|\bthrow;", code):
                assert (name, number) in known, f"{name}:{number}: {line}"
                count += 1
    assert count > 150


def test_texts_have_gaps_for_values_and_match_messages():
    text = Text(
        ("the force has ", Gap.of("force.getNumParticles()"), " particles; use ", Gap("…"), "."), "E", "f", 1, 1
    )
    assert text.display == "the force has <num particles> particles; use …."
    assert text.is_of("the force has 2 particles;\n use 3.")
    assert not text.is_of("the force has 2 particles")
    assert not text.is_of("but the force has 2 particles; use 3.")
    part = Text((" use ", Gap("x"), " here."), "part", "", 1, 1)
    assert part.is_in("wrong: use 3 here. And so on.") and not part.is_in("wrong: use 3.")
    assert not part.is_of("wrong: use 3 here. And so on.") and part.is_of("use 3 here.")
    assert errors.as_code("a_b <c> 'd'") == "`a_b <c> 'd'`"
    assert errors.as_code("`torch.jit` is") == "`` `torch.jit` is ``"


def test_the_page_is_written_once(tmp_path):
    path = tmp_path / "folder" / "errors.md"
    errors.write_error_index(path)
    text, time = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
    assert text.count("\n- ") > 900
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == sorted(errors.PARTS)
    link = re.search(r"\]\((\S+troubleshooting\.md)\)", text)[1]
    assert (path.parent / link).resolve() == errors.TROUBLESHOOTING
    errors.write_error_index(path)
    assert path.stat().st_mtime_ns == time
