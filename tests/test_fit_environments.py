# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of fits of environment models: predictions, known functions, checkpoints, ranges, and what is refused."""

import copy
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import pytest
import torch
from comparators import assert_close
from learnedpair.fit.distances import Range
from learnedpair.fit.environment_tensors import EnvironmentTensors
from learnedpair.fit.expected_errors import Errors

CUTOFF, INNER, ANGULAR = 0.7, 0.25, [0, 0, 1, 2]
NAMES = ["A", "B"]


def network(seed=0, angular=ANGULAR):
    torch.manual_seed(seed)
    return lp.nn.EnvironmentNetwork(2, CUTOFF, angular, hidden=6, num_basis=6, inner=INNER).double()


TEACHER = network(7)


def energy_of(module, **options):
    return lp.nn.EnvironmentEnergy(module, module.angular, CUTOFF, INNER, **options)


def cluster(seed, box=None, energy=True, forces=True, switching_distance=None, **options):
    """Four to six atoms of two types, with energy and forces of the teacher; the first two are one fragment."""
    random = np.random.default_rng(seed)
    count = int(random.integers(4, 7))
    types = random.integers(0, 2, count)
    while True:
        positions = (0.75 if box is None else box) * random.random((count, 3))
        delta = positions[None] - positions[:, None]
        if box is not None:
            delta -= box * np.round(delta / box)
        if np.sqrt((delta**2).sum(axis=2))[np.triu_indices(count, 1)].min() > INNER:
            break
    x = torch.tensor(positions, requires_grad=True)
    cell = None if box is None else box * torch.eye(3, dtype=torch.float64)
    total = energy_of(TEACHER, switching_distance=switching_distance)(x, cell, torch.tensor(types), [(0, 1)])
    (gradient,) = torch.autograd.grad(total, x)
    return lp.fit.Configuration(
        f"cluster {seed}",
        tuple(NAMES[k] for k in types),
        positions,
        energy=total.item() if energy else None,
        forces=-gradient.numpy() if forces else None,
        box=None if box is None else box * np.eye(3),
        fragments=[0, 0, *range(1, count - 1)],
        **options,
    )


def data_of(count, first=0, **options):
    return lp.fit.ReferenceData([cluster(k, **options) for k in range(first, first + count)], "clusters", "a network")


class Scaled(torch.nn.Module):
    """The teacher, whose energies are multiplied by a factor; and an energy of atoms without neighbors."""

    def __init__(self, factor):
        super().__init__()
        self.inner, self.angular = copy.deepcopy(TEACHER), ANGULAR
        self.factor = torch.nn.Parameter(torch.tensor(factor, dtype=torch.float64))

    def density(self, r, type1, type2):
        return self.inner.density(r, type1, type2)

    def atom(self, densities, type):
        return self.factor * self.inner.atom(densities, type) + 100.0 * (type + 1)


@pytest.mark.parametrize(
    "options",
    [dict(), dict(energy=False), dict(forces=False), dict(box=1.6), dict(switching_distance=0.5), dict(rigid=True)],
    ids=str,
)
def test_predictions_and_losses(options):
    """Of the module of the data the loss is zero, also with an energy of isolated atoms; scaled by 1.5, it is known."""
    data, errors = data_of(12, **options), Errors((0.1, 0.0), (2.0, 0.0))
    interacting = Range(CUTOFF, options.get("switching_distance"), within_cutoff=True, inner_cutoff=INNER)
    tensors = EnvironmentTensors.of([*data], NAMES, ANGULAR, interacting, errors)
    assert tensors.loss(Scaled(1.0)).item() < 1e-18
    expected = []
    for each in data:
        loss = 0.0 if each.energy is None else (0.5 * each.energy / 0.1) ** 2
        if each.forces is not None:
            loss += np.mean((0.5 * each.forces / 2.0) ** 2)
        expected.append(loss)
    assert_close(tensors.loss(Scaled(1.5)).item(), np.mean(expected), rtol=1e-10)
    chosen = torch.tensor([1, 4, 5])
    assert_close(tensors.batch(chosen).loss(Scaled(1.5)).item(), np.mean(np.array(expected)[chosen]), rtol=1e-10)


SMALL = dict(cutoff=CUTOFF, types=NAMES, epochs=5, batch_size=8, inner_cutoff=INNER)


def small(**options):
    return lp.fit.fit_environment(data_of(30), network(), **SMALL | options)


@pytest.mark.slow
def test_a_network_learns_the_energies_of_another_one():
    """Which no function of pairs can represent: a pair network is far worse."""
    data, options = data_of(200), dict(cutoff=CUTOFF, types=NAMES, epochs=150, batch_size=16, learning_rate=0.02)
    fit = lp.fit.fit_environment(data, network(1), inner_cutoff=INNER, **options).with_held_out(data_of(40, first=900))
    pairs = lp.fit.fit_network(data, dict(hidden=(16, 16)), within_cutoff=True, **options)
    size = np.sqrt(np.mean(np.concatenate([each.forces for each in fit.validation]) ** 2))
    assert fit.force_error < 0.15 * size and fit.errors_held_out[1] < 0.2 * size
    assert fit.force_error < 0.4 * pairs.force_error


