# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that discontinuous energies, and forces that are not derivatives of the energy, are refused, and that models
may be truncated on purpose.
"""

import learnedpair as lp
import numpy as np
import pytest
import systems
import torch
from comparators import REFERENCE, assert_close, evaluate

pytestmark = pytest.mark.all_samples


class Formula(torch.nn.Module):
    """An expression of the distance."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def forward(self, r, type1, type2):
        return eval(
            self.text, {"torch": torch, "Cube": Cube.apply}, {"r": r, "x": torch.clamp(1 - (r / 0.6) ** 2, min=0)}
        )


class Cube(torch.autograd.Function):
    """x^3 with the derivative of x^2."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


METADATA = dict(types=["A"], cutoff=0.6, inner_cutoff=0.15)
JUMPS = {
    "at the cutoff": ("torch.cos(9 * r) * (r < 0.6)", "0.6 nm"),
    "close to the cutoff": ("torch.cos(9 * r) * (r < 0.5999)", "0.5999 nm"),
    "inside": ("torch.cos(9 * r) * x**3 * (r < 0.4)", "0.4 nm"),
    "a small one beside a wall": ("1e4 * torch.exp(-60 * (r - 0.15)) * x**3 + 0.1 * (r < 0.41) * x**3", "0.41 nm"),
    "of a floor": ("torch.floor(10 * r) * r * x**3", "0.[2345] nm"),
}


@pytest.mark.parametrize("name", JUMPS)
@pytest.mark.parametrize(
    "options",
    [{}, dict(switching_distance=0.55), dict(global_parameters={"lam": 1.0})],
    ids=["plain", "switched", "global"],
)
@pytest.mark.many_cases
def test_energies_that_jump_are_refused(name, options):
    """With a switching function, too: what is tabulated and evaluated is the energy before it is switched."""
    text, place = JUMPS[name]
    module = WithGlobal(text) if "global_parameters" in options else Formula(text)
    with pytest.raises(
        lp.ModelError,
        match=(
            rf"the energy jumps: for types A and A it goes from .* to .* kJ/mol at {place}.*where a force would be"
            r" infinite.*let the energy end smoothly. If it is cut off there on purpose, set the cutoff,"
            r" now 0.6 nm, to that distance and pass truncated=True"
        ),
    ):
        lp.load_model(module, **METADATA, **options)


class WithGlobal(Formula):
    def forward(self, r, type1, type2, lam):
        return lam * super().forward(r, type1, type2)


@pytest.mark.parametrize(
    "text", ["torch.cos(9 * r) * (r < 0.6)", "torch.cos(9 * r) * (r <= 0.6)", "torch.cos(9 * r)", "x", "torch.sqrt(x)"]
)
def test_energy_and_derivative_must_vanish_as_the_cutoff_is_approached(text):
    """Even if they are zero at the cutoff itself."""
    with pytest.raises(
        lp.ModelError,
        match=(
            "does not vanish at the cutoff: .* as the distance approaches it from below.* or pass truncated=True|not"
            " finite"
        ),
    ):
        lp.load_model(Formula(text), **METADATA)


@pytest.mark.parametrize(
    "text",
    [
        "x**3",
        "x**2",
        "x**1.5",
        "torch.exp(-1 / (x + 1e-3)) * x**2",
        "torch.relu(r - 0.3) * x**2",
        "torch.abs(r - 0.3) * x**3",
        "1e4 * torch.exp(-80 * (r - 0.15)) * x**3",
    ],
)
def test_energies_that_end_smoothly_are_accepted(text):
    """Even with a kink, a wall, or an envelope that barely vanishes."""
    lp.load_model(Formula(text), **METADATA)


@pytest.mark.parametrize(
    "text", ["(r + r.detach()) * x**3", "x**3 + x.detach()**3 * r", "Cube(x)", "torch.cos(9 * r) * x.detach()**3"]
)
def test_wrong_derivatives_are_refused(text):
    with pytest.raises(
        lp.ModelError,
        match=(
            r"automatic differentiation does not give the derivative of the energy: for types A and A at .* nm it gives"
            r" .* kJ/mol/nm, and the energy changes by .*detach\(\)"
        ),
    ):
        lp.load_model(Formula(text), **METADATA)


@pytest.mark.parametrize("text", ["torch.cos(9 * r) * (r < 0.6)", "torch.cos(9 * r)"])
@pytest.mark.parametrize("representation", ["table", "program"])
def test_models_may_be_truncated_on_purpose(target, text, representation, tmp_path):
    """Below the cutoff the energy is that of the model, whether or not the model is zero at the cutoff itself."""
    model = lp.export_model(
        torch.jit.trace(
            Formula(text).eval(), (torch.rand(3), torch.zeros(3, dtype=torch.int64), torch.zeros(3, dtype=torch.int64))
        ),
        tmp_path / "cut.pt",
        **METADATA,
        truncated=True,
    )
    assert model.truncated and "0.15 to 0.6 nm, truncated" in str(model)
    chains = systems.Chains(molecules=30)
    system = chains.system()
    force = model.create_force(np.zeros(chains.count, int), representation=representation)
    assert force.lowering_report["truncated"] is True
    for pair in chains.molecule_pairs:
        force.addExclusion(*pair)
    system.addForce(force)
    expected = evaluate(REFERENCE.context(system, chains.positions))
    if target is REFERENCE:
        import oracle

        energy, forces, _ = oracle.energy_and_forces(
            lambda r, a, b: (np.cos(9 * r), -9 * np.sin(9 * r)),
            chains.positions,
            np.zeros(chains.count, int),
            cutoff=0.6,
            inner_cutoff=0.15,
            box=chains.box,
            exclusions=chains.molecule_pairs,
        )
        assert_close(expected[0], energy, rtol=1e-5)
        assert_close(expected[1], forces, atol=1e-3)
    target.assert_agrees(*evaluate(target.context(system, chains.positions)), *expected)
    if representation == "program":
        lp.tabulate(force)
        assert force.lowering_report["truncated"] is True
        again = evaluate(REFERENCE.context(system, chains.positions))
        assert_close(again[0], expected[0], rtol=1e-5)
