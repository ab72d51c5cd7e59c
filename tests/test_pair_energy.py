# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of lp.nn.PairEnergy: the energy of the force, batches, derivatives, and wrong arguments."""

import sys

import learnedpair as lp
import models
import numpy as np
import oracle
import pytest
import systems
import torch
from comparators import REFERENCE, assert_close, evaluate
from documentation import python_code
from learnedpair.nn import pair_list

CUTOFF, INNER = 0.7, 0.15
F64 = torch.float64


class Charged(torch.nn.Module):
    """A formula of two features, a charge and a width, and one global parameter."""

    def forward(self, r, features1, features2, lam):
        charges = features1[:, 0] * features2[:, 0]
        wall = torch.exp(-4 * r * (features1[:, 1] + features2[:, 1]))
        return (lam * charges * torch.exp(-3 * r) + 5 * wall) * torch.clamp(1 - (r / CUTOFF) ** 2, min=0) ** 3


class Root(torch.nn.Module):
    """A function that is no number beyond the cutoff."""

    def forward(self, r, type1, type2):
        return (CUTOFF - r) ** 1.5


def typed_model(**metadata):
    return lp.load_model(
        models.network(cutoff=CUTOFF, inner=INNER),
        **{**dict(types=["A", "B"], cutoff=CUTOFF, inner_cutoff=INNER), **metadata},
    )


def charged_model(**metadata):
    ranges = {"q": (-1.0, 1.0), "w": (0.5, 1.5)}
    return lp.load_model(
        Charged(),
        **{
            **dict(features=ranges, cutoff=CUTOFF, inner_cutoff=INNER, global_parameters={"lam": (0.6, 0.0, 1.0)}),
            **metadata,
        },
    )


def charged():
    return lp.nn.PairEnergy(Charged(), CUTOFF, INNER)


def network():
    return lp.nn.PairEnergy(models.network(cutoff=CUTOFF, inner=INNER).double(), CUTOFF, INNER)


def features_of(count, seed=0):
    return np.random.default_rng(seed).uniform([-1, 0.5], [1, 1.5], (count, 2))


def enumerate_up_to(monkeypatch, number):
    """Try all pairs of configurations up to this size, and let vesin find those of larger ones."""
    monkeypatch.setattr(pair_list, "MOST_ENUMERATED", number)


# The energy of the force.


def interactions(cloud):
    """Exclusions, exceptions and groups of a cloud, with pairs across its boundary."""
    taken = {tuple(sorted(pair)) for pair in cloud.exclusions}
    pairs = [(i + k, i) for i in range(0, cloud.count - 30, 3) for k in (1, 2, 23)]
    factors = (0.5, -1.3, 0.0, 1.0, 2.0)
    exceptions = [(*pair, factors[k % 5]) for k, pair in enumerate(pairs) if tuple(sorted(pair)) not in taken]
    half = cloud.count // 2
    return cloud.exclusions, exceptions, [(range(half - 10, cloud.count), range(half + 10)), ({0, 1, 2}, {3, 4})]


def prepare(name, options):
    """A cloud, a model, a LearnedPairForce with its interactions, and the arguments of PairEnergy."""
    count = 320 if "large" in options else 80
    cloud = systems.Cloud(count, periodic="nonperiodic" not in options, triclinic="triclinic" in options)
    metadata = dict(switching_distance=0.5) if "switching" in options else {}
    if name == "types":
        model, given = typed_model(**metadata), np.arange(count) % 2
        particles = np.where(cloud.covered, given, -1)
    else:
        model, given = charged_model(**metadata), features_of(count)
        particles = np.where(cloud.covered[:, None], given, np.nan)
    force = model.create_force(cloud.particles(given.tolist()), representation="program", evaluation="exact")
    force.setNonbondedMethod(force.CutoffNonPeriodic if cloud.box is None else force.CutoffPeriodic)
    exclusions, exceptions, groups = interactions(cloud)
    cloud.excluded(force)
    keywords = {}
    if "exceptions" in options:
        for exception in exceptions:
            force.addException(*exception)
        keywords["exceptions"] = exceptions
    if "groups" in options:
        for group in groups:
            force.addInteractionGroup(*group)
        keywords["interaction_groups"] = groups
    box = None if cloud.box is None else torch.tensor(cloud.box, requires_grad=True)
    return cloud, model, force, (box, torch.tensor(particles), exclusions), keywords


