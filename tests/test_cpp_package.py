# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the CMake package for C++ programs, by building and running the example in examples/cpp with it."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import openmm.version
import pytest
import systems
from comparators import REFERENCE, evaluate
from documentation import python_code
from learnedpair.cli import main
from models import water_model
from openmm import app

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "cpp"
LIBRARIES = Path(openmm.version.openmm_library_path)
HEADERS = LIBRARIES.parent / "include" / "learnedpair"
#: CMake comes from the machine, or from the Python package in this environment.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def run(*command):
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PATH": PATH, "OPENMM_CPU_THREADS": "1"},
    )


def configure(source, build, *options):
    """Run CMake; return its status and its messages, each as one line."""
    cmake = shutil.which("cmake", path=PATH)
    assert cmake, "these tests need CMake: pip install cmake"
    result = run(cmake, "-S", source, "-B", build, *options)
    return result.returncode, re.sub(r"\s+", " ", result.stdout + result.stderr)


def build_example(folder, package):
    """Build the example with a CMake package; return the program."""
    status, messages = configure(EXAMPLE, folder, f"-DOpenMMLearnedPair_DIR={package}")
    assert status == 0, messages
    result = run(shutil.which("cmake", path=PATH), "--build", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "argon"


def energies(program, *arguments):
    """The energies that the program prints, by the names of their platforms."""
    result = run(program, *arguments)
    assert result.returncode == 0, result.stderr
    return {name: float(energy) for name, energy in re.findall(r"^(\w+): (\S+) kJ/mol$", result.stdout, re.MULTILINE)}


@pytest.fixture(scope="module")
def package():
    """The folder that `learnedpair cmake-dir` prints."""
    result = run(sys.executable, "-m", "learnedpair", "cmake-dir")
    assert result.returncode == 0, result.stderr
    return Path(result.stdout.strip())


@pytest.fixture(scope="module")
def program(package, tmp_path_factory):
    return build_example(tmp_path_factory.mktemp("cpp"), package)


@pytest.fixture
def moved(package, tmp_path):
    """A copy of the libraries and of the CMake package in another folder."""
    prefix = tmp_path / "moved"
    (prefix / "lib" / "plugins").mkdir(parents=True)
    for name in ("libOpenMM.so", "libOpenMMLearnedPair.so", "libOpenMMPME.so"):
        for folder in (".", "plugins"):
            if (LIBRARIES / folder / name).exists():
                shutil.copy(LIBRARIES / folder / name, prefix / "lib" / folder / name)
    for name in ("CPU", "LearnedPairReference", "LearnedPairCPU"):
        shutil.copy(LIBRARIES / "plugins" / f"libOpenMM{name}.so", prefix / "lib" / "plugins")
    shutil.copytree(package, prefix / "lib" / "cmake" / "OpenMMLearnedPair")
    shutil.copytree(LIBRARIES.parent / "include", prefix / "include")
    return prefix


def argon_energy():
    """The energy of the example's System from its formulas: a sum over all pairs."""
    cutoff, inner, cells, size = 0.85, 0.25, 4, 0.54
    places = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    lattice = np.array([cell + place for cell in itertools.product(range(cells), repeat=3) for place in places])
    index = np.arange(len(lattice))
    positions = lattice * size + 0.01 * np.sin(np.outer(index, [1.0, 2.0, 3.0]))
    first, second = np.triu_indices(len(positions), 1)
    delta = positions[second] - positions[first]
    r = np.linalg.norm(delta - cells * size * np.round(delta / (cells * size)), axis=1)
    assert r.min() > inner
    r = r[r < cutoff]
    attraction = (0.3405 / r) ** 6
    return np.sum(4 * 0.996 * (attraction**2 - attraction)) + np.sum(0.3 * (1 - (r / cutoff) ** 2) ** 3)


def test_example_computes_the_energy_of_its_formulas(program):
    found, expected = energies(program), argon_energy()
    assert set(found) == {"Reference", "CPU"}
    # The error of a cubic in an interval of h = 1.2e-3 nm is h^4/384 |f''''| < 1e-11 kJ/mol for each of 10,000 pairs.
    assert found["Reference"] == pytest.approx(expected, rel=1e-9)
    assert found["CPU"] == pytest.approx(expected, rel=1e-6)


def test_example_computes_the_energy_of_a_corrected_system_as_python_does(program, tmp_path, monkeypatch):
    topology, positions, _ = systems.water(64)
    system = systems.water_system(topology, app.PME)
    without, _ = evaluate(REFERENCE.context(system, positions))
    lp.add_correction(system, topology, water_model())
    context = REFERENCE.context(system, positions)
    monkeypatch.chdir(tmp_path)
    (code,) = python_code("examples/cpp/README.md")
    exec(code, dict(mm=openmm, system=system, context=context))
    expected, _ = evaluate(context)
    assert abs(expected - without) > 1
    found = energies(program, tmp_path / "system.xml", tmp_path / "state.xml")
    assert found["Reference"] == pytest.approx(expected, rel=1e-9)
    assert found["CPU"] == pytest.approx(expected, rel=1e-5)


def test_example_names_a_file_that_it_cannot_read(program, tmp_path):
    result = run(program, tmp_path / "missing.xml", tmp_path / "state.xml")
    assert result.returncode == 1
    assert f"The file {tmp_path / 'missing.xml'} cannot be read." in result.stderr
    assert run(program, "one argument").returncode == 2


def test_the_installation_can_be_moved(moved, tmp_path):
    found = energies(build_example(tmp_path / "build", moved / "lib" / "cmake" / "OpenMMLearnedPair"))
    assert found["Reference"] == pytest.approx(argon_energy(), rel=1e-9)
    cache = (tmp_path / "build" / "CMakeCache.txt").read_text(encoding="utf-8")
    assert str(LIBRARIES) not in cache


@pytest.mark.parametrize("header", sorted(path.name for path in HEADERS.glob("*.h")))
def test_every_installed_header_can_be_used_alone(header, tmp_path):
    (tmp_path / "main.cpp").write_text(f'#include "{header}"\nint main() {{}}\n', encoding="utf-8")
    folders = ("-I", HEADERS, "-I", HEADERS.parent)
    compiler = os.environ.get("CXX", "g++")
    result = run(compiler, "-std=c++17", "-Wall", "-Werror", "-fsyntax-only", *folders, tmp_path / "main.cpp")
    assert result.returncode == 0, result.stderr


def test_public_headers_are_installed():
    """All but that for authors of platforms, which needs internal headers."""
    public = {path.name for path in (ROOT / "plugin" / "include").glob("*.h")}
    assert {path.name for path in HEADERS.glob("*.h")} == public - {"LearnedPairKernels.h"}


def test_another_version_of_openmm_is_refused(moved, tmp_path):
    source = tmp_path / "platform.cpp"
    source.write_text(
        '#include "openmm/Platform.h"\n'
        'const std::string& OpenMM::Platform::getOpenMMVersion() { static std::string v = "8.60.1"; return v; }\n',
        encoding="utf-8",
    )
    library = moved / "lib" / "libOpenMM.so"
    result = run(
        os.environ.get("CXX", "g++"), "-shared", "-fPIC", "-I", moved / "include", source, "-o", library,
        "-Wl,-soname,libOpenMM.so",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    status, messages = configure(
        EXAMPLE, tmp_path / "build", f"-DOpenMMLearnedPair_DIR={moved}/lib/cmake/OpenMMLearnedPair"
    )
    minor = ".".join(openmm.Platform.getOpenMMVersion().split(".")[:2])
    assert status != 0
    assert (
        f"openmm-learnedpair {lp.__version__} was built for OpenMM {minor}, but OpenMM 8.60.1 is in {moved}. Build it"
        " again for this OpenMM: pip install" in messages
    )


@pytest.mark.parametrize(
    "missing, message",
    [
        ("lib/libOpenMM.so", "There is no library {}: openmm-learnedpair and OpenMM must be installed in the same"),
        ("lib/libOpenMMLearnedPair.so", "There is no library {}: openmm-learnedpair and OpenMM must be installed"),
        ("include/OpenMM.h", "OpenMM's headers are missing: there is no {}."),
    ],
)
def test_what_is_missing_is_named(moved, tmp_path, missing, message):
    (moved / missing).unlink()
    status, messages = configure(
        EXAMPLE, tmp_path / "build", f"-DOpenMMLearnedPair_DIR={moved}/lib/cmake/OpenMMLearnedPair"
    )
    assert status != 0 and message.format(moved / missing) in messages


def test_a_missing_package_is_named(tmp_path):
    status, messages = configure(EXAMPLE, tmp_path / "build", "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
    assert status != 0
    assert 'set "OpenMMLearnedPair_DIR" to a directory containing one of the above files' in messages


def test_another_version_of_the_package_is_refused(package, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(User LANGUAGES CXX)\n"
        "find_package(OpenMMLearnedPair 99 CONFIG REQUIRED)\n",
        encoding="utf-8",
    )
    status, messages = configure(tmp_path, tmp_path / "build", f"-DOpenMMLearnedPair_DIR={package}")
    assert status != 0
    assert 'compatible with requested version "99"' in messages and f"version: {lp.__version__}" in messages


@pytest.mark.parametrize("option", ["COMPONENTS", "OPTIONAL_COMPONENTS"])
def test_components_are_not_found(option, package, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(User LANGUAGES CXX)\n"
        f"find_package(OpenMMLearnedPair CONFIG REQUIRED {option} CUDA Reference)\n"
        "message(STATUS CUDA=${OpenMMLearnedPair_CUDA_FOUND})\n",
        encoding="utf-8",
    )
    status, messages = configure(tmp_path, tmp_path / "build", f"-DOpenMMLearnedPair_DIR={package}")
    if option == "COMPONENTS":
        assert status != 0
        assert "openmm-learnedpair has no component CUDA, and none at all: OpenMM loads the libraries of" in messages
    else:
        assert status == 0 and "CUDA=FALSE" in messages, messages


def test_a_project_can_add_this_one(tmp_path):
    """It is configured only: the build is that of every other test."""
    (tmp_path / "main.cpp").write_text('#include "LearnedPairForce.h"\nint main() {}\n', encoding="utf-8")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(User LANGUAGES CXX)\n"
        f"add_subdirectory({ROOT} learnedpair)\nadd_executable(user main.cpp)\n"
        "target_link_libraries(user PRIVATE OpenMMLearnedPair::OpenMMLearnedPair)\n",
        encoding="utf-8",
    )
    status, messages = configure(tmp_path, tmp_path / "build", f"-DPython_EXECUTABLE={sys.executable}")
    assert status == 0, messages
    assert "pybind11" not in messages


@pytest.mark.parametrize("setting", ["AUTO", "ON", "complete"])
def test_incomplete_headers_of_cuda_are_reported(setting, tmp_path):
    """With the headers that PyTorch brought along, the build without CUDA must work. The first folder with all
    headers is taken.
    """
    folders = [tmp_path / "incomplete"]
    if setting == "complete":
        folders.append(tmp_path / "complete")
        (folders[1] / "crt").mkdir(parents=True)
        (folders[1] / "crt" / "host_defines.h").touch()
    for folder in folders:
        folder.mkdir(exist_ok=True)
        (folder / "cuda.h").touch()
    status, messages = configure(
        ROOT, tmp_path / "build", f"-DPython_EXECUTABLE={sys.executable}", "-DLEARNEDPAIR_PYTHON=OFF",
        f"-DLEARNEDPAIR_CUDA={'ON' if setting == 'complete' else setting}",
        f"-DCUDA_INCLUDE_DIR={';'.join(map(str, folders))}",
    )  # fmt: skip
    missing = (
        f"crt/host_defines.h, which {folders[0]}/cuda.h needs (in the Python packages nvidia-cuda-nvcc-cu12 for CUDA"
        " 12, nvidia-cuda-crt for CUDA 13), was not found"
    )
    if setting == "ON":
        assert status != 0 and f"CUDA platform: LEARNEDPAIR_CUDA is ON, but {missing}" in messages, messages
    else:
        expected = f"left out, since {missing}" if setting == "AUTO" else f"built with {folders[-1]}"
        assert status == 0 and f"CUDA platform: {expected}" in messages, messages


def test_cmake_dir_of_an_incomplete_installation_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(openmm.version, "openmm_library_path", str(tmp_path))
    assert main(["cmake-dir"]) == 1
    folder = tmp_path / "cmake" / "OpenMMLearnedPair"
    assert f"There is no CMake package in {folder}: this installation of" in capsys.readouterr().err


#: A plugin that registers a factory for Reference as a library of openmm-learnedpair 9.9.9 would.
OTHER_VERSION = """
#include "internal/registerFactory.h"
extern "C" void registerPlatforms() {}
extern "C" void registerKernelFactories() {
    LearnedPairPlugin::registerFactory("Reference", nullptr, "9.9.9");
}
"""
#: One that contains registerFactory() for another version of OpenMM, as a whole installation of the plugin would.
OTHER_OPENMM = '#define LEARNEDPAIR_OPENMM_VERSION "8.60.1"\n#include "SOURCE"\n' + OTHER_VERSION


def import_with_plugin(folder, text):
    """Compile a plugin, and import openmm and learnedpair with it in OpenMM's plugin folder."""
    plugins = folder / "plugins"
    plugins.mkdir()
    for path in [*LIBRARIES.glob("*.*"), *LIBRARIES.glob("plugins/*.*")]:
        (folder / path.relative_to(LIBRARIES)).symlink_to(path)
    (folder / "plugin.cpp").write_text(text, encoding="utf-8")
    includes = ("-I", ROOT / "plugin" / "include", "-I", LIBRARIES.parent / "include")
    libraries = ("-L", LIBRARIES, "-lOpenMMLearnedPair", "-lOpenMM", f"-Wl,-rpath,{LIBRARIES}", "-Wl,-Bsymbolic")
    options = ("-std=c++17", "-shared", "-fPIC", f'-DLEARNEDPAIR_VERSION="{lp.__version__}"')
    output = plugins / "libOther.so"
    result = run(os.environ.get("CXX", "g++"), *options, *includes, folder / "plugin.cpp", "-o", output, *libraries)
    assert result.returncode == 0, result.stderr
    code = "import openmm; print(openmm.Platform.getNumPlatforms() > 1); import learnedpair; print('imported')"
    return run("env", f"OPENMM_PLUGIN_DIR={plugins}", sys.executable, "-c", code)


def test_a_library_of_another_version_is_refused_when_python_imports_the_package(tmp_path):
    """OpenMM itself can still be imported: it does not catch exceptions of plugins."""
    result = import_with_plugin(tmp_path, OTHER_VERSION)
    assert result.stdout == "True\n"
    assert result.stderr.splitlines()[-1].startswith(
        "learnedpair.errors.PluginLoadError: The library of openmm-learnedpair for the platform Reference has the"
        f" version 9.9.9, and the others have the version {lp.__version__}. Install the same version of all"
    )


@pytest.mark.parametrize("variable", [None, "OPENMM_PLUGIN_DIR"])
def test_libraries_of_another_version_than_the_python_package_are_refused(variable, tmp_path):
    """A preloaded library replaces the function that returns the version of the libraries. The command says the same as
    the import, without a traceback.
    """
    (tmp_path / "version.cpp").write_text(
        "#include <string>\nnamespace LearnedPairPlugin {\n"
        '__attribute__((visibility("default"))) const std::string& getLibraryVersion() {\n'
        '    static std::string version = "9.9.9";\n    return version;\n}\n}\n',
        encoding="utf-8",
    )
    library = tmp_path / "libversion.so"
    result = run(os.environ.get("CXX", "g++"), "-shared", "-fPIC", tmp_path / "version.cpp", "-o", library)
    assert result.returncode == 0, result.stderr
    plugins = LIBRARIES / "plugins"
    settings = ["-u", "OPENMM_PLUGIN_DIR"] if variable is None else [f"{variable}={plugins}"]
    message = (
        f"The Python package openmm-learnedpair has the version {lp.__version__}, but the loaded libraries have the"
        " version 9.9.9. "
    )
    message += (
        f"Unset the environment variable OPENMM_PLUGIN_DIR, which is '{plugins}'."
        if variable
        else "Install openmm-learnedpair again."
    )
    code = "import sys; from learnedpair_hooks.command import main; sys.exit(main())"
    environment = ("env", *settings, f"LD_PRELOAD={library}", sys.executable, "-c")
    result = run(*environment, "import learnedpair")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"learnedpair.errors.PluginLoadError: {message}"
    result = run(*environment, code)
    assert (result.returncode, result.stderr) == (2, f"learnedpair: {message}\n")


def test_a_plugin_for_another_openmm_does_not_prevent_the_import_of_openmm(tmp_path):
    """Its factory, a null pointer here, is not registered."""
    source = ROOT / "plugin" / "src" / "registerFactory.cpp"
    result = import_with_plugin(tmp_path, OTHER_OPENMM.replace("SOURCE", str(source)))
    assert (result.stdout, result.stderr) == ("True\nimported\n", "")


@pytest.mark.parametrize(
    "library", sorted((LIBRARIES / "plugins").glob("libOpenMMLearnedPair*.so")), ids=lambda p: p.stem
)
def test_libraries_of_platforms_export_what_openmm_calls_only(library):
    """They contain the same code, and a process may have two versions of it."""
    symbols = run("nm", "-D", "--defined-only", library)
    assert symbols.returncode == 0, symbols.stderr
    names = {line.split()[-1] for line in symbols.stdout.splitlines() if line.split()[-2] != "A"}
    assert names == {"registerPlatforms", "registerKernelFactories"}
