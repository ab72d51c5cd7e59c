# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Models to test with, and how thoroughly they are checked."""

import unittest.mock

import learnedpair as lp
import torch

RULES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}


def few_samples():
    """Check models with a fortieth of the samples: in tests of something else, that is most of the time of loading."""
    return unittest.mock.patch("learnedpair.models.checks.samples.BUDGET", 5000)


def network(num_types=2, cutoff=0.6, inner=0.17, seed=0, scale=30.0):
    """A pair network with random weights whose forces are about as large as a real correction's."""
    torch.manual_seed(seed)
    return lp.nn.TypedPairNetwork(num_types, cutoff, hidden=(16, 16), num_basis=12, inner=inner, energy_scale=scale)


def water_model(**metadata):
    arguments = dict(types=RULES, cutoff=0.6, inner_cutoff=0.17, description="random weights")
    return lp.load_model(network(), **{**arguments, **metadata})


class Wall(torch.nn.Module):
    """A wall of 1e4 kJ/mol/nm at 0.1 nm, and an energy of 0.01 kJ/mol left at the cutoff."""

    def forward(self, r, type1, type2):
        return 1e4 / 80 * torch.exp(-80 * (r - 0.1)) + 0.01 + 0.5 * torch.exp(-((r - 0.4) ** 2) / 0.01)


class Formula(torch.nn.Module):
    """Something simple and symmetric, zero with its slope at a cutoff of 1 in its own units."""

    def forward(self, r, type1, type2):
        return (1 + type1 + type2) * (1 - r) ** 3 * (r < 1)


class TwoParameters(torch.nn.Module):
    """A formula of three types with two global parameters, a hundredth of the work of a network with them."""

    def forward(
        self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor, lam: torch.Tensor, temperature: torch.Tensor
    ) -> torch.Tensor:
        return lam * (1 + type1 + type2) * torch.clamp(1 - r / 0.7, min=0) ** 3 * (2 + temperature / 1000)


class Deciding(torch.nn.Module):
    """Decides by the distances, which no program can."""

    def forward(self, r, particle1, particle2):
        if bool((r > 0.3).any()):
            return (1 - r) ** 3 * (r < 1)
        return (1 - r) ** 3 * (r < 1)
