#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# ASE loses the entry after an empty one in the comment line of an extended XYZ file, for example the energy of a frame.
#
# Libraries: ase 3.29.0 from PyPI (numpy 2.4.6).
# Input:     a frame whose comment line has note="" and then energy=-1.5, as a script writes it that has no note; and
#            the file that ASE itself writes for a structure with an empty text in atoms.info.
# Expected:  an empty text, and the energy.
# Seen:      read() returns without a warning. The energy is missing: it has become the value of "note", as the text
#            "energy=-1.5". ASE's own file loses its second entry in the same way, so that writing and
#            reading is no round trip. In a training set such a frame has no label any more.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ase==3.29.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import ase
import ase.io

folder = Path(sys.argv[1])


def entries(path):
    atoms = ase.io.read(path, format="extxyz")
    return {**atoms.info, **({} if atoms.calc is None else atoms.calc.results)}


frame = '2\nProperties=species:S:1:pos:R:3 {} energy=-1.5\nAr 0 0 0\nAr 0 0 3.8\n'
found = {}
for name, note in (("empty", 'note=""'), ("text", 'note="x"')):
    path = folder / f"{name}.xyz"
    path.write_text(frame.format(note), encoding="utf-8")
    found[name] = entries(path)
    print(name, found[name])
own = ase.Atoms("Ar2", positions=[[0, 0, 0], [0, 0, 3.8]])
own.info = {"note": "", "reference": -1.5}
ase.io.write(folder / "own.xyz", own, format="extxyz")
print((folder / "own.xyz").read_text(encoding="utf-8").splitlines()[1])
found["own"] = entries(folder / "own.xyz")
print("own", found["own"])
assert found["text"]["energy"] == -1.5 and found["text"]["note"] == "x"
assert "energy" not in found["empty"]
assert "reference" not in found["own"]
PYTHON
