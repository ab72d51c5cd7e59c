# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Systems with environment functions, small enough for an emulated device: random particles of two types, some closer
than the inner cutoff, some not covered. Their energies and forces are from PyTorch.
"""

from types import SimpleNamespace

import environment_oracle as oracle
import learnedpair as lp
import numpy as np
import openmm
import torch
from comparators import REFERENCE
from environment_functions import CUTOFF, INNER, NUM_TYPES, weights


def atom_energy(globals_, given=None):
    """The program above in PyTorch."""
    w = torch.as_tensor(weights() if given is None else given)

    def evaluate(densities, type_):
        return globals_[0] * (w[17:] @ torch.tanh(w[:15].reshape(3, 5) @ densities)) + globals_[1] * w[15 + type_]

    return evaluate


def view(function):
    """The function as the oracle reads it, with the ends of the densities."""
    names = ("angular", "values", "slopes", "curve_indices", "num_types", "pair")
    return SimpleNamespace(
        **{name: getattr(function, name) for name in names},
        min_distance_of_densities=INNER,
        max_distance_of_densities=CUTOFF,
    )


class Cluster:
    """Random particles, two of which are closer than the inner cutoff, and one of which has no neighbor."""

    def __init__(self, box=None, count=20, seed=3):
        random = np.random.default_rng(seed)
        self.box = box
        edge = 1.0 if box is None else box[0, 0]
        self.positions = random.uniform(0, edge, (count, 3)) if box is not None else random.uniform(0, 1.0, (count, 3))
        self.positions[1] = self.positions[0] + [0.12, 0.05, 0.0]
        if box is None:
            self.positions[2] = [5.0, 5.0, 5.0]
        self.types = random.integers(0, NUM_TYPES, count)
        self.types[4] = -1

    def force(self, function, **settings):
        force = lp.LearnedPairForce(function)
        force.setParticleTypes(self.types)
        method = force.CutoffNonPeriodic if self.box is None else force.CutoffPeriodic
        force.setNonbondedMethod(method)
        force.setCutoffDistance(CUTOFF)
        force.setInnerCutoffDistance(INNER)
        for name, value in settings.items():
            getattr(force, name)(*value if isinstance(value, tuple) else (value,))
        return force

    def context(self, force, positions=None, target=REFERENCE):
        system = openmm.System()
        for _ in self.types:
            system.addParticle(12.0)
        if self.box is not None:
            system.setDefaultPeriodicBoxVectors(*self.box)
        system.addForce(force)
        return target.context(system, self.positions if positions is None else positions)

    def expected(self, function, globals_=(1.3, 0.7), **options):
        """Energy, forces, and derivatives by the global parameters, of the oracle."""
        positions = torch.tensor(self.positions, requires_grad=True)
        parameters = torch.tensor(globals_, dtype=torch.float64, requires_grad=True)
        energy = oracle.energy(
            view(function), atom_energy(parameters), positions, self.types.tolist(),
            cutoff=CUTOFF, inner_cutoff=INNER, box=self.box, **options,
        )  # fmt: skip
        gradient, of_parameters = torch.autograd.grad(energy, [positions, parameters])
        return energy.item(), -gradient.numpy(), of_parameters.numpy()


TRICLINIC = np.array([[1.5, 0, 0], [0.4, 1.4, 0], [-0.3, 0.5, 1.3]])
BOXES = {"no box": None, "rectangular": np.diag([1.3, 1.4, 1.5]), "triclinic": TRICLINIC}
