# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the parts of the documentation site that are not Sphinx's: contents, results of benchmarks, link check."""

import http.server
import importlib.util
import json
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load(path):
    """A module of docs/ or benchmarks/, which are no packages."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The link check


@pytest.fixture
def site(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top-of-it">x</h1><a href="folder/a%20page.html#there">1</a> <a href="#top-of-it">2</a>'
        '<a href="folder/none.html">3</a> <a href="folder/a%20page.html#gone">4</a> <img src="none.png">'
        '<a href="mailto:a@b.c">5</a> <a href="https://openmm.org/x#y">6</a> <a href="#missing">7</a>',
        encoding="utf-8",
    )
    (tmp_path / "folder" / "a page.html").write_text(
        '<p id="there"></p><a href="../index.html">up</a>', encoding="utf-8"
    )
    return tmp_path


def test_broken_links_are_found(site, monkeypatch, capsys):
    check = load("docs/check_links.py")
    expected = [
        "index.html: folder/none.html: there is no such file",
        "index.html: folder/a%20page.html#gone: there is no such anchor",
        "index.html: none.png: there is no such file",
        "index.html: #missing: there is no such anchor",
    ]
    assert list(check.broken_links(site)) == expected
    assert check.external_links(site) == ["https://openmm.org/x"]
    monkeypatch.setattr(sys, "argv", ["check_links.py", str(site)])
    assert check.main() == 1
    assert capsys.readouterr().out.splitlines()[:4] == expected
    (site / "index.html").write_text('<a href="folder/a%20page.html#there">1</a>', encoding="utf-8")
    assert check.main() == 0


def test_a_folder_without_a_site_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["check_links.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="run docs/build_site first"):
        load("docs/check_links.py").main()


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/found": 200, "/refused": 403}.get(self.path, 404))
        self.end_headers()

    def log_message(self, *arguments):
        """Print nothing."""


def test_other_sites_are_asked():
    check = load("docs/check_links.py")
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        found = [check.unreachable(f"{address}/{name}") for name in ("found", "refused", "gone")]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert found == [None, None, "status 404"]
    assert "refused" in check.unreachable(address).lower()


# The contents


def test_the_contents_are_the_tables_of_the_start_page(tmp_path):
    contents = load("docs/_extensions/contents.py")
    (tmp_path / "made.rst").touch()
    text = (
        "# Start\n\n[a](no.md)\n\n## One\n\n| page |\n|---|\n| [x](x.md) [y](../y.md#z) [w](https://a.b/c.md) |\n\n"
        "<!-- pages: made missing -->\n\n## Two\n\nNo table, [v](v.md).\n"
    )
    assert list(contents.parts(text, tmp_path)) == [("One", ["x", "made"])]


# The page of results


@pytest.fixture
def results_page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return load("benchmarks/results_page.py")


def test_every_result_is_shown_with_its_machine_and_versions(results_page):
    text = results_page.page("../../benchmarks/README.md")
    headings = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for heading in results_page.SCRIPTS:
        assert f"\n## {heading}\n" in headings
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        section = text.partition(f"\n### {path.name}\n")[2].partition("\n#")[0]
        content = json.loads(path.read_text(encoding="utf-8"))
        if "machine" in content:
            assert content["machine"]["processor"] in section and content["machine"]["date"][:10] in section
            assert f"openmm {content['versions']['openmm']}" in section
        assert section.count("\n|") > 2


def test_ratios_are_those_of_the_file(results_page):
    content = json.loads((ROOT / "benchmarks" / "results" / "barostat_cpu.json").read_text(encoding="utf-8"))
    times = content["results"]["volume"]
    lines = list(results_page.ratio_table(content))
    assert len(lines) == 5 and lines[2].startswith("| volume |")
    assert f"**{times['ratio']:.3g}** [{times['ratio_min']:.3g}, {times['ratio_max']:.3g}]" in lines[2]


def test_results_of_an_unknown_script_are_refused(results_page, monkeypatch):
    monkeypatch.delitem(results_page.SCRIPTS, "barostat.py: constant pressure")
    with pytest.raises(ValueError, match=r"files of no script in results_page.py: barostat_cpu.json"):
        results_page.page("x")
