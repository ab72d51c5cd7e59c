#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks the format of all files that git does not ignore: ruff, clang-format, mypy, the length of lines and of
functions, and the encoding of text files.

python tests/lint.py          fails if anything is wrong
python tests/lint.py --fix    lets ruff and clang-format change the files first

The tools are those of constraints.txt: pip install -c constraints.txt ruff clang-format mypy numpy
"""

import argparse
import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_LINE = 120
MAX_FUNCTION = 60
#: Functions that may be longer, and why.
LONG_FUNCTIONS = {
    "python/src/bindings.cpp: PYBIND11_MODULE": "a list of declarations with their docstrings",
    "python/src/environments.cpp: bindEnvironments": "a list of declarations with their docstrings",
    "python/src/programs.cpp: bindPrograms": "a list of declarations with their docstrings",
    "python/src/programs.cpp: bindTensorProgram": "a list of declarations with their docstrings",
    "platforms/common/src/kernels/tiles.cc: LP_NAME": "one kernel, whose threads share barriers",
    "tests/conformance/generate.py: negative": "a list of programs that must be refused",
    "tests/conformance/generate.py: pair_layer_norm_softmax": "the text of one program, step by step",
    "tests/conformance/generate.py: pair_charge_penetration": "the text of one program, step by step",
    "benchmarks/gpu_compare.py: parse_arguments": "a list of options",
}
TOOLS = ("ruff", "clang-format", "mypy")
#: Source files, besides CMakeLists.txt and the scripts without a suffix.
SUFFIXES = {".py", ".pyi", ".cpp", ".h", ".cc", ".sh", ".cmake"}


def project_files():
    """All files that exist and that git tracks, or would track: a new file is checked before it is added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def is_source(path):
    if path.suffix in SUFFIXES or path.name == "CMakeLists.txt":
        return True
    return path.suffix == "" and path.read_bytes().startswith(b"#!")


def check_versions():
    """Require the pinned versions: another version of a formatter formats differently."""
    pinned = dict(re.findall(r"^([\w-]+)==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    for tool in TOOLS:
        try:
            found = importlib.metadata.version(tool)
        except importlib.metadata.PackageNotFoundError:
            found = "none"
        if found != pinned[tool]:
            sys.exit(
                f"lint: the version of {tool} is {found}; expected {pinned[tool]}:"
                f" pip install -c constraints.txt {' '.join(TOOLS)} numpy"
            )


def run(*command):
    return subprocess.run(list(map(str, command)), cwd=ROOT).returncode == 0


def run_tools(files, fix):
    """Run ruff, clang-format and mypy; return whether all of them pass."""
    import clang_format

    python = [path for path in files if path.suffix in (".py", ".pyi")]
    cpp = [path for path in files if path.suffix in (".cpp", ".h")]
    ruff = (sys.executable, "-m", "ruff")
    return all(
        [
            run(*ruff, "check", "--quiet", *(["--fix"] if fix else []), *python),
            run(*ruff, "format", "--quiet", *([] if fix else ["--diff"]), *python),
            run(clang_format.get_executable("clang-format"), *(["-i"] if fix else ["--dry-run", "--Werror"]), *cpp),
            run(sys.executable, "-m", "mypy", "--no-error-summary"),
        ]
    )


def long_lines(files):
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > MAX_LINE:
                yield f"{path.relative_to(ROOT)}:{number}: {len(line)} characters; expected at most {MAX_LINE}"


def missing_encodings(files):
    """Text files that are read or written in the encoding of the machine; ruff finds `open` only."""
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.suffix == ".py" else ():
            name = getattr(node.func, "attr", None) if isinstance(node, ast.Call) else None
            if name in ("read_text", "write_text") and all(keyword.arg != "encoding" for keyword in node.keywords):
                yield f'{path.relative_to(ROOT)}:{node.lineno}: {name} without encoding="utf-8"'


def python_functions(text):
    """Name, first line, and number of lines without the docstring, of each function."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        length = node.end_lineno - node.lineno + 1
        if ast.get_docstring(node, clean=False) is not None:
            length -= node.body[0].end_lineno - node.body[0].lineno + 1
        yield node.name, node.lineno, length


#: Text in which braces are not code: strings, comments, character literals, and preprocessor directives.
CPP_TEXT = re.compile(
    r"""R"(?P<end>\w*)\(.*?\)(?P=end)" | //[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])'
    | ^[ \t]*\#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
CPP_FUNCTION = re.compile(r"(~?\w+|operator\W+)\s*\(.*\)[^()=]*(?::.*)?$", re.DOTALL)
CPP_BLOCK = re.compile(r"^\s*(?:extern|namespace|class|struct|enum|union)\b[^()]*$")


def cpp_functions(text):
    """Name, first line, and number of lines of each function that is not inside another one."""
    text = CPP_TEXT.sub(lambda match: "\n" * match[0].count("\n"), text)
    inside, depth, begin = None, 0, 0  # the open function, the depth of braces, the start of the current statement
    for match in re.finditer(r"[{};]", text):
        statement, position = text[begin : match.start()], match.start()
        begin = match.end()
        if match[0] == "{":
            depth += 1
            function = CPP_FUNCTION.search(statement)
            if inside is None and function and not CPP_BLOCK.match(statement):
                first = position - len(statement.lstrip())
                inside = (function[1], text.count("\n", 0, first) + 1, depth)
        elif match[0] == "}":
            if inside and inside[2] == depth:
                yield inside[0], inside[1], text.count("\n", 0, position) + 2 - inside[1]
                inside = None
            depth -= 1


def long_functions(files):
    """Messages about functions that are too long, and about exceptions that are no longer needed."""
    unused = dict(LONG_FUNCTIONS)
    for path in files:
        if path.suffix in (".py", ".cpp", ".h", ".cc"):
            find = python_functions if path.suffix == ".py" else cpp_functions
            for name, line, length in find(path.read_text(encoding="utf-8")):
                file = path.relative_to(ROOT).as_posix()
                if length > MAX_FUNCTION and unused.pop(f"{file}: {name}", None) is None:
                    yield (
                        f"{file}:{line}: {name} has {length} lines; expected at most {MAX_FUNCTION}: divide it, or add"
                        " its reason to LONG_FUNCTIONS in tests/lint.py"
                    )
    for name in unused:
        yield f"{name} has at most {MAX_FUNCTION} lines; remove it from LONG_FUNCTIONS in tests/lint.py"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true", help="let ruff and clang-format change the files")
    arguments = parser.parse_args()
    files = list(filter(is_source, project_files()))
    check_versions()
    passed = run_tools(files, arguments.fix)
    for text in [*long_lines(files), *missing_encodings(files), *long_functions(files)]:
        print(text)
        passed = False
    print(f"lint: {len(files)} files, {'nothing found' if passed else 'see above'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
