# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The command line: the demo from its input to its figure, and again from its saved System without PyTorch."""

import json
import subprocess
import sys

import numpy as np
import openmm
import pytest
from openmm import XmlSerializer, app

import learnedpair as lp
import models
import systems
from learnedpair.cli import main
from learnedpair.cli.rdf import RadialDistribution
from learnedpair.devices import fastest_platform, is_pretender

OUTPUTS = {"start.pdb", "system.xml", "trajectory.dcd", "log.csv", "rdf.csv", "rdf.png"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A short demo of a small box, in a process of its own."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "learnedpair", "demo", "--platform", "CPU", "--steps", "80", "--waters", "450", "--output", "out"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder, result


def test_demo_writes_what_it_says(demo):
    folder, result = demo
    out = folder / "out"
    assert {path.name for path in out.iterdir()} == OUTPUTS
    for text in ("Platform: CPU", "1350 particles, 1350 of them covered", "GFN2-xTB minus TIP3P", "LearnedPairForce", "NonbondedForce", "ns/day without the correction"):
        assert text in result.stdout, result.stdout
    assert "80 steps, ns/day" in result.stderr
    rdf = np.loadtxt(out / "rdf.csv", delimiter=",", skiprows=1)
    for g in rdf[:, 1:].T:
        assert 1.5 < g.max() < 5 and 0.25 < rdf[g.argmax(), 0] < 0.32, "there is a first shell of neighbors"
        assert abs(g[-40:].mean() - 1) < 0.1
    assert len((out / "log.csv").read_text().splitlines()) == 41
    assert (out / "rdf.png").read_bytes()[:4] == b"\x89PNG"
    topology = app.PDBFile(str(out / "start.pdb")).topology
    assert int.from_bytes((out / "trajectory.dcd").read_bytes()[268:272], "little") == topology.getNumAtoms()


def test_demo_runs_again_from_its_system_without_torch(demo):
    folder, _ = demo
    code = "import sys; sys.modules['torch'] = None; from learnedpair.cli import main; sys.exit(main())"
    arguments = ["demo", "--system", "out/system.xml", "--pdb", "out/start.pdb", "--platform", "CPU", "--steps", "40", "--output", "again"]
    result = subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (folder / "again").iterdir()} == OUTPUTS


def test_demo_does_not_overwrite_unasked(demo, capsys, monkeypatch):
    folder, _ = demo
    monkeypatch.chdir(folder)
    assert main(["demo", "--platform", "CPU", "--output", "out"]) == 1
    assert "out: there are files in the folder; name another one by --output, or say --overwrite" in capsys.readouterr().err


def test_demo_on_a_structure_and_model_of_the_users(tmp_path, capsys):
    topology, positions = systems.relaxed_water(400)
    with open(tmp_path / "box.cif", "w") as file:
        app.PDBxFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    lp.export_model(models.network(), tmp_path / "own.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    arguments = ["--pdb", str(tmp_path / "box.cif"), "--model", str(tmp_path / "own.pt"), "--platform", "CPU", "--steps", "40", "--output", str(tmp_path / "out")]
    assert main(["demo", *arguments]) == 0
    assert "1200 particles" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUTS


@pytest.mark.parametrize("arguments, message", [
    (["demo", "--steps", "3"], "--steps is 3; expected at least 40"),
    (["demo", "--waters", "10"], "--waters is 10; expected at least 400"),
    (["demo", "--system", "x.xml"], "--system needs --pdb"),
    (["demo", "--pdb", "nowhere.pdb"], "nowhere.pdb: there is no such file"),
    (["demo", "--platform", "Abacus"], 'There is no registered Platform called "Abacus"'),
    (["inspect", "nowhere.pt"], "nowhere.pt: there is no such file"),
    (["apply", __file__, "t.pdb", "m.pt", "out.xml"], "test_cli.py: this is not the XML of a System"),
])
def test_wrong_arguments_are_one_sentence(arguments, message, capsys):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


def test_inspect_shows_the_model(tmp_path, capsys):
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17, description="random")
    assert main(["inspect", str(tmp_path / "m.pt"), "--tolerance", "1e-3"]) == 0
    text = capsys.readouterr().out
    for part in ("types:       O (HOH:O); H (HOH:H1, HOH:H2)", "0.17 to 0.6 nm", "3 curves", "description: random", "At the inner cutoff, 0.17 nm", "O-H "):
        assert part in text


