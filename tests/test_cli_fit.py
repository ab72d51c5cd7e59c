# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the commands fit and plot of learnedpair: what they write, print, and refuse."""

import json
import shutil
import sys
from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import torch
from comparators import assert_close
from documentation import blocks
from learnedpair.cli import main
from learnedpair.cli.fit_settings import DATA as DATA_KEYS
from learnedpair.cli.fit_settings import FORMATS, OPTIONAL_DATA, SECTIONS, read_settings
from openmm import XmlSerializer

DIMERS = Path(__file__).resolve().parents[1] / "examples" / "rare_gases" / "dimers.csv"
UNITS = dict(length_unit="angstrom", energy_unit="kcal/mol")
DATA = """[[data]]
file = "dimers.csv"
format = "dimers"
length_unit = "angstrom"
energy_unit = "kcal/mol"
method = "RG10N"
"""
SETTINGS = (
    DATA
    + """
[fit]
cutoff = 1.2

[output]
model = "out.pt"
"""
)
KCAL = 4.184


def run(*arguments):
    """The exit status of a command, also if argparse refuses its arguments."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return error.code


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def argon_only():
    """The lines of the data that are of pairs of argon atoms, with the header."""
    header, *rows = DIMERS.read_text(encoding="utf-8").splitlines(keepends=True)
    return header + "".join(row for row in rows if row.startswith("Ar,Ar,"))


@pytest.fixture
def folder(tmp_path):
    """A folder with the data of argon, in another place than the current folder."""
    (tmp_path / "work").mkdir()
    write(tmp_path / "work" / "dimers.csv", argon_only())
    return tmp_path / "work"


def fitted(folder, text=SETTINGS, *arguments):
    """The model that the command writes."""
    assert run("fit", write(folder / "fit.toml", text), *arguments) == 0
    return lp.load_model(folder / "out.pt")


def read_dimers(path, method="RG10N"):
    return lp.fit.read_dimers(path, method=method, **UNITS)


def assert_same_model(first, second):
    """The same functions, and the same record of their training."""
    r = np.linspace(first.inner_cutoff, first.cutoff, 50)
    assert first.types == second.types and first.type_rules == second.type_rules
    for i in range(len(first.types)):
        for j in range(i + 1):
            pairs = np.full(50, i), np.full(50, j)
            assert_close(first.evaluate(r, *pairs), second.evaluate(r, *pairs), rtol=1e-13)
    assert first.training == second.training and first.domain == second.domain


# --- fit ---


def test_the_settings_of_the_documentation(tmp_path, capsys):
    """All four rare gases: the model is that of lp.fit with the same arguments, and its errors are printed."""
    (text,) = blocks("docs/user/fitting.md", "toml")
    shutil.copy(DIMERS, tmp_path)
    assert run("fit", write(tmp_path / "rare_gases.toml", text), "--json", tmp_path / "errors.json") == 0
    printed = capsys.readouterr().out
    data, held_out = read_dimers(DIMERS, "RG10N, complete basis set").split(0.1, 7)
    types = {"He": "*:He", "Ne": "*:Ne", "Ar": "*:Ar", "Kr": ["*:Kr", "*:KR"]}
    expected = lp.fit.fit_splines(data, types=types, cutoff=1.2, description="four rare gases")
    model = lp.load_model(tmp_path / "rare_gases.pt")
    assert_same_model(model, expected.with_held_out(held_out).model)
    assert (model.description, model.cutoff, model.switching_distance) == ("four rare gases", 1.2, 1.08)
    assert str(expected) in printed and "configurations that were not fitted" in printed
    assert f"rare_gases.pt: written, digest {model.digest}\n" in printed
    files = ["coverage.png", "curves.png", "errors.png", "parity.png", "report.txt"]
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == files
    assert (tmp_path / "report" / "report.txt").read_text(encoding="utf-8") in printed
    document = json.loads((tmp_path / "errors.json").read_text(encoding="utf-8"))
    assert document["training"] == model.training and document["digest"] == model.digest
    assert document["settings"]["fit"] == {"cutoff": 1.2, "description": "four rare gases"}


EXPRESSION = """cutoff = 1.2
expression = "A*exp(-b*r) - C/r^6"
parameters = { A = 1e5, b = 30.0, C = 5e-3 }
bounds = { C = [0, inf] }"""


def test_expressions_are_fitted(folder, capsys):
    text = SETTINGS.replace("cutoff = 1.2", EXPRESSION) + 'report = "report"\n[test]\nfraction = 0.2\nseed = 3\n'
    model = fitted(folder, text)
    data, held_out = read_dimers(folder / "dimers.csv").split(0.2, 3)
    start = {"A": 1e5, "b": 30.0, "C": 5e-3}
    expected = lp.fit.fit_expression(data, "A*exp(-b*r) - C/r^6", start, cutoff=1.2, bounds={"C": (0, np.inf)})
    assert_same_model(model, expected.with_held_out(held_out).model)
    assert str(expected) in capsys.readouterr().out
    assert (folder / "report" / "curves.png").exists()


NETWORK = """[network]
hidden = [6, 5]
num_basis = 8
energy_scale = 3.0
epochs = 4
batch_size = 5
learning_rate = 0.01
patience = 3
validation = 0.25
checkpoint = "fit.ckpt"
seed = 2

