# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that tables are as accurate as reported, also between their knots, for soft and for stiff models."""

import learnedpair as lp
import models
import numpy as np
import pytest
import torch
from comparators import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st


def worst_violation(model, force, tolerance):
    """The largest force error relative to the allowed error, on a grid that is unrelated to the knots."""
    table = force.getFunction()
    r = np.linspace(model.inner_cutoff, model.cutoff, 20011)
    worst = 0.0
    for a in range(len(model.types)):
        for b in range(a + 1):
            if table.curve_indices[a * len(model.types) + b] < 0:
                continue
            energy, dEdR = model.evaluate(r, np.full(len(r), a), np.full(len(r), b))
            table_energy, table_dEdR = table.evaluate(a, b, r)
            worst = max(worst, (np.abs(table_dEdR - dEdR) / (tolerance * (np.abs(dEdR) + 1))).max())
            assert np.abs(table_energy - energy).max() <= 1.5 * force.lowering_report["max_energy_error"] + 1e-12
            assert np.abs(table_dEdR - dEdR).max() <= 1.5 * force.lowering_report["max_force_error"] + 1e-12
    return worst


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_tolerance_holds_between_the_knots(tolerance):
    model = models.water_model()
    force = model.create_force(["O", "H", "O", "H"], tolerance=tolerance)
    assert worst_violation(model, force, tolerance) <= 1
    report = force.lowering_report
    assert report["curves"] == 3 and report["bytes"] == 16 * report["knots"]
    assert 0 < report["rms_force_error"] <= report["max_force_error"]
    assert (report["types"], report["domain_nm"], report["tolerance"]) == (["O", "H"], [0.17, 0.6], tolerance)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-4, 1e-5])
def test_wall_and_weak_tail_of_one_function_are_both_accurate(tolerance):
    """1e4 kJ/mol/nm at the inner cutoff, 0.01 kJ/mol at the cutoff: the error of the tail is small relative to it."""
    model = lp.load_model(models.Wall(), types=["X"], cutoff=0.9, inner_cutoff=0.1, switching_distance=0.8)
    force = model.create_force([0, 0], tolerance=tolerance)
    assert worst_violation(model, force, tolerance) <= 1
    _, dEdR = model.evaluate([0.1], [0], [0])
    assert abs(dEdR[0]) > 9e3
    tail = np.linspace(0.7, 0.9, 501)
    energy, _ = model.evaluate(tail, np.zeros(501, int), np.zeros(501, int))
    assert_close(force.getFunction().evaluate(0, 0, tail)[0], energy, atol=1e-5, what="tail")


@settings(max_examples=25)
@given(steepness=st.floats(5, 120), height=st.floats(0.1, 1e4), frequency=st.floats(1, 60), inner=st.floats(0.05, 0.3))
def test_any_smooth_function_is_lowered(steepness, height, frequency, inner):
    class Function(torch.nn.Module):
        def forward(self, r, type1, type2):
            return (height * torch.exp(-steepness * (r - inner)) + torch.cos(frequency * r)) * (1 - (r / 0.9) ** 2) ** 3

    model = lp.load_model(Function(), types=["X"], cutoff=0.9, inner_cutoff=inner)
    assert worst_violation(model, model.create_force([0, 0], tolerance=1e-4), 1e-4) <= 1


class Wave(torch.nn.Module):
    def __init__(self, frequency):
        super().__init__()
        self.frequency = frequency

    def forward(self, r, type1, type2):
        return torch.cos(self.frequency * r) * (1 - (r / 0.9) ** 2) ** 3


def test_knots_are_added_until_slopes_and_energies_are_consistent():
    """A PairTable refuses a curve that oscillates between two knots, as this one does with few knots."""
    model = lp.load_model(Wave(400.0), types=["X"], cutoff=0.9, inner_cutoff=0.1)
    force = model.create_force([0, 0], representation="table")
    assert worst_violation(model, force, 1e-4) <= 1


def test_update_with_a_curve_that_oscillates_between_knots_is_refused():
    force = lp.load_model(Wave(10.0), types=["X"], cutoff=0.9, inner_cutoff=0.1).create_force([0, 0])
    faster = lp.load_model(Wave(2000.0), types=["X"], cutoff=0.9, inner_cutoff=0.1)
    with pytest.raises(
        lp.LoweringError,
        match="knots are too few for types X and X and the tolerance 0.0001: between knots the energies"
        " contradict the slopes; make a new force",
    ):
        faster.update_force(force)


def test_reported_errors_are_those_of_the_table():
    model = models.water_model()
    force = model.create_force(["O", "H"])
    report, table = force.lowering_report, force.getFunction()
    r = np.random.default_rng(5).uniform(model.inner_cutoff, model.cutoff, 100_000)
    errors = [
        np.abs(found - expected)
        for found, expected in zip(
            table.evaluate(0, 1, r), model.evaluate(r, np.zeros(len(r), int), np.ones(len(r), int)), strict=True
        )
    ]
    for error, what in zip(errors, ("energy", "force"), strict=True):
        assert 0.8 < report[f"max_{what}_error"] / error.max() <= 1.01
        assert abs(report[f"rms_{what}_error"] / np.sqrt((error**2).mean()) - 1) < 0.1


