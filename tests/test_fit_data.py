# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the reference data of fits: readers, baselines, and what they refuse."""

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import assert_close
from openmm import app

HARTREE, BOHR = 2625.4996394798, 0.0529177210903
#: Two frames of a dimer of hydrogen fluoride, with energies in eV and forces in eV/angstrom.
FRAMES = """4
Properties=species:S:1:pos:R:3:forces:R:3:molecule:I:1 interaction_energy=-0.2 pbc="F F F"
F 0.0 0.0 0.0 0.1 0.0 0.0 0
H 0.0 0.0 0.92 0.0 0.2 0.0 0
F 2.7 0.0 0.0 0.0 0.0 0.3 1
H 3.5 0.0 0.3 -0.1 -0.2 -0.3 1
4
Properties=species:S:1:pos:R:3:forces:R:3:molecule:I:1 interaction_energy=0.1 pbc="F F F"
F 0.0 0.0 0.0 0.0 0.0 0.0 0
H 0.0 0.0 0.92 0.0 0.0 0.0 0
F 2.3 0.0 0.0 0.0 0.0 0.0 1
H 3.1 0.0 0.3 0.0 0.0 0.0 1
"""
XYZ = dict(length_unit="angstrom", energy_unit="eV", method="by hand", energy="interaction_energy")
EV = 96.48533212331


def wrote(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# CSV files of dimers.


def test_dimers_are_converted(tmp_path):
    path = wrote(tmp_path / "d.csv", "r,comment,b,a,e\n2.0,x,Ne,He,-1e-3\n4.5,,Ar, Ar ,2\n")
    data = lp.fit.read_dimers(
        path, length_unit="bohr", energy_unit="hartree", method="full CI", columns=("a", "b", "r", "e")
    )
    assert (data.source, data.method, data.types, len(data)) == ("d.csv", "full CI", ["He", "Ne", "Ar"], 2)
    assert (data[0].name, data[0].types, data[1].types) == ("d.csv line 2", ("He", "Ne"), ("Ar", "Ar"))
    assert_close(data[0].energy, -1e-3 * HARTREE, rtol=1e-12)
    assert_close(np.linalg.norm(data[1].positions[1] - data[1].positions[0]), 4.5 * BOHR, rtol=1e-12)


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "type1,type2,distance\nA,A,1\n",
            "d.csv: the header has the columns type1, type2, distance; expected 'energy' once",
        ),
        ("type1,type2,distance,energy\nA,,1,1\n", "d.csv line 2: the row has no type in 'type2'"),
        ("type1,type2,distance,energy\nA,A,1,1\nA,A,0,1\n", "d.csv line 3: the distance is 0; expected a positive"),
        ("type1,type2,distance,energy\nA,A,1,nan\n", "d.csv line 2: 'energy' is 'nan'; expected a finite number"),
        ("type1,type2,distance,energy\nA,A,one,1\n", "d.csv line 2: 'distance' is 'one'; expected a finite number"),
        ("type1,type2,distance,energy\nA,A,1\n", "d.csv line 2: 'energy' is None; expected a finite number"),
        ("type1,type2,distance,energy\n", "d.csv: there are no rows below the header"),
        ("", "d.csv: the header has the columns ; expected 'type1' once"),
    ],
)
def test_wrong_dimers_are_refused(text, message, tmp_path):
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.read_dimers(wrote(tmp_path / "d.csv", text), length_unit="nm", energy_unit="kJ/mol", method="x")


def test_unknown_units_are_refused(tmp_path):
    path = wrote(tmp_path / "d.csv", "type1,type2,distance,energy\nA,A,1,1\n")
    with pytest.raises(lp.ModelError, match="the length unit is 'pm'; expected one of nm, angstrom, bohr"):
        lp.fit.read_dimers(path, length_unit="pm", energy_unit="eV", method="x")


# Extended XYZ.