[output]"""


def test_networks_are_fitted(folder, capsys):
    """As by lp.fit.fit_network with the network that the seed gives; the held-out data have no part in it."""
    text = SETTINGS.replace("[output]", NETWORK) + 'report = "report"\n[test]\nfraction = 0.2\nseed = 3\n'
    model = fitted(folder, text)
    data, held_out = read_dimers(folder / "dimers.csv").split(0.2, 3)
    torch.manual_seed(2)
    shortest = min(each.positions[1, 2] for each in data)
    network = lp.nn.TypedPairNetwork(1, 1.2, hidden=(6, 5), num_basis=8, energy_scale=3.0, inner=shortest)
    options = dict(epochs=4, batch_size=5, learning_rate=0.01, patience=3, validation=0.25, seed=2)
    expected = lp.fit.fit_network(data, network, cutoff=1.2, **options)
    assert_same_model(model, expected.with_held_out(held_out).model)
    assert model.training["errors_validation"]["rms_energy_kJ_per_mol"] == expected.energy_error
    r = np.array([each.positions[1, 2] for each in held_out])
    types = np.zeros(len(r), dtype=int)
    errors = expected.model.evaluate(r, types, types)[0] - [each.energy for each in held_out]
    in_range = r < 1.2  # no pair interacts beyond the cutoff, where the network is zero
    assert in_range.sum() < len(r)
    errors[~in_range] = [-each.energy for each in np.array([*held_out], dtype=object)[~in_range]]
    assert_close(model.training["errors_held_out"]["rms_energy_kJ_per_mol"], np.sqrt(np.mean(errors**2)), rtol=1e-9)
    printed = capsys.readouterr().out
    assert printed.startswith("4 epochs, the best one is")
    assert (
        f"configurations that had no part in the fit: RMS error of energies {np.sqrt(np.mean(errors**2)):.3g}"
        in printed
    )
    files = ["coverage.png", "curves.png", "learning.png", "parity.png", "report.txt"]
    assert sorted(path.name for path in (folder / "report").iterdir()) == files
    assert (folder / "fit.ckpt").exists()


def test_held_out_configurations_are_predicted(folder):
    """Against the fitted function at the distances of the configurations that the seed holds out."""
    model = fitted(folder, SETTINGS + "\n[test]\nfraction = 0.3\nseed = 5\n")
    data, held_out = read_dimers(folder / "dimers.csv").split(0.3, 5)
    curve = lp.fit.fit_splines(data, cutoff=1.2).pairs["Ar", "Ar"]
    r = np.array([each.positions[1, 2] for each in held_out])
    reference = np.array([each.energy for each in held_out])
    depth = -min(each.energy for each in data)
    errors, in_well = curve.evaluate(r)[0] - reference, reference < depth
    assert 0 < in_well.sum() < len(r) == 10
    found = model.training["errors_held_out"]["Ar-Ar"]
    assert found["configurations"] == 10
    found = found["energy_kJ_per_mol"]
    assert_close(found["depth"], depth, rtol=1e-14)
    assert_close(found["rms"], np.sqrt(np.mean(errors[in_well] ** 2)), rtol=1e-9)
    assert_close(found["largest"], np.abs(errors[in_well]).max(), rtol=1e-9)
    assert_close(found["largest_of_wall"], np.abs(errors / reference)[~in_well].max(), rtol=1e-9)
    worst = np.flatnonzero(in_well)[np.abs(errors[in_well]).argmax()]
    assert found["where"] == held_out[int(worst)].name
    training = model.training
    assert training["data_held_out"] == {"source": "dimers.csv", "sha256": held_out.digest, "configurations": 10}
    assert training["data"]["sha256"] == data.digest
    assert model.domain["Ar", "Ar"] == pytest.approx((min(e.positions[1, 2] for e in data), 2.0), rel=1e-12)


def test_a_baseline_is_subtracted(folder):
    system, force = openmm.System(), openmm.NonbondedForce()
    for _ in range(2):
        system.addParticle(39.948)
        force.addParticle(0.0, 0.34, 0.996)
    system.addForce(force)
    write(folder / "system.xml", XmlSerializer.serialize(system))
    model = fitted(folder, SETTINGS + '[baseline]\nsystem = "system.xml"\n')
    expected = lp.fit.fit_splines(lp.fit.subtract_baseline(read_dimers(folder / "dimers.csv"), system), cutoff=1.2)
    assert_same_model(model, expected.model)
    x = (0.34 / 0.3762) ** 6
    assert_close(model.evaluate([0.3762], [0], [0])[0] + 4 * 0.996 * (x**2 - x), [-1.181], atol=2e-3)


def clusters(folder):
    """Eight clusters of three pairs A-B, as extended XYZ and as .npz: in the latter without energies."""
    random, frames = np.random.default_rng(2), []
    positions = np.array([[0, 0, 0], [0, 0, 1.0], [4, 0, 0], [4, 1, 0], [0, 5, 0], [1, 5, 0.0]]) + 0.2 * random.random(
        (8, 6, 3)
    )
    forces = random.normal(size=(8, 6, 3))
    for k in range(8):
        frames += ["6", f"Properties=species:S:1:pos:R:3:f:R:3:kind:S:1:mol:I:1 e={0.1 * k} w={1 + k}"]
        for i in range(6):
            numbers = " ".join(f"{x:.12f}" for x in (*positions[k, i], *forces[k, i]))
            frames.append(f"Ar {numbers} {'AB'[i % 2]} {i // 2}")
    write(folder / "c.xyz", "\n".join(frames) + "\n")
    np.savez(folder / "c.npz", types=list("ABABAB"), positions=positions, forces=forces, fragments=[0, 0, 1, 1, 2, 2])


@pytest.mark.filterwarnings("ignore:fit_splines. the function of A and A has a minimum")  # the data are random
def test_several_files_and_all_options(folder):
    pytest.importorskip("ase")
    clusters(folder)
    units = 'length_unit = "angstrom"\nenergy_unit = "eV"\nmethod = "random numbers"\n'
    text = f"""
