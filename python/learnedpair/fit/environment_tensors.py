# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reference data as tensors of pairs, for fits of environment models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ..nn.environment_energy import EnvironmentEnergy
from .configurations import Configuration
from .distances import Range
from .expected_errors import Errors
from .pair_tensors import PairTensors


@dataclass(frozen=True)
class EnvironmentTensors:
    """Configurations, and what an environment model predicts for them.

    Attributes
    ----------
    targets : PairTensors
        The pairs within the cutoff, with targets and expected errors.
    angular : list of int
        The angular order of each channel.
    interacting : Range
        With the cutoff, the inner cutoff and the switching distance of the force.
    """

    targets: PairTensors
    angular: list[int]
    interacting: Range

    @classmethod
    def of(
        cls,
        configurations: Sequence[Configuration],
        names: list[str],
        angular: list[int],
        interacting: Range,
        errors: Errors,
    ) -> EnvironmentTensors:
        """Collect the pairs of configurations whose types are among some names."""
        # The switching function multiplies densities, and not a function of pairs.
        pairs = PairTensors.of(configurations, names, replace(interacting, switching_distance=None), errors)
        return cls(pairs, angular, interacting)

    def batch(self, chosen: torch.Tensor) -> EnvironmentTensors:
        """Some configurations, by their indices in increasing order."""
        return replace(self, targets=self.targets.batch(chosen))

    def densities(self, module: torch.nn.Module) -> torch.Tensor:
        """The densities of all atoms, shape (A, K)."""
        return self._densities(module, self.targets.r[:, None] * self.targets.unit)

    def _densities(self, module: torch.nn.Module, displacements: torch.Tensor) -> torch.Tensor:
        ranges = self.interacting
        energy = EnvironmentEnergy(module, self.angular, ranges.cutoff, ranges.inner_cutoff, ranges.switching_distance)
        first, second = self.targets.atoms
        return energy.densities_of_pairs(self.targets.type_of_atom, first, second, displacements)

    def predict(self, module: torch.nn.Module, *, create_graph: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """The energies, shape (C,), and the forces, shape (A, 3), of a module. Energies are relative to those of
        isolated fragments, whose atoms have no neighbors.
        """
        targets = self.targets
        displacements = (targets.r[:, None] * targets.unit).detach().requires_grad_()
        densities = self._densities(module, displacements)
        alone = module.atom(torch.zeros_like(densities), targets.type_of_atom)
        of_atoms = module.atom(densities, targets.type_of_atom) - alone
        energy = torch.zeros_like(targets.energy).index_add(0, targets.configuration_of_atom, of_atoms)
        (gradient,) = torch.autograd.grad(energy.sum(), displacements, create_graph=create_graph)
        return energy if create_graph else energy.detach(), targets.forces_of(gradient)

    def predict_force(self, module: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        """As :meth:`predict`: it has the rules of the force below the inner cutoff."""
        return self.predict(module, create_graph=False)

    def loss(self, module: torch.nn.Module) -> torch.Tensor:
        """As :meth:`PairTensors.loss`."""
        return self.targets.loss_of(*self.predict(module, create_graph=True))
