# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the commands of learnedpair, and the code blocks of the README."""

import json
import re
import subprocess
import sys
from pathlib import Path

import architectures
import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from documentation import python_code
from learnedpair.cli import main
from learnedpair.cli.rdf import RadialDistribution
from learnedpair.devices import fastest_platform, is_cpu_device
from learnedpair.models.metadata.metadata import FILE_NAME
from learnedpair.models.metadata.validation import make_metadata
from openmm import XmlSerializer, app
from scripts import run_script

ROOT = Path(__file__).parents[1]
OUTPUTS = {"start.pdb", "system.xml", "trajectory.dcd", "log.csv", "rdf.csv", "rdf.png"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A short demo of a small box, in another process."""
    folder = tmp_path_factory.mktemp("demo")
    command = [
        sys.executable,
        "-m",
        "learnedpair",
        "demo",
        "--platform",
        "CPU",
        "--steps",
        "80",
        "--waters",
        "450",
        "--output",
        "out",
    ]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder, result


@pytest.mark.slow
def test_demo_writes_its_output_files(demo):
    folder, result = demo
    out = folder / "out"
    assert {path.name for path in out.iterdir()} == OUTPUTS
    for text in (
        "Platform: CPU",
        "1350 of 1350 particles covered (O 450, H 900)",
        "a correction of TIP3P water to dimers (wB97X-D3(BJ)) and to the liquid",
        "LearnedPairForce",
        "NonbondedForce",
        "ns/day without the correction",
    ):
        assert text in result.stdout, result.stdout
    assert "80 steps, ns/day" in result.stderr
    rdf = np.loadtxt(out / "rdf.csv", delimiter=",", skiprows=1)
    for g in rdf[:, 1:].T:
        assert 1.5 < g.max() < 5 and 0.25 < rdf[g.argmax(), 0] < 0.32, "the first peak must be that of liquid water"
        assert abs(g[-40:].mean() - 1) < 0.1
    assert len((out / "log.csv").read_text(encoding="utf-8").splitlines()) == 41
    assert (out / "rdf.png").read_bytes()[:4] == b"\x89PNG"
    topology = app.PDBFile(str(out / "start.pdb")).topology
    assert int.from_bytes((out / "trajectory.dcd").read_bytes()[268:272], "little") == topology.getNumAtoms()


@pytest.mark.slow
def test_demo_runs_from_its_stored_system_without_torch(demo):
    folder, _ = demo
    code = "import sys; sys.modules['torch'] = None; from learnedpair.cli import main; sys.exit(main())"
    arguments = [
        "demo",
        "--system",
        "out/system.xml",
        "--pdb",
        "out/start.pdb",
        "--platform",
        "CPU",
        "--steps",
        "40",
        "--output",
        "again",
    ]
    result = subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (folder / "again").iterdir()} == OUTPUTS


@pytest.mark.slow
def test_demo_does_not_overwrite_files_by_default(demo, capsys, monkeypatch):
    folder, _ = demo
    monkeypatch.chdir(folder)
    assert main(["demo", "--platform", "CPU", "--output", "out"]) == 1
    assert (
        "out: there are files in the folder; name another one by --output, or give --overwrite"
        in capsys.readouterr().err
    )


@pytest.mark.slow
def test_demo_accepts_a_structure_and_a_model(tmp_path, capsys):
    topology, positions = systems.relaxed_water(400)
    with open(tmp_path / "box.cif", "w", encoding="utf-8") as file:
        app.PDBxFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    lp.export_model(models.network(), tmp_path / "own.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    arguments = [
        "--pdb",
        str(tmp_path / "box.cif"),
        "--model",
        str(tmp_path / "own.pt"),
        "--platform",
        "CPU",
        "--steps",
        "40",
        "--output",
        str(tmp_path / "out"),
    ]
    assert main(["demo", *arguments]) == 0
    assert "1200 particles" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUTS


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["demo", "--steps", "3"], "--steps is 3; expected at least 40"),
        (["demo", "--waters", "10"], "--waters is 10; expected at least 400"),
        (["demo", "--system", __file__], "--system needs --pdb"),
        (["demo", "--system", "x.xml", "--pdb", __file__], "x.xml: there is no such file"),
        (
            ["demo", "--system", __file__, "--pdb", __file__, "--model", __file__],
            "a stored System has its correction inside; leave one of them out",
        ),
        (["bench", "--forcefield", "amber14-all.xml"], "--forcefield is for a System that is made from --pdb"),
        (
            ["demo", "--forcefield", "x.xml", "--pdb", __file__, "--system", __file__],
            "--forcefield is for a System that is made from --pdb; leave it out",
        ),
        (["bench", "--waters", "500", "--pdb", __file__], "--waters and --pdb were given"),
        (["bench", "--json", "nowhere/bench.json"], "nowhere/bench.json: there is no such folder to write to"),
        (["demo", "--pdb", "nowhere.pdb"], "nowhere.pdb: there is no such file"),
        (["demo", "--platform", "Abacus"], "There is no platform 'Abacus' here, only Reference, "),
        (["inspect", "nowhere.pt"], "nowhere.pt: there is no such file"),
        (["inspect", "nowhere.pt", "--tolerance", "0"], "the tolerance is 0.0; expected a positive number"),
        (["apply", __file__, "t.pdb", "m.pt", "out.xml"], "test_cli.py: this is not the XML of a System"),
    ],
)
@pytest.mark.parametrize("demo_has_run", [False, True])
def test_message_about_wrong_arguments_is_one_sentence(arguments, message, demo_has_run, capsys, tmp_path, monkeypatch):
    """With and without files of an earlier demo in the current folder."""
    monkeypatch.chdir(tmp_path)
    if demo_has_run:
        (tmp_path / "demo_output").mkdir()
        (tmp_path / "demo_output" / "system.xml").write_text("", encoding="utf-8")
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


def test_inspect_shows_the_model(tmp_path, capsys):
    lp.export_model(
        models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17, description="random"
    )
    assert main(["inspect", str(tmp_path / "m.pt"), "--tolerance", "1e-3"]) == 0
    text = capsys.readouterr().out
    for part in (
        "types:       O (HOH:O); H (HOH:H1, HOH:H2)",
        "0.17 to 0.6 nm",
        "3 curves",
        "description: random",
        "At the inner cutoff, 0.17 nm",
        "O-H ",
    ):
        assert part in text
    for part in (
        r"program: +543 weights, \d+ multiply-adds per pair\n",
        r"\nv\d+\[12\] = exp v\d+ +# radial\n",
        r"\[16\] = lookup v\d+ v\d+ \{16\} +# pair of types\n",
        r"\noutput v\d+\nper pair, energy and force: \d+ multiply-adds",
        r"\nper pair of types, when it changes: 0 multiply-adds",
    ):
        assert re.search(part, text), part
    assert main(["inspect", str(tmp_path / "m.pt"), "--no-program"]) == 0
    text = capsys.readouterr().out
    assert "3 curves" in text and "O-H " in text and "program" not in text and "per pair, energy" not in text


def inspect(capsys, *arguments, status=0):
    """The output of `learnedpair inspect` on both streams."""
    assert main(["inspect", *map(str, arguments)]) == status
    return capsys.readouterr()


@pytest.mark.slow
def test_bench_times_with_and_without_the_correction(tmp_path, capsys, demo):
    folder, _ = demo
    stored = ["--system", str(folder / "out" / "system.xml"), "--pdb", str(folder / "out" / "start.pdb")]
    arguments = [
        "bench",
        *stored,
        "--platform",
        "CPU",
        "--steps",
        "3",
        "--repeats",
        "4",
        "--json",
        str(tmp_path / "bench.json"),
    ]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    for part in (
        "Platform: CPU (",
        "1350 particles",
        "evaluated by: CPU, SIMD loop",
        "ms/step",
        "median and range of the ratios of 4 pairs of neighboring blocks of 3 steps (not the quotient of the medians",
        "creating the Context",
    ):
        assert part in text, text
    report = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    ratios = [
        with_ / without for with_, without in zip(report["blocks_s_with"], report["blocks_s_without"], strict=True)
    ]
    assert (
        len(ratios) == 4 and report["ratio"] == pytest.approx(np.median(ratios)) and report["ratio_min"] == min(ratios)
    )
    assert report["ns_per_day_with"] == pytest.approx(86400 * 2e-6 / (1e-3 * report["ms_per_step_with"]))
    assert main(["bench", *stored, "--repeats", "0"]) == 1
    assert "--repeats is 0; expected a positive number." in capsys.readouterr().err


def export(folder, name, **metadata):
    """The path of an exported model of an architecture."""
    architecture = architectures.by_name(name)
    lp.export_model(architecture.module(), folder / f"{name}.pt", **{**architecture.metadata, **metadata})
    return folder / f"{name}.pt"


def test_inspect_shows_a_model_with_features(tmp_path, capsys):
    path = export(tmp_path, "charge_penetration")
    text = inspect(capsys, path).out
    assert "table: " not in text and "features:    q (-1 to 1); alpha (8 to 20)" in text
    assert re.search(r"= erfc v\d+ +# pair\n", text) and re.search(r"\nv\d+\[2\] = particle1 +# particle\n", text)
    assert re.search(
        r"per particle, when it changes: 0 multiply-adds, ([1-9]\d*) other operations, \1 together\n", text
    )
    assert "At the inner cutoff, 0.15 nm, below which each function goes on as a straight line:" in text
    model = lp.load_model(path)
    rows = {"low": [-1.0, 8.0], "middle": [0.0, 14.0], "high": [1.0, 20.0]}
    found = re.findall(r"  (\w+)-(\w+) +(\S+) kJ/mol, dE/dr +(\S+) kJ/mol/nm(, ATTRACTIVE)?", text)
    assert [line[:2] for line in found] == [
        ("low", "low"),
        ("low", "middle"),
        ("low", "high"),
        ("middle", "middle"),
        ("middle", "high"),
        ("high", "high"),
    ]
    for first, second, energy, slope, attractive in found:
        expected = [values[0] for values in model.evaluate([0.15], [rows[first]], [rows[second]])]
        assert (energy, slope) == tuple(f"{value + 0.0:.4g}" for value in expected)
        assert bool(attractive) == (expected[1] * 0.15 > 1)


@pytest.mark.slow
def test_inspect_shows_the_table_of_the_radial_part(tmp_path, capsys):
    path = export(tmp_path, "feature_network")
    text = inspect(capsys, path, "--tabulate-radial").out
    assert re.search(r"multiply-adds per pair, radial part in a table of \d+ knots\n", text) and re.search(
        r"= table v0 v1 \{\d+\} +# radial\n", text
    )
    few, many = (
        int(
            re.search(
                r"table of (\d+) knots", inspect(capsys, path, "--tabulate-radial", "--tolerance", tolerance).out
            )[1]
        )
        for tolerance in (1e-3, 1e-5)
    )
    assert many > 2 * few
    text = inspect(capsys, path).out
    assert "knots" not in text and " = table " not in text and re.search(r"\[12\] = exp ", text)


def test_inspect_does_not_evaluate_a_model_with_features_without_ranges(tmp_path, capsys):
    text = inspect(capsys, export(tmp_path, "charge_penetration", features={"q": None, "alpha": (8.0, 20.0)})).out
    assert text.endswith(
        "The model was not evaluated: it does not say which range q may have. Give rows with --features.\n"
    )
    assert "its error" not in text and "At the inner cutoff" not in text and "erfc" in text


@pytest.mark.slow
def test_inspect_shows_a_model_with_global_parameters(tmp_path, capsys):
    path = tmp_path / "two_parameters.pt"
    lp.export_model(models.TwoParameters(), path, **architectures.by_name("two_parameters").metadata)
    text = inspect(capsys, path).out
    assert (
        "table: " not in text
        and "globals:     lam = 0.8 (0 to 1, assumed); temperature = 300 (150 to 600, assumed)" in text
    )
    assert re.search(r"\[2\] = globals +# global\n", text)
    assert "as a straight line, with lam = 0.8, temperature = 300:" in text and "  B-C " in text
    assert (
        "as a straight line, with lam = 0.5, temperature = 300:" in inspect(capsys, path, "--parameter", "lam=0.5").out
    )
    assert (
        "--parameter lam is 2, and two_parameters.pt was checked for values from 0 to 1"
        in inspect(capsys, path, "--parameter", "lam=2", status=1).err
    )
    assert "expected NAME=VALUE with a number" in inspect(capsys, path, "--parameter", "lam", status=1).err


def test_inspect_evaluates_given_features(tmp_path, capsys):
    path = export(tmp_path, "charge_penetration", features={"q": None, "alpha": (8.0, 20.0)})
    rows = tmp_path / "rows.csv"
    rows.write_text("0.4, 10\n-0.8, 12\n\n0.4, 10\n", encoding="utf-8")
    text = inspect(capsys, path, "--features", rows).out
    assert "The pairs are those of the 2 distinct rows of " in text
    energy, slope = lp.load_model(path).evaluate([0.15], [[-0.8, 12]], [[0.4, 10]])
    assert re.search(rf"  \(-0\.8, 12\)-\(0\.4, 10\) +{energy[0]:.4g} kJ/mol, dE/dr +{slope[0]:.4g} kJ/mol/nm", text)
    rows.write_text("0.4, 21\n", encoding="utf-8")
    assert (
        "the feature 'alpha' of particle 0 is 21; expected 8 to 20"
        in inspect(capsys, path, "--features", rows, status=1).err
    )


@pytest.mark.slow
def test_closed_pipe_is_not_an_error(tmp_path):
    path = export(tmp_path, "typed_tanh")
    command = f"'{sys.executable}' -m learnedpair inspect '{path}' | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("PairModel") and result.stderr == ""


def test_inspect_shows_a_part_of_a_long_program(tmp_path, capsys):
    path = export(tmp_path, "radial_filter")
    steps = re.compile(r"^v\d+\[.*\n", re.M)
    text, everything, nothing = (
        inspect(capsys, path, "--no-tabulate-radial", *arguments).out
        for arguments in ([], ["--program"], ["--no-program"])
    )
    total = len(steps.findall(everything))
    assert total > 60 and steps.findall(text) == steps.findall(everything)[:60] and not steps.findall(nothing)
    assert f"\n... and {total - 60} more steps; --program shows all of them\nper pair, energy and force: " in text
    assert "more steps" not in everything and f"\noutput v{total - 1}\n" in everything


def test_inspect_truncates_long_lines(tmp_path, capsys):
    path = export(tmp_path, "bilinear_gate")
    text, everything = (
        inspect(capsys, path, "--no-tabulate-radial", *arguments).out for arguments in ([], ["--program"])
    )
    cut = [line for line in text.splitlines() if " ...  # " in line]
    assert cut and all(
        re.fullmatch(r"v\d+\[\d+\] = \w+ .* \.\.\.  # [a-z ]+", line) and len(line) < 130 for line in cut
    )
    for line in cut:
        start, stage = line.split(" ...  # ")
        full = next(other for other in everything.splitlines() if other.startswith(start))
        assert len(full) > len(line) and full.endswith(f"  # {stage}")


class Kink(torch.nn.Module):
    def forward(self, r, type1, type2):
        return 10 * torch.abs(r - 0.3217) * (1 - r) ** 3 * (r < 1)


def test_inspect_says_why_a_model_has_no_program(tmp_path, capsys):
    lp.export_model(models.Deciding(), tmp_path / "deciding.pt", types=["A"], cutoff=1.0)
    text = inspect(capsys, tmp_path / "deciding.pt").out
    assert "  table:       1 curve," in text and "  A-A " in text
    assert re.search(r"\n  program:     none\. deciding\.pt: .*mixes pairs.*representation='table'\.\n", text)


def test_inspect_says_why_a_model_has_no_table(tmp_path, capsys):
    lp.export_model(Kink(), tmp_path / "kink.pt", types=["A"], cutoff=1.0)
    text = inspect(capsys, tmp_path / "kink.pt").out
    assert re.search(
        r"\n  table:       none\. kink\.pt: the table for types A and A does not reach the tolerance 0\.0001 .*\n", text
    )
    assert "curves" not in text and re.search(r"= abs v\d+ +# radial\n", text) and "  A-A " in text


def test_inspect_of_a_model_with_neither_table_nor_program_fails(tmp_path, capsys):
    metadata = make_metadata("", features={"q": (0, 1)}, cutoff=1.0).to_json()
    torch.jit.save(
        torch.jit.script(models.Deciding()), tmp_path / "deciding.pt", _extra_files={FILE_NAME: metadata}
    )  # export_model would refuse it
    printed = inspect(capsys, tmp_path / "deciding.pt", status=1)
    assert "features:    q (0 to 1)" in printed.out
    assert re.fullmatch(
        r"learnedpair inspect: deciding\.pt: .*mixes pairs.*There is no table for models with features\.\n", printed.err
    )


def test_descriptions_of_lowering_reports():
    from learnedpair.cli.inspect import describe

    table = models.water_model().create_force(["O", "H", "H"])
    assert describe(table.lowering_report).startswith("  table:       2 curves")
    program = models.water_model().create_force(
        ["O", "H", "H"], representation="program", evaluation="exact", tabulate_radial=True
    )
    assert re.match(
        r"  program:     \d+ weights, \d+ multiply-adds per pair, radial part in a table of \d+"
        r" knots\n  its error: ",
        describe(program.lowering_report),
    )
    by_hand = lp.LearnedPairForce(systems.table())
    assert describe(by_hand.lowering_report) == "  function:    made by hand, without a report"


def test_apply_writes_a_corrected_system(tmp_path, capsys):
    topology, positions = systems.relaxed_water(64)
    (tmp_path / "in.xml").write_text(XmlSerializer.serialize(systems.water_system(topology)), encoding="utf-8")
    with open(tmp_path / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    paths = [str(tmp_path / name) for name in ("in.xml", "t.pdb", "m.pt", "out.xml")]
    assert main(["apply", *paths, "--scale", "lam", "--force-group", "2"]) == 0
    system = XmlSerializer.deserialize((tmp_path / "out.xml").read_text(encoding="utf-8"))
    force = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
    assert (force.getScaleParameter(), force.getForceGroup(), force.getNumExclusions()) == ("lam", 2, 192)
    text = capsys.readouterr().out
    assert "192 of 192 particles covered (O 64, H 128), 192 pairs excluded" in text
    assert "evaluation: the function is a table" in text


def test_apply_accepts_pairs(tmp_path, capsys):
    """--between, --exclusions and --scale-14 are the arguments of add_correction()."""
    system, topology, positions, apart = systems.five_atom_chains(4, 3.0)
    for atom in topology.atoms():
        atom.name += str(atom.index % 5)  # PDB files need different names
    (tmp_path / "in.xml").write_text(XmlSerializer.serialize(system), encoding="utf-8")
    with open(tmp_path / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    lp.export_model(
        models.Formula(),
        tmp_path / "m.pt",
        types={"C": [f"UNK:C{k}" for k in range(4)], "H": "UNK:H4"},
        cutoff=1.0,
        inner_cutoff=0.1,
    )
    paths = [str(tmp_path / name) for name in ("in.xml", "t.pdb", "m.pt", "out.xml")]

    def apply(*arguments):
        assert main(["apply", *paths, *arguments]) == 0
        system = XmlSerializer.deserialize((tmp_path / "out.xml").read_text(encoding="utf-8"))
        force = XmlSerializer.clone(lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1)))
        return lp.LearnedPairForce.cast(force), capsys.readouterr().out

    force, text = apply("--exclusions", "2", "--between", "UNK:*", "UNK:H4", "--between", "UNK:C1", "UNK:C2")
    assert {force.getExclusionParticles(i) for i in range(force.getNumExclusions())} == {*apart[1], *apart[2]}
    groups = [force.getInteractionGroupParameters(k) for k in range(force.getNumInteractionGroups())]
    first, second, last = (set(range(k, 20, 5)) for k in (1, 2, 4))
    assert groups == [(set(range(20)), last), (first, second)]
    assert "28 pairs excluded, 2 interaction groups\n" in text
    force, text = apply("--scale-14", "0.25")
    exceptions = [force.getExceptionParameters(i) for i in range(force.getNumExceptions())]
    assert sorted(exceptions) == [(*pair, 0.25) for pair in sorted(apart[3])]
    assert "28 pairs excluded, 8 pairs scaled\n" in text
    assert main(["apply", *paths, "--exclusions", "bonds"]) == 1
    assert "exclusions is 'bonds'" in capsys.readouterr().err


@pytest.mark.filterwarnings("always")
def test_apply_accepts_rules_for_types(tmp_path, capsys):
    topology, positions = systems.relaxed_water(64)
    (tmp_path / "in.xml").write_text(XmlSerializer.serialize(systems.water_system(topology)), encoding="utf-8")
    with open(tmp_path / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    lp.export_model(
        models.network(3),
        tmp_path / "m.pt",
        types={"O": "WAT:O", "H": None, "Na": "NA:NA"},
        cutoff=0.6,
        inner_cutoff=0.17,
    )
    paths = [str(tmp_path / name) for name in ("in.xml", "t.pdb", "m.pt", "out.xml")]

    def covered(*arguments):
        assert main(["apply", *paths, *arguments]) == 0
        system = XmlSerializer.deserialize((tmp_path / "out.xml").read_text(encoding="utf-8"))
        return (
            lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1)).getParticleTypes()[:3].tolist(),
            capsys.readouterr().err,
        )

    assert covered("--type", "O=HOH:O", "--type", "H=HOH:H1", "--type", "H=HOH:H2", "--type", "Na=") == ([0, 1, 1], "")
    assert covered(
        "--type", "O=O", "--type", "H=", "--type", "Na=", "--leave-out", "HOH:H1", "--leave-out", "HOH:H2"
    ) == ([0, -1, -1], "")
    types, error = covered("--type", "O=O", "--type", "H=HOH:H1", "--type", "Na=")
    assert (
        types == [0, 1, -1]
        and "warning: add_correction: the rules cover residues in part:"
        " HOH (64 residues) has a type for O, H1 and none for H2."
        in error
    )
    for arguments, message in (
        (["--type", "O"], "--type is 'O'; expected NAME=RULE"),
        ([], "does not say which atoms have the type 'H'"),
        (
            ["--type", "O=HOH:O", "--type", "H=H"],
            (
                "The rule of the type 'Na' in m.pt, 'NA:NA', selects no atom; the topology has HOH:O (64 atoms), HOH:H1"
                " (64 atoms), HOH:H2 (64 atoms). Correct the rule, or say that there are no such atoms by types={'Na':"
                " None}. (On the command line: types={'NAME': rule} is --type NAME=RULE, and --type NAME= for None.)"
            ),
        ),
    ):
        assert main(["apply", *paths, *arguments]) == 1
        assert message in capsys.readouterr().err


@pytest.fixture(scope="module")
def featured(tmp_path_factory):
    """A folder with a System of two waters, its structure and a model with features."""
    folder = tmp_path_factory.mktemp("featured")
    topology, positions = systems.relaxed_water(64)
    modeller = app.Modeller(topology, positions * openmm.unit.nanometer)
    modeller.delete(list(modeller.topology.residues())[2:])
    modeller.topology.setPeriodicBoxVectors(None)
    system = app.ForceField("amber14/tip3p.xml").createSystem(modeller.topology)
    (folder / "in.xml").write_text(XmlSerializer.serialize(system), encoding="utf-8")
    with open(folder / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, file)
    export(folder, "charge_penetration").rename(folder / "m.pt")
    return folder


def apply_features(folder, name, *arguments):
    return main(
        [
            "apply",
            *(str(folder / file) for file in ("in.xml", "t.pdb", "m.pt", "out.xml")),
            "--features",
            str(folder / name),
            *arguments,
        ]
    )


ROWS = [[-0.8, 9.0], [0.4, 15.5], [0.4, 16.0], [-0.8, 9.0], None, [0.4, 16.0]]
FILES = {
    "commas.csv": "-0.8,9.0\n0.4,15.5\n0.4,16\n-0.8,9\n,\n0.4,16\n",
    "blanks.txt": "# charge alpha\n-0.8 9\n0.4\t15.5\n  0.4   1.6e1 \n  # the second one\n-0.8 9\nnan nan\n0.4 16\n",
    "empty.dat": "\ufeff-0.8, 9\r\n0.4, 15.5\r\n0.4, 16\r\n-0.8, 9\r\n\r\n0.4, 16\r\n\r\n\r\n",
    "one_nan.txt": "-0.8 9\n0.4 15.5\n0.4 16\n-0.8 9\nNaN\n0.4 16",
}


@pytest.mark.parametrize("name", [*FILES, "array.npy"])
def test_apply_reads_features(featured, name, capsys):
    if name == "array.npy":
        np.save(
            featured / name,
            np.array(
                [[np.nan] * 2 if row is None else row for row in ROWS],
                dtype=np.float32 if sys.byteorder == "little" else float,
            ),
        )
    else:
        (featured / name).write_bytes(FILES[name].encode())
    assert apply_features(featured, name) == 0
    system = XmlSerializer.deserialize((featured / "out.xml").read_text(encoding="utf-8"))
    force = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
    expected = np.array([[np.nan] * 2 if row is None else row for row in ROWS])
    assert np.allclose(force.getAllParticleFeatures(), expected, rtol=1e-7, atol=0, equal_nan=True)
    assert force.getNonbondedMethod() == force.CutoffNonPeriodic
    text = capsys.readouterr().out
    assert "5 of 6 particles covered, 6 pairs excluded" in text and "  program: " in text
    assert (
        "evaluation: with tables for 3 distinct feature vectors, up to 5 curves, in single and mixed precision" in text
    )


@pytest.mark.slow
def test_apply_accepts_representation_and_tabulate_radial(featured, tmp_path, capsys):
    (featured / "f.txt").write_text("0.5 " * 8 + "\n" + ("0.1 " * 8 + "\n") * 5, encoding="utf-8")
    path = export(tmp_path, "feature_network")
    files = [
        str(featured / "in.xml"),
        str(featured / "t.pdb"),
        str(path),
        str(tmp_path / "out.xml"),
        "--features",
        str(featured / "f.txt"),
    ]
    for arguments, has_table in (
        ([], False),
        (["--evaluation", "exact"], True),
        (["--evaluation", "exact", "--no-tabulate-radial"], False),
        (["--representation", "program"], False),
        (["--representation", "program", "--tabulate-radial"], True),
    ):
        assert main(["apply", *files, *arguments]) == 0
        assert ("in a table of" in capsys.readouterr().out) == has_table
    assert main(["apply", *files, "--representation", "table"]) == 1
    assert "the model has features, and a table is for types; use representation='program'" in capsys.readouterr().err
    lp.export_model(models.network(), tmp_path / "typed.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    files[2] = str(tmp_path / "typed.pt")
    assert main(["apply", *files[:4]]) == 0 and "  table: " in capsys.readouterr().out
    assert main(["apply", *files[:4], "--representation", "program"]) == 0 and "  program: " in capsys.readouterr().out
    assert main(["apply", *files]) == 1
    assert "features were given, but typed.pt takes types (O, H); leave them out" in capsys.readouterr().err


NAN_ROW = "nan nan\n"


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("nowhere.csv", None, "nowhere.csv: there is no such file."),
        (
            "short.csv",
            "0.4 16\n" * 5,
            (
                "short.csv: there are 5 feature vectors, but the System has 6 particles; expected one for each, with"
                " nan for particles that are not covered."
            ),
        ),
        (
            "long.csv",
            "0.4 16\n" * 6 + NAN_ROW,
            "long.csv: there are 7 feature vectors, but the System has 6 particles",
        ),
        (
            "header.csv",
            "q,alpha\n" + "0.4,16\n" * 6,
            (
                "header.csv: line 1 is 'q,alpha'; expected numbers between commas or blanks, and nan or an empty line"
                " for a particle that is not covered."
            ),
        ),
        ("hole.csv", "0.4,16\n0.4,\n" + "0.4,16\n" * 4, "hole.csv: line 2 is '0.4,'; expected numbers"),
        (
            "partly.csv",
            "# comment\n0.4 16\n0.4 nan\n" + "0.4 16\n" * 4,
            "partly.csv: in line 3 some features are nan and others are not",
        ),
        ("binary.csv", b"\xff\xfe\x00\x81", "binary.csv: this is not a text"),
        ("text.npy", "0.4 16\n", "text.npy: this is not a NumPy array"),
        ("flat.npy", np.ones(6), "m.pt: particle 0 is array([1.]); expected 2 features (q, alpha), or None."),
        (
            "words.npy",
            np.full((6, 2), "a"),
            "words.npy: the file holds an array of <U1 with shape (6, 2); expected numbers",
        ),
        (
            "partly.npy",
            np.array([[0.4, 16.0]] * 5 + [[0.4, np.nan]]),
            "partly.npy: in row 5 some features are nan and others are not",
        ),
        (
            "wide.csv",
            "0.4 16 3\n" * 6,
            "m.pt: particle 0 is [0.4, 16.0, 3.0]; expected 2 features (q, alpha), or None.",
        ),
        ("far.csv", "0.4 16\n" * 5 + "0.4 21\n", "m.pt: the feature 'alpha' of particle 5 is 21; expected 8 to 20"),
        ("nothing.csv", NAN_ROW * 6, "the correction of m.pt would do nothing: no particle is covered"),
    ],
)
def test_apply_refuses_wrong_files_of_features(featured, name, content, message, capsys):
    if isinstance(content, np.ndarray):
        np.save(featured / name, content)
    elif content is not None:
        (featured / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert apply_features(featured, name) == 1
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


def test_apply_of_a_model_with_features_needs_them(featured, capsys):
    assert main(["apply", *(str(featured / file) for file in ("in.xml", "t.pdb", "m.pt", "out.xml"))]) == 1
    assert (
        "m.pt: the model has the features q, alpha of each particle; give a file with them by --features."
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["in.xml", "t.pdb", "m.pt"])
def test_apply_does_not_overwrite_its_input(featured, name, capsys):
    before = (featured / name).read_bytes()
    files = [str(featured / file) for file in ("in.xml", "t.pdb", "m.pt")]
    assert main(["apply", *files, str(featured / "." / name)]) == 1
    assert f"{name}: the file is read, too, and would be lost" in capsys.readouterr().err
    assert (featured / name).read_bytes() == before


def test_bench_names_the_command_for_a_model_with_features(featured, capsys):
    assert main(["bench", "--pdb", str(featured / "t.pdb"), "--model", str(featured / "m.pt")]) == 1
    assert "write a System with learnedpair apply --features" in capsys.readouterr().err


def test_cpu_devices_are_recognized():
    for name in (
        "pthread-skylake-avx512-Intel(R) Xeon(R) Processor",
        "cpu-haswell",
        "AMD EPYC 7763 64-Core Processor",
        "Intel(R) Core(TM) i7 CPU @ 2.6GHz",
        "CUDA emulator",
        "CUDA dry run",
        "HIP dry run",
    ):
        assert is_cpu_device(name)
    for name in (
        "NVIDIA H200",
        "Tesla V100-SXM2-16GB",
        "Apple M1 Pro",
        "gfx90a:sramecc+:xnack-",
        "Intel(R) Arc(TM) A770 Graphics",
        "AMD Radeon RX 7900 XTX",
    ):
        assert not is_cpu_device(name)
    assert fastest_platform().getName() in [
        openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())
    ]


def test_radial_distribution_of_an_ideal_gas_is_one():
    random = np.random.default_rng(0)
    box = np.array([[2.5, 0, 0], [0.5, 2.5, 0], [-0.3, 0.4, 2.5]])
    distribution = RadialDistribution(range(0, 800, 2), longest=1.1, bins=11)
    for _ in range(20):
        distribution.add(random.random((800, 3)) @ box, box)
    assert np.abs(distribution.values[2:] - 1).max() < 0.05


def test_the_tables_of_the_documentation_show_the_stored_results():
    script = ROOT / "benchmarks" / "readme_table.py"
    result = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_the_code_of_the_documentation_runs(tmp_path):
    (readme,) = python_code("README.md")
    liquid, model, script = python_code("docs/user/quick-start.md")
    (features,) = python_code("docs/user/features.md")
    topology, positions = systems.relaxed_water(400)
    with open(tmp_path / "solvated.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    assert "export_model" in model and "solvated.pdb" in script and "features=features" in features
    for name, code in (
        ("readme.py", readme),
        ("liquid.py", liquid),
        ("model.py", model),
        ("script.py", script),
        ("features.py", features),
    ):  # the script needs the model's file
        (tmp_path / name).write_text(code, encoding="utf-8")
        output = run_script(tmp_path / name, tmp_path)
    energy, derivative = re.fullmatch(r"(\S+) kJ/mol (\S+)\n", output).groups()
    assert np.isfinite(float(energy)) and abs(float(derivative)) > 1
