# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that failures of PyTorch and unusual modules become one sentence with a remedy, and that the wrappers of
training frameworks are removed.
"""

import zipfile
from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import systems
import torch
from comparators import assert_close
from learnedpair.cli import main
from learnedpair.cli.apply import read_system
from openmm import app

pytestmark = pytest.mark.all_samples

FORMULA = dict(types=["A", "B"], cutoff=1.0, inner_cutoff=0.1)
CHARGED = dict(features={"q": (-1, 1)}, cutoff=0.7, inner_cutoff=0.1)
PAIRS = np.array([0.2, 0.4, 0.6]), np.array([[0.5], [-0.5], [1.0]]), np.array([[0.25], [0.5], [0.75]])


class Network(torch.nn.Module):
    """A network whose hidden layer can be reparametrized."""

    def __init__(self, wrap=lambda layer: layer):
        super().__init__()
        torch.manual_seed(0)
        self.hidden = wrap(torch.nn.Linear(2, 8))
        self.last = torch.nn.Linear(8, 1)

    def forward(self, r, features1, features2):
        x = torch.stack([r, features1[:, 0] * features2[:, 0]], 1)
        return self.last(torch.tanh(self.hidden(x)))[:, 0] * torch.clamp(1 - (r / 0.7) ** 2, min=0) ** 3


class NamesADevice(torch.nn.Module):
    def forward(self, r, type1, type2):
        return (1 - r) ** 3 * (r < 1) * torch.ones([1], device=torch.device("cuda"), dtype=r.dtype)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there the device is right")
@pytest.mark.parametrize("form", ["module", "file", "export", "pt2"])
def test_a_device_in_the_model_is_named(form, tmp_path):
    if form == "file":
        torch.jit.save(torch.jit.script(NamesADevice()), tmp_path / "m.pt")
    attempt = {
        "module": lambda: lp.load_model(NamesADevice(), **FORMULA),
        "file": lambda: lp.load_model(tmp_path / "m.pt", **FORMULA),
        "export": lambda: lp.export_model(NamesADevice(), tmp_path / "n.pt", **FORMULA),
        "pt2": lambda: lp.export_model(NamesADevice(), tmp_path / "n.pt2", **FORMULA),
    }[form]
    with pytest.raises(
        lp.ModelError,
        match=r"The model names a device, such as 'cuda', for a tensor that it makes; make it with device=r.device",
    ) as error:
        attempt()
    assert "HERE" not in str(error.value) and "registered at" not in str(error.value)


def quantized():
    return torch.ao.quantization.quantize_dynamic(Network(), {torch.nn.Linear}, dtype=torch.qint8)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("form", ["module", "scripted", "file", "export", "pt2"])
def test_quantized_modules_are_named(form, tmp_path):
    torch.jit.save(torch.jit.script(quantized()), tmp_path / "q.pt")
    attempt = {
        "module": lambda: lp.load_model(quantized(), **CHARGED),
        "scripted": lambda: lp.load_model(torch.jit.script(quantized()), **CHARGED),
        "file": lambda: lp.load_model(tmp_path / "q.pt", **CHARGED),
        "export": lambda: lp.export_model(quantized(), tmp_path / "n.pt", **CHARGED),
        "pt2": lambda: lp.export_model(quantized(), tmp_path / "n.pt2", **CHARGED),
    }[form]
    with pytest.raises(
        lp.ModelError,
        match=(
            "the module is quantized and computes with 8-bit integers instead of its weights; use the module as it was"
            " before quantization"
        ),
    ):
        attempt()


WRAPPERS = {
    "torch.compile": lambda module: torch.compile(module, backend="eager"),
    "DataParallel": torch.nn.DataParallel,
    "AveragedModel": torch.optim.swa_utils.AveragedModel,
    "AveragedModel of DataParallel": lambda module: torch.optim.swa_utils.AveragedModel(torch.nn.DataParallel(module)),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.many_cases
def test_wrappers_of_training_frameworks_are_removed(wrapper, tmp_path):
    wrapped = WRAPPERS[wrapper](Network())
    expected = lp.load_model(Network(), **CHARGED).evaluate(*PAIRS)
    model = lp.load_model(wrapped, **CHARGED)
    assert model.source == "Network"
    for each in (
        model,
        lp.export_model(wrapped, tmp_path / "m.pt", **CHARGED),
        lp.export_model(wrapped, tmp_path / "m.pt2", **CHARGED),
    ):
        assert_close(each.evaluate(*PAIRS), expected, rtol=1e-12)


@pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore:The tensor attribute:UserWarning"
)
@pytest.mark.parametrize(
    "wrap",
    [
        torch.nn.utils.parametrizations.weight_norm,
        torch.nn.utils.weight_norm,
        torch.nn.utils.parametrizations.spectral_norm,
    ],
    ids=["new", "old", "spectral"],
)
@pytest.mark.many_cases
def test_models_with_parametrized_weights_can_be_loaded(wrap, tmp_path):
    module = Network(wrap).eval()
    model = lp.load_model(module, **CHARGED)
    with torch.no_grad():
        expected = lp.load_model(Network(wrap).eval().double(), **CHARGED).evaluate(*PAIRS)
    assert_close(model.evaluate(*PAIRS), expected, rtol=1e-6)
    for path in ("m.pt2", "traced.pt"):
        assert_close(
            lp.export_model(module, tmp_path / path, trace=path.endswith(".pt"), **CHARGED).evaluate(*PAIRS),
            model.evaluate(*PAIRS),
            rtol=1e-6,
        )


def test_scripting_a_parametrized_module_names_the_remedies(tmp_path):
    with pytest.raises(
        lp.ModelError,
        match=(
            r"TorchScript does not know torch.nn.utils.parametrizations: .*remove_parametrizations\(layer, 'weight'\),"
            r" export with trace=True, or export to a path that ends in .pt2"
        ),
    ):
        lp.export_model(Network(torch.nn.utils.parametrizations.weight_norm), tmp_path / "m.pt", **CHARGED)


def test_files_of_aotinductor_are_named(tmp_path):
    """A file with the same member names; compiling a real one takes half a minute."""
    with zipfile.ZipFile(tmp_path / "compiled.pt2", "w") as archive:
        for name in ("archive_format", "data/aotinductor/model/x.wrapper.so", "version"):
            archive.writestr(f"compiled/{name}", "pt2")
    with pytest.raises(
        lp.ModelError,
        match=(
            "compiled.pt2: the file was compiled by AOTInductor and contains machine code .* export the module with"
            " lp.export_model to a path that ends in .pt2"
        ),
    ):
        lp.load_model(tmp_path / "compiled.pt2", **FORMULA)


class TooFewTypes(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Embedding(2, 1)

    def forward(self, r, type1, type2):
        return (self.weights(type1) * self.weights(type2)).sum(1) * torch.clamp(1 - r, min=0) ** 3


@pytest.mark.parametrize("form", ["scripted", "module"])
def test_message_contains_the_reason_of_pytorch(form, tmp_path):
    """TorchScript shows a line of its own source instead of PyTorch's message."""
    module = TooFewTypes() if form == "module" else torch.jit.script(TooFewTypes())
    with pytest.raises(lp.ModelError, match="the model fails for .* pairs \\(index out of range in self"):
        lp.load_model(module, types=["A", "B", "C"], cutoff=1.0, inner_cutoff=0.1)


