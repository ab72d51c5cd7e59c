# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Models for tests, and the number of samples that they are checked with."""

import unittest.mock

import learnedpair as lp
import torch

RULES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}


def few_samples():
    """Check models with a fortieth of the samples. Most of the time that loading a model takes is spent on checks."""
    return unittest.mock.patch("learnedpair.models.checks.samples.BUDGET", 5000)


def network(num_types=2, cutoff=0.6, inner=0.17, seed=0, scale=30.0):
    """A pair network with random weights. Its forces are about as large as those of a real correction."""
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
    """A simple symmetric formula. Energy and dE/dr are zero at the cutoff of 1, in units of the model."""

    def forward(self, r, type1, type2):
        return (1 + type1 + type2) * (1 - r) ** 3 * (r < 1)


class TwoParameters(torch.nn.Module):
    """A formula for three types with two global parameters, a hundred times cheaper than such a network."""

    def forward(
        self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor, lam: torch.Tensor, temperature: torch.Tensor
    ) -> torch.Tensor:
        return lam * (1 + type1 + type2) * torch.clamp(1 - r / 0.7, min=0) ** 3 * (2 + temperature / 1000)


class Deciding(torch.nn.Module):
    """Control flow that depends on the distances, which cannot be recorded as a program."""

    def forward(self, r, particle1, particle2):
        if bool((r > 0.3).any()):
            return (1 - r) ** 3 * (r < 1)
        return (1 - r) ** 3 * (r < 1)
