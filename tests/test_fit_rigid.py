# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests of fits to the forces on rigid molecules, and of data fitted within the cutoff of the force."""

import learnedpair as lp
import numpy as np
import pytest
import torch
from comparators import assert_close
from learnedpair.fit.distances import Range
from learnedpair.fit.expected_errors import Errors
from learnedpair.fit.pair_tensors import PairTensors
from learnedpair.fit.rigid import project

WATER = np.array([[0, 0, 0], [0.0757, 0.0586, 0], [-0.0757, 0.0586, 0]])
TYPES, FRAGMENTS = ("O", "H", "H", "O", "H", "H"), (0, 0, 0, 1, 1, 1)


def test_a_projection_keeps_sums_and_torques():
    """Of a bent molecule, a linear one, and an atom; forces inside of a molecule vanish."""
    random = np.random.default_rng(0)
    positions = np.concatenate([WATER, [[1, 0, 0], [1.1, 0, 0], [1.3, 0, 0]], [[2, 2, 2]]])
    fragments = np.array([0, 0, 0, 1, 1, 1, 5])
    forces = random.normal(size=(7, 3))
    projected = project(forces, positions, fragments)
    for fragment in (0, 1, 5):
        its = fragments == fragment
        assert_close(projected[its].sum(axis=0), forces[its].sum(axis=0), atol=1e-12)
        torques = [np.cross(positions[its], each[its]).sum(axis=0) for each in (forces, projected)]
        assert_close(torques[1], torques[0], atol=1e-12)
    assert_close(projected[6], forces[6], rtol=1e-12)
    assert_close(project(projected, positions, fragments), projected, atol=1e-12)
    # No smaller forces have the same sums and torques: what was removed is perpendicular to what is left.
    assert abs(np.sum(projected * (forces - projected))) < 1e-12
    stretch = np.zeros((7, 3))
    stretch[0], stretch[1] = WATER[1], -WATER[1]
    assert_close(project(stretch, positions, fragments), np.zeros((7, 3)), atol=1e-12)
    sets = random.normal(size=(7, 3, 4))
    expected = np.stack([project(sets[..., k], positions, fragments) for k in range(4)], axis=2)
    assert_close(project(sets, positions, fragments), expected, atol=1e-12)


def dimers(count, inside=0.0, **options):
    """Dimers whose energies and forces are those of exponential functions, with other forces along the bonds."""
    random = np.random.default_rng(1)
    configurations = []
    for index in range(count):
        turned = [WATER @ np.linalg.qr(random.normal(size=(3, 3)))[0] for _ in range(2)]
        positions = np.concatenate([turned[0], turned[1] + [0, 0, random.uniform(0.25, 0.7)]])
        energy, forces = 0.0, np.zeros((6, 3))
        for i in range(3):
            for j in range(3, 6):
                delta = positions[j] - positions[i]
                r = np.linalg.norm(delta)
                f, dfdr = function(TYPES[i] + TYPES[j], r)
                energy += f
                forces[i] += dfdr * delta / r
                forces[j] -= dfdr * delta / r
        for first in (0, 3):
            bond = positions[first + 1] - positions[first]
            push = inside * random.normal() * bond
            forces[first] += push
            forces[first + 1] -= push
        configurations.append(
            lp.fit.Configuration(
                str(index), TYPES, positions, energy=energy, forces=forces, fragments=FRAGMENTS, **options
            )
        )
    return lp.fit.ReferenceData(configurations, "exponential functions", "an example")


def function(pair, r):
    scale = {"OO": 3.0, "HH": 0.5}.get(pair, -1.0)
    return scale * np.exp(-8 * (r - 0.3)), -8 * scale * np.exp(-8 * (r - 0.3))


def test_forces_inside_rigid_molecules_do_not_matter():
    """Known functions are found again from rigid dimers, and are not from flexible ones."""
    r = np.linspace(0.25, 0.6, 8)
    errors = []
    for rigid in (True, False):
        data = dimers(60, inside=3000.0)
        fit = lp.fit.fit_splines(data.with_rigid_fragments() if rigid else data, cutoff=0.9, num_intervals=20)
        errors.append(np.abs(fit.pairs["O", "O"].evaluate(r)[0] - function("OO", r)[0]).max())
    assert errors[0] < 0.02 and errors[1] > 0.2


def test_networks_are_fitted_to_the_same_forces():
    """Energies and forces of a module by PairTensors, and projected by hand; also in batches."""
    data = dimers(4, rigid=True) + dimers(3)
    tensors = PairTensors.of([*data], ["O", "H"], Range(1.5, None), Errors((1.0, 0.0), (1.0, 0.0)))

    def module(r, type1, type2):
        return torch.exp(-8 * (r - 0.3)) * (3.0 - 1.5 * (type1 + type2))

    energy, forces = tensors.predict(module, create_graph=False)
    split = forces.detach().numpy().reshape(7, 6, 3)
    plain = [*dimers(7)]
    flexible = PairTensors.of(plain, ["O", "H"], Range(1.5, None), Errors((1.0, 0.0), (1.0, 0.0)))
    of_flexible = flexible.predict(module, create_graph=False)[1].detach().numpy().reshape(7, 6, 3)
    for index, each in enumerate(data):
        source = of_flexible[index if each.rigid else index - 4]
        expected = project(source, each.positions, each.fragments) if each.rigid else source
        assert_close(split[index], expected, atol=1e-10)
    chosen = torch.tensor([1, 3, 5])
    part = tensors.batch(chosen).predict(module, create_graph=False)
    assert_close(part[0].detach().numpy(), energy.detach().numpy()[[1, 3, 5]], rtol=1e-12)
    assert_close(part[1].detach().numpy().reshape(3, 6, 3), split[[1, 3, 5]], atol=1e-12)


def test_a_rigid_configuration_has_another_digest():
    data = dimers(3)
    assert data.digest != data.with_rigid_fragments().digest
    with pytest.raises(lp.ModelError, match="rigid is 1; expected True or False"):
        dimers(1, rigid=1)


def test_data_within_the_cutoff_are_those_of_the_force():
    """A fit within the cutoff predicts the energies of the force; one without does not have its tail."""
    data = dimers(110, rigid=True).select(lambda each: each.positions[3, 2] < 0.5)
    types = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}
    options = dict(cutoff=0.6, switching_distance=0.3, num_intervals=20, types=types)
    errors = []
    for within in (True, False):
        fit = lp.fit.fit_splines(data, within_cutoff=within, **options)
        pair_energy = lp.nn.PairEnergy(fit.model)
        positions = torch.from_numpy(np.array([each.positions for each in data]))
        excluded = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
        found = pair_energy(positions, None, torch.tensor([0, 1, 1, 0, 1, 1]), excluded).detach().numpy()
        errors.append(np.sqrt(np.mean((found - [each.energy for each in data]) ** 2)))
        if within:
            predicted = [each.energy + each.configuration.energy for each in fit.predictions()]
            assert_close(found, predicted, rtol=1e-6, atol=1e-6)
    assert errors[0] < 0.9 * errors[1]
