#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# UF3 cannot read a model whose coefficients name a pair with the heavier element first.
#
# Libraries: uf3 0.4.0 from PyPI (numpy 2.4.6, ase 3.29.0).
# Input:     the file that uf3 itself writes for a model of H and O, with "O-H" in place of "H-O".
# Expected:  the same model: the order of two elements has no meaning, and uf3 takes any order of the pairs in "knots";
#            or an exception that names the pair.
# Seen:      WeightedLinearModel.from_json() raises RuntimeError: dictionary changed size during iteration. The pair is
#            meant to be found under its other name, but that name is added to the dictionary in a loop over it. A file
#            with "O-H" in "knots" and "knots_map" only is read, and so is uf3's own file.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q uf3==0.4.0 numpy==2.4.6 ase==3.29.0
"$folder/venv/bin/python" - "$folder/model.json" <<'PYTHON'
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from uf3.data.composition import ChemicalSystem
from uf3.regression.least_squares import WeightedLinearModel
from uf3.representation.bspline import BSplineBasis

path = Path(sys.argv[1])
basis = BSplineBasis(ChemicalSystem(element_list=["H", "O"], degree=2))
model = WeightedLinearModel(basis)
model.coefficients = np.linspace(1.0, 0.0, basis.n_feats)
model.to_json(str(path))
written = json.loads(path.read_text(encoding="utf-8"))


def read_with_other_order(*parts):
    """Whether the model is the same if some parts of its file say O-H, or the error."""
    content = {
        name: {"O-H" if key == "H-O" else key: each for key, each in value.items()} if name in parts else value
        for name, value in written.items()
    }
    if any("O-H" not in content[part] or "H-O" in content[part] for part in parts):
        sys.exit("the check cannot be made: uf3 writes the pair in another way")
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        result = WeightedLinearModel.from_json(str(path))
    except RuntimeError as error:
        return f"RuntimeError: {error}"
    return np.array_equal(result.coefficients, model.coefficients)


PARTS = [(), ("knots", "knots_map"), ("coefficients",), ("coefficients", "knots", "knots_map")]
found = [read_with_other_order(*parts) for parts in PARTS]
for parts, each in zip(PARTS, found, strict=True):
    print(f"uf3 {version('uf3')}, O-H in {', '.join(parts) or 'no part'}: {each if isinstance(each, str) else 'read'}")
as_described = found == [True, True, *2 * ["RuntimeError: dictionary changed size during iteration"]]
sys.exit(0 if as_described else "the behaviour has changed")
PYTHON
