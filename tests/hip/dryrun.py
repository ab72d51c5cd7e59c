#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs a command with OpenMM's HIP platform on a machine without ROCm and without a GPU: every kernel is compiled by
clang for an AMD GPU, and nothing is launched.

python tests/hip/dryrun.py OUT ARCH -- COMMAND...

ARCH is the architecture of the GPU, such as gfx90a (CDNA, 64 threads in a wavefront) or gfx1030 (RDNA, 32). The folder
OUT receives the source and the assembly of each module (moduleNNN.hip, moduleNNN.s); launches.log, one line per launch
with kernel, module, blocks and threads per block; and registers.txt, one line per kernel. If a requirement is missing,
the exit status is 69 and one sentence names it. README.md lists the requirements.
"""

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MISSING = 69
PROBE = '#include <hip/hip_runtime.h>\nextern "C" __global__ void probe(float* x) { x[threadIdx.x] = expm1f(x[0]); }\n'
#: The numbers of a kernel in the metadata of its assembly, and their names in registers.txt.
NUMBERS = {
    "vgpr_count": "vector registers",
    "sgpr_count": "scalar registers",
    "vgpr_spill_count": "vector spills",
    "sgpr_spill_count": "scalar spills",
    "private_segment_fixed_size": "bytes of scratch",
    "group_segment_fixed_size": "bytes of local memory",
}


class MissingPart(Exception):
    """A requirement that was not found."""


def openmm_plugins():
    """The plugin folder of OpenMM, which is not imported, since that would load its plugins."""
    if folder := os.environ.get("OPENMM_PLUGIN_DIR"):
        return Path(folder)
    spec = importlib.util.find_spec("openmm")
    if spec is None:
        raise MissingPart("OpenMM in this Python")
    version = runpy.run_path(os.path.join(spec.submodule_search_locations[0], "version.py"))
    return Path(version["openmm_library_path"]) / "plugins"


def rocm_version():
    """The number in the names of the ROCm libraries that OpenMM's HIP platform needs, such as 6."""
    library = openmm_plugins() / "libOpenMMHIP.so"
    if not library.exists():
        raise MissingPart("OpenMM's HIP platform (pip: openmm[hip6] or openmm[hip7])")
    return re.search(rb"libamdhip64\.so\.(\d+)", library.read_bytes())[1].decode()


def find_include():
    """The folder of HIP's headers."""
    for folder in (os.environ.get("ROCM_PATH", "") + "/include", "/opt/rocm/include", "/usr/include"):
        if (Path(folder) / "hip" / "hiprtc.h").exists():
            return Path(folder)
    raise MissingPart("HIP's header hip/hiprtc.h (Debian: libamdhip64-dev)")


def find_clang(architecture, include, folder):
    """The first clang that compiles a kernel for the architecture, with the options that it needs, as a list."""
    (folder / "probe.hip").write_text(PROBE, encoding="utf-8")
    compilers = [
        os.environ.get("CLANG"),
        "/opt/rocm/llvm/bin/clang",
        *sorted(map(str, Path("/usr/bin").glob("clang-??"))),
    ]
    roots = (Path("/opt/rocm"), Path("/usr/lib"))
    libraries = [path for root in roots for path in root.glob("**/amdgcn/bitcode")]
    for compiler in filter(None, compilers):
        for library in libraries:
            command = [compiler, f"--rocm-path={include.parent}", f"--rocm-device-lib-path={library}"]
            probe = ["-x", "hip", "--cuda-device-only", f"--offload-arch={architecture}", "-S", "-o", os.devnull]
            try:
                result = subprocess.run([*command, *probe, folder / "probe.hip"], capture_output=True)
            except FileNotFoundError:
                break
            if result.returncode == 0:
                return command
    raise MissingPart(f"a clang that compiles HIP for {architecture} (Debian: clang-15 and rocm-device-libs)")


def build_libraries(folder, include, version):
    """Build the replacements of ROCm's libraries."""
    symbols = "hip_4.2 { global: hip*; local: *; };\nhip_6.0 { global: hipGetDevicePropertiesR0600; } hip_4.2;\n"
    (folder / "symbols.map").write_text(symbols, encoding="utf-8")
    for name, source, options in (
        ("amdhip64", "driver.cpp", [f"-Wl,--version-script={folder / 'symbols.map'}"]),
        ("hiprtc", "hiprtc.cpp", []),
    ):
        library = f"lib{name}.so.{version}"
        command = [*os.environ.get("CXX", "g++").split(), "-std=gnu++17", "-O1", "-shared", "-fPIC", f"-I{include}"]
        command += ["-D__HIP_PLATFORM_AMD__", HERE / "src" / source, "-o", folder / library, f"-Wl,-soname,{library}"]
        subprocess.run([*command, *options], check=True)


def registers(folder):
    """For each module a list of its kernels: pairs of a name and the NUMBERS."""
    for path in sorted(folder.glob("module*.s")):
        metadata = (
            path.read_text(encoding="utf-8").partition(".amdgpu_metadata")[2].partition(".end_amdgpu_metadata")[0]
        )
        kernels = []
        for entry in re.split(r"^  - ", metadata.partition("amdhsa.kernels:")[2], flags=re.MULTILINE)[1:]:
            name = re.search(r"^    \.name: +(\w+)$", entry, re.MULTILINE)
            if name is None:  # the list that follows that of the kernels
                continue
            numbers = {key: int(re.search(rf"\.{key}: +(\d+)$", entry, re.MULTILINE)[1]) for key in NUMBERS}
            kernels.append((name[1], numbers))
        yield path.stem, kernels


def run(out, architecture, command):
    """Run a command with the HIP platform of the dry run; return its exit status."""
    shutil.rmtree(out, ignore_errors=True)
    build = out / "build"
    (out / "cache").mkdir(parents=True)
    build.mkdir()
    include, version = find_include(), rocm_version()
    clang = find_clang(architecture, include, build)
    build_libraries(build, include, version)
    inherited = os.environ.get("LD_LIBRARY_PATH")
    environment = {
        "DRYRUN_ARCH": architecture,
        "DRYRUN_OUT": str(out),
        "DRYRUN_CLANG": " ".join(clang),
        "OPENMM_CACHE_DIR": str(out / "cache"),  # empty, so that every kernel is compiled once
        "LD_LIBRARY_PATH": f"{build}:{inherited}" if inherited else str(build),
    }
    status = subprocess.run(command, env={**os.environ, **environment}).returncode
    with open(out / "registers.txt", "w", encoding="utf-8") as file:
        for module, kernels in registers(out):
            for name, numbers in kernels:
                counts = ", ".join(f"{number} {NUMBERS[key]}" for key, number in numbers.items())
                print(f"{module} {name}: {counts}", file=file)
    return status


def main(arguments):
    if len(arguments) < 4 or arguments[2] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return run(Path(arguments[0]).resolve(), arguments[1], arguments[3:])
    except MissingPart as missing:
        print(f"dryrun: needs {missing}, which was not found", file=sys.stderr)
        return MISSING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