types = ["B", "A"]
[[data]]
file = "c.xyz"
format = "xyz"
{units}energy = "e"
forces = false
types = "kind"
fragments = "mol"
weight = "w"
[[data]]
file = "{folder / "c.npz"}"
format = "npz"
{units}
rigid = true
[fit]
cutoff = 0.9
switching_distance = 0.7
within_cutoff = true
energy_error = [0.5, 0.02]
force_error = [20, 0]
num_intervals = 6
smoothness = 0.5
[output]
model = "out.pt"
"""
    read = dict(length_unit="angstrom", energy_unit="eV", method="random numbers")
    data = (
        lp.fit.read_extended_xyz(
            folder / "c.xyz", energy="e", forces=None, types="kind", fragments="mol", weight="w", **read
        )
        + lp.fit.read_npz(folder / "c.npz", **read).with_rigid_fragments()
    )
    expected = lp.fit.fit_splines(
        data,
        types=["B", "A"],
        cutoff=0.9,
        switching_distance=0.7,
        within_cutoff=True,
        energy_error=(0.5, 0.02),
        force_error=(20, 0),
        num_intervals=6,
        smoothness=0.5,
    )
    assert len(data) == 16 and list(expected.pairs) == [("B", "B"), ("A", "B"), ("A", "A")]
    assert_same_model(fitted(folder, text), expected.model)


def test_truncated_models_are_fitted(folder):
    model = fitted(folder, SETTINGS.replace("cutoff = 1.2", "cutoff = 1.2\ntruncated = true"))
    assert model.truncated and model.switching_distance is None


def test_older_outputs_are_replaced(folder, capsys):
    """As by the other commands; not if they are read."""
    (folder / "report").mkdir()
    for name in ("out.pt", "report/curves.png", "report/other.txt"):
        write(folder / name, "older")
    fitted(folder, SETTINGS + 'report = "report"\n')
    assert (folder / "report" / "curves.png").stat().st_size > 10_000
    assert (folder / "report" / "other.txt").read_text(encoding="utf-8") == "older"
    assert run("fit", write(folder / "fit.toml", SETTINGS.replace("out.pt", "dimers.csv"))) == 1
    assert "[output] model: " in (error := capsys.readouterr().err) and "would be lost" in error
    assert (folder / "dimers.csv").read_text(encoding="utf-8") == argon_only()


FIT = "[fit]\ncutoff = 1.2\n"


@pytest.mark.parametrize(
    "old, new, message",
    [
        (
            FIT,
            "[fit]\ncutoff = 1.2\ntruncated = true\n[network]\n",
            "truncated, which a fit of a network does not have",
        ),
        (FIT, f"{FIT}[network]\nhidden = [3]\n", "[network] has hidden = [3]; expected two integers of at least 1"),
        (FIT, f"{FIT}[network]\nnum_basis = 1\n", "[network]: num_basis must be at least 2, not 1"),
        (
            FIT,
            f'{FIT}[network]\ncheckpoint = "out.pt"\n',
            "[network] checkpoint: {}/out.pt: another file of this command has this name; choose another one",
        ),
        # The file as a whole.
        (SETTINGS, "[fit\n", "fit.toml: this is not TOML (Expected "),
        (SETTINGS, "x = " + 5000 * "[", "fit.toml: this is not TOML ("),
        (SETTINGS, "", "fit.toml: the section [[data]] is missing; add it."),
        (FIT, "", "fit.toml: the section [fit] is missing; add it."),
        (DATA, "", "fit.toml: the section [[data]] is missing; add it."),
        (
            FIT,
            FIT + "[tset]\n",
            "there is no section or key 'tset'; the known ones are data, baseline, fit, network, test, ",
        ),
        (DATA, "data = 3\n", "fit.toml: data is not a list of sections; begin each of them with [[data]]."),
        ("[[data]]", "[data]", "fit.toml: data is not a list of sections; begin each of them with [[data]]."),
        (FIT, FIT + "[[test]]\nfraction = 0.5\n", "fit.toml: [test] is [{'fraction': 0.5}]; expected a section with"),
        # Keys.
        ("cutoff", "cut_off", "fit.toml: [fit] has no key 'cut_off'; the known ones are cutoff, switching_distance, "),
        ("cutoff = 1.2", "", "fit.toml: [fit] lacks cutoff; add it."),
        ('method = "RG10N"', "", "fit.toml: [[data]] lacks method; add it."),
        ('"RG10N"', '"RG10N"\nunits = "nm"', "[[data]] has no key 'units'; the known ones are file, format, "),
        ('"RG10N"', '"RG10N"\nweight = "w"', "columns, which are those of the format dimers."),
        ('format = "dimers"', "", "fit.toml: [[data]] lacks format; add it."),
        (FIT, DATA.replace("file", "flie") + FIT, "[[data]] number 2 has no key 'flie'; the known ones are file"),
        # Values.
        ('"dimers"', '"csv"', "fit.toml: [[data]] has format = 'csv'; expected one of dimers, xyz, npz."),
        ('"dimers"', "3", "fit.toml: [[data]] has format = 3; expected one of dimers, xyz, npz."),
        ('"dimers.csv"', "3", "fit.toml: [[data]] has file = 3; expected a text that is not empty."),
        ('"RG10N"', '"x"\ncolumns = ["a"]', "fit.toml: [[data]] has columns = ['a']; expected four texts."),
        ("1.2", "true", "fit.toml: [fit] has cutoff = true; expected a positive number."),
        ("1.2", "nan", "fit.toml: [fit] has cutoff = nan; expected a positive number."),
        ("1.2", "1979-05-27", "[fit] has cutoff = datetime.date(1979, 5, 27); expected a positive number."),
        ("1.2", "1\ntruncated = 1", "fit.toml: [fit] has truncated = 1; expected true or false."),
        ("1.2", "1\nnum_intervals = 0", "fit.toml: [fit] has num_intervals = 0; expected an integer of at least 1."),
        ("1.2", "1\nnum_intervals = 6.0", "[fit] has num_intervals = 6.0; expected an integer of at least 1."),
        ("1.2", "1\nsmoothness = -1", "fit.toml: [fit] has smoothness = -1; expected a positive number."),
        ("1.2", "1\nenergy_error = 0.1", "[fit] has energy_error = 0.1; expected an absolute error and a fraction"),
        ("1.2", "1\nforce_error = [0, 1]", "[fit] has force_error = [0, 1]; expected an absolute error and a frac"),
        ("1.2", "1\ndescription = []", "fit.toml: [fit] has description = []; expected a text."),
        ("1.2", '1\nexpression = "A/r"', "[fit] has an expression, and no parameters with their starting values; add"),
        ("1.2", "1\nparameters = { A = 1 }", "fit.toml: [fit] has parameters, and no expression; add it."),
        ("cutoff = 1.2", EXPRESSION + "\nsmoothness = 1", "[fit] has smoothness, which is for splines; leave it out."),
        (
            "cutoff = 1.2",
            EXPRESSION.replace("1e5", "true"),
            "has parameters = {'A': True, 'b': 30.0, 'C': 0.005}; ",
        ),
        (
            "cutoff = 1.2",
            EXPRESSION.replace("[0, inf]", "5"),
            "has bounds = {'C': 5}; expected pairs of numbers by name",
        ),
        (
            "cutoff = 1.2",
            EXPRESSION.replace("0, inf", "'x', 1"),
            "fit_expression: bounds has C: ['x', 1]; expected (",
        ),
        (
            "cutoff = 1.2",
            EXPRESSION.replace("r^6", "r^"),
            "[fit]: the expression 'A*exp(-b*r) - C/r^' cannot be",
        ),
        (FIT, FIT + "[test]\nfraction = 1\n", "[test] has fraction = 1; expected a number between 0 and 1."),
        (FIT, FIT + "[test]\nfraction = 0.5\nseed = -1", "[test] has seed = -1; expected an integer of at least 0."),
        (FIT, FIT + "[baseline]\n", "fit.toml: [baseline] lacks system; add it."),
        ("[[data]]", "types = []\n[[data]]", "fit.toml: types is []; expected a list of names, or a section of rules."),
        (FIT, FIT + "[types]\n", "fit.toml: [types] is empty; add a line for each type, or leave the section out."),
        (FIT, FIT + "[types]\nAr = 3\n", "fit.toml: [types] has Ar = 3; expected a rule, or a list of rules."),
        (FIT, FIT + "[types]\nAr = [[]]\n", "fit.toml: [types] has Ar = [[]]; expected a rule, or a list of rules."),
        ('"out.pt"', "{}", "fit.toml: [output] has model = {}; expected a text that is not empty."),
        # Files.
        ("dimers.csv", "nowhere.csv", "fit.toml, [[data]] file: {}/nowhere.csv: there is no such file."),
        (FIT, FIT + '[baseline]\nsystem = "s.xml"', "fit.toml, [baseline] system: {}/s.xml: there is no such file."),
        ("out.pt", "no/out.pt", "fit.toml, [output] model: {}/no/out.pt: there is no such folder to write to."),
        (
            '"out.pt"',
            '"out.pt"\nreport = "dimers.csv"',
            "[output] report: {}/dimers.csv: this is a file, and not a fol",
        ),
        (
            '"out.pt"',
            '"out.pt"\nreport = "a/b"',
            "fit.toml, [output] report: {}/a/b: there is no folder to make it in.",
        ),
        ('"out.pt"', '"curves.png"\nreport = "."', "{}/curves.png: another file of this command has this name; choose"),
        ('"out.pt"', '"r"\nreport = "r"', "fit.toml, [output] report: {}/r: another file of this command has"),
        # What the functions of lp.fit refuse.
        ('"angstrom"', '"pm"', "fit.toml, [[data]]: the length unit is 'pm'; expected one of nm, angstrom, bohr."),
        (
            '"RG10N"',
            '"x"\ncolumns = ["a", "b", "c", "d"]',
            "fit.toml, [[data]]: dimers.csv: the header has the columns",
        ),
        (FIT, FIT + '[baseline]\nsystem = "dimers.csv"', "fit.toml, [baseline]: {}/dimers.csv: this is not the XML of"),
        (FIT, FIT + "[test]\nfraction = 0.001\n", "fit.toml, [test]: dimers.csv: a fraction of 0.001 of 33 config"),
        (FIT, FIT + "[test]\nfraction = 0.95\n", "fit.toml, [fit]: dimers.csv: Ar and Ar occur at 2 different dist"),
        ("1.2", "1.2\nswitching_distance = 1.3", "fit.toml, [fit]: "),
        ("1.2", "1.2\nswitching_distance = 1.0\ntruncated = true", "fit.toml, [fit]: "),
        (FIT, FIT + '[types]\nNe = "*:Ne"\n', "fit.toml, [fit]: fit_splines: the data have the type 'Ar', and types h"),
    ],
)
def test_wrong_settings_are_refused(old, new, message, folder, capsys):
    """In one sentence, which names the file and the key, and before anything is written."""
    assert old in SETTINGS
    before = sorted([*folder.iterdir(), folder / "fit.toml"])
    assert run("fit", write(folder / "fit.toml", SETTINGS.replace(old, new, 1))) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"learnedpair fit: {folder / 'fit.toml'}") and len(error.strip().splitlines()) == 1, error
    assert message.replace("{}/", f"{folder}/") in error, error
    assert sorted(folder.iterdir()) == before


def test_files_that_do_not_fit_are_named(folder, capsys):
    write(folder / "bad.csv", "type1,type2,distance,energy\nAr,Ar,-1,2\n")
    text = SETTINGS.replace(FIT, DATA.replace("dimers.csv", "bad.csv") + FIT)
    assert run("fit", write(folder / "fit.toml", text)) == 1
    assert "fit.toml, [[data]] number 2: bad.csv line 2: the distance is -1; expected" in capsys.readouterr().err
    assert run("fit", folder / "none.toml") == 1
    assert "none.toml: there is no such file." in capsys.readouterr().err
    assert run("fit", write(folder / "fit.toml", SETTINGS), "--json", folder / "out.pt") == 1
    assert "--json names the output itself" in capsys.readouterr().err
    (folder / "latin.toml").write_bytes(b'description = "\xe9"')
    assert run("fit", folder / "latin.toml") == 1
    assert "latin.toml: this is not TOML ('utf-8' codec can't decode" in capsys.readouterr().err


def test_held_out_pairs_of_types_that_are_not_fitted_are_named(folder, capsys):
    write(folder / "dimers.csv", argon_only() + "Ne,Ne,3.1,-0.08\n")
    data = read_dimers(folder / "dimers.csv")
    seed = next(seed for seed in range(1000) if data.split(0.2, seed)[1].types[-1] == "Ne")
    assert run("fit", write(folder / "fit.toml", SETTINGS + f"[test]\nfraction = 0.2\nseed = {seed}\n")) == 1
    assert (
        "fit.toml, [test]: dimers.csv line 35: Ne and Ne are in range, and no configuration of the fit has this pair"
        in capsys.readouterr().err
    )


def test_the_documentation_lists_all_keys():
    text = (Path(__file__).parents[1] / "docs" / "user" / "fitting.md").read_text(encoding="utf-8")
    table = text.partition("| section | keys |\n")[2].partition("\n\n")[0]
    keys = {key for kinds in (DATA_KEYS, OPTIONAL_DATA, *FORMATS.values(), *SECTIONS.values()) for key in kinds}
    assert {key for key in keys if f"`{key}`" not in table} == set()
    assert all(f"[{name}]" in table for name in ("data", "types", *SECTIONS))


def test_without_matplotlib_a_report_is_refused_before_the_fit(folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert run("fit", write(folder / "fit.toml", SETTINGS + 'report = "report"\n')) == 1
    assert capsys.readouterr().err == "learnedpair fit: the figures need Matplotlib: pip install matplotlib\n"
    assert not (folder / "out.pt").exists() and not (folder / "report").exists()


def test_python_without_tomllib(folder, capsys, monkeypatch):
    """Python 3.10: tomli takes its place, and a message says so without it."""
    path = write(folder / "fit.toml", SETTINGS)
    expected = read_settings(path)
    reader = sys.modules.get("tomllib") or sys.modules["tomli"]
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", reader)
    assert read_settings(path) == expected
    monkeypatch.setitem(sys.modules, "tomli", None)
    assert run("fit", path) == 1
    assert "learnedpair fit needs tomli on Python 3.10: pip install tomli" in capsys.readouterr().err


# --- plot ---


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn: for each panel its title, the curve, the points, the limits and the shaded range."""
    from matplotlib.figure import Figure

    panels = []

    def record(figure, path, **_):
        for panel in figure.axes:
            if panel.get_title():
                curve, points = (line.get_xydata() for line in panel.lines[:2])
                shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in panel.patches]
                panels.append((panel.get_title(), curve, points, panel.get_ylim(), shaded))
        save(figure, path)

    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", record)
    return panels


