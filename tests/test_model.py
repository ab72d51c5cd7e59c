# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Models are read with their metadata, converted to nm and kJ/mol, and refused with a reason if they cannot be used."""

import numpy as np
import openmm
import pytest
import torch

import learnedpair as lp
import models
from comparators import assert_close

FORMULA = dict(types=["A", "B"], cutoff=1.0, inner_cutoff=0.1)
R = np.linspace(0.1, 0.99, 7)


def formula(r, a, b):
    return (1 + a + b) * (1 - r) ** 3, -3 * (1 + a + b) * (1 - r) ** 2


def assert_is_formula(model, length=1.0, energy=1.0):
    for a, b in ((0, 0), (0, 1), (1, 1)):
        types = np.full(len(R), a), np.full(len(R), b)
        e, s = model.evaluate(R * length, *types)
        expected = formula(R, a, b)
        assert_close(e, energy * expected[0], rtol=1e-12)
        assert_close(s, energy / length * expected[1], rtol=1e-12)


def test_torchscript_file_with_metadata_inside(tmp_path):
    path = tmp_path / "model.pt"
    lp.export_model(models.Formula(), path, description="a formula", **FORMULA)
    model = lp.load_model(path)
    assert_is_formula(model)
    assert (model.types, model.cutoff, model.inner_cutoff, model.switching_distance) == (["A", "B"], 1.0, 0.1, None)
    for part in ("model.pt", "A; B", "0.1 to 1 nm", "nm, kJ/mol", "a formula", model.digest[:16]):
        assert part in str(model)


def test_traced_file(tmp_path):
    lp.export_model(models.Formula(), tmp_path / "model.pt", trace=True, **FORMULA)
    assert_is_formula(lp.load_model(tmp_path / "model.pt"))


def test_bare_torchscript_file_with_keywords(tmp_path):
    torch.jit.save(torch.jit.script(models.Formula()), tmp_path / "bare.pt")
    assert_is_formula(lp.load_model(tmp_path / "bare.pt", **FORMULA))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_torch_export_file(tmp_path):
    pairs = torch.export.Dim("pairs", min=2)
    example = (torch.rand(5, dtype=torch.float64), torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64))
    program = torch.export.export(models.Formula(), example, dynamic_shapes=({0: pairs}, {0: pairs}, {0: pairs}))
    torch.export.save(program, tmp_path / "model.pt2")
    assert_is_formula(lp.load_model(tmp_path / "model.pt2", **FORMULA))


@pytest.mark.parametrize("length_unit, nm", [("angstrom", 0.1), ("bohr", 0.0529177210903), ("nm", 1.0)])
@pytest.mark.parametrize("energy_unit, kj_mol", [("kcal/mol", 4.184), ("eV", 96.4853321233), ("hartree", 2625.49963948), ("kJ/mol", 1.0)])
def test_units_are_converted(length_unit, nm, energy_unit, kj_mol):
    class Scaled(models.Formula):  # the formula, small enough to vanish at the cutoff in any unit
        pass

    model = lp.load_model(Scaled(), length_unit=length_unit, energy_unit=energy_unit, switching_distance=0.9, **FORMULA)
    assert model.cutoff == pytest.approx(nm) and model.inner_cutoff == pytest.approx(0.1 * nm) and model.switching_distance == pytest.approx(0.9 * nm)
    e, s = model.evaluate(R * nm, np.zeros(7, int), np.ones(7, int))
    expected = formula(R, 0, 1)
    assert_close(e, kj_mol * expected[0], rtol=1e-9)
    assert_close(s, kj_mol / nm * expected[1], rtol=1e-9)


