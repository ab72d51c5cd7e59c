# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What an installed wheel must be able to do in an environment without PyTorch and without this repository.

    python smoke.py --bare

runs in an empty folder, with the Python into which openmm-learnedpair was installed. With --bare there must be no
compiler in PATH either. check.py and cibuildwheel call it.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

#: Loads a System that a demo has written, as a user's script does who has not heard of this package.
LOAD = """
import sys
import openmm
from openmm import app
system = openmm.XmlSerializer.deserialize(open("demo_output/system.xml").read())
pdb = app.PDBFile("demo_output/start.pdb")
assert "learnedpair" not in sys.modules
energies = []
for name in ("Reference", "CPU"):
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(name))
    context.setPositions(pdb.positions)
    energies.append(context.getState(energy=True).getPotentialEnergy()._value)
    print(name, energies[-1], "kJ/mol")
assert abs(energies[1] - energies[0]) < 1e-5 * abs(energies[0])
"""
#: Corrects a System with a compiled model.
CORRECT = """
import learnedpair as lp
from learnedpair.data import WATER_COMPILED
from openmm import app
pdb = app.PDBFile("demo_output/start.pdb")
system = app.ForceField("amber14/tip3p.xml").createSystem(pdb.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9)
print(lp.add_correction(system, pdb.topology, WATER_COMPILED))
"""
#: Uses a force field file with a correction. Like the script of a user, it does not import this package.
FORCE_FIELD = """
import openmm
from openmm import app
pdb = app.PDBFile("demo_output/start.pdb")
force_field = app.ForceField("amber14/tip3p.xml", "delta.xml")
system = force_field.createSystem(pdb.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9)
assert '"LearnedPairForce"' in openmm.XmlSerializer.serialize(system)
"""


def main():
    for tool in ("cc", "c++", "gcc", "g++", "cmake") if "--bare" in sys.argv else ():
        require(shutil.which(tool) is None, f"{tool} is in PATH, and this environment is not bare")
    require(importlib.util.find_spec("torch") is None, "PyTorch is installed, and this environment is not bare")
    run(Path(sys.executable).parent / "learnedpair", "demo", "--steps", "50", "--platform", "CPU", "--waters", "1000")
    run(sys.executable, "-c", LOAD)
    run(sys.executable, "-c", CORRECT)
    from learnedpair.data import WATER_COMPILED

    Path("delta.xml").write_text(
        '<ForceField><Include file="learnedpair/required.xml"/>'
        f'<LearnedPairForce model="{WATER_COMPILED}"/></ForceField>',
        encoding="utf-8",
    )
    run(sys.executable, "-c", FORCE_FIELD)
    import openmm

    # Without an OpenCL runtime, OpenMM's own OpenCL platform cannot be loaded, and ours neither.
    platforms = [openmm.Platform.getPlatform(index).getName() for index in range(openmm.Platform.getNumPlatforms())]
    ignored = [] if "OpenCL" in platforms else ["LearnedPairOpenCL"]
    failures = [
        text
        for text in openmm.Platform.getPluginLoadFailures()
        if "LearnedPair" in text and not any(name in text for name in ignored)
    ]
    require(not failures, f"OpenMM could not load libraries: {failures}")
    folder = Path(openmm.version.openmm_library_path) / "plugins"
    libraries = sorted(path.stem for path in folder.glob("*OpenMMLearnedPair*"))
    print("libraries:", *libraries)
    for platform in ("Reference", "CPU", "OpenCL"):
        require(any(name.endswith(f"OpenMMLearnedPair{platform}") for name in libraries), f"no library for {platform}")


def run(*command):
    print("+", *[str(part) if "\n" not in str(part) else "..." for part in command], flush=True)
    subprocess.run(list(map(str, command)), check=True)


def require(condition, problem):
    if not condition:
        sys.exit(f"smoke.py: {problem}.")


if __name__ == "__main__":
    main()