def test_plot_of_a_fit_with_its_data(folder, drawn, capsys):
    """One of the data is of a type that the model does not have."""
    model = fitted(folder)
    write(folder / "dimers.csv", argon_only() + "Ar,Ne,3.1,-0.08\n")
    arguments = ["--data", folder / "dimers.csv", "--length-unit", "angstrom", "--energy-unit", "kcal/mol"]
    assert run("plot", folder / "out.pt", *arguments, "-o", folder / "plot.png") == 0
    out = capsys.readouterr().out
    assert f"33 of 34 points drawn; the others have types that {folder / 'out.pt'} does not have\n" in out
    assert (folder / "plot.png").read_bytes()[:4] == b"\x89PNG"
    ((title, curve, points, limits, shaded),) = drawn
    assert title == "Ar–Ar"
    zeros = np.zeros(len(curve), dtype=int)
    assert_close(curve[[0, -1], 0], (model.inner_cutoff, 1.2), rtol=1e-12)
    assert_close(curve[:, 1], model.evaluate(curve[:, 0], zeros, zeros)[0], rtol=1e-12)
    rows = np.loadtxt(argon_only().splitlines()[1:], delimiter=",", usecols=(2, 3))
    assert_close(points, rows * [0.1, KCAL], rtol=1e-12)
    assert_close(shaded, [model.domain["Ar", "Ar"]], rtol=1e-12)
    assert limits[0] == pytest.approx(1.25 * curve[:, 1].min()) and limits[1] == pytest.approx(-1.2 * curve[:, 1].min())