CASES = [
    ("types", ""),
    ("types", "nonperiodic, exceptions"),
    ("types", "triclinic, groups, switching"),
    ("types", "triclinic, exceptions, groups, large"),
    ("features", "exceptions, switching"),
    ("features", "triclinic, exceptions, groups"),
    ("features", "nonperiodic, large"),
    ("features", "exceptions, large, switching"),
]


@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_energy_and_forces_are_those_of_the_force_on_reference(name, options):
    cloud, model, force, arguments, keywords = prepare(name, options)
    expected, forces = evaluate(REFERENCE.context(cloud.system(force), cloud.positions))
    positions = torch.tensor(cloud.positions, requires_grad=True)
    energy = lp.nn.PairEnergy(model)(positions, *arguments, **keywords)
    (gradient,) = torch.autograd.grad(energy, positions)
    assert_close(energy.item(), expected, rtol=1e-9)
    assert_close(-gradient.numpy(), forces, atol=1e-9 * np.sqrt(np.mean(forces**2)))
    bare = lp.nn.PairEnergy(model)(positions, *arguments[:2])
    assert abs(bare.item() - expected) > 1e-3 * abs(expected)


@pytest.mark.parametrize("options", ["", "triclinic", "triclinic, large"])
def test_gradients_by_positions_and_box_give_the_virial(options):
    """The derivative with respect to a strain of positions and box is the sum of dE/dr r r / |r| over the pairs."""
    cloud, model, _, (box, types, exclusions), _ = prepare("types", options)
    positions = torch.tensor(cloud.positions, requires_grad=True)
    energy = lp.nn.PairEnergy(model)(positions, box, types, exclusions)
    by_positions, by_box = torch.autograd.grad(energy, [positions, box])
    found = positions.detach().T @ by_positions + box.detach().T @ by_box
    i, j, delta, r = oracle.pairs_in_range(
        cloud.positions, types.numpy(), cutoff=CUTOFF, box=cloud.box, exclusions=exclusions
    )
    _, dEdR = model.evaluate(np.maximum(r, INNER), types.numpy()[i], types.numpy()[j])
    expected = np.einsum("p,pa,pb->ab", dEdR / r, delta, delta)
    assert_close(found.numpy(), expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("most", [0, 256])
def test_periodic_images_do_not_change_the_energy(most, monkeypatch):
    """Particles far outside of the box, and in the planes that bound it."""
    enumerate_up_to(monkeypatch, most)
    cloud, model, _, (box, types, exclusions), _ = prepare("types", "triclinic")
    random = np.random.default_rng(2)
    fractional = cloud.positions @ np.linalg.inv(cloud.box)
    chosen = np.arange(0, cloud.count, 7)
    fractional[chosen, random.integers(0, 3, len(chosen))] = 0
    inside = torch.tensor(fractional @ cloud.box)
    outside = torch.tensor((fractional + random.integers(-9, 10, fractional.shape)) @ cloud.box)
    energy = lp.nn.PairEnergy(model)
    expected, _, _ = oracle.energy_and_forces(
        model.evaluate,
        inside.numpy(),
        types.numpy(),
        cutoff=CUTOFF,
        inner_cutoff=INNER,
        box=cloud.box,
        exclusions=exclusions,
    )
    for positions in (inside, outside):
        assert_close(energy(positions, box, types, exclusions).item(), expected, rtol=1e-9)


def test_vesin_and_the_trial_of_all_pairs_find_the_same(monkeypatch):
    """Boxes from twice the cutoff, rectangular and as tilted as OpenMM allows, and none."""
    random, energy = np.random.default_rng(3), charged()
    for trial in range(60):
        edges = 2 * CUTOFF * random.choice([1.0001, 1.2, 1.7], 3)
        tilt = random.choice([-0.5, 0.0, 0.2, 0.5], 3)
        box = np.diag(edges)
        box[1, 0], box[2, :2] = tilt[0] * edges[0], tilt[1:] * edges[:2]
        positions = (3 * random.random((120, 3)) - 1) @ box
        arguments = torch.tensor(positions), torch.tensor(box) if trial % 4 else None, torch.tensor(features_of(120))
        found = []
        for most in (0, 256):
            enumerate_up_to(monkeypatch, most)
            found.append(energy(*arguments, lam=0.5).item())
        assert found[0] > 1 and found[0] == pytest.approx(found[1], rel=1e-12)


def test_the_number_of_pairs_that_are_tried_together_does_not_matter(monkeypatch):
    positions, types = torch.rand(7, 12, 3, dtype=F64), torch.arange(12) % 2
    expected = network()(positions, None, types)
    monkeypatch.setattr(pair_list, "CHUNK", 150)  # two configurations
    assert_close(network()(positions, None, types).detach(), expected.detach(), rtol=1e-13)


# Batches.


def test_a_batch_equals_separate_calls():
    """With a box for each configuration, one for all, or none; with the same or different particles."""
    energy, count = charged(), 5
    positions = torch.tensor(np.random.default_rng(0).random((count, 14, 3)), requires_grad=True)
    boxes = torch.diag_embed(1.5 + torch.rand(count, 3, dtype=F64)).requires_grad_()
    features = torch.tensor(features_of(count * 14).reshape(count, 14, 2))
    features[1, 3] = torch.nan
    keywords = dict(
        exclusions=[(0, 1), (13, 2)], exceptions=[(3, 5, 0.5)], interaction_groups=[(range(9), range(4, 14))], lam=0.7
    )
    for box, particles in (
        (boxes, features),
        (boxes[0], features[0]),
        (None, features),
        (boxes, features[1]),
        (None, features[2]),
    ):
        together = energy(positions, box, particles, **keywords)
        separate = [
            energy(
                positions[k],
                box[k] if box is boxes else box,
                particles[k] if particles.dim() == 3 else particles,
                **keywords,
            )
            for k in range(count)
        ]
        assert together.shape == (count,)
        assert_close(together.detach(), torch.stack(separate).detach(), rtol=1e-12)
        inputs = [positions] if box is None else [positions, boxes]
        for first, second in zip(
            torch.autograd.grad(together.square().sum(), inputs),
            torch.autograd.grad(torch.stack(separate).square().sum(), inputs),
            strict=True,
        ):
            assert_close(first, second, atol=1e-12 * float(second.abs().max()))


@pytest.mark.parametrize("with_box", [False, True])
def test_configurations_of_different_sizes_equal_separate_calls(with_box, monkeypatch):
    """Some so large that vesin finds their pairs, one without particles, one without covered particles."""
    enumerate_up_to(monkeypatch, 20)
    energy, sizes = network(), (4, 30, 0, 1, 20, 4, 25, 3)
    random = np.random.default_rng(1)
    total, starts = sum(sizes), np.cumsum((0, *sizes))
    positions = torch.tensor(1.4 * random.random((total, 3)), requires_grad=True)
    types = torch.tensor(random.integers(0, 2, total))
    types[7::11], types[starts[7] :] = -1, -1
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    box = torch.diag_embed(1.4 + torch.rand(len(sizes), 3, dtype=F64)) if with_box else None
    exclusions = [(0, 1), (5, 9), (60, 62)]
    together = energy(positions, box, types, exclusions, exceptions=[(6, 4, 0.5)], batch=batch)
    separate = []
    for k, size in enumerate(sizes):
        part = slice(starts[k], starts[k] + size)

        def local(pairs, first=starts[k], last=starts[k] + size):
            return [(i - first, j - first, *rest) for i, j, *rest in pairs if first <= i < last]

        separate.append(
            energy(
                positions[part],
                None if box is None else box[k],
                types[part],
                local(exclusions),
                exceptions=local([(6, 4, 0.5)]),
            )
        )
    assert_close(together.detach(), torch.stack(separate).detach(), rtol=1e-12, atol=1e-12)
    assert together[2] == 0 and together[7] == 0 and (together != 0).sum() >= 5
    first, second = (torch.autograd.grad(value.sum(), positions)[0] for value in (together, torch.stack(separate)))
    assert_close(first, second, atol=1e-12 * float(second.abs().max()))
    if with_box:
        shared = energy(positions, box[1], types, exclusions, exceptions=[(6, 4, 0.5)], batch=batch)
        assert_close(shared[1].item(), separate[1].item(), rtol=1e-12)
        assert (shared - together).abs().max() > 1e-3


def test_trailing_configurations_without_particles_have_the_energy_zero_if_they_have_a_box():
    positions, types, batch = torch.rand(3, 3, dtype=F64), torch.zeros(3, dtype=torch.int64), torch.tensor([0, 0, 1])
    energies = network()(positions, 2 * torch.eye(3, dtype=F64).repeat(4, 1, 1), types, batch=batch)
    assert energies.shape == (4,) and energies[0] != 0 and (energies[1:] == 0).all()


@pytest.mark.parametrize("shape", [(0, 3), (5, 3), (2, 5, 3), (0, 5, 3), (3, 0, 3)])
def test_without_pairs_the_energy_is_zero(shape):
    positions = torch.zeros(shape, dtype=F64, requires_grad=True)
    types = torch.full(shape[-2:-1], -1)
    energy = network()(positions, None, types)
    assert energy.shape == shape[:-2] and (energy == 0).all()
    (gradient,) = torch.autograd.grad(energy.sum(), positions)
    assert (gradient == 0).all()


# Derivatives.


@pytest.mark.parametrize("batched", [False, True])
def test_first_and_second_derivatives(batched):
    """With respect to positions, box, features and a global parameter, with a pair below the inner cutoff."""
    random = np.random.default_rng(4)
    positions = random.random((2, 4, 3))
    positions[:, 1] = positions[:, 0] + 0.05
    features = features_of(8).reshape(2, 4, 2)
    box = np.array([[1.5, 0, 0], [0.4, 1.6, 0], [-0.3, 0.5, 1.7]])
    inputs = [positions, features] if batched else [positions[0], features[0]]
    inputs = [torch.tensor(x, requires_grad=True) for x in (*inputs, box, np.array(0.6))]
    energy = charged()

    def function(positions, features, box, lam):
        box = box * torch.ones(3, 3, dtype=F64).tril()  # gradcheck moves each number; those above are zero
        return energy(positions, box, features, [(2, 3)], exceptions=[(0, 2, 0.5)], lam=lam)

    assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(function, inputs)


def test_a_force_loss_trains_the_network():
    """The weights receive gradients of a loss of energies and forces of a batch."""
    energy = network()
    positions = torch.tensor(np.random.default_rng(5).random((6, 8, 3)), requires_grad=True)

    def loss():
        energies = energy(positions, None, torch.arange(8) % 2)
        (gradient,) = torch.autograd.grad(energies.sum(), positions, create_graph=True)
        return energies.square().mean() + gradient.square().mean()

    before = loss()
    before.backward()
    with torch.no_grad():
        for weight in energy.parameters():
            weight -= 1e-4 * weight.grad / weight.grad.norm()
    assert loss() < before


def test_the_training_step_of_the_documentation_runs():
    _, code = python_code("docs/user/models.md")
    names = {}
    exec(compile(code, "docs/user/models.md", "exec"), names)
    assert names["found"].shape == (256,) and torch.isfinite(names["loss"])
    assert all(weight.grad is not None for weight in names["network"].parameters())


# Types of numbers and modes.


@pytest.mark.parametrize("most", [0, 256])
def test_single_precision_agrees_with_double(most, monkeypatch):
    enumerate_up_to(monkeypatch, most)
    chains = systems.Chains(molecules=30, triclinic=True)
    energy = lp.nn.PairEnergy(models.network(cutoff=0.6), 0.6, 0.17)
    arguments = torch.tensor(chains.box), torch.tensor(chains.types, dtype=torch.int32), chains.molecule_pairs
    single = energy(torch.tensor(chains.positions).float(), arguments[0].float(), *arguments[1:])
    double = energy.double()(torch.tensor(chains.positions), *arguments)
    assert single.dtype == torch.float32
    assert_close(single.item(), double.item(), rtol=1e-5)


def test_a_pair_that_rounding_puts_beyond_the_cutoff_does_not_count(monkeypatch):
    """vesin computes distances in double precision, and the function may not exist beyond the cutoff."""
    enumerate_up_to(monkeypatch, 0)
    random, edge = np.random.default_rng(6), np.float32(5.0)
    direction = random.normal(size=(200_000, 3))
    direction *= (CUTOFF - 3e-8 * random.random((200_000, 1))) / np.linalg.norm(direction, axis=1)[:, None]
    first = (edge - 0.5 * random.random((200_000, 3))).astype(np.float32)
    second = (first + direction - edge * (first + direction > edge)).astype(np.float32)

    def distance(dtype):
        delta = second.astype(dtype) - first.astype(dtype)
        return np.sqrt(((delta - dtype(edge) * np.round(delta / dtype(edge))) ** 2).sum(axis=1))

    chosen = (distance(np.float64) < CUTOFF) & (distance(np.float32) > np.float32(CUTOFF))
    assert chosen.sum() > 20
    box, types = float(edge) * torch.eye(3), torch.zeros(2, dtype=torch.int64)
    energy = lp.nn.PairEnergy(Root(), CUTOFF, INNER)
    for pair in np.stack([first, second], axis=1)[chosen][:20]:
        assert energy(torch.tensor(pair), box, types) == 0


def test_inference_mode_works_with_batches():
    energy, positions, types = network(), torch.rand(3, 6, 3, dtype=F64), torch.arange(6) % 2
    positions[:, 1] = positions[:, 0] + 0.03
    expected = energy(positions, None, types, [(0, 2)])
    flat = dict(batch=torch.arange(3).repeat_interleave(6), exclusions=[(0, 2), (6, 8), (12, 14)])
    with torch.inference_mode():
        assert_close(energy(positions.clone(), None, types.clone(), [(0, 2)]), expected.detach(), rtol=1e-12)
        found = energy(positions.clone().reshape(-1, 3), None, types.repeat(3), **flat)
        assert_close(found, expected.detach(), rtol=1e-12)


def test_arrays_and_tensors_of_pairs_are_accepted():
    energy, positions, types = network(), torch.rand(9, 3, dtype=F64), torch.arange(9) % 2
    pairs = [(0, 4), (8, 1)]
    expected = energy(positions, None, types, pairs).item()
    for same in (np.array(pairs), torch.tensor(pairs), iter(pairs), [*pairs, (4, 0)]):
        assert energy(positions, None, types, same).item() == expected
    groups = [(torch.tensor([0, 1]), np.array([2, 3]))]
    assert energy(positions, None, types, interaction_groups=groups).item() == (
        energy(positions, None, types, interaction_groups=[({0, 1}, (2, 3))]).item()
    )


# vesin.


def test_vesin_is_needed_for_large_configurations_only(monkeypatch):
    monkeypatch.setitem(sys.modules, "vesin", None)
    energy, most = network(), pair_list.MOST_ENUMERATED
    positions, types = torch.rand(most + 5, 3, dtype=F64), torch.zeros(most + 5, dtype=torch.int64)
    energy(positions[:most], None, types[:most])
    with pytest.raises(
        ImportError,
        match=rf"^lp.nn needs vesin for a configuration of {most + 5} particles, more than {most}: pip install"
        r" 'openmm-learnedpair\[train\]'$",
    ):
        energy(positions, None, types)
    types[:5] = -1  # particles that are not covered do not count
    energy(positions, None, types)


def test_the_documented_number_of_particles_is_the_one_of_the_code():
    for text in (lp.nn.PairEnergy.__doc__, lp.nn.PairEnergy.forward.__doc__):
        assert f" {pair_list.MOST_ENUMERATED} covered particles" in " ".join(text.split())


# Mistakes.

POSITIONS, TYPES, BATCH = torch.zeros(2, 4, 3, dtype=F64), torch.zeros(4, dtype=torch.int64), torch.tensor([0, 0, 1, 1])
BOX = 2 * torch.eye(3, dtype=F64)
BAD = POSITIONS.clone()
BAD[1, 2, 0] = torch.nan
ROWS = torch.full((2, 4, 2), 0.5, dtype=F64)
ROWS[1, 3, 0] = torch.nan

MISTAKES = {
    "integer positions": (
        dict(positions=TYPES.reshape(2, 2)),
        r"are torch.int64 of shape \(2, 2\); expected",
    ),
    "positions": (
        dict(positions=POSITIONS[..., :2]),
        r"\(2, 4, 2\); expected real numbers of shape \(N, 3\), or",
    ),
    "flat positions": (dict(positions=torch.zeros(12)), r"shape \(12,\); expected real numbers of shape \(N, 3\), or"),
    "NaN": (dict(positions=BAD[1]), r"position of particle 2 is \[nan, 0.0, 0.0\]; expected finite numbers, in nm"),
    "NaN in a batch": (dict(positions=BAD), r"position of particle 2 of configuration 1 is \[nan"),
    "two batches": (dict(batch=BATCH), r"positions have the shape \(2, 4, 3\), and batch is given, too; give"),
    "batch of floats": (
        dict(positions=POSITIONS[0], batch=BATCH.double()),
        r"torch.float64 of shape \(4,\); expected the configuration of each particle, integers of shape \(4,\)",
    ),
    "batch too short": (
        dict(positions=POSITIONS[0], batch=BATCH[1:]),
        r"is torch.int64 of shape \(3,\); expected",
    ),
    "unsorted batch": (
        dict(positions=POSITIONS[0], batch=BATCH.flip(0)),
        "batch puts particle 2 into configuration 0; expected 0, 1, ... in ascending order: sort the particles",
    ),
    "negative batch": (dict(positions=POSITIONS[0], batch=BATCH - 1), "batch puts particle 0 into configuration -1"),
    "batch without box": (
        dict(positions=POSITIONS[0], batch=BATCH, box=BOX[None]),
        r"batch has configuration 1, and the box has the shape \(1, 3, 3\); expected \(3, 3\), or a box for each",
    ),
    "box": (dict(box=BOX[0]), r"box has the shape \(3,\); expected \(3, 3\), or \(2, 3, 3\) for a batch of 2"),
    "boxes": (dict(box=BOX.repeat(3, 1, 1)), r"box has the shape \(3, 3, 3\); expected \(3, 3\), or \(2, 3, 3\)"),
    "boxes of one": (
        dict(positions=POSITIONS[0], box=BOX[None]),
        r"the box has the shape \(1, 3, 3\); expected \(3, 3\)\.$",
    ),
    "turned box": (
        dict(box=BOX.flip(0)),
        r"box vectors \[\[0.0, 0.0, 2.0\], .* are not in OpenMM's reduced form, .* use .*reducePeriodicBoxVectors",
    ),
    "short box": (
        dict(box=torch.stack([BOX, 0.6 * BOX])),
        r"box vectors \[\[1.2, 0.0, 0.0\], .* are shorter than twice the cutoff, 0.7 nm; take a larger box",
    ),
    "NaN in a box": (dict(box=BOX * torch.nan), "box vectors .* are not in OpenMM's reduced form"),
    "zero box": (dict(box=0 * BOX), "are shorter than twice the cutoff"),
    "types": (
        dict(particles=TYPES[1:]),
        r"particles are torch.int64 of shape \(3,\); expected 4 types, or features of shape \(4, F\); or, different for"
        r" each configuration, \(2, 4\) or \(2, 4, F\)",
    ),
    "types of configurations": (dict(particles=TYPES.repeat(3, 1)), r"particles are torch.int64 of shape \(3, 4\)"),
    "truth values": (dict(particles=TYPES.bool()), r"torch.bool of shape \(4,\); expected 4 types"),
    "features": (dict(particles=ROWS[:, 1:]), r"particles are torch.float64 of shape \(2, 3, 2\)"),
    "incomplete features": (dict(particles=ROWS), "particle 3 of configuration 1 has some features that are NaN"),
    "exclusion": (dict(exclusions=[(0, 4)]), r"exclusions has the pair \(0, 4\); expected particles from 0 to 3"),
    "self exclusion": (
        dict(exclusions=[(2, 2)]),
        r"has the pair \(2, 2\); expected two different particles",
    ),
    "exclusion between configurations": (
        dict(positions=POSITIONS[0], batch=BATCH, exclusions=[(0, 1), (1, 2)]),
        r"exclusions has the pair \(1, 2\); expected two particles of one configuration",
    ),
    "exception": (
        dict(exceptions=[(0, -1, 0.5)]),
        r"exceptions has the pair \(0, -1\); expected particles from 0 to 3",
    ),
    "factor": (
        dict(exceptions=[(0, 1, float("nan"))]),
        r"exceptions has the factor nan for the pair \(0, 1\); expected",
    ),
    "exception and exclusion": (
        dict(exclusions=[(1, 0)], exceptions=[(0, 1, 0.5)]),
        r"exceptions has the pair \(0, 1\) twice, or exclusions has it, too; exclude each pair, or give it one factor",
    ),
    "repeated exception": (
        dict(exceptions=[(0, 1, 0.5), (1, 0, 0.5)]),
        r"exceptions has the pair \(0, 1\) twice, or exclusions",
    ),
    "group": (
        dict(interaction_groups=[({0}, {7})]),
        "interaction_groups has particle 7; expected particles from 0 to 3",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(mistake):
    changes, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=f"^lp.nn: .*{message}"):
        network()(**{**dict(positions=POSITIONS, box=None, particles=TYPES), **changes})


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(exclusions=[(0, 1.5)]), r"exclusions: \(0, 1.5\) is not a pair of particles"),
        (dict(exclusions=torch.zeros(2, 2)), "exclusions: got an array of float32"),
        (dict(exceptions=[(0, 1)]), r"exceptions has \(0, 1\); expected two particles and a factor"),
        (dict(exceptions=[3]), "exceptions has 3; expected two particles and a factor"),
        (dict(exceptions=[(0, 1.0, 0.5)]), "exceptions: 1.0 is not the index of a particle"),
        (dict(exceptions=[(0, 1, "half")]), "exceptions: the factor of the particles 0 and 1: got 'half'"),
        (
            dict(exceptions=[(0, 1, torch.tensor(0.5, requires_grad=True))]),
            "exceptions has the factor tensor.*, which has no gradient here; give a number",
        ),
        (dict(interaction_groups=[(0, 1)]), r"interaction_groups has \(0, 1\); expected two sets of particles"),
        (dict(interaction_groups=[({0}, {1}, {2})]), "interaction_groups has .* expected two sets of particles"),
    ],
)
def test_wrong_types_of_pairs_are_named(changes, message):
    with pytest.raises(TypeError, match=f"^lp.nn: {message}"):
        network()(POSITIONS, None, TYPES, **changes)
