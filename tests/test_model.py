# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that models are read with their metadata, converted to nm and kJ/mol, and refused with a reason."""

import functools
import logging
import os
import pickle
import re
import threading
import zipfile
from pathlib import Path

import architectures
import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import torch
from comparators import assert_close
from learnedpair.models.checks.contract import check_rows
from learnedpair.models.checks.samples import random_rows
from learnedpair.models.pytorch import exported

pytestmark = pytest.mark.all_samples

FORMULA = dict(types=["A", "B"], cutoff=1.0, inner_cutoff=0.1)
OLDEST_PYTORCH = Path(__file__).parent / "data" / "pytorch_2_6"
#: For models with a cutoff of 1, whatever the unit.
SHORT = pytest.mark.filterwarnings("ignore:.*shorter than usual ones:UserWarning")
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


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("exported_before", [False, True])
def test_export_model_writes_files_of_torch_export(tmp_path, exported_before):
    module = architectures.by_name("charge_penetration").module()
    metadata = architectures.by_name("charge_penetration").metadata
    if exported_before:
        pairs = {0: torch.export.Dim("pairs", min=2)}
        module = torch.export.export(
            module, (torch.rand(5), torch.rand(5, 2), torch.rand(5, 2)), dynamic_shapes=(pairs, pairs, pairs)
        )
    lp.export_model(module, tmp_path / "model.pt2", **metadata)
    assert zipfile.is_zipfile(tmp_path / "model.pt2") and os.listdir(tmp_path) == ["model.pt2"]
    written, in_memory = lp.load_model(tmp_path / "model.pt2"), lp.load_model(module, **metadata)
    arguments = np.linspace(0.2, 0.5, 4), np.array([[0.4, 10.0]] * 4), np.array([[-0.8, 12.0]] * 4)
    for found, expected in zip(written.evaluate(*arguments), in_memory.evaluate(*arguments), strict=True):
        assert_close(found, expected, rtol=1e-12)
    assert written.feature_ranges == {"q": (-1.0, 1.0), "alpha": (8.0, 20.0)}


class Lambda(torch.nn.Module):
    def forward(self, r, type1, type2, lam):
        return lam * (1 - r) ** 3


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_fixed_inputs_of_exported_programs_are_reported(tmp_path):
    example = (torch.rand(5, dtype=torch.float64), torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64))
    with pytest.raises(
        lp.ModelError,
        match=r"must be dynamic \(dynamic_shapes\); lp.export_model does that for a path that ends in .pt2",
    ):
        lp.load_model(torch.export.export(models.Formula(), example), **FORMULA)
    with_parameter = torch.export.export(Lambda(), (*example, torch.tensor(1.0)))
    with pytest.raises(lp.ModelError, match=r"kwargs=\{'lam': ...\}"):
        lp.load_model(with_parameter, **FORMULA, global_parameters={"lam": 1.0})
    with pytest.raises(lp.ModelError, match="an ExportedProgram is written to a file that ends in .pt2"):
        lp.export_model(with_parameter, tmp_path / "model.pt", **FORMULA)
    with pytest.raises(lp.ModelError, match=r"\(.pt2\) is never traced"):
        lp.export_model(models.Formula(), tmp_path / "model.pt2", trace=True, **FORMULA)
    with pytest.raises(TypeError, match="is a loaded PairModel; export its module"):
        lp.export_model(lp.load_model(models.Formula(), **FORMULA), tmp_path / "model.pt", **FORMULA)
    assert os.listdir(tmp_path) == []


def test_message_for_a_file_without_metadata_says_where_to_give_them(tmp_path):
    torch.jit.save(torch.jit.script(models.Formula()), tmp_path / "bare.pt")
    with pytest.raises(
        lp.ModelError,
        match=r"pass both to lp.load_model\(path, types=\[...\], cutoff=...\), or write .* lp.export_model",
    ):
        lp.load_model(tmp_path / "bare.pt")


def test_model_without_any_representation_is_not_written(tmp_path):
    with pytest.raises(lp.LoweringError, match="choosing.pt: .*mixes pairs"):
        lp.export_model(models.Deciding(), tmp_path / "choosing.pt", features={"q": (0, 1)}, cutoff=1.0)
    assert os.listdir(tmp_path) == []


@SHORT
@pytest.mark.parametrize("length_unit, nm", [("angstrom", 0.1), ("bohr", 0.0529177210903), ("nm", 1.0)])
@pytest.mark.parametrize(
    "energy_unit, kj_mol", [("kcal/mol", 4.184), ("eV", 96.4853321233), ("hartree", 2625.49963948), ("kJ/mol", 1.0)]
)
def test_units_are_converted(length_unit, nm, energy_unit, kj_mol):
    class Scaled(models.Formula):  # the formula is small enough to vanish at the cutoff in any unit
        pass

    model = lp.load_model(Scaled(), length_unit=length_unit, energy_unit=energy_unit, switching_distance=0.9, **FORMULA)
    assert (
        model.cutoff == pytest.approx(nm)
        and model.inner_cutoff == pytest.approx(0.1 * nm)
        and model.switching_distance == pytest.approx(0.9 * nm)
    )
    e, s = model.evaluate(R * nm, np.zeros(7, int), np.ones(7, int))
    expected = formula(R, 0, 1)
    assert_close(e, kj_mol * expected[0], rtol=1e-9)
    assert_close(s, kj_mol / nm * expected[1], rtol=1e-9)


def test_converted_distances_are_decimal_numbers():
    """6 * 0.1 is 0.6000000000000001 in floating-point numbers."""

    class Decaying(torch.nn.Module):
        def forward(self, r, type1, type2):
            return (1 + type1 + type2) * torch.exp(-r)

    A = openmm.unit.angstrom
    for cutoff, inner_cutoff, switching_distance, length_unit in (
        (6.0, 1.9, 5.7, "angstrom"),
        (6 * A, 1.9 * A, 5.7 * A, "nm"),
        (0.6 * openmm.unit.nanometer, 190 * openmm.unit.picometer, 5.7 * A, "angstrom"),
        (0.6, 0.19, 0.57, "nm"),
    ):
        model = lp.load_model(
            Decaying(),
            types=["A", "B"],
            cutoff=cutoff,
            inner_cutoff=inner_cutoff,
            switching_distance=switching_distance,
            length_unit=length_unit,
        )
        assert (model.cutoff, model.inner_cutoff, model.switching_distance) == (0.6, 0.19, 0.57)
        force = model.create_force(["A"])
        assert force.lowering_report["domain_nm"] == [0.19, 0.6] and "cutoff 0.6 nm" in repr(force)
        assert force.getSwitchingDistance()._value == 0.57 and force.getInnerCutoffDistance()._value == 0.19
    force.setCutoffDistance(5.7 * A)
    force.setInnerCutoffDistance(3 * A)
    force.setSwitchingDistance(4.1 * A)
    assert (force.getCutoffDistance()._value, force.getInnerCutoffDistance()._value) == (0.57, 0.3)
    assert force.getSwitchingDistance()._value == 0.41


def test_distances_in_nm_are_not_rounded():
    third = 1 / 3
    model = lp.load_model(models.Formula(), types=["A", "B"], cutoff=1.0, inner_cutoff=third)
    force = model.create_force(["A"])
    for value in (third, 0.1 * 7):
        force.setInnerCutoffDistance(value * openmm.unit.nanometer)
        assert force.getInnerCutoffDistance()._value == value
    assert model.inner_cutoff == third