def test_plot_of_a_model_that_was_not_fitted(tmp_path, drawn, capsys):
    """Three pairs of two types, without a training domain; the global parameters have their default values."""
    lp.export_model(
        models.TwoParameters(),
        tmp_path / "m.pt",
        types=["A", "B"],
        cutoff=0.7,
        inner_cutoff=0.1,
        global_parameters={"lam": 0.5, "temperature": 300.0},
    )
    assert run("plot", tmp_path / "m.pt", "-o", tmp_path / "plot.pdf") == 0
    printed = capsys.readouterr().out
    assert printed == f"lam = 0.5\ntemperature = 300\n{tmp_path / 'plot.pdf'}: written\n"
    assert [panel[0] for panel in drawn] == ["A–A", "A–B", "B–B"]
    for k, (_, curve, points, _, shaded) in enumerate(drawn):
        assert_close(curve[:, 1], 0.5 * (1 + k) * (1 - curve[:, 0] / 0.7) ** 3 * 2.3, atol=1e-12)
        assert len(points) == 0 and shaded == []


def test_points_are_drawn_in_the_panel_of_their_types(tmp_path, drawn):
    """In whatever order the model and the data have the types."""
    lp.export_model(models.Formula(), tmp_path / "m.pt", types=["B", "A"], cutoff=1.0, inner_cutoff=0.1)
    rows = ("B,A,0.3,1", "A,B,0.4,2", "B,B,0.5,3", "A,A,0.6,4")
    write(tmp_path / "d.csv", "\n".join(["type1,type2,distance,energy", *rows]) + "\n")
    arguments = ["--data", tmp_path / "d.csv", "--length-unit", "nm", "--energy-unit", "kJ/mol"]
    assert run("plot", tmp_path / "m.pt", *arguments, "-o", tmp_path / "plot.png") == 0
    points = {title: points.round(12).tolist() for title, _, points, _, _ in drawn}
    assert points == {"B–B": [[0.5, 3.0]], "B–A": [[0.3, 1.0], [0.4, 2.0]], "A–A": [[0.6, 4.0]]}