def test_structures_are_converted(tmp_path):
    pytest.importorskip("ase")
    data = lp.fit.read_extended_xyz(wrote(tmp_path / "d.xyz", FRAMES), fragments="molecule", **XYZ)
    assert (len(data), data.types, data[1].name) == (2, ["F", "H"], "d.xyz, structure 1")
    assert data[0].fragments.tolist() == [0, 0, 1, 1] and data[0].box is None
    assert_close(data[0].energy, -0.2 * EV, rtol=1e-12)
    assert_close(data[0].forces[3], np.array([-0.1, -0.2, -0.3]) * EV * 10, rtol=1e-12)
    assert_close(data[0].positions[3], [0.35, 0, 0.03], rtol=1e-12)
    assert lp.fit.read_extended_xyz(tmp_path / "d.xyz", forces=None, **XYZ)[0].forces is None


def test_periodic_boxes_are_read(tmp_path):
    pytest.importorskip("ase")
    text = FRAMES.replace('pbc="F F F"', 'Lattice="20 0 0 3 21 0 0 0 22" weight=2.5')
    data = lp.fit.read_extended_xyz(wrote(tmp_path / "d.xyz", text), weight="weight", **XYZ)
    assert_close(data[0].box, [[2.0, 0, 0], [0.3, 2.1, 0], [0, 0, 2.2]], rtol=1e-12)
    assert data[0].weight == 2.5


@pytest.mark.parametrize(
    "change, options, message",
    [
        # ASE leaves out the entry after an empty one.
        (
            ("interaction_energy=0.1", 'note="" interaction_energy=0.1'),
            {},
            "structure 1: the comment line has no 'inter",
        ),
        (
            ("interaction_energy=0.1", "interaction_energy=low"),
            {},
            "structure 1: 'interaction_energy' is 'low'; expected",
        ),
        (("", ""), dict(fragments="residue"), "structure 0: there is no column 'residue', only .*molecule.*; add it"),
        (('pbc="F F F"', 'Lattice="9 0 0 0 9 0 0 0 9" pbc="T T F"'), {}, "structure 0: the box is periodic in some"),
        (
            ('pbc="F F F"', 'Lattice="9 1 0 0 9 0 0 0 9"'),
            {},
            "structure 0: the box vectors .* are not in the reduced form",
        ),
    ],
)
def test_wrong_structures_are_refused(change, options, message, tmp_path):
    pytest.importorskip("ase")
    text = FRAMES.replace(*change)
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.read_extended_xyz(wrote(tmp_path / "d.xyz", text), **XYZ | options)


# Baselines.


def water_dimers(distances):
    """Two rigid TIP3P molecules at some O-O distances, with energies of zero."""
    molecule = np.array([[0, 0, 0], [0.09572, 0, 0], [-0.02399872, 0.09266272, 0]])
    return lp.fit.ReferenceData(
        [
            lp.fit.Configuration(
                f"{r}",
                ("O", "H", "H") * 2,
                np.concatenate([molecule, molecule[:, [1, 2, 0]] + [0, 0, r]]),
                energy=0.0,
                forces=np.zeros((6, 3)),
                fragments=[0, 0, 0, 1, 1, 1],
            )
            for r in distances
        ],
        "water",
        "none",
    )


def water(flexible):
    """The System of two TIP3P molecules, whose intramolecular energies do not matter."""
    topology = app.Topology()
    for _ in range(2):
        residue = topology.addResidue("HOH", topology.addChain())
        oxygen, *hydrogens = [topology.addAtom(n, app.Element.getBySymbol(n[0]), residue) for n in ("O", "H1", "H2")]
        for hydrogen in hydrogens:
            topology.addBond(oxygen, hydrogen)
    field = app.ForceField("amber14/tip3p.xml")
    return field.createSystem(topology, constraints=None, rigidWater=not flexible)


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize("as_function", [False, True])
def test_the_baseline_is_the_interaction(flexible, as_function):
    data = water_dimers([0.28, 0.4])
    system = water(flexible)
    with_baseline = lp.fit.subtract_baseline(data, (lambda _: system) if as_function else system)
    charges, sigma, epsilon = np.tile([-0.834, 0.417, 0.417], 2), 0.31507524, 0.635968
    for each in with_baseline:
        total, forces = 0.0, np.zeros((6, 3))
        for i in range(3):
            for j in range(3, 6):
                delta = each.positions[j] - each.positions[i]
                r = np.linalg.norm(delta)
                energy, slope = (
                    138.93545764 * charges[i] * charges[j] / r,
                    -138.93545764 * charges[i] * charges[j] / r**2,
                )
                if (i, j) == (0, 3):
                    x = (sigma / r) ** 6
                    energy, slope = energy + 4 * epsilon * (x**2 - x), slope - 24 * epsilon * (2 * x**2 - x) / r
                total += energy
                forces[i] += slope * delta / r
                forces[j] -= slope * delta / r
        assert_close(each.baseline_energy, total, atol=1e-4)
        assert_close(each.baseline_forces, forces, atol=1e-2)
        assert_close(each.energy_difference, -total, atol=1e-4)
        assert_close(each.force_difference, -forces, atol=1e-2)


