# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the report on the tail of a model: its energy near the cutoff, where an envelope, a switching function or
truncation ends it.
"""

import architectures
import learnedpair as lp
import numpy as np
import pytest
import torch
from learnedpair.cli import main
from learnedpair.models.checks.tail import find_tails

METADATA = dict(types=["Ar", "Ne"], cutoff=0.9, inner_cutoff=0.3)


class Dispersion(torch.nn.Module):
    """-0.01 r^-6 kJ/mol for argon, half of it with one neon atom, a quarter with two; optionally times an envelope."""

    def __init__(self, envelope):
        super().__init__()
        self.envelope = envelope

    def forward(self, r, type1, type2):
        energy = -0.01 * r**-6 * 0.5 ** (type1 + type2)
        if self.envelope:
            energy = energy * torch.clamp(1 - (r / 0.9) ** 2, min=0) ** 3
        return energy


def expected(switching_distance, envelope, end=0.9):
    """The integral of 4 pi r^2 f from 0.675 nm on, by the trapezoidal rule with many points."""
    r = np.linspace(0.675, end, 200001)
    energy = -0.01 * r**-6
    if envelope:
        energy *= (1 - (r / 0.9) ** 2) ** 3
    if switching_distance:
        y = np.clip((r - switching_distance) / (0.9 - switching_distance), 0, None)
        energy *= 1 - 10 * y**3 + 15 * y**4 - 6 * y**5
    values = 4 * np.pi * r**2 * energy
    return ((values[1:] + values[:-1]) / 2 * np.diff(r)).sum()


@pytest.mark.parametrize(
    "options",
    [dict(envelope=True), dict(switching_distance=0.7), dict(truncated=True)],
    ids=["envelope", "switched", "truncated"],
)
def test_tail_of_a_dispersion_curve_equals_its_integral(options):
    module = Dispersion(options.pop("envelope", False))
    model = lp.load_model(module, **METADATA, **options)
    tails = find_tails(model, ["Ar-Ar", "Ar-Ne"], np.array([0, 0]), np.array([0, 1]), {})
    first, second = tails
    assert first.distance == pytest.approx(0.675) and first.energy == pytest.approx(
        -0.01 * 0.675**-6 * ((1 - 0.75**2) ** 3 if module.envelope else 1)
    )
    assert first.beyond == pytest.approx(expected(options.get("switching_distance"), module.envelope), rel=1e-3)
    assert first.dispersion == pytest.approx(4 / 3 * np.pi * 0.675**3 * first.energy)
    assert first.integral < first.beyond < 0 and second.beyond == pytest.approx(first.beyond / 2)
    if options.get("truncated"):  # the missing part is the integral from the cutoff to infinity
        assert first.lost == pytest.approx(4 / 3 * np.pi * 0.01 / 0.9**3, rel=1e-3)
    assert (
        model.worst_tail().name == "types Ar and Ar"
        and f"  at cutoff:   types Ar and Ar {first.energy:11.4g} kJ/mol at 0.675 nm" in str(model)
    )


def test_export_and_inspect_print_the_tail(tmp_path, capsys):
    model = lp.export_model(Dispersion(False), tmp_path / "argon.pt", **METADATA, switching_distance=0.7)
    tail = find_tails(model, ["Ar-Ar"], np.array([0]), np.array([0]), {})[0]
    assert f"at 0.675 nm; integral of 4 pi r^2 f from there to the cutoff {tail.beyond:.3g} kJ/mol nm^3" in str(model)
    assert main(["inspect", str(tmp_path / "argon.pt")]) == 0
    text = capsys.readouterr().out
    assert "At the cutoff, 0.9 nm, where each function is switched off from 0.7 nm:" in text and f"  {tail}\n" in text
    assert text.count("to infinity if it fell as r^-6") >= 4  # of the model, and of three pairs of types
    assert "a dispersion-like interaction is cut off: its energy and pressure in a liquid are missing" in text


def test_negligible_energies_are_printed_as_zero(tmp_path, capsys):
    class Decaying(torch.nn.Module):
        def forward(self, r, type1, type2):
            return -torch.exp(-300 * r) * torch.clamp(1 - r / 0.9, min=0) ** 3 * (1 - type1 * type2)

    model = lp.export_model(Decaying(), tmp_path / "decaying.pt", **METADATA)
    argon, neon = find_tails(model, ["Ar-Ar", "Ne-Ne"], np.array([0, 1]), np.array([0, 1]), {})
    assert -1e-80 < argon.energy < 0 and argon.integral < 0
    ending = (
        "0 kJ/mol at 0.675 nm; integral of 4 pi r^2 f from there to the cutoff 0 kJ/mol nm^3 (nothing before), and 0 to"
        " infinity if it fell as r^-6"
    )
    assert str(argon) == f"Ar-Ar      {'':10}{ending}" and str(neon) == f"Ne-Ne      {'':10}{ending}"
    assert main(["inspect", str(tmp_path / "decaying.pt")]) == 0
    text = capsys.readouterr().out
    assert f"  Ne-Ne      {0:12.4g} kJ/mol, dE/dr {0:10.4g} kJ/mol/nm\n" in text and "-0 kJ" not in text + str(model)
    assert "e-8" not in text


def test_tails_of_models_with_features():
    assert (
        lp.load_model(
            architectures.by_name("charge_penetration").module(),
            **{**architectures.by_name("charge_penetration").metadata, "features": ["q", "alpha"]},
        ).worst_tail()
        is None
    )
    tail = architectures.load(architectures.by_name("soft_core"), "module").worst_tail()
    assert tail.name.startswith("features (sigma=") and tail.energy != 0
