# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the reference data of fits: readers, baselines, and what they refuse."""

import io
import zipfile

import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import assert_close
from openmm import app

HARTREE, BOHR = 2625.4996394798, 0.0529177210903
#: Two configurations of the hydrogen fluoride dimer in the extended XYZ format: energies in eV, forces in eV/angstrom.
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
        ("", "d.csv: the file is empty; expected a table"),
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


@pytest.mark.parametrize(
    "text, message",
    [
        ("hello\n", "d.xyz: ASE cannot read structure 0 or one after it .*Expected xyz header"),
        (
            "2\nenergy=1\nAr 0 0 0\n",
            "d.xyz: ASE cannot read structure 0 or one after it .*Frame has 1 atoms, expected 2",
        ),
        ("1\nenergy=1\nXy 0 0 0\n", "d.xyz: ASE cannot read structure 0 or one after it .KeyError: 'Xy'"),
        ("", "d.xyz: there are no configurations"),
    ],
)
def test_files_that_ase_cannot_read_are_refused(text, message, tmp_path):
    pytest.importorskip("ase")
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.read_extended_xyz(wrote(tmp_path / "d.xyz", text), forces=None, **XYZ)


# Arrays.


NPZ = dict(length_unit="bohr", energy_unit="hartree", method="by hand")
POSITIONS = np.arange(24.0).reshape(2, 4, 3)
ARRAYS = dict(types=["F", "H", "F", "H"], positions=POSITIONS, energies=[0.5, -1.0])


def saved(folder, **arrays):
    np.savez(folder / "d.npz", **arrays)
    return folder / "d.npz"


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_converted(compressed, tmp_path):
    arrays = ARRAYS | dict(
        forces=POSITIONS[:, ::-1].astype(np.float32),
        boxes=np.tile(100 * np.eye(3, dtype=int), (2, 1, 1)),
        fragments=np.array([0, 0, 5, 5], dtype=np.int8),
        weights=[1, 3],
    )
    (np.savez_compressed if compressed else np.savez)(tmp_path / "d.npz", **arrays)
    data = lp.fit.read_npz(tmp_path / "d.npz", **NPZ)
    assert (data.source, data.method, len(data), data[1].name) == ("d.npz", "by hand", 2, "d.npz, frame 1")
    assert data[0].types == ("F", "H", "F", "H") and data[1].fragments.tolist() == [0, 0, 5, 5]
    assert (data[0].weight, data[1].weight) == (1.0, 3.0)
    assert_close(data[1].energy, -HARTREE, rtol=1e-12)
    assert_close(data[1].positions, (12 + np.arange(12.0)).reshape(4, 3) * BOHR, rtol=1e-12)
    assert_close(data[1].forces, POSITIONS[1, ::-1] * HARTREE / BOHR, rtol=1e-12)
    assert_close(data[0].box, 100 * BOHR * np.eye(3), rtol=1e-12)


def test_frames_may_have_types_and_fragments_of_their_own(tmp_path):
    arrays = ARRAYS | dict(types=[["F", "H", "F", "H"], ["H", "H", "Cl", "O"]], fragments=[[0, 1, 2, 3], [0, 0, 1, 1]])
    data = lp.fit.read_npz(saved(tmp_path, **arrays), **NPZ)
    assert data[1].types == ("H", "H", "Cl", "O") and data[1].fragments.tolist() == [0, 0, 1, 1]
    assert data[1].box is None and data[1].forces is None and data[1].weight == 1.0


def test_arrays_give_the_same_data_as_extended_xyz(tmp_path):
    pytest.importorskip("ase")
    xyz = lp.fit.read_extended_xyz(wrote(tmp_path / "d.xyz", FRAMES), fragments="molecule", **XYZ)
    arrays = dict(
        types=list(xyz[0].types),
        positions=[each.positions / 0.1 for each in xyz],
        energies=[each.energy / EV for each in xyz],
        forces=[each.forces / (10 * EV) for each in xyz],
        fragments=xyz[0].fragments,
    )
    npz = lp.fit.read_npz(saved(tmp_path, **arrays), length_unit="angstrom", energy_unit="eV", method="by hand")
    for first, second in zip(xyz, npz, strict=True):
        assert first.types == second.types and first.fragments.tolist() == second.fragments.tolist()
        assert_close(first.energy, second.energy, rtol=1e-14)
        assert_close(first.positions, second.positions, rtol=1e-14)
        assert_close(first.forces, second.forces, rtol=1e-14)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(energy=[1, 2]), "d.npz: the file has the array 'energy'; expected only types, positions, energies, "),
        (dict(positions=POSITIONS[0]), r"positions has the shape \(4, 3\); expected \(n_frames, n_atoms, 3\)"),
        (dict(positions=np.zeros((2, 0, 3))), r"positions has the shape \(2, 0, 3\); expected"),
        (dict(types=["F", "H"]), r"types has the shape \(2,\); expected \(4,\) or \(2, 4\) for positions of the shape"),
        (dict(types=["F", "", "F", "H"]), "types has an empty text"),
        (dict(types=[9, 1, 9, 1]), "the elements of types are of the kind 'i'; expected texts"),
        (dict(energies=[1.0]), r"energies has the shape \(1,\); expected \(2,\)"),
        (dict(energies=["a", "b"]), "the elements of energies are of the kind 'U'; expected numbers"),
        (dict(energies=[1j, 2]), "the elements of energies are of the kind 'c'; expected numbers"),
        (dict(energies=[1, np.nan]), "d.npz, frame 1: energy is nan; expected a finite number"),
        (dict(forces=np.zeros((2, 3, 4))), r"forces has the shape \(2, 3, 4\); expected \(2, 4, 3\)"),
        (dict(boxes=np.eye(3)), r"boxes has the shape \(3, 3\); expected \(2, 3, 3\)"),
        (dict(boxes=np.ones((2, 3, 3))), "d.npz, frame 0: the box vectors .* are not in the reduced form"),
        (dict(fragments=[0.0, 0.0, 1.0, 1.0]), "the elements of fragments are of the kind 'f'; expected integers"),
        (dict(fragments=np.zeros(4, np.uint64)), "fragments are of the kind uint64"),
        (dict(weights=[1, 0]), "d.npz, frame 1: weight is 0; expected a positive number"),
        (dict(energies=None), "the elements of energies are of the kind 'O', as pickled objects; expected numbers"),
    ],
)
def test_wrong_arrays_are_refused(change, message, tmp_path):
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.read_npz(saved(tmp_path, **ARRAYS | change), **NPZ)


