# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reference data as tensors of pairs, for fits of PyTorch modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .configurations import Configuration
from .distances import Range, find_all_distances
from .expected_errors import Errors, expected_errors
from .pairs_of_types import PairOfTypes
from .rigid import RigidFragments

#: The attributes that are not tensors.
NOT_TENSORS = ("bodies", "inner_cutoff")
#: The tensors of shape (2, P).
OF_BOTH_ATOMS = ("types", "atoms", "switching")


@dataclass(frozen=True)
class PairTensors:
    """The pairs of some configurations, in their order, with targets and expected errors. All numbers are float64.

    Attributes
    ----------
    r : Tensor, shape (P,), nm
    unit : Tensor, shape (P, 3)
        The direction from the first to the second atom.
    types : Tensor of int64, shape (2, P)
    atoms : Tensor of int64, shape (2, P)
        Counted through all configurations.
    configuration : Tensor of int64, shape (P,)
    switching : Tensor, shape (2, P)
        The switching function and its derivative: 1 and 0 without a periodic box.
    energy, energy_error : Tensor, shape (C,), kJ/mol
        The error is infinite for a configuration without an energy.
    forces, force_error : Tensor, shape (A, 3) and (A,), kJ/mol/nm
        The error is infinite for an atom without a force.
    configuration_of_atom, type_of_atom : Tensor of int64, shape (A,)
    bodies : RigidFragments, or None
        The rigid bodies, if a configuration has some. Other atoms are bodies of their own.
    inner_cutoff : float, nm
        That of the force.
    """

    r: torch.Tensor
    unit: torch.Tensor
    types: torch.Tensor
    atoms: torch.Tensor
    configuration: torch.Tensor
    switching: torch.Tensor
    energy: torch.Tensor
    energy_error: torch.Tensor
    forces: torch.Tensor
    force_error: torch.Tensor
    configuration_of_atom: torch.Tensor
    type_of_atom: torch.Tensor
    bodies: RigidFragments | None = None
    inner_cutoff: float = 0.0

    @classmethod
    def of(
        cls, configurations: Sequence[Configuration], names: list[str], interacting: Range, errors: Errors
    ) -> PairTensors:
        """Collect the pairs of configurations whose types are among some names."""
        columns: dict[str, list[np.ndarray]] = {name: [] for name in cls.__annotations__ if name not in NOT_TENSORS}
        first_atom = 0
        for index, (each, pairs) in enumerate(zip(configurations, find_all_distances(configurations, interacting))):
            count = len(each.types)
            for pair, found in pairs.items():
                columns["r"].append(found.r)
                columns["unit"].append(found.delta / found.r[:, None])
                columns["types"].append(np.tile(np.array([[names.index(name)] for name in pair]), len(found.r)))
                columns["atoms"].append(np.stack([found.i, found.j]) + first_atom)
                columns["configuration"].append(np.full(len(found.r), index))
                columns["switching"].append(np.stack(interacting.switching(found.r, each)))
            of_energy, of_forces = expected_errors(each, errors)
            energy, forces = each.energy_difference, each.force_difference
            columns["energy"].append(np.array([0.0 if energy is None else energy]))
            columns["energy_error"].append(np.array([np.inf if energy is None else of_energy]))
            columns["forces"].append(np.zeros((count, 3)) if forces is None else forces)
            columns["force_error"].append(np.full(count, np.inf) if forces is None else of_forces)
            columns["configuration_of_atom"].append(np.full(count, index))
            columns["type_of_atom"].append(np.array([names.index(name) for name in each.types], dtype=np.int64))
            first_atom += count
        return cls(
            **{
                name: torch.from_numpy(np.concatenate(parts, axis=1 if name in OF_BOTH_ATOMS else 0))
                for name, parts in columns.items()
            },
            bodies=_bodies_of(configurations),
            inner_cutoff=interacting.inner_cutoff,
        )

    def batch(self, chosen: torch.Tensor) -> PairTensors:
        """Some configurations, by their indices in increasing order."""
        pair = _rows_of(self.configuration, chosen)
        atom = _rows_of(self.configuration_of_atom, chosen)
        new_atom = torch.empty(len(self.forces), dtype=torch.int64)
        new_atom[atom] = torch.arange(len(atom))
        return PairTensors(
            self.r[pair],
            self.unit[pair],
            self.types[:, pair],
            new_atom[self.atoms[:, pair]],
            torch.searchsorted(chosen, self.configuration[pair]),
            self.switching[:, pair],
            self.energy[chosen],
            self.energy_error[chosen],
            self.forces[atom],
            self.force_error[atom],
            torch.searchsorted(chosen, self.configuration_of_atom[atom]),
            self.type_of_atom[atom],
            None if self.bodies is None else self.bodies.of_atoms(atom),
            self.inner_cutoff,
        )

    @property
    def targets(self) -> PairTensors:
        """These pairs, with targets and expected errors."""
        return self

    def domain(self, names: list[str]) -> dict[PairOfTypes, tuple[float, float]]:
        """The shortest and the longest distance of each pair of types, whose names are given in their order."""
        result = {}
        for first, second in torch.unique(self.types, dim=1).T.tolist():
            r = self.r[(self.types[0] == first) & (self.types[1] == second)]
            result[names[first], names[second]] = (float(r.min()), float(r.max()))
        return result

    def predict(self, module: torch.nn.Module, *, create_graph: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """The energies, shape (C,), and the forces, shape (A, 3), of a module."""
        r = self.r.detach().requires_grad_()
        f = module(r, self.types[0], self.types[1])
        (dfdr,) = torch.autograd.grad(f.sum(), r, create_graph=create_graph)
        return self.totals(f, dfdr)

    def predict_force(self, module: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        """As :meth:`predict`, for the force that is made of the module: a straight line below the inner cutoff."""
        r = self.r.detach().clamp(min=self.inner_cutoff).requires_grad_()
        f = module(r, self.types[0], self.types[1])
        (dfdr,) = torch.autograd.grad(f.sum(), r)
        energy, forces = self.totals(f.detach() + (self.r - r.detach()) * dfdr, dfdr)
        return energy, forces

    def totals(self, f: torch.Tensor, dfdr: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The energies, shape (C,), and the forces, shape (A, 3), of a function of pairs and its derivative by the
        distance, shape (P,).
        """
        s, dsdr = self.switching
        energy = torch.zeros_like(self.energy).index_add(0, self.configuration, s * f)
        return energy, self.forces_of((s * dfdr + dsdr * f)[:, None] * self.unit)

    def forces_of(self, gradient: torch.Tensor) -> torch.Tensor:
        """The forces, shape (A, 3), of an energy with a given gradient by the displacement of each pair, (P, 3)."""
        first, second = self.atoms
        forces = torch.zeros_like(self.forces).index_add(0, first, gradient).index_add(0, second, -gradient)
        return forces if self.bodies is None else self.bodies.project(forces)

    def loss(self, module: torch.nn.Module) -> torch.Tensor:
        """The mean over the configurations of the squared errors, each divided by its expected error: that of the
        energy plus the mean of those of the components of the forces.
        """
        return self.loss_of(*self.predict(module, create_graph=True))

    def loss_of(self, energy: torch.Tensor, forces: torch.Tensor) -> torch.Tensor:
        """The loss of predicted energies, shape (C,), and forces, shape (A, 3)."""
        of_energy = ((energy - self.energy) / self.energy_error).square().sum()
        of_forces = ((forces - self.forces) / self.force_error[:, None]).square().mean(dim=1)
        num_atoms = torch.bincount(self.configuration_of_atom)
        return (of_energy + (of_forces / num_atoms[self.configuration_of_atom]).sum()) / len(self.energy)


def _bodies_of(configurations: Sequence[Configuration]) -> RigidFragments | None:
    """The rigid bodies of all configurations; None if there are none."""
    if not any(each.rigid for each in configurations):
        return None
    fragments, first = [], 0
    for each in configurations:
        own = each.fragments if each.rigid else np.arange(len(each.types))
        fragments.append(np.unique(own, return_inverse=True)[1] + first)
        first += len(each.types)
    return RigidFragments.of(
        np.concatenate([each.whole_positions for each in configurations]), np.concatenate(fragments)
    )


def _rows_of(configuration: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """The rows of some configurations; ``configuration`` and ``chosen`` increase."""
    begin = torch.searchsorted(configuration, chosen)
    count = torch.searchsorted(configuration, chosen, right=True) - begin
    before = torch.cumsum(count, 0) - count
    return torch.arange(int(count.sum())) + torch.repeat_interleave(begin - before, count)