def test_float32_models_are_evaluated_in_float64():
    model = lp.load_model(models.network(), types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    reference = models.network().double()
    r = torch.linspace(0.2, 0.5, 11, dtype=torch.float64)
    zero = torch.zeros(11, dtype=torch.int64)
    assert_close(model.evaluate(r.numpy(), zero.numpy(), zero.numpy())[0], reference(r, zero, zero).detach().numpy(), rtol=1e-13)


def test_loading_leaves_the_users_module_alone():
    module = models.network()
    module.train()
    lp.load_model(module, types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    assert module.training and all(p.requires_grad and p.dtype == torch.float32 for p in module.parameters())


def test_keywords_override_the_file(tmp_path):
    lp.export_model(models.Formula(), tmp_path / "m.pt", **FORMULA)
    model = lp.load_model(tmp_path / "m.pt", inner_cutoff=0.3, types=["X", "Y"])
    assert model.inner_cutoff == 0.3 and model.types == ["X", "Y"] and model.cutoff == 1.0


class Asymmetric(torch.nn.Module):
    def forward(self, r, type1, type2):
        return (1 + type1) * (1 - r) ** 3


class NotZeroAtCutoff(torch.nn.Module):
    def forward(self, r, type1, type2):
        return 1 / r + 0 * type1


class NotANumber(torch.nn.Module):
    def forward(self, r, type1, type2):
        return torch.sqrt(r - 0.5) * (1 - r) ** 3


class NaNWeights(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor(float("nan")))

    def forward(self, r, type1, type2):
        return self.w * (1 - r) ** 3


class Detached(torch.nn.Module):
    def forward(self, r, type1, type2):
        return (1 - r.detach()) ** 3


class TooLarge(torch.nn.Module):
    def forward(self, r, type1, type2):
        return 1e11 * (1 - r) ** 3


class WrongShape(torch.nn.Module):
    def forward(self, r, type1, type2):
        return ((1 - r) ** 3).sum()


class WrongDtype(torch.nn.Module):
    def forward(self, r, type1, type2):
        return type1 + type2


class Fails(torch.nn.Module):
    def forward(self, r, type1, type2):
        return torch.nn.functional.one_hot(type1, 1).sum(-1) * (1 - r) ** 3


@pytest.mark.parametrize("module, message", [
    (Asymmetric, "asymmetric: for types A and B at .* nm the energy is .* with the particles exchanged"),
    (NotZeroAtCutoff, "does not vanish at the cutoff: for types A and A at 1 nm the energy is 1 kJ/mol.*switching_distance"),
    (NotANumber, "not finite: for types A and A at 0.1 nm"),
    (NaNWeights, "not finite.*NaN weights"),
    (Detached, r"no slope: for types A and A .* Look for detach\(\) or no_grad\(\)"),
    (TooLarge, "too large: for types A and A at 0.1 nm the energy is 7.29e\\+10 kJ/mol.* Raise the inner cutoff"),
    (WrongShape, r"returns torch.float64 of shape \(\); expected one floating-point number for each pair"),
    (WrongDtype, r"returns torch.int64 of shape"),
    (Fails, r"the model fails for .* pairs \(.*\); expected forward\(r: Tensor\[P\]"),
])
def test_models_that_break_the_contract(module, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(module(), **FORMULA)


def test_all_that_is_wrong_is_said_at_once():
    class Both(torch.nn.Module):
        def forward(self, r, type1, type2):
            return 1 + type1 * r

    with pytest.raises(lp.ModelError) as error:
        lp.load_model(Both(), **FORMULA)
    text = str(error.value)
    assert text.index("asymmetric") < text.index("does not vanish at the cutoff")
    with pytest.raises(lp.ModelError) as error:
        lp.load_model(models.Formula(), length_unit="feet", energy_unit="calories", types=[])
    for part in ("length unit is 'feet'; expected one of nm, angstrom, bohr", "energy unit is 'calories'", "types is []", "cutoff must be given"):
        assert part in str(error.value)
    with pytest.raises(lp.ModelError, match="length unit is 'A'"):
        lp.load_model(models.Formula(), length_unit="A", types=["A"], cutoff=1.0)


@pytest.mark.parametrize("change, message", [
    (dict(types=None), "types or features, exactly one of them"),
    (dict(features=["q"]), "types or features, exactly one of them"),
    (dict(types=["A", "A"]), "distinct names"),
    (dict(types="AB"), "types is the str 'AB'"),
    (dict(types={"A", "B"}), "types is the set .*; expected a list of names in their order"),
    (dict(types=5), "types is the int 5"),
    (dict(global_parameters=[1]), r"global_parameters is \[1\]; expected a dict"),
    (dict(types={"A": len, "B": None}), "the rule of type 'A' is"),
    (dict(types={"A": "HOH/O", "B": None}), "the rule of 'A' is 'HOH/O'; expected 'RESIDUE:ATOM'"),
    (dict(cutoff=1.0 * openmm.unit.nanometer), "cutoff is 1.0 nm; expected a positive number without a unit"),
    (dict(cutoff=None), "cutoff must be given"),
    (dict(cutoff=-1.0), "cutoff is -1.0; expected a positive number"),
    (dict(inner_cutoff=1.5), "inner_cutoff is 1.5; expected a positive number below the cutoff"),
    (dict(switching_distance=1.0), "switching_distance is 1.0"),
    (dict(global_parameters={"a b": 1.0}), "global_parameters has the entry 'a b'"),
])
def test_wrong_metadata(change, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(models.Formula(), **{**FORMULA, **change})


def test_unknown_keyword():
    with pytest.raises(TypeError, match="unknown keyword 'cut_off'"):
        lp.load_model(models.Formula(), cut_off=1.0)


def test_features_and_globals_are_not_silently_dropped():
    class WithFeatures(torch.nn.Module):
        def forward(self, r, features1, features2):
            return (features1 * features2).sum(-1) * (1 - r) ** 3

    with pytest.raises(lp.ModelError, match="has features, which this version"):
        lp.load_model(WithFeatures(), features=["q"], cutoff=1.0)
    with pytest.raises(lp.ModelError, match="has global parameters, which this version"):
        lp.load_model(models.Formula(), global_parameters={"lam": 1.0}, **FORMULA)


def test_files_that_are_no_models(tmp_path):
    path = tmp_path / "model.pt"
    with pytest.raises(lp.ModelError, match="there is no such file"):
        lp.load_model(path)
    lp.export_model(models.Formula(), path, **FORMULA)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:length])
        with pytest.raises(lp.ModelError, match="model.pt: .*only a part of one"):
            lp.load_model(path)
    path.write_text("hello")
    with pytest.raises(lp.ModelError, match="not a model file"):
        lp.load_model(path)
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(lp.ModelError, match="no program, only data.*lp.export_model"):
        lp.load_model(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "model.pt"
    lp.export_model(models.network(), path, types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    content = bytearray(path.read_bytes())
    weights = content.index(models.network().state_dict()["centers"].numpy().tobytes()[:16])
    content[weights + 6] ^= 1
    path.write_bytes(content)
    with pytest.raises(lp.ModelError, match="damaged"):
        lp.load_model(path)


class Bomb:
    def __reduce__(self):
        return (print, ("a foreign program ran",))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_programs_hidden_in_exported_files_do_not_run(tmp_path, capsys):
    import pickle
    import zipfile

    example = (torch.rand(5, dtype=torch.float64), torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64))
    torch.export.save(torch.export.export(models.Formula(), example), tmp_path / "good.pt2")
    with zipfile.ZipFile(tmp_path / "good.pt2") as good, zipfile.ZipFile(tmp_path / "bad.pt2", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, pickle.dumps(Bomb()) if name.endswith("sample_inputs/model.pt") else good.read(name))
        assert any(name.endswith("sample_inputs/model.pt") for name in bad.namelist()), bad.namelist()
    with pytest.raises(lp.ModelError, match="not made of tensors alone.*could run a foreign program"):
        lp.load_model(tmp_path / "bad.pt2", **FORMULA)
    assert "foreign" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_traced_model_that_differs_from_its_module_is_refused(tmp_path):
    class TypesInPython(torch.nn.Module):
        def forward(self, r, type1, type2):
            return (1 - r) ** 3 * (1 if len(r) < 100 else 2)

    with pytest.raises(lp.ModelError, match="the written model is not the module: for types A and A at .*script it instead"):
        lp.export_model(TypesInPython(), tmp_path / "m.pt", trace=True, **FORMULA)


def test_wrong_arguments_of_evaluate():
    model = lp.load_model(models.Formula(), **FORMULA)
    for types in ([0, 2], [0.5, 0.5], [0], [[0, 0]]):
        with pytest.raises(ValueError, match="expected one type from 0 to 1 for each of the 2 distances"):
            model.evaluate([0.5, 0.6], types, [0, 0])


def test_damaged_and_newer_metadata(tmp_path):
    scripted = torch.jit.script(models.Formula())
    path = tmp_path / "model.pt"
    for text, message in (("{not json", "cannot be read"), ('{"schema": 2}', "schema 2.*reads schema 1; install a newer version"), ('{"schema": 1, "colour": "red"}', "unknown entry 'colour'"), ("[]", "cannot be read")):
        torch.jit.save(scripted, path, _extra_files={"learnedpair.json": text})
        with pytest.raises(lp.ModelError, match=message):
            lp.load_model(path, **FORMULA)


def test_export_of_a_wrong_model_leaves_no_file(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"what was there before")
    with pytest.raises(lp.ModelError, match="asymmetric"):
        lp.export_model(Asymmetric(), path, **FORMULA)
    assert path.read_bytes() == b"what was there before" and len(list(tmp_path.iterdir())) == 1


class CannotBeScripted(torch.nn.Module):
    def forward(self, r, type1, type2):
        def cube(x):
            return x**3

        return cube(1 - r)


def test_modules_that_cannot_be_scripted_can_be_traced(tmp_path):
    with pytest.raises(lp.ModelError, match="m.pt: PyTorch cannot turn the module into TorchScript.*export with trace=True"):
        lp.export_model(CannotBeScripted(), tmp_path / "m.pt", **FORMULA)
    model = lp.export_model(CannotBeScripted(), tmp_path / "m.pt", trace=True, **FORMULA)
    assert model.source == "m.pt" and model.types == ["A", "B"]


def test_a_cutoff_that_looks_like_angstrom_is_pointed_out():
    with pytest.warns(UserWarning, match="cutoff is 7 nm, longer than any usual one; if the model is written in angstrom, say length_unit='angstrom'"):
        lp.load_model(models.Formula(), types=["A"], cutoff=7.0, inner_cutoff=1.0)


def test_pair_energy_is_the_energy_of_the_force():
    """lp.nn.PairEnergy, to train with, against NumPy and the Reference platform, with gradients."""
    import oracle
    import systems

    chains = systems.Chains(molecules=12, triclinic=True)
    model = models.water_model(switching_distance=0.4)
    expected, forces, below = oracle.energy_and_forces(model.evaluate, chains.positions, chains.types, cutoff=0.6, inner_cutoff=0.17, box=chains.box,
                                                       exclusions=chains.bonds[::2], switching_distance=0.4)
    assert below > 0
    positions = torch.tensor(chains.positions, requires_grad=True)
    energy = lp.nn.PairEnergy(model)(positions, torch.tensor(chains.box), torch.tensor(chains.types), chains.bonds[::2])
    assert_close(energy.item(), expected, rtol=1e-10)
    gradient, = torch.autograd.grad(energy, positions)
    assert_close(-gradient.numpy(), forces, atol=1e-8)
    with pytest.raises(ValueError, match="needs cutoff and inner_cutoff"):
        lp.nn.PairEnergy(models.network())