@pytest.mark.parametrize("missing", ["types", "positions", "energies"])
def test_missing_arrays_are_named(missing, tmp_path):
    message = "neither an energy nor forces" if missing == "energies" else f"there is no array '{missing}', only "
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.read_npz(saved(tmp_path, **{name: each for name, each in ARRAYS.items() if name != missing}), **NPZ)


def test_pickled_objects_are_not_loaded(tmp_path):
    """Loading one would import and call what the file names."""
    marker = tmp_path / "called"

    class Harmful:
        def __reduce__(self):
            return open, (str(marker), "w")

    np.savez(tmp_path / "d.npz", **ARRAYS | dict(weights=np.array([Harmful(), Harmful()], dtype=object)))
    with pytest.raises(lp.ModelError, match="weights are of the kind 'O', as pickled objects"):
        lp.fit.read_npz(tmp_path / "d.npz", **NPZ)
    assert not marker.exists()


def test_announced_sizes_are_checked_before_arrays_are_read(tmp_path, monkeypatch):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 4, 3)})
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("positions.npy", header.getvalue())
    with pytest.raises(
        lp.ModelError, match=r"positions is announced with the shape \(10{12}, 4, 3\), 960{12} bytes, and"
    ):
        lp.fit.read_npz(tmp_path / "d.npz", **NPZ)
    monkeypatch.setattr("learnedpair.fit.numpy_arrays.LARGEST", 200)
    with pytest.raises(lp.ModelError, match="the arrays up to positions have 208 bytes; expected at most 200"):
        lp.fit.read_npz(saved(tmp_path, **ARRAYS), **NPZ)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_an_array_that_is_there_twice_is_refused(tmp_path):
    path = saved(tmp_path, **ARRAYS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("energies.npy", archive.read("energies.npy"))
    with pytest.raises(lp.ModelError, match="the file has the array 'energies' twice"):
        lp.fit.read_npz(path, **NPZ)


def test_damaged_files_are_refused(tmp_path):
    """Every change of a byte is found by a check, or leaves the data as they are: the energies, which are protected by
    a checksum.
    """
    path = saved(tmp_path, **ARRAYS)
    content, random, refused = path.read_bytes(), np.random.default_rng(0), []
    expected = lp.fit.read_npz(path, **NPZ).digest
    for _ in range(300):
        damaged = bytearray(content)
        place = random.integers(len(content))
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged if random.random() < 0.8 else content[:place])
        try:
            assert lp.fit.read_npz(path, **NPZ).digest == expected
        except lp.ModelError as error:
            refused.append(str(error))
    assert len(refused) > 150
    assert all(message.startswith("d.npz") and "\n" not in message for message in refused)
    for text in (b"", b"hello", np.zeros(3).tobytes()):
        path.write_bytes(text)
        with pytest.raises(lp.ModelError, match="d.npz: this is not an .npz file, or it is damaged"):
            lp.fit.read_npz(path, **NPZ)


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


def test_many_fragments_are_moved_apart_without_rounding_errors():
    """100 stretched bonds, whose energies and forces are the same however far apart they are."""
    system, bonds = openmm.System(), openmm.HarmonicBondForce()
    for k in range(100):
        bonds.addBond(2 * k, 2 * k + 1, 0.1, 4e5)
    for _ in range(200):
        system.addParticle(1.0)
    system.addForce(bonds)
    random = np.random.default_rng(0)
    positions = np.repeat(3 * random.random((100, 3)), 2, axis=0) + 0.06 * random.normal(size=(200, 3))
    data = lp.fit.ReferenceData(
        [lp.fit.Configuration("x", ("A",) * 200, positions, energy=0.0, fragments=np.arange(200) // 2)], "x", "y"
    )
    (each,) = lp.fit.subtract_baseline(data, system)
    assert_close(each.baseline_energy, 0, atol=1e-4)
    assert_close(each.baseline_forces, np.zeros((200, 3)), atol=5e-3)


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