@pytest.mark.parametrize(
    "function, limits",
    [
        (lambda r: r - r, (-0.05, 1.2)),  # zero everywhere
        (lambda r: np.where(r < 0.25, 0.25 - r, 0), (-0.05 * 0.105, 1.2 * 0.105)),  # zero nearly everywhere
        (lambda r: -1 / r**6, (-1.25 / 0.28**6, 1.2 / 0.28**6)),  # an attraction down to the shortest distance
        (lambda r: (0.3 / r) ** 12 - 2 * (0.3 / r) ** 6, (-1.25, 1.2)),  # a well
        (
            lambda r: (r - 0.5) ** 2 - 1e-4,
            (-1.2e-4 - 0.05 * 0.2499, 1.2 * 0.2499),
        ),  # a dip
        (lambda r: 1 - r, (-0.05 * 0.855, 1.2 * 0.855)),  # a repulsion: nearly the whole curve
    ],
)
def test_the_scale_shows_the_well_or_most_of_the_curve(function, limits):
    from learnedpair.fit.panels import draw_curve, panels_of

    r = np.linspace(0.1, 1.0, 9001)
    _, (panel,) = panels_of([("A", "A")])
    draw_curve(panel, r, function(r), (np.zeros(0), np.zeros(0)))
    assert_close(panel.get_ylim(), limits, rtol=1e-2)
    assert 0.09 < panel.get_xlim()[0] < panel.get_xlim()[1] <= 1.0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["none.pt", "-o", "p.png"], "none.pt: there is no such file."),
        (["m.pt", "-o", "p.xyz"], "p.xyz: the name ends in 'xyz'; expected one of "),
        (["m.pt", "-o", "p"], "p: the name ends in ''; expected one of "),
        (["m.pt", "-o", "m.pt"], "m.pt: the file is read, too, and would be lost"),
        (["m.pt", "-o", "p.png", "--data", "d.csv"], "--data needs --length-unit and --energy-unit, the units of the"),
        (["m.pt", "-o", "p.png", "--length-unit", "nm"], "--length-unit and --energy-unit are for --data; leave them"),
        (
            ["m.pt", "-o", "p.png", "--data", "d.csv", "--length-unit", "nm", "--energy-unit", "eV"],
            "d.csv: no pair of atoms has types of m.pt: the data have X, Y, and the model has A, B.",
        ),
        (["q.pt", "-o", "p.png"], "q.pt: the model has the features q; expected one with types"),
    ],
)
def test_wrong_plots_are_refused(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lp.export_model(models.Formula(), "m.pt", types=["A", "B"], cutoff=1.0, inner_cutoff=0.1)
    lp.export_model(
        lp.nn.FeaturePairNetwork(1, cutoff=0.6), "q.pt", features={"q": (-1, 1)}, cutoff=0.6, inner_cutoff=0.1
    )
    write(tmp_path / "d.csv", "type1,type2,distance,energy\nX,Y,0.3,1\n")
    assert run("plot", *arguments) == 1
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.stem == "p"]