def test_apply_writes_a_corrected_system(tmp_path, capsys):
    topology, positions = systems.relaxed_water(64)
    (tmp_path / "in.xml").write_text(XmlSerializer.serialize(systems.water_system(topology)))
    with open(tmp_path / "t.pdb", "w") as file:
        app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    lp.export_model(models.network(), tmp_path / "m.pt", types=models.RULES, cutoff=0.6, inner_cutoff=0.17)
    paths = [str(tmp_path / name) for name in ("in.xml", "t.pdb", "m.pt", "out.xml")]
    assert main(["apply", *paths, "--scale", "lam", "--force-group", "2"]) == 0
    system = XmlSerializer.deserialize((tmp_path / "out.xml").read_text())
    force = lp.LearnedPairForce.cast(system.getForce(system.getNumForces() - 1))
    assert (force.getScaleParameter(), force.getForceGroup(), force.getNumExclusions()) == ("lam", 2, 192)
    assert "192 of 192 particles are covered, 192 pairs excluded" in capsys.readouterr().out


def test_the_model_in_the_package_is_the_one_its_report_describes():
    from pathlib import Path

    from learnedpair.data import WATER_GFN2

    model = lp.load_model(WATER_GFN2)
    report = json.loads((Path(__file__).parents[1] / "examples" / "water_gfn2" / "training_report.json").read_text())
    assert (model.types, model.cutoff, model.inner_cutoff) == (["O", "H"], report["cutoff_nm"], report["inner_cutoff_nm"])
    assert f"{report['held_out_rmse']['liquid']['corrected']['energy_kJ_per_mol']:.2f} kJ/mol" in model.description
    columns = np.loadtxt(Path(__file__).parents[1] / "examples" / "water_gfn2" / "pair_functions.txt")
    inside = columns[:, 0] >= model.inner_cutoff
    for k, (a, b) in enumerate(((0, 0), (0, 1), (1, 1))):
        energy, _ = model.evaluate(columns[inside, 0], np.full(inside.sum(), a), np.full(inside.sum(), b))
        assert np.abs(energy - columns[inside, k + 1]).max() < 2e-6


def test_devices_that_are_processors_are_recognized():
    for name in ("pthread-skylake-avx512-Intel(R) Xeon(R) Processor", "cpu-haswell", "AMD EPYC 7763 64-Core Processor", "Intel(R) Core(TM) i7 CPU @ 2.6GHz", "CUDA emulator", "CUDA dry run"):
        assert is_pretender(name)
    for name in ("NVIDIA H200", "Tesla V100-SXM2-16GB", "Apple M1 Pro", "gfx90a:sramecc+:xnack-", "Intel(R) Arc(TM) A770 Graphics", "AMD Radeon RX 7900 XTX"):
        assert not is_pretender(name)
    assert fastest_platform().getName() in [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]


def test_radial_distribution_of_an_ideal_gas_is_one():
    random = np.random.default_rng(0)
    box = np.array([[2.5, 0, 0], [0.5, 2.5, 0], [-0.3, 0.4, 2.5]])
    distribution = RadialDistribution(range(0, 800, 2), longest=1.1, bins=11)
    for _ in range(20):
        distribution.add(random.random((800, 3)) @ box, box)
    assert np.abs(distribution.values[2:] - 1).max() < 0.05


def test_the_readmes_table_shows_the_stored_results():
    from pathlib import Path

    script = Path(__file__).parents[1] / "benchmarks" / "readme_table.py"
    result = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