def test_table_has_only_the_curves_in_use_and_shares_equal_ones():
    class SamePairs(torch.nn.Module):
        def forward(self, r, type1, type2):
            return (1 - r) ** 3 * torch.where(type1 == type2, 1.0, 2.0)

    model = lp.load_model(SamePairs(), types=["A", "B", "C", "D"], cutoff=1.0, inner_cutoff=0.1)
    table = model.create_force(["A", "A", "B", None, "D", "D"]).getFunction()
    index = np.array(table.curve_indices).reshape(4, 4)
    same, other = index[0, 0], index[0, 1]
    assert len(table.energies) == 2 and same != other
    #         A      B      C    D
    assert index.tolist() == [[same, other, -1, other], [other, -1, -1, other], [-1] * 4, [other, other, -1, same]]


def test_the_same_model_gives_the_same_table():
    tables = [models.water_model().create_force(["O", "H", "H"]).getFunction() for _ in range(2)]
    assert [e.tobytes() for e in tables[0].energies] == [e.tobytes() for e in tables[1].energies]


class Kink(torch.nn.Module):
    def forward(self, r, type1, type2):
        return torch.abs(r - 0.5) * 5 * (1 - r) ** 3


class SinglePrecision(torch.nn.Module):
    def forward(self, r, type1, type2):
        return (torch.exp(-20 * r.float()) * 1000 * (1 - r.float()) ** 3).double()


class NaNSomewhere(torch.nn.Module):
    def forward(self, r, type1, type2):
        return torch.where((r > 0.4001) & (r < 0.4009), torch.nan, 1.0) * torch.exp(-9 * r) * (1 - r) ** 3


def test_casts_to_single_precision_do_not_limit_a_table():
    model = lp.load_model(SinglePrecision(), types=["X"], cutoff=1.0, inner_cutoff=0.1)
    assert worst_violation(model, model.create_force([0, 0], tolerance=1e-8), 1e-8) <= 1
    energy, _ = model.evaluate([0.3], [0], [0])
    assert energy[0] == pytest.approx(1000 * np.exp(-6.0) * 0.7**3, rel=1e-13)


@pytest.mark.parametrize(
    "module, tolerance, message",
    [
        (Kink, 1e-4, r"types X and X does not reach the tolerance 0.0001 .*at 0\.(49|5).* kink"),
        (NaNSomewhere, 1e-7, "at 0.400.* nm the model is not finite"),
        (models.Formula, 0.0, "tolerance is 0.0; expected a positive number"),
        (models.Formula, float("nan"), "tolerance is nan"),
        (models.Formula, None, "tolerance is None"),
        (models.Formula, "1e-4", "tolerance is '1e-4'"),
    ],
)
def test_lowering_error_names_the_place(module, tolerance, message):
    model = lp.load_model(module(), types=["X"], cutoff=1.0, inner_cutoff=0.1)
    with pytest.raises(lp.LoweringError, match=message):
        model.create_force([0, 0], tolerance=tolerance, representation="table")


def test_particles_are_given_by_type_name_or_index():
    model = models.water_model()
    force = model.create_force(np.array([0, 1, -1, 1]))
    assert force.getParticleTypes().tolist() == [0, 1, -1, 1]
    assert model.create_force(["H", None, 0]).getParticleTypes().tolist() == [1, -1, 0]
    assert model.create_force([None, None]).getFunction().curve_indices == [-1] * 4
    for wrong, message in (
        ("N", "no type 'N'; the model has O, H"),
        (2, "2 is not a type"),
        (-2, "-2 is not a type"),
        (0.5, "0.5 is not a type"),
    ):
        with pytest.raises(ValueError, match=message):
            model.create_force(["O", wrong])
    for wrong in ({"O"}, "O", {"O": 1}):
        with pytest.raises(TypeError, match="expected a sequence with one type or feature vector for each particle"):
            model.create_force(wrong)
    assert model.create_force(["O", "O"], tolerance=np.float32(1e-3)).lowering_report["tolerance"] == np.float32(1e-3)


def test_force_has_the_distances_of_the_model():
    force = models.water_model(switching_distance=0.5).create_force(
        ["O"], nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic
    )
    assert [
        force.getInnerCutoffDistance()._value,
        force.getSwitchingDistance()._value,
        force.getCutoffDistance()._value,
    ] == [0.17, 0.5, 0.6]
    assert force.getUseSwitchingFunction() and force.getNonbondedMethod() == force.CutoffNonPeriodic
    assert not models.water_model().create_force(["O"]).getUseSwitchingFunction()
