# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the tools and settings with which packages are made. packaging/check.py tests the packages themselves."""

import email
import importlib
import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def tools(monkeypatch):
    """The modules build and gpu_wheel of the folder packaging."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    for name in ("build", "gpu_wheel"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("build"), importlib.import_module("gpu_wheel")
    for name in ("build", "gpu_wheel"):
        sys.modules.pop(name, None)


def test_the_extras_are_the_packages_with_gpu_libraries(tools):
    _, gpu_wheel = tools
    extras = PROJECT["project"]["optional-dependencies"]
    for package in gpu_wheel.PACKAGES:
        extra = package.replace("-", "")
        own, host = (requirement.split(";")[0].strip() for requirement in extras[extra])
        assert (own, host) == (f"openmm-learnedpair-{package}", f"openmm[{extra}]")
    assert {name for name in extras if name.startswith(("cuda", "hip"))} == {
        package.replace("-", "") for package in gpu_wheel.PACKAGES
    }


@pytest.mark.parametrize("package", ["cuda-12", "hip-7"])
def test_gpu_packages_require_the_version_that_they_were_built_with(tools, package, tmp_path):
    _, gpu_wheel = tools
    gpu_wheel.write_metadata(package, tmp_path, ROOT, "py3-none-linux_x86_64")
    [folder] = tmp_path.iterdir()
    assert folder.name == f"openmm_learnedpair_{package.replace('-', '_')}-{VERSION}.dist-info"
    metadata = email.message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
    assert metadata["Name"] == f"openmm-learnedpair-{package}" and metadata["Version"] == VERSION
    [range_of_openmm] = [each for each in PROJECT["project"]["dependencies"] if each.startswith("openmm")]
    expected = [f"openmm-learnedpair=={VERSION}", range_of_openmm.replace("openmm", f"openmm-{package}")]
    assert metadata.get_all("Requires-Dist") == expected
    assert "Tag: py3-none-linux_x86_64" in (folder / "WHEEL").read_text(encoding="utf-8")
    assert (folder / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize(
    "tag, is_portable",
    [
        ("manylinux_2_34_x86_64", True),
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", True),
        ("manylinux_2_35_x86_64", False),
        ("linux_x86_64", False),
    ],
)
def test_wheels_that_need_a_newer_c_library_are_refused(tools, tag, is_portable):
    build, _ = tools
    name = f"openmm_learnedpair-0.1.0-cp312-cp312-{tag}.whl"
    if is_portable:
        build.require_portable(name)
    else:
        with pytest.raises(SystemExit, match=r"needs a newer C library than 2\.34"):
            build.require_portable(name)


def test_wheels_are_built_for_all_supported_pythons():
    classifiers = PROJECT["project"]["classifiers"]
    supported = [each.rsplit(" ", 1)[1] for each in classifiers if re.search(r":: 3\.\d+$", each)]
    low, high = PROJECT["project"]["requires-python"].removeprefix(">=").split(",<")
    first, last = (int(version.split(".")[1]) for version in (low, high))
    assert supported == [f"3.{minor}" for minor in range(first, last)]
    assert PROJECT["tool"]["cibuildwheel"]["build"] == [f"cp{each.replace('.', '')}-*" for each in supported]
    tested = set(re.findall(r'python: "(3\.\d+)"', (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")))
    assert {supported[0], supported[-1]} <= tested <= set(supported)


def test_the_build_and_the_package_require_the_same_openmm():
    [at_build] = [each for each in PROJECT["build-system"]["requires"] if each.startswith("openmm")]
    [at_run] = [each for each in PROJECT["project"]["dependencies"] if each.startswith("openmm")]
    assert at_build == at_run
    recipe = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    assert f'version: "{VERSION}"' in recipe
    assert f'openmm: "{at_run.removeprefix("openmm>=").split(",")[0]}"' in recipe


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_files_that_workflows_name_exist(workflow):
    text = workflow.read_text(encoding="utf-8")
    named = re.findall(r"(?:bash|python|/bin/python) ((?:[\w.]+/)+[\w.]+)", text)
    assert named
    in_repository = {".ci/run"}  # not in the source distribution
    assert [name for name in named if name not in in_repository and not (ROOT / name).is_file()] == []