def test_float32_models_are_evaluated_in_float64():
    model = lp.load_model(models.network(), types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    reference = models.network().double()
    r = torch.linspace(0.2, 0.5, 11, dtype=torch.float64)
    zero = torch.zeros(11, dtype=torch.int64)
    assert_close(
        model.evaluate(r.numpy(), zero.numpy(), zero.numpy())[0], reference(r, zero, zero).detach().numpy(), rtol=1e-13
    )


def test_loading_does_not_change_the_users_module():
    module = models.network()
    module.train()
    lp.load_model(module, types=["O", "H"], cutoff=0.6, inner_cutoff=0.17)
    assert module.training and all(p.requires_grad and p.dtype == torch.float32 for p in module.parameters())


def test_keywords_override_the_file(tmp_path):
    lp.export_model(models.Formula(), tmp_path / "m.pt", **FORMULA)
    model = lp.load_model(tmp_path / "m.pt", inner_cutoff=0.3, types={"B": "HOH:O"})
    assert model.inner_cutoff == 0.3 and model.type_rules == {"A": None, "B": "HOH:O"} and model.cutoff == 1.0


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


@pytest.mark.parametrize(
    "module, message",
    [
        (Asymmetric, "asymmetric: for types A and B at .* nm the energy is .* with the particles exchanged"),
        (
            NotZeroAtCutoff,
            "does not vanish at the cutoff: for types A and A at 1 nm the energy is 1 kJ/mol.*switching_distance",
        ),
        (NotANumber, "not finite: for types A and A at 0.1 nm"),
        (NaNWeights, "not finite.* The parameter 'w' of the model holds NaN or infinite numbers: train it again"),
        (Detached, r"no derivative: for types A and A .* Look for detach\(\) or no_grad\(\)"),
        (
            TooLarge,
            (
                "too large: for types A and A at 0.1 nm the energy is 7.29e\\+10 kJ/mol.* Look at length_unit and"
                " energy_unit"
            ),
        ),
        (WrongShape, r"returns torch.float64 of shape \(\); expected one floating-point number for each pair"),
        (WrongDtype, r"returns torch.int64 of shape"),
        (Fails, r"the model fails for .* pairs \(.*\); expected forward\(r: Tensor\[P\]"),
    ],
)
@pytest.mark.many_cases
def test_models_that_break_the_contract_are_refused(module, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(module(), **FORMULA)


def test_all_errors_are_reported_at_once():
    class Both(torch.nn.Module):
        def forward(self, r, type1, type2):
            return 1 + type1 * r

    with pytest.raises(lp.ModelError) as error:
        lp.load_model(Both(), **FORMULA)
    text = str(error.value)
    assert text.index("asymmetric") < text.index("does not vanish at the cutoff")
    with pytest.raises(lp.ModelError) as error:
        lp.load_model(models.Formula(), length_unit="feet", energy_unit="calories", types=[])
    for part in (
        "length unit is 'feet'; expected one of nm, angstrom, bohr",
        "energy unit is 'calories'",
        "types is []",
        "cutoff must be given",
    ):
        assert part in str(error.value)
    with pytest.raises(lp.ModelError, match="length unit is 'A'"):
        lp.load_model(models.Formula(), length_unit="A", types=["A"], cutoff=1.0)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(types=None), "exactly one of types and features must be given"),
        (dict(features=["q"]), "exactly one of types and features must be given"),
        (dict(types=["A", "A"]), "distinct names"),
        (dict(types="AB"), "types is the str 'AB'"),
        (dict(types={"A", "B"}), "types is the set .*; expected a list of names in their order"),
        (dict(types=5), "types is the int 5"),
        (dict(global_parameters=[1]), r"global_parameters is \[1\]; expected a dict"),
        (dict(types={"A": len, "B": None}), "the rule of type 'A' is"),
        (dict(types={"A": "HOH/O", "B": None}), "the rule of 'A' is 'HOH/O'; expected 'RESIDUE:ATOM'"),
        (dict(cutoff=1.0 * openmm.unit.kelvin), "cutoff is 1.0 K; expected a length"),
        (
            dict(cutoff=-1.0 * openmm.unit.angstrom),
            "cutoff is -0.1; expected a positive number in nm, as length_unit says, or a Quantity",
        ),
        (dict(truncated=1), "truncated is 1; expected True"),
        (dict(truncated=True, switching_distance=0.9), "truncated is True, and there is a switching_distance"),
        (dict(types={"A": "HOH:O", "B": None, None: 5}), "the rule of type None is 5"),
        (
            dict(types={"A": "HOH:O", "B": None, None: "HOH:H1"}, uncovered="HOH:H2"),
            "types has a rule for None, and uncovered is given, too",
        ),
        (dict(cutoff=None), "cutoff must be given"),
        (dict(cutoff=-1.0), "cutoff is -1.0; expected a positive number"),
        (dict(inner_cutoff=1.5), "inner_cutoff is 1.5; expected a positive number below the cutoff"),
        (dict(switching_distance=1.0), "switching_distance is 1.0"),
        (dict(global_parameters={"a b": 1.0}), "global_parameters has the entry 'a b'"),
        (dict(global_parameters={"a": 10**400}), r"global_parameters has the entry 'a': 10+; expected a name and its"),
        (dict(cutoff=10**400), r"cutoff is 10+; expected a positive number in nm"),
        (dict(switching_distance=1 * openmm.unit.picosecond), "switching_distance is 1 ps; expected a length"),
    ],
)
def test_wrong_metadata_are_refused(change, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(models.Formula(), **{**FORMULA, **change})


def test_unknown_keyword_is_refused():
    with pytest.raises(TypeError, match="unknown keyword 'cut_off'"):
        lp.load_model(models.Formula(), cut_off=1.0)


class Coupled(torch.nn.Module):
    """(q1 q2 lam^2 + (w1 + w2) offset) (1 - r)^3"""

    def forward(self, r, features1, features2, lam, offset):
        q, w = features1[:, 0] * features2[:, 0], features1[:, 1] + features2[:, 1]
        return (q * lam**2 + w * offset) * (1 - r) ** 3


COUPLED = dict(
    features={"q": (-1, 1), "w": (0.5, 2.0)}, cutoff=1.0, inner_cutoff=0.1, global_parameters={"lam": 0.5, "offset": 2}
)
ROWS1, ROWS2 = random_rows(COUPLED["features"], 7, 1), random_rows(COUPLED["features"], 7, 2)


@functools.cache
def coupled_model():
    return lp.load_model(Coupled(), **COUPLED)


def coupled(lam=0.5, offset=2.0):
    """(E, dE/dr), and the derivatives of both with respect to lam and to offset."""
    q, w = ROWS1[:, 0] * ROWS2[:, 0], ROWS1[:, 1] + ROWS2[:, 1]
    factors = q * lam**2 + w * offset, 2 * q * lam, w
    return [(factor * (1 - R) ** 3, -3 * factor * (1 - R) ** 2) for factor in factors]


@SHORT
@pytest.mark.parametrize(
    "units", [{}, dict(length_unit="angstrom", energy_unit="kcal/mol", switching_distance=0.9)], ids=["nm", "angstrom"]
)
def test_features_and_global_parameters(units):
    model = lp.load_model(Coupled(), **COUPLED, **units)
    length, energy = (0.1, 4.184) if units else (1.0, 1.0)
    r = R * length
    for values in ({}, {"lam": 0.9}, {"lam": -1, "offset": np.float32(0.25)}):
        expected = coupled(**values)
        e, s = model.evaluate(r, ROWS1, ROWS2, **values)
        assert_close(e, energy * expected[0][0], rtol=1e-12)
        assert_close(s, energy / length * expected[0][1], rtol=1e-12)
        derivatives = model.evaluate_derivatives(r, ROWS1, ROWS2, **values)
        assert list(derivatives) == ["lam", "offset"]
        for (derivative, mixed), (derivative_expected, mixed_expected) in zip(
            derivatives.values(), expected[1:], strict=True
        ):
            assert_close(derivative, energy * derivative_expected, rtol=1e-12)
            assert_close(mixed, energy / length * mixed_expected, rtol=1e-12)
    assert list(model.evaluate_derivatives(r, ROWS1, ROWS2, ["offset"])) == ["offset"]
    assert model.evaluate_derivatives(r, ROWS1, ROWS2, names=[]) == {}


def test_features_and_global_parameters_are_properties_and_printed():
    model = lp.load_model(Coupled(), **COUPLED)
    assert model.types is None and model.type_rules is None
    assert (
        model.features == ["q", "w"]
        and model.feature_ranges == {"q": (-1.0, 1.0), "w": (0.5, 2.0)}
        and model.global_parameters == {"lam": 0.5, "offset": 2.0}
    )
    assert (
        "features:    q (-1 to 1); w (0.5 to 2)\n" in str(model)
        and "globals:     lam = 0.5 (0 to 1, assumed); offset = 2 (1 to 4, assumed)\n" in str(model)
        and "types" not in str(model)
    )
    without_ranges = lp.load_model(Coupled(), **{**COUPLED, "features": ["q", "w"]})
    assert "features:    q; w\n" in str(without_ranges) and without_ranges.feature_ranges == {"q": None, "w": None}
    typed = str(lp.load_model(models.Formula(), **FORMULA))
    assert "globals" not in typed and "features" not in typed


@pytest.mark.filterwarnings("ignore:.*the global parameter 'nothing' changes nothing")
def test_derivatives_that_are_zero():
    class Constant(torch.nn.Module):
        """Equal to one parameter at all distances, and independent of the other."""

        def forward(self, r, type1, type2, level, nothing):
            return level + 0 * r

    model = lp.load_model(
        Constant(), switching_distance=0.9, global_parameters={"level": 3.0, "nothing": 0.0}, **FORMULA
    )
    types = np.zeros(7, int), np.ones(7, int)
    derivatives = model.evaluate_derivatives(R, *types)
    assert_close(derivatives["level"], [np.ones(7), np.zeros(7)])
    assert_close(derivatives["nothing"], np.zeros((2, 7)))
    assert_close(model.evaluate(R, *types, level=1.0), [np.ones(7), np.zeros(7)])


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.many_cases
def test_files_with_features_and_global_parameters(tmp_path, trace, ranges):
    metadata = {**COUPLED, "features": COUPLED["features"] if ranges else ["q", "w"]}
    lp.export_model(Coupled(), tmp_path / "m.pt", trace=trace, **metadata)
    model = lp.load_model(tmp_path / "m.pt")
    assert model.feature_ranges == (
        COUPLED["features"] if ranges else {"q": None, "w": None}
    ) and model.global_parameters == {"lam": 0.5, "offset": 2.0}
    assert_close(model.evaluate(R, ROWS1, ROWS2, lam=0.8)[0], coupled(0.8)[0][0], rtol=1e-12)
    assert_close(model.evaluate_derivatives(R, ROWS1, ROWS2, lam=0.8)["lam"], coupled(0.8)[1], rtol=1e-12)
    model = lp.load_model(
        tmp_path / "m.pt", global_parameters={"lam": 0.25, "offset": 1.0}, features={"q": (0, 1), "w": None}
    )
    assert_close(model.evaluate(R, ROWS1, ROWS2)[0], coupled(0.25, 1.0)[0][0], rtol=1e-12)


class OtherOrder(torch.nn.Module):
    def forward(self, r, features1, features2, offset, lam):
        q, w = features1[:, 0] * features2[:, 0], features1[:, 1] + features2[:, 1]
        return (q * lam**2 + w * offset) * (1 - r) ** 3


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.many_cases
def test_global_parameters_are_passed_by_name(tmp_path, trace):
    model = lp.export_model(OtherOrder(), tmp_path / "m.pt", trace=trace, **COUPLED)
    assert_close(model.evaluate(R, ROWS1, ROWS2, offset=1.0, lam=0.8)[0], coupled(0.8, 1.0)[0][0], rtol=1e-12)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_traced_models_that_fix_a_number_are_refused(tmp_path):
    class Fixed(torch.nn.Module):
        def forward(self, r, features1, features2, lam, offset):
            return (lam + offset * (1 if offset.item() < 3 else 2)) * (1 - r) ** 3

    class FeaturesInPython(torch.nn.Module):
        def forward(self, r, features1, features2, lam, offset):
            return (lam + offset) * (1 - r) ** 3 * (2 if torch.jit.is_tracing() else 1)

    with pytest.raises(
        lp.ModelError,
        match=(
            r"m.pt: the written model differs from the module: for features \(q=.*, w=.*\) and \(.*\) at .* nm, lam"
            r" = .*, offset = .* it gives"
        ),
    ):
        lp.export_model(Fixed(), tmp_path / "m.pt", trace=True, **COUPLED)
    with pytest.raises(
        lp.ModelError,
        match=(
            r"differs from the module: for features \(q=-1, w=0.5\) and \(q=-1, w=0.5\) at 0.1 nm, lam = 0.5, offset"
            r" = 2 it gives .*script it instead"
        ),
    ):
        lp.export_model(FeaturesInPython(), tmp_path / "m.pt", trace=True, **COUPLED)


@pytest.mark.parametrize(
    "arguments, values, message",
    [
        (
            (R, ROWS1[:, :1], ROWS2),
            {},
            r"particle1 is float64 of shape \(7, 1\); expected 2 features \(q, w\) for each of the 7 distances",
        ),
        ((R, ROWS1, ROWS2[:3]), {}, r"particle2 is float64 of shape \(3, 2\); expected 2 features"),
        ((R, ROWS1, ROWS2.astype(str)), {}, r"particle2 is <U.* of shape \(7, 2\); expected 2 features"),
        ((R, ROWS1 * 1j, ROWS2), {}, "particle1 is complex128"),
        ((R[None], ROWS1, ROWS2), {}, r"the distances have the shape \(1, 7\); expected \(n,\)"),
        (
            (R, ROWS1, np.where(np.arange(14).reshape(7, 2) == 5, np.nan, ROWS2)),
            {},
            "the feature 'w' of particle2 is nan in row 2; expected a finite number",
        ),
        ((R, ROWS1, ROWS2), {"mu": 1.0}, "there is no global parameter 'mu'; the model has lam, offset"),
        ((R, ROWS1, ROWS2), {"lam": np.nan}, "the global parameter 'lam' is nan; expected a finite number"),
        ((R, ROWS1, ROWS2), {"lam": "1"}, "the global parameter 'lam' is '1'; expected a finite number"),
        ((R, ROWS1, ROWS2), {"lam": 10**400}, "the global parameter 'lam' is 10+; expected a finite number"),
    ],
)
def test_wrong_features_and_global_parameters_are_refused(arguments, values, message):
    model = coupled_model()
    for function in (model.evaluate, model.evaluate_derivatives):
        with pytest.raises(ValueError, match="Coupled: " + message):
            function(*arguments, **values)


def test_unknown_names_of_derivatives_are_refused():
    with pytest.raises(ValueError, match="there is no global parameter 'mu'; the model has lam, offset"):
        lp.load_model(Coupled(), **COUPLED).evaluate_derivatives(R, ROWS1, ROWS2, ["mu"])
    with pytest.raises(ValueError, match="there is no global parameter 'mu'; the model has none"):
        lp.load_model(models.Formula(), **FORMULA).evaluate([0.5], [0], [0], mu=1.0)


@pytest.mark.parametrize(
    "r, message",
    [
        (1 * openmm.unit.kilocalorie, "r is 1 kcal; expected a length"),
        ([1, 2] * openmm.unit.picosecond, r"r is \[1, 2\] ps; expected a length"),
        ([0.5 * openmm.unit.nanometer], r"r is \[0.5 nm\]; expected numbers in nm, or one Quantity with all of them"),
        (["0.5"], r"r is \['0.5'\]; expected numbers in nm"),
        ([10**400], r"r is \[10+; expected numbers in nm"),
    ],
)
def test_distances_that_are_none_are_refused(r, message):
    model = lp.load_model(models.Formula(), **FORMULA)
    with pytest.raises(TypeError, match=f"Formula: {message}"):
        model.evaluate(r, [0], [0])
    in_angstrom = model.evaluate([5.0] * openmm.unit.angstrom, [0], [0])
    assert_close(in_angstrom, model.evaluate([0.5], [0], [0]), rtol=1e-15)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            dict(features={"q": (1, -1), "w": (0, 1)}),
            (
                r"the range of the feature 'q' is \(1, -1\); expected \(low, high\), finite numbers with low < high, or"
                r" None"
            ),
        ),
        (dict(features={"q": (0, 0), "w": None}), "the range of the feature 'q' is"),
        (dict(features={"q": (0, float("inf")), "w": None}), "the range of the feature 'q' is"),
        (
            dict(features={"q": 1.0, "w": "01"}),
            "the range of the feature 'q' is 1.0.*\n.*the range of the feature 'w' is '01'",
        ),
        (dict(features={"q": None, "": None}), "features is .*; expected distinct names"),
        (dict(global_parameters={"lambda": 1.0}), "global_parameters has the name 'lambda', which is taken"),
        (dict(global_parameters={"r": 1.0}), "global_parameters has the name 'r', which is taken"),
        (dict(global_parameters={"lam": True}), "global_parameters has the entry 'lam': True"),
        (dict(global_parameters={"lam": float("nan")}), "global_parameters has the entry 'lam': nan"),
        (dict(features={"q": (0, 10**400), "w": None}), r"the range of the feature 'q' is \(0, 10+; expected"),
        (
            dict(global_parameters={"lam": (1 * openmm.unit.kelvin, 0, 2 * openmm.unit.nanometer), "offset": 2.0}),
            "the global parameter 'lam' is 1 K and 2 nm; expected values of the same dimension",
        ),
        (
            dict(global_parameters={"lam": 0.5}),
            (
                r"the model fails for .* pairs \(.*offset.*\); expected forward\(r: Tensor\[P\], features1: Tensor\[P,"
                r" 2\], features2: Tensor\[P, 2\], lam: Tensor\[\]\) -> Tensor\[P\], with float64"
            ),
        ),
    ],
)
def test_wrong_metadata_of_features_and_global_parameters_are_refused(change, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(Coupled(), **{**COUPLED, **change})


class AsymmetricFeatures(torch.nn.Module):
    def forward(self, r, features1, features2):
        return features1[:, 0] * (1 - r) ** 3


class RootOfFeature(torch.nn.Module):
    def forward(self, r, features1, features2):
        return torch.sqrt(features1[:, 0] + features2[:, 0]) * (1 - r) ** 3


class ThreeFeatures(torch.nn.Module):
    def forward(self, r, features1, features2):
        return (features1 + features2)[:, 2] * (1 - r) ** 3


@pytest.mark.parametrize(
    "module, message",
    [
        (
            AsymmetricFeatures,
            (
                r"asymmetric: for features \(q=.*, w=.*\) and \(q=.*, w=.*\) at 0.1 nm the energy is .* with the"
                r" particles exchanged"
            ),
        ),
        (
            RootOfFeature,
            (
                r"not finite: for features \(q=-1, w=0\) and \(q=-1, w=0\) at 0.1 nm the energy is nan.* Look .* for"
                r" roots, .* Or narrow the ranges of the features"
            ),
        ),
        (
            ThreeFeatures,
            r"the model fails for .* pairs \(.*\); expected forward\(r: Tensor\[P\], features1: Tensor\[P, 2\]",
        ),
    ],
)
def test_models_that_break_the_contract_within_the_ranges_are_refused(module, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(module(), features={"q": (-1, 1), "w": (0, 1)}, cutoff=1.0, inner_cutoff=0.1)


def test_without_ranges_the_features_in_use_are_checked():
    metadata = dict(features={"q": None, "w": (0, 1)}, cutoff=1.0, inner_cutoff=0.1)
    with pytest.raises(lp.ModelError, match="the model fails for"):  # the shapes are checked nevertheless
        lp.load_model(ThreeFeatures(), **metadata)
    rows = np.array([[0.1, 0.5], [0.3, 0.5], [0.1, 0.5]])
    with pytest.raises(lp.ModelError, match=r"asymmetric: for features \(q=0.1, w=0.5\) and \(q=0.3, w=0.5\)"):
        check_rows(lp.load_model(AsymmetricFeatures(), **metadata), rows)
    model = lp.load_model(RootOfFeature(), **metadata)
    check_rows(model, rows)
    check_rows(model, rows[:0])
    with pytest.raises(lp.ModelError, match=r"not finite: for features \(q=-0.1, w=0.5\)"):
        check_rows(model, np.append(rows, [[-0.1, 0.5]], axis=0))


def test_each_of_many_feature_vectors_is_checked(monkeypatch):
    """There are too many pairs to check them all, but each feature vector occurs in a checked pair."""
    model = lp.load_model(RootOfFeature(), features=["q", "w"], cutoff=1.0, inner_cutoff=0.1)
    evaluate, seen = model.evaluate, []

    def spy(r, particle1, particle2):
        seen.append(np.unique(np.vstack([particle1, particle2]), axis=0))
        return evaluate(r, particle1, particle2)

    monkeypatch.setattr(model, "evaluate", spy)
    rows = np.unique(np.random.default_rng(0).random((10000, 2)), axis=0)
    check_rows(model, rows)
    assert np.array_equal(seen[0], rows)


def test_messages_contain_only_the_first_of_many_features():
    class Asymmetric32(torch.nn.Module):
        def forward(self, r, features1, features2):
            return features1[:, 31] * (1 - r) ** 3

    with pytest.raises(lp.ModelError, match=r"for features \(h0=[^,]*, h1=.*, h7=[^,]*, \.\.\.\) and \(h0="):
        lp.load_model(Asymmetric32(), features=architectures.numbered(32), cutoff=1.0, inner_cutoff=0.1)


@pytest.mark.parametrize(
    "particles, message",
    [
        (
            [(0.5, 1.0), (1.5, 1.0), (0, 0), (3, 1)],
            (
                "the feature 'q' of particle 1 is 1.5; expected -1 to 1, the range that the model was made for. 1 more"
                " are outside of it. Give None"
            ),
        ),
        ([None, (0.5, 0.25)], "the feature 'w' of particle 1 is 0.25; expected 0.5 to 2, .* made for. Give None"),
        ([(0.5, 1.0), None, (np.nan, 1.0)], "the feature 'q' of particle 2 is nan; expected a finite number, or None"),
        ([(0.5, np.inf)], "the feature 'w' of particle 0 is inf; expected a finite number"),
        ([(0.5, 1.0), (0.5,)], r"particle 1 is \(0.5,\); expected 2 features \(q, w\), or None"),
        ([(0.5, 1.0), "O"], r"particle 1 is 'O'; expected 2 features \(q, w\), or None"),
        ([0.5, 1.0], r"particle 0 is 0.5; expected 2 features"),
    ],
)
@pytest.mark.many_cases
def test_wrong_features_of_particles_are_refused(particles, message):
    with pytest.raises(ValueError, match="Coupled: " + message):
        lp.load_model(Coupled(), **COUPLED).feature_rows(particles)


def test_features_of_particles():
    model = lp.load_model(Coupled(), **COUPLED)
    rows = model.feature_rows(
        [(0.5, 1.0), None, np.array([1.0 + 1e-7, 2], dtype=np.float32)]
    )  # the end of a range is often known only in single precision
    assert np.isnan(rows[1]).all() and rows.shape == (3, 2)
    assert_close(rows[[0, 2]], [[0.5, 1.0], [1.0, 2.0]], atol=2e-7)
    assert_close(model.feature_rows(ROWS1), ROWS1)
    assert model.feature_rows([]).shape == (0, 2)
    anything = lp.load_model(Coupled(), **{**COUPLED, "features": ["q", "w"]})
    assert_close(anything.feature_rows([[1e6, -1e6]]), [[1e6, -1e6]])
    with pytest.raises(ValueError, match="the feature 'q' of particle 0 is nan"):
        anything.feature_rows([[np.nan, 0.0]])


class RootOfGlobal(torch.nn.Module):
    def forward(self, r, type1, type2, lam):
        return torch.sqrt(lam) * (1 - r) ** 3


class DetachedGlobal(torch.nn.Module):
    def forward(self, r, type1, type2, lam):
        return lam.detach() * (1 - r) ** 3


def test_derivatives_that_break_the_contract_are_refused():
    with pytest.raises(
        lp.ModelError,
        match=(
            "the derivative with respect to the global parameter 'lam' is not finite: for types A and A at .* nm, lam ="
            " 0 that of the energy is inf.*Look for roots and powers of zero, or give the parameter a range without"
            " that value"
        ),
    ):
        lp.load_model(RootOfGlobal(), global_parameters={"lam": 0.0}, **FORMULA)
    with pytest.raises(
        lp.ModelError,
        match=(
            r"the derivative with respect to the global parameter 'lam' is not that of the energy: .* automatic"
            r" differentiation gives 0 kJ/mol, and the energy changes by .*detach\(\)"
        ),
    ):
        lp.load_model(DetachedGlobal(), global_parameters={"lam": 1.0}, **FORMULA)
    lp.load_model(
        Coupled(), **{**COUPLED, "global_parameters": {"lam": 0.0, "offset": 1.0}}
    )  # the derivative with respect to lam may be zero at the default


class OnlyOnce(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


class DifferentiableOnce(torch.nn.Module):
    def forward(self, r, type1, type2, lam):
        return OnlyOnce.apply(lam) * (1 - r) ** 3


class HardSigmoid(torch.nn.Module):
    """A function that PyTorch cannot differentiate twice."""

    def forward(self, r, type1, type2, lam):
        return torch.nn.functional.hardsigmoid(lam * r) * (1 - r) ** 3


@pytest.mark.parametrize(
    "module, message",
    [
        (
            DifferentiableOnce,
            (
                "the derivative with respect to the global parameter 'lam' is not that of the energy.*functions that"
                " can be differentiated only once"
            ),
        ),
        (
            HardSigmoid,
            (
                "HardSigmoid: the derivative with respect to the global parameter 'lam' cannot be computed .*not"
                " implemented.*; use operations that PyTorch can differentiate repeatedly"
            ),
        ),
    ],
)
def test_models_that_pytorch_cannot_differentiate_twice_are_refused(module, message):
    with pytest.raises(lp.ModelError, match=message):
        lp.load_model(module(), global_parameters={"lam": 1.0}, **FORMULA)


def test_table_of_features_or_global_parameters_is_refused():
    with pytest.raises(
        lp.LoweringError,
        match="Coupled: the model has features, and a table is for types; use representation='program'",
    ):
        lp.load_model(Coupled(), **COUPLED).create_force([(0.5, 1.0)], representation="table")
    force = lp.load_model(models.Formula(), **FORMULA).create_force(["A", "B"])
    model = lp.load_model(RootOfGlobal(), global_parameters={"lam": 1.0}, **FORMULA)
    with pytest.raises(
        lp.LoweringError, match="RootOfGlobal: the model has global parameters, which a table cannot hold"
    ):
        model.update_force(force)


def test_scripted_activations_have_exact_derivatives():
    """TorchScript's optimizer would compute the derivative of leaky_relu in single precision."""
    architecture = architectures.by_name("typed_leaky_relu")
    types = np.arange(60) % 3, np.arange(60) // 20
    r = np.linspace(0.15, 0.69, 60)
    for k in range(4):  # the optimizer starts after a few calls
        assert_close(
            architectures.load(architecture, "script").evaluate(r, *types),
            architectures.load(architecture, "module").evaluate(r, *types),
            rtol=1e-13,
            what=f"call {k}",
        )


def test_random_particles_have_few_distinct_features():
    rows = architectures.particles(architectures.by_name("wide"), 100, seed=0, distinct=3)
    assert rows.shape == (100, 32) and len(np.unique(rows, axis=0)) == 3


def test_files_that_are_not_models_are_refused(tmp_path):
    path = tmp_path / "model.pt"
    with pytest.raises(lp.ModelError, match="there is no such file"):
        lp.load_model(path)
    lp.export_model(models.Formula(), path, **FORMULA)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:length])
        with pytest.raises(lp.ModelError, match="model.pt: .*only a part of one"):
            lp.load_model(path)
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(lp.ModelError, match="not a model file"):
        lp.load_model(path)
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(
        lp.ModelError, match="contains only data, as written by torch.save, and no program.*lp.export_model"
    ):
        lp.load_model(path)


def test_flipped_bit_is_detected(tmp_path):
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


@pytest.mark.parametrize(
    "member, content, problem",
    [
        ("data/sample_inputs/model.pt", None, r"is a pickle of other things \(.*\)"),
        ("data/sample_inputs/MODEL.PT", None, r"is a pickle of other things \(.*\)"),
        ("serialized_state_dict.json", None, r"is a pickle of other things \(.*\)"),
        ("data/constants/opaque_obj_0", None, "is an object"),
        ("data/weights/model_weights_config.json", b'{"config": {"w": {"use_pickle": true}}}', "names pickled weights"),
    ],
)
def test_objects_in_exported_files_are_refused(member, content, problem, tmp_path, capsys):
    """They are refused by the names of members, before PyTorch loads the file."""
    with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as bad:
        bad.writestr("bad/archive_format", "pt2")
        bad.writestr(f"bad/{member}", pickle.dumps(Bomb()) if content is None else content)
    with pytest.raises(
        lp.ModelError,
        match=rf"bad.pt2: the file must contain no objects but plain tensors, but bad/{member} inside it {problem};",
    ):
        lp.load_model(tmp_path / "bad.pt2", **FORMULA)
    assert "foreign" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_traced_model_that_differs_from_its_module_is_refused(tmp_path):
    class TypesInPython(torch.nn.Module):
        def forward(self, r, type1, type2):
            return (1 - r) ** 3 * (2 if torch.jit.is_tracing() else 1)

    with pytest.raises(
        lp.ModelError, match="the written model differs from the module: for types A and A at .*script it instead"
    ):
        lp.export_model(TypesInPython(), tmp_path / "m.pt", trace=True, **FORMULA)


def test_wrong_arguments_of_evaluate_are_refused():
    model = lp.load_model(models.Formula(), **FORMULA)
    for types in ([0, 2], [0.5, 0.5], [0], [[0, 0]]):
        with pytest.raises(ValueError, match="expected one type from 0 to 1 for each of the 2 distances"):
            model.evaluate([0.5, 0.6], types, [0, 0])


def test_damaged_and_newer_metadata_are_refused(tmp_path):
    scripted = torch.jit.script(models.Formula())
    path = tmp_path / "model.pt"
    for text, message in (
        ("{not json", "cannot be read"),
        ('{"schema": 2}', "schema 2.*reads schema 1; install a newer version"),
        ('{"schema": 1, "colour": "red"}', "unknown entry 'colour'"),
        ('{"schema": 1, "cutoff": 1.0, "cutoff": 2.0}', "cannot be read .the entry 'cutoff' occurs twice; keep one of"),
        ("[]", "cannot be read"),
    ):
        torch.jit.save(scripted, path, _extra_files={"learnedpair.json": text})
        with pytest.raises(lp.ModelError, match=message):
            lp.load_model(path, **FORMULA)


def test_export_of_a_wrong_model_does_not_change_the_file(tmp_path):
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
    with pytest.raises(
        lp.ModelError, match="m.pt: PyTorch cannot turn the module into TorchScript.*export with trace=True"
    ):
        lp.export_model(CannotBeScripted(), tmp_path / "m.pt", **FORMULA)
    model = lp.export_model(CannotBeScripted(), tmp_path / "m.pt", trace=True, **FORMULA)
    assert model.source == "m.pt" and model.types == ["A", "B"]


@pytest.mark.parametrize(
    "cutoff, length_unit, message",
    [
        (6.0, "nm", r"the cutoff is 6 nm, longer than usual ones, which are 0.2 to 2 nm; check length_unit"),
        (2.1, "nm", "the cutoff is 2.1 nm, longer"),
        (1.0, "angstrom", r"the cutoff is 0.1 nm \(1 angstrom\), shorter than usual ones"),
    ],
)
def test_unusual_cutoffs_give_a_warning(cutoff, length_unit, message):
    with pytest.warns(UserWarning, match=message) as caught:
        lp.load_model(models.Formula(), types=["A"], cutoff=cutoff, inner_cutoff=0.1, length_unit=length_unit)
    assert {warning.filename for warning in caught} == {__file__}, "the line of the user"


@pytest.mark.filterwarnings("error")
def test_usual_cutoffs_give_no_warning():
    for cutoff, unit_of_length in ((2.0, "nm"), (12.0, "angstrom")):
        lp.load_model(models.Formula(), types=["A"], cutoff=cutoff, inner_cutoff=0.1, length_unit=unit_of_length)


def test_pair_energy_is_the_energy_of_the_force():
    """Compare lp.nn.PairEnergy and its gradients with NumPy."""
    import oracle
    import systems

    chains = systems.Chains(molecules=12, triclinic=True)
    model = models.water_model(switching_distance=0.4)
    expected, forces, below = oracle.energy_and_forces(
        model.evaluate,
        chains.positions,
        chains.types,
        cutoff=0.6,
        inner_cutoff=0.17,
        box=chains.box,
        exclusions=chains.bonds[::2],
        switching_distance=0.4,
    )
    assert below > 0
    positions = torch.tensor(chains.positions, requires_grad=True)
    energy = lp.nn.PairEnergy(model)(positions, torch.tensor(chains.box), torch.tensor(chains.types), chains.bonds[::2])
    assert_close(energy.item(), expected, rtol=1e-10)
    (gradient,) = torch.autograd.grad(energy, positions)
    assert_close(-gradient.numpy(), forces, atol=1e-8)
    with pytest.raises(ValueError, match="needs cutoff and inner_cutoff"):
        lp.nn.PairEnergy(models.network())


KILOCALORIE, NANOMETER = 1 * openmm.unit.kilocalorie, 1 * openmm.unit.nanometer


@pytest.mark.parametrize(
    "change, error, message",
    [
        (dict(cutoff=KILOCALORIE), TypeError, "PairEnergy: cutoff is 1 kcal; expected a length"),
        (dict(inner_cutoff=KILOCALORIE), TypeError, "PairEnergy: inner_cutoff is 1 kcal; expected a length"),
        (
            dict(switching_distance=KILOCALORIE),
            TypeError,
            "PairEnergy: switching_distance is 1 kcal; expected a length",
        ),
        (dict(cutoff="0.8"), TypeError, "PairEnergy: cutoff: got '0.8'; expected a number"),
        (
            dict(cutoff=-1),
            ValueError,
            "inner_cutoff is 0.3 nm, and cutoff -1 nm; expected 0 <= inner_cutoff < cutoff",
        ),
        (dict(cutoff=np.nan), ValueError, "inner_cutoff is 0.3 nm, and cutoff nan nm"),
        (dict(inner_cutoff=NANOMETER), ValueError, "inner_cutoff is 1 nm, and cutoff 0.8 nm"),
        (dict(inner_cutoff=-NANOMETER), ValueError, "inner_cutoff is -1 nm, and cutoff 0.8 nm"),
        (
            dict(switching_distance=0.8),
            ValueError,
            "switching_distance is 0.8 nm; expected a distance from inner_cutoff,",
        ),
        (
            dict(switching_distance=0.2),
            ValueError,
            "is 0.2 nm; .* from inner_cutoff, 0.3 nm, to below the cutoff, 0.8 nm",
        ),
    ],
)
def test_wrong_distances_of_pair_energy_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        lp.nn.PairEnergy(models.network(), **{"cutoff": 0.8, "inner_cutoff": 0.3, **change})
    energy = lp.nn.PairEnergy(models.network(), 8 * openmm.unit.angstrom, 0.3, 7 * openmm.unit.angstrom)
    assert (energy.cutoff, energy.inner_cutoff, energy.switching_distance) == (0.8, 0.3, 0.7)


@pytest.mark.parametrize("name", ["soft_core", "feature_network", "born_mayer"])
def test_pair_energy_of_features(name):
    """With global parameters, other units, uncovered particles and pairs below the inner cutoff."""
    import oracle
    import systems

    chains = systems.Chains(molecules=12, density=0.7, triclinic=True)  # a box of 2.6 nm
    architecture = architectures.by_name(name)
    model = lp.load_model(
        architecture.module(), **{**architecture.metadata, "inner_cutoff": architecture.metadata["inner_cutoff"] * 1.3}
    )
    count = len(chains.positions)
    rows = architectures.particles(architecture, count, seed=4)
    covered = np.arange(count) % 5 != 3
    changes = dict.fromkeys(model.global_parameters, 0.6)
    expected, forces, below = oracle.energy_and_forces(
        lambda r, i, j: model.evaluate(r, rows[i], rows[j], **changes),
        chains.positions,
        np.where(covered, np.arange(count), -1),
        cutoff=model.cutoff,
        inner_cutoff=model.inner_cutoff,
        box=chains.box,
        exclusions=chains.bonds[::2],
        switching_distance=model.switching_distance,
    )
    assert below > 0
    positions = torch.tensor(chains.positions, requires_grad=True)
    features = torch.tensor(np.where(covered[:, None], rows, np.nan), requires_grad=True)
    function = lp.nn.PairEnergy(model)
    arguments = torch.tensor(chains.box), features, chains.bonds[::2]
    energy = function(positions, *arguments, **changes)
    assert_close(energy.item(), expected, rtol=1e-10)
    gradient, of_features = torch.autograd.grad(energy, [positions, features])
    assert_close(-gradient.numpy(), forces, atol=1e-10 * np.abs(forces).max())
    assert (
        torch.isfinite(of_features).all()
        and (of_features[torch.tensor(~covered)] == 0).all()
        and (of_features != 0).any()
    )
    for name in changes:
        parameter = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
        (derivative,) = torch.autograd.grad(function(positions, *arguments, **{name: parameter}), parameter)
        ends = [function(positions, *arguments, **{name: 0.6 + h}).item() for h in (-1e-5, 1e-5)]
        assert_close(derivative.item(), (ends[1] - ends[0]) / 2e-5, rtol=1e-6)
        assert function(positions, *arguments).item() != energy.item()


def test_pair_energy_refuses_wrong_particles():
    energy = lp.nn.PairEnergy(architectures.by_name("soft_core").module(), cutoff=0.9, inner_cutoff=0.1)
    positions = torch.zeros(3, 3)
    for particles in (torch.zeros(3), torch.zeros(2, 2), torch.zeros(3, 2, dtype=torch.int64)):
        with pytest.raises(
            ValueError,
            match=r"lp.nn: the particles are torch.* of shape .*; expected 3 types, or features of shape \(3, F\)",
        ):
            energy(positions, None, particles, lam=0.5)
    with pytest.raises(
        ValueError,
        match="lp.nn: particle 1 has some features that are NaN; expected numbers, or NaN for all of them",
    ):
        energy(positions, None, torch.tensor([[0.3, 0.1], [0.3, float("nan")], [0.3, 0.1]]), lam=0.5)


def test_feature_network_equals_its_documented_formula():
    torch.manual_seed(0)
    network = lp.nn.FeaturePairNetwork(3, 0.6, hidden=(5, 4), num_basis=6, inner=0.1, energy_scale=7.0).double()
    weights = {name: parameter.detach().numpy() for name, parameter in network.named_parameters()}
    r, (a, b) = np.linspace(0.1, 0.7, 9), np.random.default_rng(0).normal(size=(2, 9, 3))
    centers = np.linspace(0.1, 0.6, 6)

    def silu(x):
        return x / (1 + np.exp(-x))

    basis = np.exp(-((r[:, None] - centers) ** 2) / (2 * (centers[1] - centers[0]) ** 2))
    first = silu(
        basis @ weights["first.weight"].T
        + (a + b) @ weights["of_sum.weight"].T
        + (a * b) @ weights["of_product.weight"].T
        + weights["of_sum.bias"]
    )
    second = silu(first @ weights["second.weight"].T + weights["second.bias"])
    expected = (
        7.0
        * (second @ weights["last.weight"][0] + weights["last_bias"])
        * np.where(r < 0.6, (1 - (r / 0.6) ** 2) ** 3, 0)
    )
    tensors = [torch.tensor(x) for x in (r, a, b)]
    assert_close(network(*tensors).detach().numpy(), expected, rtol=1e-6, atol=1e-12)
    assert torch.equal(network(tensors[0], tensors[2], tensors[1]), network(*tensors))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((0, 0.6), "num_features must be at least 1, not 0"),
        ((2, 0.6, (8,)), r"hidden must be two positive widths, not \(8,\)"),
        ((2, 0.6, 8), "hidden must be two positive widths, not 8"),
        ((2, 0.6, (8, 8), 1), "num_basis must be at least 2, not 1"),
        ((2, 0.1, (8, 8), 4, 0.2), "inner and cutoff must satisfy 0 <= inner < cutoff, not 0.2 and 0.1 nm"),
    ],
)
def test_impossible_feature_networks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        lp.nn.FeaturePairNetwork(*arguments)


