# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of the training domain and the training entry of a model: metadata, files, messages, and the way to a force."""

import json
import math
import pickle

import learnedpair as lp
import models
import numpy as np
import openmm
import pytest
import torch
from openmm import unit

TYPES = dict(types=["A", "B"], cutoff=1.0, inner_cutoff=0.1)
DOMAIN = {("A", "A"): (0.2, 1.0), ("A", "B"): (0.13, 0.7)}
TRAINING = {
    "RMSE": 0.31,
    "data": "sha256:ab",
    "versions": {"torch": "2.9", "xtb": None},
    "layers": [32, 16],
    "ok": True,
}


class Charges(torch.nn.Module):
    """A formula with features. Energy and dE/dr are zero at the cutoff of 1."""

    def forward(self, r: torch.Tensor, features1: torch.Tensor, features2: torch.Tensor) -> torch.Tensor:
        return (features1 * features2).squeeze(-1) * torch.clamp(1 - r, min=0) ** 3


FEATURES = dict(features={"q": (-1.0, 1.0)}, cutoff=1.0, inner_cutoff=0.1)


def load(**metadata):
    return lp.load_model(models.Formula(), **{**TYPES, **metadata})


# ---- what is stored


@pytest.mark.parametrize("ending", [".pt", ".pt2"])
def test_files_hold_domain_and_training(ending, tmp_path):
    path = tmp_path / f"m{ending}"
    lp.export_model(models.Formula(), path, **TYPES, domain=DOMAIN, training=TRAINING)
    for model in (lp.load_model(path), pickle.loads(pickle.dumps(lp.load_model(path)))):
        assert model.domain == DOMAIN and list(model.domain) == list(DOMAIN)
        assert model.training == TRAINING
    extra = {"learnedpair.json": ""}
    if ending == ".pt":
        torch.jit.load(path, _extra_files=extra)
    else:
        torch.export.load(path, extra_files=extra)
    stored = json.loads(extra["learnedpair.json"])
    assert stored["schema"] == 1 and stored["training"] == TRAINING
    assert stored["domain"] == [["A", "A", 0.2, 1.0], ["A", "B", 0.13, 0.7]]


@pytest.mark.parametrize("ending", [".pt", ".pt2"])
def test_files_of_models_with_features(ending, tmp_path):
    lp.export_model(Charges(), tmp_path / f"m{ending}", **FEATURES, domain=(0.2, 1))
    model = lp.load_model(tmp_path / f"m{ending}")
    assert model.domain == (0.2, 1.0) and "trained on:  0.2 to 1 nm" in str(model)
    assert model.create_force([[0.5], [0.1]]).lowering_report["domain"] == [0.2, 1.0]


def test_files_without_them(tmp_path):
    """Also a file of an older version, whose metadata lack both."""
    model = lp.export_model(models.Formula(), tmp_path / "m.pt", **TYPES)
    assert model.domain is None and model.training is None
    assert "trained on" not in str(model) and "training" not in str(model)
    assert model.create_force(["A", "B"]).lowering_report["domain"] is None
    old = {"schema": 1, "types": {"A": None, "B": None}, "cutoff": 1.0, "inner_cutoff": 0.1}
    script = torch.jit.script(models.Formula())
    torch.jit.save(script, tmp_path / "old.pt", _extra_files={"learnedpair.json": json.dumps(old)})
    assert lp.load_model(tmp_path / "old.pt").domain is None


def test_names_are_in_the_order_of_the_types():
    model = load(domain={("B", "A"): (0.13, 0.7), ("A", "A"): (0.2, 2.0)})
    assert list(model.domain.items()) == [(("A", "A"), (0.2, 2.0)), (("A", "B"), (0.13, 0.7))]


def test_units(tmp_path):
    """Numbers are in the length unit of the model, and Quantities are converted to it."""
    pairs = {("A", "A"): (2, 10.0), ("A", "B"): (0.13 * unit.nanometer, 7 * unit.angstrom)}
    pairs["B", "B"] = np.array([0.3, 0.8]) * unit.nanometer

    class Formula(torch.nn.Module):
        def forward(self, r, type1, type2):
            return torch.clamp(1 - r / 10, min=0) ** 3

    metadata = dict(types=["A", "B"], cutoff=10.0, inner_cutoff=1.0, length_unit="angstrom")
    model = lp.export_model(Formula(), tmp_path / "m.pt", **metadata, domain=pairs)
    assert model.metadata.domain == {("A", "A"): (2, 10), ("A", "B"): (1.3, 7), ("B", "B"): (3, 8)}
    assert model.domain == {("A", "A"): (0.2, 1.0), ("A", "B"): (0.13, 0.7), ("B", "B"): (0.3, 0.8)}