class RootBehindWhere(torch.nn.Module):
    def forward(self, r, type1, type2):
        return torch.where(r > 0.5, torch.sqrt(r - 0.5), torch.zeros_like(r)) * (1 - r) ** 3  # the line


class SafeRootBehindWhere(torch.nn.Module):
    def forward(self, r, type1, type2):
        return (
            torch.where(r > 0.5, torch.where(r > 0.5, r - 0.5, torch.ones_like(r)) ** 1.5, torch.zeros_like(r))
            * (1 - r) ** 3
        )


def test_the_operation_behind_a_where_is_named():
    line = next(
        number
        for number, text in enumerate(Path(__file__).read_text(encoding="utf-8").splitlines(), start=1)
        if text.endswith("# the line")
    )
    with pytest.raises(
        lp.ModelError,
        match=(
            r"dE/dr is nan\. The energy is finite, but its derivative is not. In this model it is sqrt"
            rf" \(test_words.py, line {line}\)\. A division by zero, .* both branches of torch.where\(\) .*give the"
            r" operation an argument that is harmless"
        ),
    ):
        lp.load_model(RootBehindWhere(), **FORMULA)
    with pytest.raises(lp.ModelError, match=r"In this model it is sqrt\b.* both branches of torch.where\(\)"):
        lp.load_model(torch.jit.script(RootBehindWhere()), **FORMULA)
    lp.load_model(SafeRootBehindWhere(), **FORMULA)


class SoftCore(torch.nn.Module):
    """A soft core that becomes a hard core for lam = 1."""

    def forward(self, r, type1, type2, lam):
        x = (r / 0.3) ** 6 + 0.5 * (1 - lam)
        return 4 * lam * (1 / x**2 - 1 / x)