def test_distances_of_networks_are_numbers_in_nm():
    for name, value in (("cutoff", 0.8 * NANOMETER), ("inner", 0.3 * NANOMETER), ("cutoff", "0.8")):
        with pytest.raises(TypeError, match=f"TypedPairNetwork: {name}: got .*; expected a number"):
            lp.nn.TypedPairNetwork(1, **{"cutoff": 0.8, "inner": 0.3, name: value})
    for name, value in (("num_types", 2.0), ("num_types", "2"), ("num_basis", None)):
        with pytest.raises(TypeError, match=f"{name} must be an integer, not {value!r}"):
            lp.nn.TypedPairNetwork(**{"num_types": 1, "cutoff": 0.8, name: value})


class Expression(torch.nn.Module):
    """An expression of r and of the charges a and b, times an envelope."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def forward(self, r, features1, features2):
        a, b = features1[:, 0], features2[:, 0]
        return eval(self.text, {"torch": torch}, {"r": r, "a": a, "b": b}) * torch.clamp(1 - (r / 0.7) ** 2, min=0) ** 3


CHARGED = dict(features={"q": (-1, 1)}, cutoff=0.7, inner_cutoff=0.1)


@pytest.mark.parametrize(
    "text, message",
    [
        ("a * b * torch.log(torch.exp(-200 * r) + 1e-300)", "not finite: at .* the energy is -?inf"),
        ("torch.log(1 + torch.exp(1000 * (a * b)**2 * r))", "not finite: at .* dE/dr is (inf|nan)"),
        ("a * b * (torch.sqrt(1e8 + r) - 1e4) * 1e3", "forces of the program have a relative error of"),
    ],
)
def test_programs_that_need_double_precision_give_a_warning(text, message):
    """In double precision they agree with the model; in single precision they would be NaN or inaccurate."""
    with pytest.warns(UserWarning, match=f"in single precision the .*{message}.*softplus"):
        lp.load_model(Expression(text), **CHARGED).create_force(
            [[0.5], [-0.9]], representation="program", evaluation="exact"
        )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", ["a * b * torch.tanh(1e3 * r)", "torch.nn.functional.softplus(1e3 * a * b * r)"])
def test_programs_accurate_in_single_precision_give_no_warning(text):
    lp.load_model(Expression(text), **CHARGED).create_force(
        [[0.5], [-0.9]], representation="program", evaluation="exact"
    )


def test_scripted_modules_in_memory_may_have_parameters():
    module = torch.nn.Module.__new__(Weighted)
    Weighted.__init__(module)
    expected = lp.load_model(module, **FORMULA).evaluate(R, np.zeros(7, int), np.ones(7, int))
    found = lp.load_model(torch.jit.script(module), **FORMULA).evaluate(R, np.zeros(7, int), np.ones(7, int))
    assert_close(found[0], expected[0], rtol=1e-12)


class Weighted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, r, type1, type2):
        return self.weight * (1 - r) ** 3


def test_random_models_are_refused():
    with pytest.raises(
        lp.ModelError, match="the model is random: for features .* and .* the next time. Look for dropout"
    ):
        lp.load_model(Expression("torch.nn.functional.dropout(a * b * r, 0.5, training=True)"), **CHARGED)


def test_models_with_varying_rounding_errors_are_accepted():
    class Noisy(torch.nn.Module):
        def __init__(self, noise):
            super().__init__()
            self.noise = noise

        def forward(self, r, type1, type2):
            return (1 - r) ** 3 * (1 + self.noise * torch.rand_like(r))

    lp.load_model(Noisy(1e-13), **FORMULA)
    with pytest.raises(lp.ModelError, match="the model is random: for types .* and .* the next time"):
        lp.load_model(Noisy(1e-3), **FORMULA)


def test_models_whose_pairs_depend_on_each_other_are_refused():
    class Coupled(torch.nn.Module):
        def forward(self, r, type1, type2):
            return (1 - r) ** 3 * (2 + torch.tanh(r.mean()))

    with pytest.raises(
        lp.ModelError,
        match=(
            "the energy of a pair depends on which others are evaluated with it: for types .* among .* Look for means"
        ),
    ):
        lp.load_model(Coupled(), **FORMULA)


def test_models_that_pytorch_cannot_differentiate_are_refused():
    class InPlace(torch.nn.Module):
        def forward(self, r, features1, features2):
            x = r.exp()
            y = x * x
            x *= 2
            return y * (0.7 - r) ** 3

    with pytest.raises(lp.ModelError, match="InPlace: PyTorch cannot differentiate the model .* in place"):
        lp.load_model(InPlace(), **CHARGED)


def test_different_formulas_have_different_digests():
    digests = {lp.load_model(Expression(text), **CHARGED).digest for text in ("a * b * r", "a * b")}
    digests |= {
        lp.load_model(module, **FORMULA).digest
        for module in (models.Formula(), Weighted(), torch.jit.script(Weighted()))
    }
    assert len(digests) >= 4 and lp.load_model(Weighted(), **FORMULA).digest in digests


def test_numbers_in_attributes_change_digests():
    class Scaled(torch.nn.Module):
        def __init__(self, scale, powers):
            super().__init__()
            self.scale, self.powers = scale, powers
            self.inner = torch.nn.Module()
            self.inner.name = "first"

        def forward(self, r, type1, type2):
            return self.scale * sum((1 - r) ** n for n in self.powers)

    modules = [Scaled(1.0, [3]), Scaled(2.0, [3]), Scaled(1.0, [3, 4]), Scaled(1.0, [3])]
    modules[3].inner.name = "second"
    options = dict(types=["A"], cutoff=1.0, inner_cutoff=0.2)
    digests = [lp.load_model(module, **options).digest for module in modules]
    assert len(set(digests)) == 4
    assert lp.load_model(Scaled(1.0, [3]).eval(), **options).digest == digests[0]


def test_docstrings_do_not_change_digests():
    def with_one_line():
        class Curve(torch.nn.Module):
            """One description."""

            def forward(self, r, type1, type2):
                return 2 * (0.6 - r) ** 3

        return Curve()

    def with_several_lines():
        class Curve(torch.nn.Module):
            def forward(self, r, type1, type2):
                """Another description,

                of several lines.
                """
                return 2 * (0.6 - r) ** 3

        return Curve()

    def with_another_number():
        class Curve(torch.nn.Module):
            def forward(self, r, type1, type2):
                return 3 * (0.6 - r) ** 3

        return Curve()

    one, several, other = (
        lp.load_model(make(), types=["A"], cutoff=0.6, inner_cutoff=0.15).digest
        for make in (with_one_line, with_several_lines, with_another_number)
    )
    assert one == several != other


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_traced_branches_on_a_global_parameter_are_refused(tmp_path):
    class Choice(torch.nn.Module):
        def forward(self, r, type1, type2, lam):
            return lam * (1 - r) ** 3 if lam > 0.5 else 2 * lam * (1 - r) ** 3

    with pytest.raises(
        lp.ModelError, match="the written model differs from the module: .*, lam = 0.* it gives .*script it instead"
    ):
        lp.export_model(Choice(), tmp_path / "choice.pt", trace=True, global_parameters={"lam": 1.0}, **FORMULA)


@pytest.mark.parametrize("row", [[True], [0.5 + 1j], [10**400], "0.5"])
def test_features_are_real_numbers(row):
    model = lp.load_model(Expression("a * b"), **CHARGED)
    with pytest.raises(ValueError, match="particle 0 is .*; expected 1 features"):
        model.create_force([row])
    force = model.create_force([[0.5]])
    with pytest.raises(TypeError, match="the features of particle 0 are .*; expected 1 numbers"):
        force.setParticleFeatures(0, row)


def test_masked_features_are_refused():
    model = lp.load_model(Expression("a * b"), **CHARGED)
    masked = np.ma.array([[0.5], [0.6]], mask=[[False], [True]])
    with pytest.raises(TypeError, match="masked array"):
        model.create_force(masked)
    with pytest.raises(TypeError, match="masked array"):
        model.create_force([[0.5], None]).setAllParticleFeatures(masked)


def test_many_types_are_checked_in_reasonable_time():
    """Only a random part of the pairs of types is checked, but each type is in at least one pair."""

    class Many(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("size", torch.ones(400))

        def forward(self, r, type1, type2):
            return self.size[type1] * self.size[type2] * (1 - r) ** 3

    module = Many()
    metadata = dict(types=[f"t{k}" for k in range(400)], cutoff=1.0)
    lp.load_model(module, **metadata)
    module.size[371] = float("nan")
    with pytest.raises(lp.ModelError, match="the model is not finite: for types .*t371"):
        lp.load_model(module, **metadata)


@pytest.mark.parametrize("name", ["model.pt", "model.pt2"])
def test_files_of_the_oldest_supported_pytorch_are_read(name, caplog, capfd):
    """PyTorch 2.6 wrote them; newer versions write torch.export files in another format."""
    model = lp.load_model(OLDEST_PYTORCH / name)
    assert (model.types, model.cutoff, model.inner_cutoff) == (["A", "B"], 1.0, 0.2)
    r = np.array([0.2, 0.5, 0.75])
    w = np.array([0.25, 0.75, 2.25])
    expected = w * (1 - r) ** 3, -3 * w * (1 - r) ** 2
    assert_close(model.evaluate(r, [0, 0, 1], [0, 1, 1]), expected, rtol=1e-12)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_files_of_a_newer_pytorch_are_named(tmp_path):
    """A file with the version that the schema of torch.export may have one day."""
    lp.export_model(models.Formula(), tmp_path / "new.pt2", **FORMULA)
    with zipfile.ZipFile(tmp_path / "new.pt2") as new, zipfile.ZipFile(tmp_path / "newer.pt2", "w") as newer:
        changed = 0
        for name in new.namelist():
            content = new.read(name)
            if name.endswith(("models/model.json", "serialized_exported_program.json")):
                content = re.sub(rb'("schema_version": *\{"major": *)\d+', rb"\g<1>99", content)
                changed += content != new.read(name)
            newer.writestr(name, content)
    assert changed == 1
    version = re.escape(torch.__version__)
    with pytest.raises(
        lp.ModelError,
        match=rf"newer.pt2: PyTorch {version} cannot read the file \(.*99.*\); export the model again, or install the",
    ):
        lp.load_model(tmp_path / "newer.pt2")


def test_files_in_a_newer_format_are_named(tmp_path, monkeypatch):
    """As with PyTorch 2.6, which does not read the format that newer versions write."""
    with zipfile.ZipFile(tmp_path / "newer.pt2", "w") as newer:
        newer.writestr("newer/archive_format", "pt2")
    monkeypatch.setattr(exported, "reads_new_format", lambda: False)
    with pytest.raises(
        lp.ModelError, match="does not read the format of .* newer versions write; install a newer version"
    ):
        lp.load_model(tmp_path / "newer.pt2")


def test_old_names_of_members_give_no_warning(tmp_path, capfd):
    """Early versions of torch.export gave two members other names."""
    with (
        zipfile.ZipFile(OLDEST_PYTORCH / "model.pt2") as source,
        zipfile.ZipFile(tmp_path / "old.pt2", "w") as old,
    ):
        for name in source.namelist():
            renamed = re.sub(r"(serialized_(state_dict|constants))\.pt$", r"\1.json", name)
            old.writestr(renamed, source.read(name))
    model = lp.load_model(tmp_path / "old.pt2")
    assert_close(model.evaluate([0.5], [0], [1])[0], [0.75 * 0.5**3], rtol=1e-12)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["model.pt", "model.pt2"])
def test_models_can_be_loaded_in_several_threads(name):
    """PyTorch itself refuses to read two torch.export files at the same time. Its settings are as before afterwards:
    the default dtype and the log.
    """
    logger, found = logging.getLogger("torch.export"), []
    expected = lp.load_model(OLDEST_PYTORCH / name).evaluate([0.5], [0], [1])[0]
    before = torch.get_default_dtype(), logger.level, list(logger.filters)

    def load():
        for _ in range(4):
            found.append(lp.load_model(OLDEST_PYTORCH / name).evaluate([0.5], [0], [1])[0])

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 12
    assert (torch.get_default_dtype(), logger.level, list(logger.filters)) == before