def test_a_given_domain_replaces_that_of_the_file(tmp_path):
    """As a whole, so that a pair can be removed; and None removes all."""
    lp.export_model(models.Formula(), tmp_path / "m.pt", **TYPES, domain=DOMAIN, training=TRAINING)
    model = lp.load_model(tmp_path / "m.pt", domain={("B", "B"): (0.3, 0.9)}, training={"note": "other"})
    assert model.domain == {("B", "B"): (0.3, 0.9)} and model.training == {"note": "other"}
    assert lp.load_model(tmp_path / "m.pt", domain=None).domain is None
    assert lp.load_model(tmp_path / "m.pt", description="x").domain == DOMAIN


def test_print():
    lines = str(load(domain=DOMAIN, training=TRAINING | {"note": 60 * "x"})).splitlines()
    assert "  trained on:  A-A 0.2 to 1, A-B 0.13 to 0.7 nm; no data for B-B" in lines
    (training,) = [line for line in lines if line.startswith("  training:")]
    assert training == (
        "  training:    RMSE 0.31, data sha256:ab, versions (2 entries), layers (2 entries), ok True, note"
        f" {40 * 'x'}..."
    )
    names = [f"T{k}" for k in range(20)]
    many = load(types=names, domain={("T0", name): (0.2, 1.0) for name in names})
    assert "T0-T9 0.2 to 1 and 10 more nm; no data for T1-T1, " in str(many) and "and 180 more" in str(many)


# ---- the way to a force


def xml_report(force):
    """The lowering report of a force after a round trip through the XML of a System."""
    system = openmm.System()
    for _ in range(force.getNumParticles()):
        system.addParticle(1.0)
    system.addForce(force)
    loaded = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(system))
    return lp.LearnedPairForce.cast(loaded.getForce(0)).lowering_report


@pytest.mark.parametrize("representation", ["table", "program"])
def test_the_domain_is_in_the_xml_of_a_system(representation):
    model = load(domain=DOMAIN)
    report = xml_report(model.create_force(["A", "B"], representation=representation))
    assert report["domain"] == [["A", "A", 0.2, 1.0], ["A", "B", 0.13, 0.7]]
    assert report["representation"] == representation and report["domain_nm"] == [0.1, 1.0]


def test_tabulate_keeps_the_domain():
    force = load(domain=DOMAIN).create_force(["A", "B"], representation="program")
    before = force.lowering_report["domain"]
    lp.tabulate(force)
    assert force.lowering_report["representation"] == "table" and force.lowering_report["domain"] == before


def test_an_update_brings_the_domain_of_the_new_model():
    force = load(domain=DOMAIN).create_force(["A", "B"])
    load(domain={("A", "A"): (0.3, 1.0)}).update_force(force)
    assert force.lowering_report["domain"] == [["A", "A", 0.3, 1.0]]


# ---- what is refused

PAIR = ("A", "B")
RANGE = r"expected \(low, high\), finite distances in nm or Quantities, with 0 <= low < high"