def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path):
    whole = small()
    file = tmp_path / "fit.ckpt"

    def interrupt(epoch, *_):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(checkpoint=file, progress=interrupt)
    resumed = small(checkpoint=file)
    assert resumed.history == whole.history and resumed.best_epoch == whole.best_epoch
    for a, b in zip(resumed.module.parameters(), whole.module.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(lp.ModelError, match="the checkpoint belongs to a fit with other distances"):
        small(checkpoint=file, inner_cutoff=0.2)


def test_the_model_and_its_record(tmp_path):
    test = data_of(5, first=500)
    fit = small(description="of clusters").with_held_out(test)
    saved = fit.save(tmp_path / "m.pt")
    for model in (fit.model, saved, lp.load_environment(tmp_path / "m.pt")):
        assert model.types == NAMES and model.description == "of clusters" and model.inner_cutoff == INNER
        assert model.training["errors_held_out"]["rms_force_kJ_per_mol_nm"] == fit.errors_held_out[1]
        assert model.training["data_held_out"]["configurations"] == 5
    errors = fit.predict(test)
    assert_close(np.sqrt(np.mean([each.energy**2 for each in errors])), fit.errors_held_out[0], rtol=1e-12)
    assert_close(
        np.sqrt(np.mean(np.concatenate([each.forces for each in errors]) ** 2)), fit.errors_held_out[1], rtol=1e-12
    )
    assert "configurations that had no part in the fit: RMS error of energies" in str(fit)
    everything = [*fit.training, *fit.validation]
    densities = torch.cat(
        [energy_of(fit.module).densities(torch.tensor(each.positions), None,
         torch.tensor([NAMES.index(name) for name in each.types]), [(0, 1)]) for each in everything]
    )  # fmt: skip
    types = torch.tensor([NAMES.index(name) for each in everything for name in each.types])
    expected = lp.nn.density_ranges(densities, types, NAMES)
    for name in NAMES:
        assert_close(saved.density_ranges[name], expected[name], rtol=1e-10)


def test_a_force_has_the_energies_of_the_fit():
    """On Reference, for a configuration that was not fitted."""
    fit = small()
    configuration = cluster(300)
    force = lp.load_environment(fit.module, **fit.metadata, tolerance=1e-8).create_force(
        configuration.types, nonbonded_method=lp.LearnedPairForce.CutoffNonPeriodic
    )
    force.addExclusion(0, 1)
    system = openmm.System()
    for _ in configuration.types:
        system.addParticle(1.0)
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(configuration.positions)
    state = context.getState(energy=True, forces=True)
    (energy,), (forces,) = fit.contributions(lp.fit.ReferenceData([configuration], "one", "a network"))
    assert_close(state.getPotentialEnergy()._value, energy, rtol=1e-5)
    assert_close(state.getForces(asNumpy=True)._value, forces, atol=1e-5 * np.abs(forces).max())


def test_a_fit_is_subtracted():
    """From both energies and forces, of pairs and of an environment model; a module of the data leaves nothing."""
    data = data_of(20)
    fit = small()
    rest = lp.fit.subtract_fit(data, fit)
    energy, forces = fit.contributions(data)
    assert_close([each.energy_difference for each in rest], np.array([e.energy for e in data]) - energy, atol=1e-12)
    for each, old, added in zip(rest, data, forces, strict=True):
        assert_close(each.force_difference, old.forces - added, atol=1e-11)
    pairs = lp.fit.fit_splines(data, cutoff=CUTOFF, within_cutoff=True, types=NAMES)
    twice = lp.fit.subtract_fit(rest, pairs)
    for each, once, error in zip(twice, rest, pairs.predict(rest), strict=True):
        assert_close(each.energy_difference, -error.energy, atol=1e-9)
        assert_close(each.force_difference, -error.forces, atol=1e-9)
        assert each.baseline_energy != once.baseline_energy != 0
    without = lp.fit.subtract_fit(data_of(5, energy=False), pairs)
    assert all(each.energy is None and np.abs(each.baseline_forces).max() > 0 for each in without)
    far = lp.fit.Configuration("far", ("A", "B"), [[0, 0, 0], [2, 0, 0]], energy=0.1)  # no pair in range
    for each in (fit, pairs):
        (alone,) = lp.fit.subtract_fit(lp.fit.ReferenceData([far], "far", "by hand"), each)
        assert alone.energy_difference == 0.1
    with_tail = lp.fit.fit_splines(data, cutoff=CUTOFF, types=NAMES)
    for given, subtracted, message in (
        ([*data], fit, "subtract_fit: the data are a list; expected ReferenceData"),
        (data, fit.model, "subtract_fit: fit is a EnvironmentModel; expected the result of a fit"),
        (data, with_tail, "the functions of this fit continue beyond the cutoff.* fit with within_cutoff=True"),
    ):
        with pytest.raises(lp.ModelError, match=message):
            lp.fit.subtract_fit(given, subtracted)


def test_held_out_data_need_the_baseline_of_the_fit():
    pairs = lp.fit.fit_splines(data_of(30), cutoff=CUTOFF, within_cutoff=True, types=NAMES)
    fit = lp.fit.fit_environment(lp.fit.subtract_fit(data_of(30), pairs), network(), **SMALL | dict(epochs=1))
    test = data_of(5, first=500)
    message = "the fitted configurations have a baseline, and the given ones have none"
    with pytest.warns(UserWarning, match=f"^with_held_out: {message}"):
        fit.with_held_out(test)
    fit.with_held_out(lp.fit.subtract_fit(test, pairs))
    with pytest.warns(UserWarning, match=f"^fit_environment: validation: {message}"):
        lp.fit.fit_environment(fit.training, network(), **SMALL | dict(epochs=1), validation=test)


def test_a_dict_is_a_network_with_a_seed():
    first, second, other = (
        lp.fit.fit_environment(data_of(20), dict(angular=[0, 1], hidden=4), seed=seed, **SMALL | dict(epochs=1))
        for seed in (1, 1, 2)
    )
    assert first.history == second.history != other.history
    assert first.model.function.angular == [0, 1]
    default = lp.fit.fit_environment(data_of(20), {}, angular=[2], **SMALL | dict(epochs=1))
    assert default.model.function.angular == [2]


def test_figures(tmp_path):
    paths = lp.fit.plot_fit(small(), tmp_path)
    assert [Path(path).name for path in paths] == ["learning.png", "parity.png"]
    assert all(Path(path).stat().st_size > 5000 for path in paths)


class PairsOnly(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.parameter = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, r, type1, type2):
        return self.parameter * r


@pytest.mark.parametrize(
    "module, options, message",
    [
        (PairsOnly(), {}, "network is a PairsOnly without the methods density and atom; .* there is fit_network"),
        ("x", {}, "fit_environment: network is a str; expected a torch.nn.Module, or a dict"),
        (dict(width=3), {}, "network has 'width'; expected some of angular, hidden, num_basis, energy_scale"),
        (None, dict(angular=[0, 4]), r"angular is \[0, 4\]; expected the angular order of each density channel"),
        (None, dict(angular=[0, 0, 1]), r"the module has channels of the orders \[0, 0, 1, 2\]; give those"),
        (None, dict(types=["A", "B", "C"]), "the network has 2 types, and the model has 3: A, B, C"),
        (None, dict(types=["A"]), "the data have the type 'B'"),
        (None, dict(cutoff=-1), "fit_environment: cutoff is -1; expected a positive number, in nm"),
        (None, dict(validation=0), "validation is 0, which is 0 of 20 configurations; expected a fraction that leaves"),
        (None, dict(validation="x"), "fit_environment: validation is 'x'; expected a fraction"),
        (None, dict(epochs=0), "fit_environment: epochs is 0; expected a positive integer"),
        (None, dict(progress=5), "progress is 5; expected a function of three numbers"),
        (None, dict(checkpoint=5), "checkpoint is 5; expected the name of a file"),
        ({}, dict(inner_cutoff=0.9), "inner_cutoff is 0.9; expected a number from 0 to below the cutoff, 0.7 nm"),
        ({}, dict(inner_cutoff="x"), "inner_cutoff is 'x'; expected a number from 0"),
        (None, dict(cutoff=0.1, inner_cutoff=None), "cluster .*: no two atoms .* closer than the cutoff, 0.1 nm"),
        ({}, dict(learning_rate=1e4), "fit_environment: after 5 epochs, .* choose a smaller learning_rate than 10000"),
        (None, dict(learning_rate=1e200), "fit_environment: the loss is not finite in epoch"),
    ],
)
def test_wrong_arguments_are_refused(module, options, message):
    module = network() if module is None else module
    with pytest.raises(lp.ModelError, match=message):
        lp.fit.fit_environment(data_of(20), module, **SMALL | options)


def test_frozen_parameters_stay_as_they_are():
    module = network()
    module.first_bias.requires_grad_(False)
    fit = lp.fit.fit_environment(data_of(20), module, **SMALL)
    assert torch.equal(fit.module.first_bias, module.first_bias) and not fit.module.first_bias.requires_grad
    assert not torch.equal(fit.module.coefficients, module.coefficients)
    frozen = network().requires_grad_(False)  # as in a model that was loaded
    fit = lp.fit.fit_environment(data_of(20), frozen, **SMALL)
    assert not torch.equal(fit.module.first_bias, frozen.first_bias)


def test_a_type_without_data_is_warned_of():
    torch.manual_seed(0)
    module = lp.nn.EnvironmentNetwork(3, CUTOFF, [0], inner=INNER)
    with pytest.warns(UserWarning, match="no fitted configuration has C: the densities and energies"):
        fit = lp.fit.fit_environment(data_of(20), module, **SMALL | dict(types=["A", "B", "C"], epochs=1))
    assert list(fit.model.density_ranges) == ["A", "B"]
