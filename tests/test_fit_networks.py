# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of fits of networks: known functions, checkpoints, and what is refused."""

import learnedpair as lp
import numpy as np
import pytest
import torch
from comparators import assert_close
from learnedpair.fit.distances import Range, find_distances
from learnedpair.fit.expected_errors import Errors
from learnedpair.fit.pair_tensors import PairTensors

CUTOFF = 0.9


def functions(pair):
    """Two functions that vanish with two derivatives at the cutoff, and their derivatives."""
    strength, decay = {("A", "A"): (300.0, 9.0), ("A", "B"): (-80.0, 6.0), ("B", "B"): (150.0, 8.0)}[pair]

    def value(r):
        return strength * np.exp(-decay * r) * max(1 - (r / CUTOFF) ** 2, 0) ** 3

    def slope(r):
        x = max(1 - (r / CUTOFF) ** 2, 0)
        return strength * np.exp(-decay * r) * (-decay * x**3 - 6 * r / CUTOFF**2 * x**2)

    return value, slope


def cluster(seed, box=None, energy=True, forces=True):
    """A random number of atoms of two types, with the energy and the forces of the functions above."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 6))
    types = tuple(random.choice(["A", "B"], count))
    while True:
        positions = (0.8 if box is None else box) * random.random((count, 3))
        delta = positions[None] - positions[:, None]
        if box is not None:
            delta -= box * np.round(delta / box)
        r = np.sqrt((delta**2).sum(axis=2))
        if r[np.triu_indices(count, 1)].min() > 0.25:
            break
    total, total_forces = 0.0, np.zeros((count, 3))
    for i, j in zip(*np.triu_indices(count, 1)):
        value, slope = functions(tuple(sorted((str(types[i]), str(types[j])))))
        total += value(r[i, j])
        push = slope(r[i, j]) * delta[i, j] / r[i, j]
        total_forces[i] += push
        total_forces[j] -= push
    return lp.fit.Configuration(
        f"cluster {seed}",
        tuple(map(str, types)),
        positions,
        energy=total if energy else None,
        forces=total_forces if forces else None,
        box=None if box is None else box * np.eye(3),
    )


def data_of(count, first=0, **options):
    configurations = [cluster(seed, **options) for seed in range(first, first + count)]
    return lp.fit.ReferenceData(configurations, "clusters", "two functions")


def network(seed=0):
    torch.manual_seed(seed)
    return lp.nn.TypedPairNetwork(num_types=2, cutoff=CUTOFF, hidden=(16, 16), num_basis=12, inner=0.25)


SMALL = dict(cutoff=CUTOFF, types=["A", "B"], epochs=6, batch_size=8, energy_error=(0.1, 0.01))


def small(**options):
    return lp.fit.fit_network(data_of(40), network(), **SMALL | options)


@pytest.mark.slow
def test_known_functions_are_found():
    fit = lp.fit.fit_network(
        data_of(250), network(), cutoff=CUTOFF, types=["A", "B"], epochs=300, batch_size=32, learning_rate=5e-3
    )
    assert fit.model.types == ["A", "B"]
    size = np.sqrt(np.mean(np.concatenate([each.force_difference for each in fit.validation]) ** 2))
    assert fit.force_error < 0.12 * size and fit.energy_error < 0.12
    r = np.linspace(0.28, 0.7, 20)
    for i, j, pair in ((0, 0, ("A", "A")), (0, 1, ("A", "B")), (1, 1, ("B", "B"))):
        found, _ = fit.model.evaluate(r, np.full(20, i), np.full(20, j))
        assert_close(found, [functions(pair)[0](x) for x in r], atol=1.0)


@pytest.mark.parametrize(
    "options", [dict(), dict(energy=False), dict(forces=False), dict(box=2.0, energy=False)], ids=str
)
def test_predictions_and_losses_are_those_of_the_pair_functions(options):
    """Of a module with the very functions of the data, the loss is zero; scaled by 1.5, it is known."""

    class Module(torch.nn.Module):
        factor = 1.0

        def forward(self, r, type1, type2):
            strength = torch.tensor([[300.0, -80.0], [-80.0, 150.0]], dtype=r.dtype)[type1, type2]
            decay = torch.tensor([[9.0, 6.0], [6.0, 8.0]], dtype=r.dtype)[type1, type2]
            return self.factor * strength * torch.exp(-decay * r) * torch.clamp(1 - (r / CUTOFF) ** 2, min=0) ** 3

    interacting, errors = Range(CUTOFF, None), Errors((0.1, 0.02), (2.0, 0.01))
    configurations = [each for each in data_of(30, **options) if find_distances(each, interacting)][:12]
    sizes = {len(each.types) for each in configurations}
    assert min(sizes) == 2 and len(sizes) > 2
    tensors = PairTensors.of(configurations, ["A", "B"], interacting, errors)
    module = Module()
    assert tensors.loss(module).item() < 1e-18
    module.factor = 1.5
    expected = []
    for each in configurations:
        loss = 0.0
        if each.energy is not None:
            loss += (0.5 * each.energy / (0.1 + 0.02 * abs(each.energy))) ** 2
        if each.forces is not None:
            size = np.linalg.norm(each.forces, axis=1)[:, None]
            loss += np.mean((0.5 * each.forces / (2.0 + 0.01 * size)) ** 2)
        expected.append(loss)
    assert_close(tensors.loss(module).item(), np.mean(expected), rtol=1e-9)
    chosen = torch.tensor([1, 4, 5, 11])
    assert_close(tensors.batch(chosen).loss(module).item(), np.mean([expected[k] for k in chosen]), rtol=1e-9)


def same(first, second):
    """Whether two fits have equal parameters and histories, to the last bit."""
    parameters = [fit.model.module.state_dict() for fit in (first, second)]
    return first.history == second.history and all(
        torch.equal(parameters[0][name], parameters[1][name]) for name in parameters[0]
    )


@pytest.mark.parametrize("interrupted_after", [1, 4])
def test_a_resumed_fit_equals_an_uninterrupted_one(interrupted_after, tmp_path):
    class Interruption(Exception):
        pass

    def progress(epoch, training, validation):
        if epoch == interrupted_after:
            raise Interruption

    path = tmp_path / "fit.ckpt"
    uninterrupted = small()
    with pytest.raises(Interruption):
        small(checkpoint=path, progress=progress)
    epochs = []
    resumed = small(checkpoint=path, progress=lambda epoch, *_: epochs.append(epoch))
    assert epochs == list(range(interrupted_after + 1, 7))
    assert same(resumed, uninterrupted)
    assert same(small(checkpoint=path), uninterrupted)  # nothing is left to do
    assert not same(small(seed=1), uninterrupted)
    assert list(tmp_path.iterdir()) == [path]


def test_the_best_parameters_are_kept_and_patience_ends_the_fit():
    fit = small(learning_rate=0.5, epochs=40, patience=3)
    losses = [validation for _, _, validation in fit.history]
    assert fit.best_epoch == 1 + int(np.argmin(losses)) and len(losses) == fit.best_epoch + 3 < 40
    tensors = PairTensors.of(
        [*fit.validation], ["A", "B"], Range(CUTOFF, None), Errors((0.1, 0.01), (0.1 / 0.05, 0.01))
    )
    assert_close(tensors.loss(fit.model.module.double()).item(), min(losses), rtol=1e-9)


def test_a_saved_fit_has_its_domain_and_its_errors(tmp_path):
    fit = small(validation=data_of(10, first=100), description="two functions")
    model = fit.save(tmp_path / "network.pt")
    assert model.description == "two functions"
    assert model.training["errors_validation"] == {
        "rms_energy_kJ_per_mol": fit.energy_error,
        "rms_force_kJ_per_mol_nm": fit.force_error,
    }
    assert model.training["data"]["sha256"] == data_of(40).digest
    assert model.training["data_validation"]["configurations"] == 10
    assert "errors_held_out" not in model.training
    shortest = min(
        np.linalg.norm(each.positions[i] - each.positions[j])
        for each in data_of(40)
        for i in range(len(each.types))
        for j in range(i)
    )
    assert_close(min(low for low, _ in model.domain.values()), shortest, rtol=1e-12)
    assert_close(model.inner_cutoff, shortest, rtol=1e-12)
    assert str(fit).startswith("6 epochs, the best one is")


def test_a_dict_is_a_network_whose_parameters_belong_to_the_seed():
    shortest = min(
        pairs.r.min() for each in data_of(40) for pairs in find_distances(each, Range(CUTOFF, None)).values()
    )
    options = dict(validation=data_of(10, first=100), seed=3)
    fit = lp.fit.fit_network(data_of(40), dict(hidden=(5, 4), num_basis=7), **SMALL | options)
    torch.manual_seed(3)
    module = lp.nn.TypedPairNetwork(2, CUTOFF, hidden=(5, 4), num_basis=7, inner=shortest)
    assert same(fit, lp.fit.fit_network(data_of(40), module, **SMALL | options))
    centers = lp.fit.fit_network(data_of(40), {}, inner_cutoff=0.2, **SMALL).model.module.centers
    assert len(centers) == 16 and float(centers[0]) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "options, message",
    [
        (
            dict(types=["A", "B", "C"]),
            "the network has 2 types, and the model has 3: A, B, C; expected the same number",
        ),
        (dict(checkpoint="nowhere/fit.ckpt"), "nowhere/fit.ckpt: there is no such folder for the checkpoint"),
        (dict(cutoff=0), "fit_network: cutoff is 0; expected a positive number, in nm"),
        (dict(epochs=0), "fit_network: epochs is 0; expected a positive integer"),
        (dict(batch_size=2.5), "fit_network: batch_size is 2.5; expected a positive integer"),
        (dict(learning_rate=-1), "fit_network: learning_rate is -1; expected a positive number"),
        (dict(types=["A", "C"]), "the data have the type 'B', and types has"),
        (dict(validation=0.001), "fit_network: validation is 0.001, which is 0 of 40 configurations"),
        (dict(energy_error=(0, 0)), r"energy_error is \(0, 0\); expected a positive absolute error"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(lp.ModelError, match=message):
        small(**options)


def test_wrong_arguments_of_the_network_are_refused():
    with pytest.raises(lp.ModelError, match="network has 'width'; expected some of hidden, num_basis, energy_scale"):
        lp.fit.fit_network(data_of(40), dict(width=3), **SMALL)


def test_other_checkpoints_are_refused(tmp_path):
    path = tmp_path / "fit.ckpt"
    small(checkpoint=path, epochs=2)
    with pytest.raises(lp.ModelError, match="fit.ckpt: the checkpoint belongs to a fit with other epochs; delete it"):
        small(checkpoint=path, epochs=3)
    with pytest.raises(lp.ModelError, match="belongs to a fit with other data, types; delete it"):
        lp.fit.fit_network(
            data_of(40, first=50),
            network(),
            cutoff=CUTOFF,
            types=["B", "A"],
            epochs=2,
            batch_size=8,
            energy_error=(0.1, 0.01),
            checkpoint=path,
        )
    with pytest.raises(lp.ModelError, match="belongs to a fit with other network; delete it"):
        lp.fit.fit_network(data_of(40), network(1), **SMALL | dict(epochs=2, checkpoint=path))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(lp.ModelError, match="fit.ckpt: this is no checkpoint of a fit, or a damaged one"):
        small(checkpoint=path, epochs=2)