@pytest.mark.parametrize("cutoff, unit_of_length, found", [(0.9, "nm", "0.05"), (9.0, "angstrom", "0.5")])
def test_message_advises_a_larger_inner_cutoff(cutoff, unit_of_length, found):
    scale = 1.0 if unit_of_length == "nm" else 10.0

    class InItsUnit(SoftCore):
        def forward(self, r, type1, type2, lam):
            return super().forward(r / scale, type1, type2, lam)

    metadata = dict(
        types=["A"],
        cutoff=cutoff,
        switching_distance=0.8 * scale,
        length_unit=unit_of_length,
        global_parameters={"lam": 0.5},
    )
    with pytest.raises(
        lp.ModelError,
        match=(
            r"the model is too large: for types A and A at 0.05 nm, lam = 1 .* the platforms can represent at most"
            rf" 1e\+09\. The inner cutoff is {found} {unit_of_length}, and from (\S+) {unit_of_length} on no sample"
            r" has this problem: raise inner_cutoff to that"
        ),
    ) as error:
        lp.load_model(InItsUnit(), **metadata)
    advice = float(str(error.value).split(", and from ")[1].split()[0])
    assert lp.load_model(InItsUnit(), **metadata, inner_cutoff=advice).inner_cutoff == pytest.approx(advice / scale)


def test_truncated_xml_is_refused(tmp_path, capsys):
    topology, _, _ = systems.water(64)
    system = systems.water_system(topology)
    lp.add_correction(system, topology, models.water_model())
    text = openmm.XmlSerializer.serialize(system)
    with open(tmp_path / "t.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(topology, systems.water(64)[1] * openmm.unit.nanometer, file)
    for length in (0, len(text) // 3, len(text) // 2, len(text) - 20):
        (tmp_path / "cut.xml").write_text(text[:length], encoding="utf-8")
        assert (
            main(
                [
                    "demo",
                    "--system",
                    str(tmp_path / "cut.xml"),
                    "--pdb",
                    str(tmp_path / "t.pdb"),
                    "--output",
                    str(tmp_path / "out"),
                ]
            )
            == 1
        )
        error = capsys.readouterr().err
        assert (
            f"{tmp_path / 'cut.xml'}: this is not the XML of a System, or only a part of it" in error
            and len(error.strip().splitlines()) == 1
        ), error


def test_a_byte_order_mark_is_no_part_of_a_system(tmp_path):
    """Some editors write it at the beginning of a file."""
    text = openmm.XmlSerializer.serialize(systems.water_system(systems.water(64)[0]))
    (tmp_path / "s.xml").write_text("\ufeff" + text, encoding="utf-8")
    assert openmm.XmlSerializer.serialize(read_system(tmp_path / "s.xml")) == text


def test_quantities_are_taken_as_openmm_takes_them(tmp_path):
    from openmm import unit

    class Formula(torch.nn.Module):
        def forward(self, r, type1, type2):
            return torch.clamp(1 - (r / 7) ** 2, min=0) ** 3

    model = lp.export_model(
        Formula(),
        tmp_path / "m.pt",
        types=["A"],
        length_unit="angstrom",
        cutoff=0.7 * unit.nanometer,
        inner_cutoff=1.5 * unit.angstrom,
    )
    assert model.metadata.cutoff == pytest.approx(7.0) and (model.cutoff, model.inner_cutoff) == (
        pytest.approx(0.7),
        pytest.approx(0.15),
    )
    again = lp.load_model(tmp_path / "m.pt", switching_distance=0.6 * unit.nanometer)
    assert again.switching_distance == pytest.approx(0.6)
    types = np.zeros(3, int), np.zeros(3, int)
    assert_close(
        model.evaluate([2.0, 3.0, 4.0] * unit.angstrom, *types), model.evaluate([0.2, 0.3, 0.4], *types), rtol=1e-12
    )
    force = model.create_force(["A", "A"])
    force.setScaleParameter("s", 0.5 * unit.dimensionless)
    assert force.getScaleDefaultValue() == 0.5
    with pytest.raises(TypeError, match="setScaleParameter: defaultValue is 0.5 nm; expected a number without a unit"):
        force.setScaleParameter("s", 0.5 * unit.nanometer)
    for name in ("setCutoffDistance", "setInnerCutoffDistance", "setSwitchingDistance"):
        with pytest.raises(TypeError, match=f"LearnedPairForce.{name}: the distance is 1 kcal; expected a length"):
            getattr(force, name)(1 * unit.kilocalorie)
    custom = openmm.CustomNonbondedForce("1/r^12")
    with pytest.raises(TypeError, match="from_custom_nonbonded: inner_cutoff is 1 kcal; expected a length"):
        lp.from_custom_nonbonded(custom, inner_cutoff=1 * unit.kilocalorie)
    energy = lp.nn.PairEnergy(Formula(), cutoff=7 * unit.angstrom, inner_cutoff=0.15)
    assert (energy.cutoff, energy.inner_cutoff) == (pytest.approx(0.7), 0.15)
