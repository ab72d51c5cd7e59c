# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of compiled models: files with which Systems are corrected without PyTorch."""

import dataclasses
import pickle
import subprocess
import sys
import tempfile

import environment_models
import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import REFERENCE
from learnedpair.cli import main
from learnedpair.data import WATER, WATER_COMPILED
from numpy.testing import assert_allclose
from openmm import XmlSerializer

#: Runs in a process without PyTorch: corrects a System and writes it.
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import learnedpair as lp
import openmm
from openmm import app
from learnedpair.data import WATER_COMPILED
pdb = app.PDBFile(sys.argv[1])
system = openmm.XmlSerializer.deserialize(open(sys.argv[2]).read())
force = lp.add_correction(system, pdb.topology, WATER_COMPILED, scale="lambda_water")
open(sys.argv[3], "w").write(openmm.XmlSerializer.serialize(system))
"""


def energy_and_forces(system, positions, **parameters):
    context = REFERENCE.context(system, positions)
    for name, value in parameters.items():
        context.setParameter(name, value)
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def corrected(model, molecules=150, **options):
    topology, positions, _ = systems.water(molecules)
    system = systems.water_system(topology, cutoff=0.7)
    force = lp.add_correction(system, topology, model, **options)
    return system, positions, force


def require_equal(first, second):
    (energy, forces), (expected_energy, expected_forces) = (
        energy_and_forces(system, positions) for system, positions, _ in (first, second)
    )
    assert energy == expected_energy
    assert np.array_equal(forces, expected_forces)


def test_a_compiled_model_makes_the_force_of_its_model(tmp_path):
    with models.few_samples():
        model = models.water_model(switching_distance=0.5, global_parameters=None)
    compiled = model.save_compiled(tmp_path / "delta.xml", tolerance=1e-3)
    assert (compiled.types, compiled.type_rules, compiled.digest) == (model.types, model.type_rules, model.digest)
    assert (compiled.cutoff, compiled.inner_cutoff, compiled.global_parameters) == (0.6, 0.17, {})
    first, second = corrected(tmp_path / "delta.xml"), corrected(model, tolerance=1e-3)
    require_equal(first, second)
    own, expected = first[2].lowering_report, second[2].lowering_report
    assert own == expected


def test_the_shipped_file_is_that_of_the_shipped_model(tmp_path):
    """The digest is that of the model file, and the curves are those that the current code makes."""
    compiled = lp.load_model(WATER).save_compiled(tmp_path / "water.xml")
    shipped = lp.load_compiled(WATER_COMPILED)
    assert shipped.digest == compiled.digest and shipped.description == compiled.description
    own, expected = (each.create_force(["O", "O", "H", "H"]).getFunction() for each in (shipped, compiled))
    assert own.curve_indices == expected.curve_indices == [0, 1, 1, 2]
    for name in ("energies", "slopes"):
        for values, expected_values in zip(getattr(own, name), getattr(expected, name), strict=True):
            # PyTorch's functions differ between processors
            assert_allclose(values, expected_values, rtol=1e-9, atol=1e-9)


def test_it_needs_no_pytorch(tmp_path):
    topology, positions, _ = systems.water(150)
    with open(tmp_path / "water.pdb", "w", encoding="utf-8") as file:
        openmm.app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    plain = systems.water_system(topology, cutoff=0.7)
    (tmp_path / "system.xml").write_text(XmlSerializer.serialize(plain), encoding="utf-8")
    arguments = [tmp_path / name for name in ("water.pdb", "system.xml", "corrected.xml")]
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *arguments], check=True)
    system = XmlSerializer.deserialize((tmp_path / "corrected.xml").read_text(encoding="utf-8"))
    expected = corrected(WATER_COMPILED, scale="lambda_water")
    require_equal((system, positions, None), expected)
    with_half, _ = energy_and_forces(system, positions, lambda_water=0.5)
    without, _ = energy_and_forces(plain, positions)
    whole, _ = energy_and_forces(system, positions)
    assert_allclose(with_half, 0.5 * (without + whole), rtol=1e-12)


def test_programs_keep_their_parameters_and_their_evaluation(tmp_path):
    model = lp.load_model(
        models.TwoParameters(),
        types=["A", "B", "C"],
        cutoff=0.7,
        inner_cutoff=0.1,
        global_parameters={"lam": (0.5, 0.0, 1.0), "temperature": (300.0, 200.0, 400.0)},
    )
    path = tmp_path / "two.xml"
    compiled = model.save_compiled(path, representation="program", evaluation="exact")
    assert compiled.global_parameters == {"lam": 0.5, "temperature": 300.0}
    force = compiled.create_force(["A", "C"], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic)
    assert force.getEvaluation() == force.ExactEvaluation
    assert force.getGlobalParameterRange(1) == (200.0, 400.0)
    system = openmm.System()
    for _ in range(2):
        system.addParticle(1.0)
    system.addForce(force)
    energy, _ = energy_and_forces(system, [[0, 0, 0], [0.3, 0, 0]], lam=0.25, temperature=350.0)
    expected, _ = model.evaluate([0.3], [0], [2], lam=0.25, temperature=350.0)
    assert_allclose(energy, expected[0], rtol=1e-12)


def test_environment_models_can_be_compiled(tmp_path):
    keywords = environment_models.KEYWORDS | dict(types={"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]})
    model = lp.load_environment(environment_models.network(), **keywords)
    model.save_compiled(tmp_path / "many.xml")
    require_equal(corrected(tmp_path / "many.xml"), corrected(model))


def test_rules_in_another_order_than_the_types():
    """Types are numbered by the model, and not by its rules, which may also leave some of them out."""
    model = lp.load_environment(environment_models.network(), **environment_models.KEYWORDS)
    force = model.create_force(["A", "B"])
    for rules in ({"B": "HOH:H1", "A": "HOH:O"}, {"B": "HOH:H1"}):
        with tempfile.TemporaryDirectory() as folder:
            compiled = dataclasses.replace(model, type_rules=rules).save_compiled(f"{folder}/many.xml")
        assert compiled.types == ["A", "B"] and compiled.type_rules == {"A": rules.get("A"), "B": "HOH:H1"}
        assert compiled.create_force(["A", "B"]).getParticleTypes().tolist() == force.getParticleTypes().tolist()
    with pytest.raises(lp.ModelError, match="there is a rule for the type 'C', but the model has A, B"):
        dataclasses.replace(model, type_rules={"C": "HOH:O"}).save_compiled("many.xml")


@pytest.mark.parametrize("seed", range(20))
def test_damaged_numbers_are_noticed(seed, tmp_path):
    """One changed bit is found, or changes nothing that is read."""
    random, content = np.random.default_rng(seed), bytearray(WATER_COMPILED.read_bytes())
    content[random.integers(len(content))] ^= 1 << random.integers(7)
    path = tmp_path / "water.xml"
    path.write_bytes(content)
    try:
        model = lp.load_compiled(path)
    except lp.ModelError:
        return
    own, expected = (each.create_force(["O", "H"]) for each in (model, lp.load_compiled(WATER_COMPILED)))
    assert XmlSerializer.serialize(own) == XmlSerializer.serialize(expected)


def test_a_file_is_replaced_only_when_the_new_one_is_complete(tmp_path, monkeypatch):
    path = tmp_path / "water.xml"
    path.write_text("old", encoding="utf-8")

    def replace(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", replace)
    with pytest.raises(lp.ModelError, match=r"water.xml: the file cannot be written \(No space left on device\)"):
        lp.load_model(WATER).save_compiled(path)
    assert [each.name for each in tmp_path.iterdir()] == ["water.xml"] and path.read_text(encoding="utf-8") == "old"


def test_a_pickled_model_is_the_same():
    copy = pickle.loads(pickle.dumps(lp.load_compiled(WATER_COMPILED)))
    require_equal(corrected(copy), corrected(WATER_COMPILED))


def test_the_commands_compile_and_apply(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    topology, positions, _ = systems.water(150)
    with open("water.pdb", "w", encoding="utf-8") as file:
        openmm.app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    plain = XmlSerializer.serialize(systems.water_system(topology, cutoff=0.7))
    (tmp_path / "system.xml").write_text(plain, encoding="utf-8")
    assert main(["compile", str(WATER), "mine.xml"]) == 0
    assert "CompiledModel mine.xml: O, H, PairTable of 2 types" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "learnedpair.lowering.pair_model", None)  # the rest loads no model
    assert main(["apply", "system.xml", "water.pdb", "mine.xml", "corrected.xml"]) == 0
    system = XmlSerializer.deserialize((tmp_path / "corrected.xml").read_text(encoding="utf-8"))
    require_equal((system, positions, None), corrected(WATER_COMPILED))


def test_the_command_passes_its_tolerance_to_environment_models(tmp_path, capsys):
    path = tmp_path / "many.pt"
    lp.export_environment(environment_models.network(), path, **environment_models.KEYWORDS)
    sizes = []
    for tolerance in ("1e-3", "1e-5"):
        output = tmp_path / f"{tolerance}.xml"
        assert main(["compile", str(path), str(output), "--tolerance", tolerance]) == 0
        sizes.append(output.stat().st_size)
    assert sizes[1] > 1.5 * sizes[0]
    assert main(["compile", str(path), str(tmp_path / "x.xml"), "--representation", "table"]) == 1
    assert "many.pt is an environment model" in capsys.readouterr().err


def test_inspect_shows_a_compiled_model(capsys):
    assert main(["inspect", str(WATER_COMPILED)]) == 0
    output = capsys.readouterr().out
    for text in ("PairTable of 2 types", "type H: ['HOH:H1', 'HOH:H2']", "3 curves", "dimers"):
        assert text in output
    assert main(["inspect", str(WATER_COMPILED), "--program"]) == 1
    assert "--program need the model from which this file was compiled" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["plot", str(WATER_COMPILED), "-o", "water.png"],
        ["check", "system.xml", "water.pdb", "--model", str(WATER_COMPILED)],
        ["compile", str(WATER_COMPILED), "again.xml"],
    ],
    ids=lambda command: command[0],
)
def test_commands_that_need_the_model_itself_say_so(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("system.xml", "water.pdb"):
        (tmp_path / name).touch()
    assert main(command) != 0
    assert "water.xml: this is XML, and not a file of PyTorch; a compiled model is read by" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(tolerance=1e-5), "tolerance is 1e-05, and .*water.xml is a compiled model, for which save_compiled"),
        (dict(representation="table"), "representation is 'table', and"),
        (dict(evaluation="exact"), "evaluation is 'exact', and"),
        (dict(features=[[1.0]]), "features were given, but .*water.xml takes types"),
        (dict(types={"N": "HOH:N"}), "there is a rule for the type 'N', but .*water.xml has O, H"),
    ],
)
def test_choices_that_were_made_before_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        corrected(WATER_COMPILED, **options)


def test_what_cannot_be_compiled_is_named(tmp_path):
    class Charges(torch.nn.Module):
        def forward(self, r, first, second):
            return (first * second).squeeze(-1) * (1 - r) ** 3 * (r < 1)

    features = lp.load_model(Charges(), features={"charge": (-1.0, 1.0)}, cutoff=1.0, inner_cutoff=0.2)
    with pytest.raises(lp.ModelError, match=r"the model has features \(charge\), and only models of types"):
        features.save_compiled(tmp_path / "charges.xml")
    metadata = dict(cutoff=1.0, inner_cutoff=0.2)
    model = lp.load_model(models.Formula(), types=["A"], **metadata)
    with pytest.raises(lp.ModelError, match=r"formula\.pt: files of compiled models end in \.xml"):
        model.save_compiled(tmp_path / "formula.pt")
    environment = lp.load_environment(environment_models.network(), **environment_models.KEYWORDS)
    with_function = dataclasses.replace(environment, type_rules={"A": lambda atom: True, "B": None})
    with pytest.raises(
        lp.ModelError, match=r"the rule of the type 'A' is <function .*, which cannot be written to a file"
    ):
        with_function.save_compiled(tmp_path / "formula.xml")
    assert not list(tmp_path.iterdir())


def test_other_files_are_named(tmp_path):
    path = tmp_path / "other.xml"
    force = lp.load_compiled(WATER_COMPILED).create_force(["O", "H"])
    whole = WATER_COMPILED.read_text(encoding="utf-8")
    for text, message in (
        (XmlSerializer.serialize(force), "holds a force for the particles of one System"),
        (XmlSerializer.serialize(openmm.System()), "holds a System, and not a compiled model"),
        (XmlSerializer.serialize(openmm.HarmonicBondForce()), "holds a HarmonicBondForce, and not a compiled model"),
        (whole[: len(whole) // 2], "the compiled model cannot be read"),
        ("", "the compiled model cannot be read"),
        (whole.replace("HOH:H1", "HOH:H3"), "was damaged or edited after it was written; compile it again"),
        (whole.replace('cutoff="0.75"', 'cutoff="0.7"'), "was damaged or edited"),
        (whole.replace("uncovered", "covered"), "was damaged or edited"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(lp.ModelError, match=message):
            lp.load_compiled(path)
    with pytest.raises(lp.ModelError, match="nowhere.xml: there is no such file"):
        lp.load_compiled(tmp_path / "nowhere.xml")
    with pytest.raises(lp.LoweringError, match="nonbonded_method is 0; expected"):
        lp.load_compiled(WATER_COMPILED).create_force(["O"], nonbonded_method=lp.LearnedPairForce.NoCutoff)


@pytest.mark.parametrize("command", ["inspect", "plot", "compile", "apply", "check", "convert"])
def test_commands_without_pytorch_name_the_remedy(command, tmp_path):
    topology, positions, _ = systems.water(150)
    system = XmlSerializer.serialize(systems.water_system(topology))
    (tmp_path / "system.xml").write_text(system, encoding="utf-8")
    with open(tmp_path / "water.pdb", "w", encoding="utf-8") as file:
        openmm.app.PDBFile.writeFile(topology, positions * openmm.unit.nanometer, file)
    arguments = {
        "inspect": [WATER],
        "plot": [WATER, "-o", "x.png"],
        "compile": [WATER, "x.xml"],
        "apply": ["system.xml", "water.pdb", WATER, "x.xml"],
        "check": ["system.xml", "water.pdb", "--model", WATER],
        "convert": [WATER, "x.table"],
    }[command]
    code = "import sys; sys.modules['torch'] = None; from learnedpair.cli import main; sys.exit(main())"
    result = subprocess.run(
        [sys.executable, "-c", code, command, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert "needs PyTorch: pip install 'openmm-learnedpair[torch]'. Compiled models need none" in result.stderr


def test_a_missing_file_is_named_before_pytorch_is_needed():
    code = (
        "import sys; sys.modules['torch'] = None; import learnedpair as lp; from openmm import System, app;"
        "lp.add_correction(System(), app.Topology(), 'nowhere.pt')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stderr.rstrip().endswith("ModelError: nowhere.pt: there is no such file.")