@pytest.mark.parametrize(
    "domain, message",
    [
        (
            (0.1, 0.7),
            r"domain is \(0.1, 0.7\); expected a dict of pairs of types, such as {\('O', 'H'\): \(low, high\)}",
        ),
        ("A-B", "domain is 'A-B'; expected a dict of pairs"),
        ({"A": (0.1, 0.7)}, "expected a dict of pairs of types"),
        ({}, "domain is {}, without any pair of types; give None if the domain is not known"),
        ({("A", "X"): (0.1, 0.7)}, "the pair 'A' and 'X', and there is no type 'X'; the model has A, B"),
        ({("A", 1): (0.1, 0.7)}, "there is no type 1; the model has A, B"),
        ({PAIR: (0.1, 0.7), PAIR[::-1]: (0.1, 0.7)}, "the pair 'B' and 'A' twice; leave one of the two out"),
        ({PAIR: (0.7, 0.1)}, rf"the domain of 'A' and 'B' is \(0.7, 0.1\); {RANGE}"),
        ({PAIR: (0.7, 0.7)}, RANGE),
        ({PAIR: (-0.1, 0.7)}, RANGE),
        ({PAIR: (0.1, math.inf)}, RANGE),
        ({PAIR: (math.nan, 0.7)}, RANGE),
        ({PAIR: (True, 2)}, RANGE),
        ({PAIR: 0.7}, RANGE),
        ({PAIR: "0.1-0.7"}, RANGE),
        ({PAIR: (0.1, 0.2, 0.3)}, RANGE),
        ({PAIR: (1 * unit.kelvin, 0.7)}, "a distance of the domain is 1 K; expected a length"),
        (
            {PAIR: (2.4, 7.0)},
            "the domain of 'A' and 'B' is 2.4 to 7 nm, and the model is evaluated from 0.1 to 1 nm only",
        ),
        ({PAIR: (0.01, 0.1)}, "expected ranges that overlap: check length_unit, and leave out pairs without training"),
    ],
)
def test_wrong_domains(domain, message):
    with pytest.raises(lp.ModelError, match=message):
        load(domain=domain)


def test_all_problems_are_in_one_message():
    with pytest.raises(lp.ModelError) as error:
        load(domain={("A", "X"): (0.1, 0.7), PAIR: (0.7, 0.1)}, training=3, truncated=2)
    lines = str(error.value).splitlines()
    assert len(lines) == 4 and all(any(word in line for line in lines) for word in ("'X'", "0.7, 0.1", "training is 3"))


@pytest.mark.parametrize("domain", [{PAIR: (0.1, 0.7)}, (0.7, 0.1), [["A", "B", 0.1, 0.7]], (0.1, 0.5, 0.7), 0.7])
def test_wrong_domains_of_models_with_features(domain):
    with pytest.raises(lp.ModelError, match=rf"{RANGE}, or None. A model with features has one range for all pairs"):
        lp.load_model(Charges(), **FEATURES, domain=domain)
    with pytest.raises(lp.ModelError, match="the domain is 2.4 to 7 nm, and the model is evaluated from 0.1 to 1 nm"):
        lp.load_model(Charges(), **FEATURES, domain=(2.4, 7.0))


def test_a_damaged_domain_in_a_file_is_refused(tmp_path):
    content = {"schema": 1, "types": {"A": None}, "cutoff": 1.0, "inner_cutoff": 0.1, "domain": [["A", "A", 0.2]]}
    script = torch.jit.script(models.Formula())
    torch.jit.save(script, tmp_path / "m.pt", _extra_files={"learnedpair.json": json.dumps(content)})
    with pytest.raises(
        lp.ModelError, match=r"m.pt: domain is \[\['A', 'A', 0.2\]\]; expected a dict of pairs of types"
    ):
        lp.load_model(tmp_path / "m.pt")


@pytest.mark.parametrize(
    "training, message",
    [
        ([1], r"training is \[1\]; expected a dict"),
        ({"rmse": np.float32(0.3)}, r"training\['rmse'\] is a float32, which JSON cannot hold; .*float\(\), int\(\)"),
        ({"n": np.arange(3)}, r"training\['n'\] is a ndarray, which JSON cannot hold"),
        ({"rmse": {"O": [0.1, math.nan]}}, r"training\['rmse'\]\['O'\]\[1\] is nan; expected a finite number"),
        ({"rmse": -math.inf}, r"training\['rmse'\] is -inf; expected a finite number"),
        ({"per pair": {(0, 1): 0.3}}, r"training\['per pair'\] has the key \(0, 1\); expected a text"),
        ({1: 2}, "training has the key 1; expected a text"),
    ],
)
def test_wrong_training(training, message):
    with pytest.raises(lp.ModelError, match=message):
        load(training=training)


def test_training_that_holds_itself_is_refused():
    training = {}
    training["again"] = training
    with pytest.raises(lp.ModelError, match="inside of more than 20 dicts and lists"):
        load(training=training)


def test_training_is_a_copy():
    training = {"layers": (32, 16), "size": np.float64(0.5)}
    model = load(training=training)
    training["layers"] = None
    assert model.training == {"layers": [32, 16], "size": 0.5} and type(model.training["size"]) is float
