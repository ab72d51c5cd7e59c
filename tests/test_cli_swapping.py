# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the commands accelerate, convert and explain of learnedpair: what they write, print and return."""

import json
import subprocess
import sys
from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import CPU, DOUBLE, OPENCL, REFERENCE, assert_close, evaluate, on
from learnedpair.checking.agreement import compare_systems
from learnedpair.checking.explanation import explain
from learnedpair.cli import main
from learnedpair.cli.conversion_options import is_same_file
from learnedpair.force.functions import core
from openmm import XmlSerializer, app, unit

DATA = Path(__file__).parent / "data" / "tables_of_other_engines"
YUKAWA = "138.935*q1*q2*exp(-r/0.8)/r"
EV = 96.48533212331


def run(*arguments):
    """The exit status of a command, also if argparse refuses its arguments."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return error.code


def yukawa(charges, exclusions, cutoff=0.6):
    force = openmm.CustomNonbondedForce(YUKAWA)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(cutoff)
    force.addPerParticleParameter("q")
    for charge in charges:
        force.addParticle([charge])
    for pair in exclusions:
        force.addExclusion(*pair)
    return force


def write(path, system):
    path.write_text(XmlSerializer.serialize(system), encoding="utf-8")
    return path


def read(path):
    return XmlSerializer.deserialize(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def water(tmp_path_factory):
    """A folder with a box of water whose System has a CustomNonbondedForce, and one without."""
    folder = tmp_path_factory.mktemp("water")
    topology, positions = systems.relaxed_water(64)
    system = systems.water_system(topology)
    write(folder / "plain.xml", system)
    pairs = [(3 * k + i, 3 * k + j) for k in range(64) for i, j in ((0, 1), (0, 2), (1, 2))]
    system.addForce(yukawa([0.8, -0.4, -0.4] * 64, pairs))
    write(folder / "s.xml", system)
    with open(folder / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, file)
    return folder


# --- accelerate ---


def test_accelerate_replaces_a_force(water, tmp_path, capsys):
    arguments = ["--check", water / "t.pdb", "--json", tmp_path / "report.json"]
    assert run("accelerate", water / "s.xml", tmp_path / "out.xml", *arguments) == 0
    captured = capsys.readouterr()
    assert "1 of 1 CustomNonbondedForces replaced:" in captured.out and YUKAWA in captured.out
    assert captured.err == ""
    after = read(tmp_path / "out.xml")
    assert not any(isinstance(force, openmm.CustomNonbondedForce) for force in after.getForces())
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["num_replaced"] == 1 and document["output"] == str(tmp_path / "out.xml")
    assert lp.LearnedPairForce.is_learned_pair_force(after.getForce(document["forces"][0]["new_index"]))
    # The printed comparison is that of OpenMM's CPU platform.
    structure = app.PDBFile(str(water / "t.pdb"))
    before = read(water / "s.xml")
    (energy1, forces1), (energy2, forces2) = (
        evaluate(CPU.context(each, structure.positions)) for each in (before, after)
    )
    check = document["check"]
    assert check["platform"] == "CPU"
    rms = np.sqrt(np.mean(forces1**2))
    assert_close([check["energy_before"], check["energy_after"]], [energy1, energy2], atol=2e-5 * abs(energy1))
    assert check["rms_force"] == pytest.approx(rms, rel=1e-5)
    assert 0 < check["rms_force_difference"] < 1e-5 * rms and check["max_force_difference"] < 1e-4 * rms
    assert f"{check['max_force_difference']:.2e} kJ/mol/nm" in captured.out
    assert f"difference {check['energy_after'] - check['energy_before']:.2e} kJ/mol" in captured.out


def test_a_comparison_measures_differences(water):
    before, after = read(water / "s.xml"), read(water / "s.xml")
    force = after.getForce(after.getNumForces() - 1)
    force.setEnergyFunction(f"1.001*{YUKAWA}")
    positions = app.PDBFile(str(water / "t.pdb")).getPositions(asNumpy=True)._value
    agreement = compare_systems(before, after, positions, None)
    alone = openmm.System()
    for _ in range(192):
        alone.addParticle(1)
    alone.setDefaultPeriodicBoxVectors(*before.getDefaultPeriodicBoxVectors())
    alone.addForce(openmm.XmlSerializer.clone(before.getForce(before.getNumForces() - 1)))
    energy, forces = evaluate(REFERENCE.context(alone, positions))
    assert agreement.energy_after - agreement.energy_before == pytest.approx(1e-3 * energy, rel=0.02)
    assert agreement.is_finite and agreement.max_force_difference > agreement.rms_force_difference > 0


def test_accelerate_leaves_a_force_alone(water, tmp_path, capsys):
    system = read(water / "s.xml")
    system.getForce(system.getNumForces() - 1).setNonbondedMethod(openmm.CustomNonbondedForce.NoCutoff)
    path = write(tmp_path / "s.xml", system)
    arguments = ["--check", water / "t.pdb", "--json", tmp_path / "report.json"]
    assert run("accelerate", path, tmp_path / "out.xml", *arguments) == 1
    out = capsys.readouterr().out
    assert "0 of 1 CustomNonbondedForces replaced:" in out and "left alone. " in out and "cutoff" in out
    assert f"{tmp_path / 'out.xml'}: not written, since the System is unchanged" in out
    assert not (tmp_path / "out.xml").exists()
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["output"] is None and document["check"] is None and document["num_replaced"] == 0
    assert run("accelerate", water / "plain.xml", tmp_path / "out.xml") == 1
    assert "The System has no CustomNonbondedForce." in capsys.readouterr().out


def test_accelerate_uses_the_tolerance(water, tmp_path):
    errors = []
    for tolerance in (1e-3, 1e-5):
        arguments = ["--tolerance", tolerance, "--json", tmp_path / "report.json"]
        assert run("accelerate", water / "s.xml", tmp_path / "out.xml", *arguments) == 0
        document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        assert document["tolerance"] == tolerance
        errors.append(document["forces"][0]["max_relative_force_error"])
    assert 1e-5 < errors[0] < 1e-3 and errors[1] < 1e-5


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.xml", "out.xml"], "nowhere.xml: there is no such file."),
        (["s.xml", "s.xml"], "s.xml: the file is read, too, and would be lost; name another one to write to."),
        (["s.xml", "."], "this is a folder, and not the name of a file to write."),
        (["s.xml", "nowhere/out.xml"], "there is no such folder to write to."),
        (["s.xml", "out.xml", "--json", "s.xml"], "would be lost; name another one by --json."),
        (["s.xml", "out.xml", "--json", "out.xml"], "out.xml: --json names the output itself; name another file."),
        (["s.xml", "out.xml", "--tolerance", "0"], "the tolerance is 0.0; expected a positive number."),
        (["s.xml", "out.xml", "--check", "nowhere.pdb"], "nowhere.pdb: there is no such file."),
        (["t.pdb", "out.xml"], "t.pdb: this is not the XML of a System"),
        (["s.xml", "out.xml", "--check", "small.pdb"], "small.pdb"),
        (["s.xml", "out.xml", "--check", "same.pdb"], "not finite"),
    ],
)
def test_accelerate_refuses_wrong_arguments(arguments, message, water, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("s.xml", "t.pdb"):
        (tmp_path / name).write_text((water / name).read_text(encoding="utf-8"), encoding="utf-8")
    small, positions, _ = systems.water(32)
    with open("small.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(small, positions * unit.nanometer, file)
    with open("same.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(systems.relaxed_water(64)[0], np.zeros((192, 3)) * unit.nanometer, file)
    assert run("accelerate", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("learnedpair accelerate: ") and message in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out.xml").exists()
    assert (tmp_path / "s.xml").read_text(encoding="utf-8") == (water / "s.xml").read_text(encoding="utf-8")


def test_check_accepts_an_accelerated_system(water, tmp_path, capfd):
    assert run("accelerate", water / "s.xml", tmp_path / "out.xml") == 0
    assert run("check", tmp_path / "out.xml", water / "t.pdb", "--platform", "CPU", "--steps", 0) == 0
    out = capfd.readouterr().out
    assert f"  expression:  {YUKAWA}, of the CustomNonbondedForce" in out and "within their limits" in out


@pytest.mark.parametrize("command", ["accelerate", "explain"])
def test_commands_need_no_torch(command, water, tmp_path):
    arguments = [water / "s.xml", *([tmp_path / "out.xml", "--check", water / "t.pdb"] * (command == "accelerate"))]
    code = "import sys; sys.modules['torch'] = None; from learnedpair.cli import main; sys.exit(main())"
    result = subprocess.run([sys.executable, "-c", code, command, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "1 of 1 CustomNonbondedForces replaced" in result.stdout


# --- convert ---


def energies_of(path, **arguments):
    """Energies and dE/dr of the pair A and B in tables, at 200 distances."""
    model = lp.load_tables(path, **arguments)
    r = np.linspace(0.3, 0.85, 200)
    types = [np.full(len(r), model.types.index(name)) for name in ("A", "B")]
    return model.evaluate(r, *types)


def test_convert_writes_tables_of_another_program(tmp_path, capsys):
    arguments = ["--truncated", "--rows", 3000, "--json", tmp_path / "errors.json"]
    assert run("convert", DATA / "lammps_morse_rsq.table", tmp_path / "{pair}.pot", *arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == "" and "energy error" in captured.out
    document = json.loads((tmp_path / "errors.json").read_text(encoding="utf-8"))
    assert document["format"] == "votca" and len(document["tables"]) == 3
    paths = [tmp_path / f"{pair}.pot" for pair in ("A-A", "A-B", "B-B")]
    for path, table in zip(paths, document["tables"], strict=True):
        assert table["path"] == str(path) and table["rows"] == 3000
        line = next(line for line in captured.out.splitlines() if line.startswith(str(path)))
        assert f"{table['max_energy_error']:.2e}" in line and f"{table['max_force_error']:.2e}" in line
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert len(rows) == 3000
        if path.stem == "A-B":  # the potential of make_references.py, in nm and kJ/mol
            r, energy = np.array([row[:2] for row in rows], dtype=float).T
            x = np.exp(-1.7 * (10 * r - 3.4))
            assert_close(energy, 0.04 * (x**2 - 2 * x) * EV, rtol=5e-5, atol=1e-4)
    expected = energies_of(DATA / "lammps_morse_rsq.table", truncated=True)
    assert_close(energies_of(paths, truncated=True)[0], expected[0], rtol=1e-4, atol=1e-4)


def test_convert_writes_one_pair_and_a_range(tmp_path, capsys):
    arguments = ["--pair", "Xe,Ne", "--range", 0.2, 0.5, "--rows", 500, "--to-units", "metal"]
    assert run("convert", DATA / "uf3_pair.json", tmp_path / "out.table", *arguments) == 0
    text = (tmp_path / "out.table").read_text(encoding="utf-8")
    assert "UNITS: metal" in text.splitlines()[0] and "Xe_Ne" in text and "Ne_Ne" not in text
    rows = [line.split() for line in text.splitlines() if len(line.split()) == 4 and line[0].isdigit()]
    assert len(rows) == 500 and (float(rows[0][1]), float(rows[-1][1])) == (2.0, 5.0)
    references = json.loads((DATA / "references.json").read_text(encoding="utf-8"))["uf3_pair.json"]
    r, energy = np.array([row[1:3] for row in rows], dtype=float).T
    for distance, expected in zip(references["distances"], references["Ne-Xe"]["energies"], strict=True):
        if 2.05 < distance < 4.95:
            assert np.interp(distance, r, energy) == pytest.approx(expected, rel=2e-3, abs=2e-4)
    capsys.readouterr()


def test_convert_writes_a_model_file(tmp_path, capsys):
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    assert run("convert", tmp_path / "m.pt", tmp_path / "out.dat", "--to", "lammps", "--spacing", "square") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("O_O", "O_H", "H_H"))
    again = lp.load_tables(tmp_path / "out.dat", format="lammps")
    r = np.linspace(0.2, 0.59, 50)
    pairs = np.zeros(50, dtype=int), np.ones(50, dtype=int)
    assert_close(again.evaluate(r, *pairs)[0], lp.load_model(tmp_path / "m.pt").evaluate(r, *pairs)[0], atol=1e-3)


@pytest.mark.parametrize(
    "units, length, energy", [("0.34 nm,0.996 kJ/mol", 0.34, 0.996), ("angstrom,kcal/mol", 0.1, 4.184)]
)
def test_convert_reads_units_and_sections(units, length, energy, tmp_path, capsys):
    r = np.linspace(1.0, 2.5, 300)
    rows = [f"{k} {x:.12g} {(2.5 - x) ** 3:.12g} {3 * (2.5 - x) ** 2:.12g}" for k, x in enumerate(r, 1)]
    sections = [line for name in ("first", "unused") for line in (name, f"N {len(r)}", "", *rows, "")]
    (tmp_path / "in.txt").write_text("\n".join(["# no units", "", *sections]), encoding="utf-8")
    arguments = ["--from", "lammps", "--units", units, "--section", "first=A,B", "--section", "unused="]
    arguments += ["--missing", "zero"]
    assert run("convert", tmp_path / "in.txt", tmp_path / "A-B.pot", "--pair", "A,B", *arguments) == 0
    found = np.array(
        [
            line.split()[:2]
            for line in (tmp_path / "A-B.pot").read_text(encoding="utf-8").splitlines()
            if line[0] != "#"
        ],
        dtype=float,
    )
    assert_close(found[:, 1], energy * (2.5 - found[:, 0] / length) ** 3, atol=1e-5 * energy)
    capsys.readouterr()


@pytest.mark.parametrize("given", ["A,B=0,1e-3,1e-6", "0,1e-3,1e-6"])
def test_convert_reads_coefficients(given, tmp_path, capsys):
    r = np.arange(0, 0.9001, 0.002)
    with np.errstate(divide="ignore"):
        g, h = np.where(r < 0.04, 0, -(r**-6.0)), np.where(r < 0.04, 0, r**-12.0)
        dg, dh = np.where(r < 0.04, 0, -6 * r**-7.0), np.where(r < 0.04, 0, 12 * r**-13.0)
    columns = np.array([r, 0 * r, 0 * r, g, dg, h, dh]).T
    np.savetxt(tmp_path / "table_A_B.xvg", columns, fmt="%.12e")
    arguments = ["--coefficients", given, "--missing", "zero", "--inner-cutoff", 0.25, "--switching-distance", 0.8]
    assert run("convert", tmp_path / "table_A_B.xvg", tmp_path / "out.pot", "--pair", "A,B", *arguments) == 0
    lines = (tmp_path / "out.pot").read_text(encoding="utf-8").splitlines()
    r, energy = np.array([line.split()[:2] for line in lines if line[0] != "#"], dtype=float).T
    inside = (r > 0.26) & (r < 0.8)
    assert_close(energy[inside], 1e-6 * r[inside] ** -12 - 1e-3 * r[inside] ** -6, rtol=1e-4, atol=1e-4)
    capsys.readouterr()


MORSE = str(DATA / "lammps_morse_rsq.table")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.table", "out.pot"], "nowhere.table: there is no such file."),
        (["a.table", "a.table"], "a.table: the file is read, too, and would be lost"),
        (["A-B.pot", "{pair}.pot"], "one of the files to write could be A-B.pot, which is read, too"),
        (
            ["a.table", "out.txt"],
            "does not tell the format (.txt); give format, one of lammps, gromacs, votca, uf3. (On",
        ),
        (["a.table", "out.txt"], "format is --from for the input, and --to for the output"),
        ([MORSE, "out.json"], "truncated=True is --truncated"),
        ([MORSE, "out.pot", "--truncated"], "a pair is chosen by --pair A,B"),
        ([MORSE, "out.table", "--truncated", "--pair", "A,C"], "'C'"),
        ([MORSE, "out.table", "--truncated", "--pair", "A"], "--pair is 'A'; expected two names of types"),
        ([MORSE, "out.table", "--truncated", "--rows", "3"], "rows is 3; expected an integer from 4"),
        ([MORSE, "out.table", "--truncated", "--range", "0.1", "2"], "the range is 0.1 to 2 nm"),
        ([MORSE, "out.json", "--to-units", "real"], "--to-units is for LAMMPS tables, and the format of the output is"),
        ([MORSE, "out.table", "--section", "A_A"], "--section is 'A_A'; expected NAME=A,B"),
        ([MORSE, "out.table", "--section", "A_A=A"], "--section A_A= is 'A'; expected two names"),
        ([MORSE, "out.table", "--section", "A_A=", "--section", "A_A="], "--section is given twice for 'A_A'"),
        ([MORSE, "out.table", "--section", "X=A,B"], "there is no such table"),
        ([MORSE, "out.table", "--coefficients", "1,2"], "--coefficients is '1,2'; expected A,B=Q,C6,C12"),
        ([MORSE, "out.table", "--coefficients", "A,B=1,2,3", "--coefficients", "B,A=1,2,3"], "given twice for B,A"),
        ([MORSE, "out.table", "--coefficients", "1,2,3", "--coefficients", "1,2,3"], "which is for all tables"),
        ([MORSE, "out.table", "--coefficients", "1,2,3"], "coefficients is for GROMACS tables only"),
        ([MORSE, "out.table", "--units", "a,b,c"], "--units is 'a,b,c'; expected a length and an energy"),
        (
            [MORSE, "out.table", "--units", "1 foot,1 eV"],
            "--units has the length '1 foot'; expected a unit",
        ),
        ([MORSE, "out.table", "--units", "real"], "units is --units"),
        (["m.pt", "out.table", "--from", "lammps"], "--from is for tables, and m.pt is a model file; leave it out."),
        (["m.pt", "out.table", "--inner-cutoff", "0.2"], "--inner-cutoff is for tables"),
        (["m.pt", "a.table", "out.json"], "m.pt: this is a model file, and there are other inputs; give it alone."),
        ([MORSE, "out.table", "--json", "out.table"], "--json names the output itself"),
    ],
)
def test_convert_refuses_wrong_arguments(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.table", "A-B.pot", "m.pt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert run("convert", *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("learnedpair convert: ") and message in error and len(error.strip().splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.table", "A-B.pot", "m.pt"}


def test_names_of_output_files_are_recognized(tmp_path):
    assert is_same_file(tmp_path / "table_{pair}.xvg", tmp_path / "table_A_B.xvg")
    assert not is_same_file(tmp_path / "table_{pair}.xvg", tmp_path / "table_A_B.pot")
    assert not is_same_file(tmp_path / "table_{pair}.xvg", tmp_path / "other" / "table_A_B.xvg")
    assert not is_same_file(tmp_path / "table.xvg", tmp_path / "table_A_B.xvg")


# --- explain ---


@pytest.fixture
def kernel(monkeypatch):
    """Sets what the compiled module says about the kernel on GPUs."""

    def set_answer(joins=True, reason="", is_small=True):
        answer = {"joins": joins, "reason": reason, "is_small": is_small}
        monkeypatch.setattr(core, "describe_kernel", lambda system, index: answer, raising=False)

    set_answer()
    return set_answer


def program_force(chains, evaluation, **options):
    """A force with a program of more than 512 operations."""
    model = lp.load_model(models.network(), types=["A", "B"], cutoff=0.6, inner_cutoff=0.17)
    types = [None if each < 0 else int(each) for each in chains.types]
    force = model.create_force(types, representation="program", evaluation=evaluation, **options)
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    return force


def small_program(chains, evaluation):
    force = lp.from_custom_nonbonded(yukawa(chains.charges, chains.molecule_pairs))
    force.setEvaluation(getattr(force, evaluation))
    return force


def grouped(chains):
    force = chains.learned()
    force.addInteractionGroup(set(range(60)), set(range(60, 120)))
    return force


def test_explain_says_that_interaction_groups_keep_the_kernel(tmp_path, capsys, kernel):
    chains = systems.Chains()
    path = write(tmp_path / "s.xml", chains.together([chains.nonbonded(), grouped(chains)]))
    assert run("explain", path) == 0
    assert "interaction groups: 1; they keep the shared kernel" in capsys.readouterr().out


@pytest.mark.parametrize("evaluation", ["ExactEvaluation", "AutomaticEvaluation", "TableEvaluation"])
def test_explain_shows_a_table_in_the_shared_kernel(evaluation, tmp_path, capsys, kernel):
    chains = systems.Chains()
    learned = chains.learned()
    learned.setEvaluation(getattr(learned, evaluation))
    path = write(tmp_path / "s.xml", chains.together([chains.nonbonded(), learned]))
    assert run("explain", path, "--json", tmp_path / "e.json") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for text in (
        "force 1, LearnedPairForce: a table, 107 of 120 particles covered, cutoff 0.6 nm, periodic",
        "tables: 2 distinct particles, 3 curves, of unknown error",
        "excluded pairs: 120\n    the same pairs as those of force 0, NonbondedForce",
        "60 interact in force 0, NonbondedForce, such as scaled 1-4 pairs, and not here",
        "There is no CustomNonbondedForce",
    ):
        assert text in captured.out, captured.out
    rows = [line.split("  ") for line in captured.out.splitlines()]
    assert any("OpenCL, CUDA, HIP" in row and "single, mixed" in row and "shared kernel" in row for row in rows)
    assert "on GPUs, since" not in captured.out and "interaction groups" not in captured.out
    (force,) = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))["forces"]
    assert force["placement"] == {"name": "shared kernel", "reason": "", "name_in_double": "shared kernel"}
    assert force["evaluation"]["num_curves"] == 3 and force["excluded"]["compared"][0]["num_pairs"] == 120


def test_explain_names_the_reason(tmp_path, capsys, kernel):
    chains = systems.Chains()
    force = chains.learned(exclusions=[*chains.bonds, (0, 5)])
    force.addException(0, 2, 0.5)
    force.addInteractionGroup(set(range(60)), set(range(60, 120)))
    reason = "force 3, PlumedForce, is of a class that is not known"
    kernel(joins=False, reason=reason)
    path = write(tmp_path / "s.xml", chains.together([chains.nonbonded(), force]))
    assert run("explain", path) == 0
    out = capsys.readouterr().out
    for text in (
        f"own kernel on GPUs, since {reason}",
        "excluded pairs: 81, and 1 exception with a factor",
        "1 are not those of force 0, NonbondedForce, the first 0 and 5",
        "39 of force 0, NonbondedForce are missing, the first 3 and 5",
        "interaction groups: 1; they are not the reason for the own kernel",
    ):
        assert text in out, out


def test_explain_measures_tables_of_a_program(tmp_path, capsys, kernel):
    chains = systems.Chains()
    system = chains.together([chains.nonbonded(), program_force(chains, "auto")])
    path = write(tmp_path / "s.xml", system)
    kernel(is_small=False)
    assert run("explain", path, "--json", tmp_path / "e.json") == 0
    out = capsys.readouterr().out
    (force,) = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))["forces"]
    placement = {"name": "shared kernel", "reason": "", "name_in_double": "compacted pairs"}
    assert force["placement"] == placement
    # What a Context on the CPU platform, in single precision, reports.
    info = lp.LearnedPairForce.cast(system.getForce(1)).getKernelInfo(CPU.context(system, chains.positions))
    evaluation = force["evaluation"]
    for key in ("num_curves", "table_bytes", "max_relative_force_error"):
        assert evaluation[key] == info[key] and info[key] > 0
    assert (evaluation["kind"], evaluation["num_distinct"]) == (info["evaluation"], 2)
    assert f"2 distinct particles, {info['num_curves']} curves, {info['table_bytes']:,} bytes, force error" in out


def test_explain_says_why_a_program_is_run(tmp_path, capsys, kernel):
    chains = systems.Chains()
    path = write(tmp_path / "s.xml", chains.together([chains.nonbonded(), program_force(chains, "exact")]))
    kernel(is_small=False)
    assert run("explain", path) == 0
    out = capsys.readouterr().out
    assert "compacted pairs on GPUs, since the program has more operations than OpenMM's kernel takes" in out
    assert "no tables, since the force asks for it; 2 distinct particles" in out


def test_explain_says_what_accelerate_would_replace(water, tmp_path, capsys, kernel):
    system = read(water / "s.xml")
    other = openmm.XmlSerializer.clone(system.getForce(system.getNumForces() - 1))
    other.setNonbondedMethod(other.NoCutoff)
    index = system.addForce(other)
    path = write(tmp_path / "s.xml", system)
    assert run("explain", path) == 0
    out = capsys.readouterr().out
    assert "The System has no LearnedPairForce." in out
    assert "learnedpair accelerate would do this, with a tolerance of 0.0001:\n1 of 2 CustomNonbondedForces" in out
    assert f"  force {index - 1}, CustomNonbondedForce ({YUKAWA}): replaced" in out
    assert f"  force {index}, CustomNonbondedForce ({YUKAWA}): left alone. " in out
    assert path.read_text(encoding="utf-8") == XmlSerializer.serialize(system)


def test_explain_reports_a_force_without_a_context(tmp_path, capsys, kernel):
    chains = systems.Chains()
    force = chains.learned(exclusions=[(0, 1000)])
    path = write(tmp_path / "s.xml", chains.together([chains.nonbonded(), force]))
    assert run("explain", path, "--json", tmp_path / "e.json") == 1
    out = capsys.readouterr().out
    with pytest.raises(openmm.OpenMMException) as error:
        REFERENCE.context(read(path))
    assert f"  a Context cannot be created: {error.value}" in out
    (force,) = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))["forces"]
    assert force["evaluation"] is None and force["placement"] is None


def test_explain_sees_exceptions_inside_another_force(kernel):
    chains = systems.Chains()
    alchemical = openmm.ATMForce(0.5, 0.5, 0, 0, 0, 0, 0, 0, 1)
    for _ in range(chains.count):
        alchemical.addParticle(openmm.Vec3(0, 0, 0))
    alchemical.addForce(chains.nonbonded())
    (explanation,) = explain(chains.together([alchemical, chains.learned()]))
    (compared,) = explanation.excluded.compared
    assert compared.other == "the NonbondedForce inside another force" and compared.is_equal


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.xml"], "nowhere.xml: there is no such file."),
        (["s.xml", "--json", "s.xml"], "would be lost; name another one by --json."),
        (["t.pdb"], "t.pdb: this is not the XML of a System"),
    ],
)
def test_explain_refuses_wrong_arguments(arguments, message, water, capsys, monkeypatch):
    monkeypatch.chdir(water)
    assert run("explain", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("learnedpair explain: ") and message in error and len(error.strip().splitlines()) == 1


#: Forces of which GPUs evaluate the pairs in different kernels, and what the compiled module says about them: whether
#: they may join OpenMM's kernel, and whether the function is small.
PLACEMENTS = {
    "table": (lambda chains: chains.learned(), True, True),
    "table with other exclusions": (lambda chains: chains.learned(exclusions=[]), False, True),
    "table with interaction groups": (grouped, True, True),
    "large program": (lambda chains: program_force(chains, "exact"), True, False),
    "large program with tables": (lambda chains: program_force(chains, "auto"), True, False),
    "small program": (lambda chains: small_program(chains, "ExactEvaluation"), True, True),
    "small program, automatic": (lambda chains: small_program(chains, "AutomaticEvaluation"), True, True),
    "small program with tables": (lambda chains: small_program(chains, "TableEvaluation"), True, True),
}


@on([OPENCL, DOUBLE[0]])
@pytest.mark.parametrize("case", PLACEMENTS)
def test_explained_kernels_are_those_of_a_context(target, case, kernel):
    make, joins, is_small = PLACEMENTS[case]
    kernel(joins, "" if joins else "of something", is_small)
    chains = systems.Chains()
    system = chains.together([chains.nonbonded(), make(chains)])
    (explanation,) = explain(system)
    info = lp.LearnedPairForce.cast(system.getForce(1)).getKernelInfo(target.context(system, chains.positions))
    placement = explanation.placement
    if target.precision == "double":
        assert info["placement"] in placement.name_in_double.split(" or ")
    else:
        kind = "program" if explanation.evaluation.exact_on_gpus_because else explanation.evaluation.kind
        assert (info["placement"], info["evaluation"]) == (placement.name, kind)


@pytest.mark.parametrize("case", PLACEMENTS)
def test_the_compiled_module_describes_kernels(case):
    make, joins, is_small = PLACEMENTS[case]
    chains = systems.Chains()
    system = chains.together([chains.nonbonded(), make(chains)])
    described = core.describe_kernel(int(system.this), 1)
    assert (described["joins"], described["is_small"]) == (joins, is_small)
    assert bool(described["reason"]) == (not joins)


def test_explain_without_a_cutoff(kernel):
    """Nonperiodic forces without a cutoff: a large program has a kernel of its own."""

    class Finite(torch.nn.Module):
        def forward(self, r, type1, type2):
            return torch.clamp(1 - r / 2, min=0) ** 3 * (1 + type1 + type2)

    chains = systems.Chains(periodic=False)
    model = lp.load_model(Finite(), types=["A", "B"], cutoff=2.0, inner_cutoff=0.1)
    types = [None if each < 0 else int(each) for each in chains.types]
    force = model.create_force(types, representation="program", nonbonded_method=lp.LearnedPairForce.NoCutoff)
    kernel(is_small=False)
    (explanation,) = explain(chains.together([force]))
    assert explanation.cutoff is None and explanation.evaluation.kind == "program"
    assert explanation.placement.name == explanation.placement.name_in_double == "own kernel"
    assert "without a cutoff" in explanation.placement.reason