def argon(periodic):
    system, force = openmm.System(), openmm.NonbondedForce()
    for _ in range(2):
        system.addParticle(39.95)
        force.addParticle(0.0, 0.34, 0.996)
    force.setNonbondedMethod(force.CutoffPeriodic if periodic else force.NoCutoff)
    force.setUseDispersionCorrection(False)
    force.setCutoffDistance(1.0)
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*(3 * np.eye(3)))
    return system


def test_forces_of_periodic_structures():
    forces = np.array([[0, 0, 1.0], [0, 0, -1.0]])
    each = lp.fit.Configuration("x", ("Ar", "Ar"), [[0, 0, 0.1], [0, 0, 2.7]], forces=forces, box=3 * np.eye(3))
    data = lp.fit.subtract_baseline(lp.fit.ReferenceData([each], "x", "y"), argon(periodic=True))
    x = (0.34 / 0.4) ** 6
    push = 24 * 0.996 * (2 * x**2 - x) / 0.4  # the nearest image of the second particle is below the first
    assert_close(data[0].baseline_forces, [[0, 0, push], [0, 0, -push]], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "more, periodic, message",
    [
        (
            dict(energy=1.0, box=3 * np.eye(3)),
            True,
            "has a periodic box and an energy, and its fragments cannot be moved",
        ),
        (
            dict(energy=1.0),
            True,
            "has no periodic box, and the System of the baseline uses periodic boundary conditions",
        ),
        (dict(forces=np.zeros((2, 3)), box=3 * np.eye(3)), False, "has a periodic box, and the System .* does not use"),
    ],
)
def test_wrong_baselines_are_refused(more, periodic, message):
    data = lp.fit.ReferenceData(
        [lp.fit.Configuration("first", ("Ar", "Ar"), [[0, 0, 0], [0, 0, 0.4]], **more)], "x", "y"
    )
    with pytest.raises(lp.ModelError, match=f"first: the structure {message}"):
        lp.fit.subtract_baseline(data, argon(periodic))


def test_other_numbers_of_particles_are_refused():
    with pytest.raises(lp.ModelError, match="0.3: the System of the baseline has 2 particles, and the structure has 6"):
        lp.fit.subtract_baseline(water_dimers([0.3]), argon(False))


# Data sets.


def test_splits_are_disjoint_and_reproducible():
    data = water_dimers(np.linspace(0.25, 0.5, 20))
    kept, held_out = data.split(0.25, seed=3)
    names = [[each.name for each in part] for part in (kept, held_out)]
    assert len(names[1]) == 5 and set(names[0]) | set(names[1]) == {each.name for each in data}
    assert names == [[each.name for each in part] for part in data.split(0.25, seed=3)]
    assert names != [[each.name for each in part] for part in data.split(0.25, seed=4)]
    with pytest.raises(lp.ModelError, match="a fraction of 0.01 of 20 configurations is 0; expected a fraction"):
        data.split(0.01)


def test_digests_depend_on_the_numbers():
    data = water_dimers([0.3, 0.4])
    assert data.digest == water_dimers([0.3, 0.4]).digest != water_dimers([0.3, 0.41]).digest
    assert data.digest != lp.fit.subtract_baseline(data, water(False)).digest


def test_data_sets_are_joined_and_selected():
    first, second = water_dimers([0.3]), water_dimers([0.4, 0.5])
    both = first + second
    assert [each.name for each in both] == ["0.3", "0.4", "0.5"] and both.source == "water"
    assert [each.name for each in both.select(lambda each: each.name > "0.35")] == ["0.4", "0.5"]
    assert repr(both) == "<ReferenceData water: 3 configurations of O, H; 3 energies, 3 sets of forces>"
