# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of embedded-atom potentials: energies and forces against those of LAMMPS (tests/data/eam), the file format, and
what is refused.
"""

import json
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import CPU, CUDA, DOUBLE, OPENCL, REFERENCE, assert_close, on
from openmm import unit

DATA = Path(__file__).resolve().parent / "data" / "eam"
EV = 96.48533212331  # kJ/mol
LAMMPS = json.loads((DATA / "lammps.json").read_text(encoding="utf-8"))
ELEMENTS = ["Xx", "Yy"]


def crystal(model, target):
    """The energy and the forces of the crystal, in eV and angstrom."""
    system = openmm.System()
    for _ in LAMMPS["types"]:
        system.addParticle(60.0)
    system.setDefaultPeriodicBoxVectors(*(0.1 * LAMMPS["edge"] * np.eye(3)))
    system.addForce(model.create_force([ELEMENTS[k] for k in LAMMPS["types"]]))
    state = target.context(system, 0.1 * np.array(LAMMPS["positions"])).getState(energy=True, forces=True)
    forces = state.getForces(asNumpy=True)._value / EV / 10
    return state.getPotentialEnergy()._value / EV, forces


@on([REFERENCE, CPU, OPENCL, CUDA, *DOUBLE])
@pytest.mark.parametrize("kind", ["alloy", "fs"])
def test_energies_and_forces_are_those_of_lammps(kind, target):
    """To 1e-6 in double precision."""
    energy, forces = crystal(lp.load_eam(DATA / f"invented.eam.{kind}"), target)
    expected = np.array(LAMMPS[kind]["forces"])
    rtol = 1e-8 if target is REFERENCE else 2e-6
    assert_close(energy, LAMMPS[kind]["energy"], rtol=rtol)
    rms = np.sqrt(np.mean(expected**2))
    assert rms > 0.5
    assert np.sqrt(np.mean((forces - expected) ** 2)) < (1e-7 if target is REFERENCE else 1e-5) * rms
    other = "fs" if kind == "alloy" else "alloy"  # the densities of the two files differ
    assert abs(energy - LAMMPS[other]["energy"]) > 1


def test_beyond_the_largest_density_the_energy_is_a_straight_line():
    model = lp.load_eam(DATA / "invented.eam.alloy")
    last = 119 * 0.02
    energy, slope = model.function.evaluate_atoms([[last - 1e-9], [last + 0.5], [last + 1.5]], [1, 1, 1])
    assert_close(np.diff(energy)[1], slope[1, 0] * 1.0, rtol=1e-9)
    assert slope[1, 0] == slope[2, 0] == pytest.approx(slope[0, 0], rel=1e-5)


def test_the_model():
    model = lp.load_eam(DATA / "invented.eam.fs", inner_cutoff=1.2 * unit.angstrom)
    assert model.types == ELEMENTS and model.description == (
        "An invented embedded-atom potential for tests of openmm-learnedpair"
    )
    assert (model.cutoff, model.inner_cutoff) == (pytest.approx(0.498), pytest.approx(0.12))
    force = model.create_force(["Yy", None, 0, "Xx"], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic)
    assert force.getParticleTypes().tolist() == [1, -1, 0, 0]
    assert force.lowering_report["types"] == ELEMENTS and force.lowering_report["digest"] == model.digest
    with pytest.raises(ValueError, match="there is no type 'Zz'; the model has Xx, Yy"):
        model.create_force(["Xx", "Zz"])
    with pytest.raises(TypeError, match="True is not a type"):
        model.create_force([True])


def test_a_cutoff_beyond_the_tables(tmp_path):
    """The tables get one more point, with their last values and the slope zero: the force remains the derivative of the
    energy there. (LAMMPS takes the last value for the energy, and the last slope for the force.)
    """
    path = tmp_path / "p.eam.alloy"
    path.write_text(changed("alloy", 5, ["120 0.02 250 0.02 4.99"]), encoding="utf-8")
    model, plain = lp.load_eam(path), lp.load_eam(DATA / "invented.eam.alloy")
    assert model.cutoff == pytest.approx(0.499) and model.function.max_distance == pytest.approx(0.5)
    r = np.array([0.4985, 0.499])
    (w, slope), (near, _) = (model.function.evaluate_densities(0, 1, x) for x in (r, r - 1e-7))
    assert_close((w - near) / 1e-7, slope, rtol=1e-3, atol=1e-6)
    inside = np.array([0.2, 0.497])
    assert_close(
        model.function.evaluate_densities(0, 1, inside), plain.function.evaluate_densities(0, 1, inside), rtol=1e-9
    )


def changed(kind, line, text):
    lines = (DATA / f"invented.eam.{kind}").read_text(encoding="utf-8").splitlines()
    lines[line - 1 : line] = text
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text, message",
    [
        (changed("alloy", 4, ["3 Xx Yy"]), "line 4 is '3 Xx Yy'; expected the number of elements and their names"),
        (changed("alloy", 4, ["2 Xx Xx"]), "line 4 names an element twice: Xx, Xx"),
        (changed("alloy", 5, ["120 0.02 250 0.02"]), "line 5 is '120 0.02 250 0.02'; expected the number"),
        (changed("alloy", 5, ["120 0.02 250 nan 5"]), "line 5 is .*; expected the number"),
        (changed("alloy", 5, ["120 0.02 250 0.02 50"]), "the tables end at 4.98 angstrom, and the cutoff is 50"),
        (changed("alloy", 5, ["118 0.02 250 0.02 4.98"]), "the embedding energies of Xx end within line"),
        (changed("alloy", 7, ["1 2 x 4 5"]), "the embedding energies of Xx, up to line .*, have a word"),
        (changed("alloy", 7, ["1 2 nan 4 5"]), "have a word that is no finite number"),
        (changed("alloy", 7, []), "the densities of Xx, up to line .*, have a word"),
        (changed("alloy", 6, ["29"]), "line 6 is '29'; expected the atomic number, the mass and the lattice of Xx"),
        (changed("fs", 1, ["x"])[:-2000], "the file ends within the pair energies of Yy and Yy"),
        (changed("alloy", 1, ["x"]) + "1 2 3\n", "there are more numbers after the last table"),
        ("a\nb\n", "the file has 2 lines; expected a setfl file"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused(text, message, tmp_path):
    path = tmp_path / ("p.eam.fs" if "fs" in message else "p.eam.alloy")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(lp.ModelError, match=message):
        lp.load_eam(path, format="fs" if "Yy and Yy" in message else "alloy")


def test_wrong_arguments_are_refused():
    with pytest.raises(lp.ModelError, match="the format is 'json'; expected 'alloy' or 'fs'"):
        lp.load_eam(DATA / "lammps.json")
    for inner in (0.0, 0.6, "a"):
        with pytest.raises(lp.ModelError, match="inner_cutoff is .*; expected a distance from 0.002 to 0.498 nm"):
            lp.load_eam(DATA / "invented.eam.fs", inner_cutoff=inner)
    with pytest.raises(lp.ModelError, match="there is no such file"):
        lp.load_eam(DATA / "none.eam.fs")
