# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The energy of atoms in their environments as a differentiable PyTorch module, for training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from openmm import unit

from ..force.solid_harmonics import solid_harmonics
from ..force.switching import switching
from ..models.environment import has_both_methods
from ..models.evaluation import describe_result
from ..models.metadata.angular import EXPECTED, other_orders, read_orders
from ..models.pytorch.modules import unwrapped
from .configurations import Configurations, read_configurations
from .distances import read_distances
from .factors import Group, PairsLike, read_factors
from .inference import outside_inference_mode
from .pair_list import find_pairs


class EnvironmentEnergy(torch.nn.Module):
    """The energy of a LearnedPairForce with an environment function, differentiable with respect to positions and
    parameters.

    E = sum over atoms i of u(q_i; a_i)

    In a channel k of angular order 0 the density q_ik is the sum of w_k(r_ij; a_i, a_j) over the neighbors j of atom i.
    In a channel of order l it is the sum over m of the squares of ``sum_j w_k(r_ij; a_i, a_j) C_lm(u_ij)``, where C_lm
    are real spherical harmonics times sqrt(4 pi / (2 l + 1)) and u_ij is the unit vector from i to j. w_k is the
    density of the module times the switching function, if there is one. Below the inner cutoff the density is replaced
    by its first-order Taylor expansion at the inner cutoff. Two atoms at the same place count in channels of order 0
    only. Excluded pairs, and atoms that are not covered, do not count.

    Parameters
    ----------
    function : torch.nn.Module
        With ``density(r, type1, type2) -> Tensor[P, K]`` and ``atom(densities, type) -> Tensor[N]``, in nm and kJ/mol,
        as for :func:`learnedpair.load_environment`.
    angular : sequence of int
        The angular order of each of the K channels, 0 to 3.
    cutoff, inner_cutoff : float, nm, or Quantity
    switching_distance : float, nm, or Quantity
        Where OpenMM's switching function begins.

    Raises
    ------
    TypeError, ValueError
        If the module has no such methods, an order is not an integer from 0 to 3, or the distances are not numbers with
        0 <= inner_cutoff <= switching_distance < cutoff.

    References
    ----------
    plugin/include/EnvironmentFunction.h

    Examples
    --------
    >>> import torch
    >>> import learnedpair as lp
    >>> network = lp.nn.EnvironmentNetwork(num_types=1, angular=[0, 0, 1], cutoff=0.6, inner=0.2)
    >>> energy = lp.nn.EnvironmentEnergy(network, network.angular, cutoff=0.6, inner_cutoff=0.2)
    >>> positions = torch.tensor([[0.0, 0.0, 0.0], [0.3, 0.0, 0.0], [0.0, 0.3, 0.0]], requires_grad=True)
    >>> types = torch.zeros(3, dtype=torch.int64)
    >>> total = energy(positions, None, types)
    >>> (gradient,) = torch.autograd.grad(total, positions)
    >>> energy.densities(positions, None, types).shape
    torch.Size([3, 3])
    """

    def __init__(
        self,
        function: torch.nn.Module,
        angular: Sequence[int],
        cutoff: float | unit.Quantity,
        inner_cutoff: float | unit.Quantity,
        switching_distance: float | unit.Quantity | None = None,
    ) -> None:
        super().__init__()
        function = unwrapped(function) if isinstance(function, torch.nn.Module) else function
        if not has_both_methods(function):
            raise TypeError(
                f"EnvironmentEnergy: the function is of the type {type(function).__name__}; expected a"
                " torch.nn.Module with the methods density and atom, in nm and kJ/mol."
            )
        self.function = function
        self.angular = require_orders(angular, "EnvironmentEnergy")
        orders = other_orders(function, self.angular)
        if orders is not None:
            raise ValueError(
                f"EnvironmentEnergy: angular is {self.angular}, and the function has channels of the orders {orders};"
                " give those."
            )
        self.cutoff, self.inner_cutoff, self.switching_distance = read_distances(
            "EnvironmentEnergy", cutoff, inner_cutoff, switching_distance
        )

    def neighbor_densities(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor) -> torch.Tensor:
        """Evaluate the densities of neighbors of type2 around atoms of type1, with the rules for short distances.

        Parameters
        ----------
        r : Tensor, shape (P,), nm
        type1, type2 : Tensor of int64, shape (P,)

        Returns
        -------
        Tensor, shape (P, K)
        """
        values = self._density(r.clamp(min=self.inner_cutoff), type1, type2)
        below = r < self.inner_cutoff
        if below.any():
            with torch.enable_grad():
                r_inner = torch.full_like(r[below], self.inner_cutoff).requires_grad_()
                inner = self._density(r_inner.clone(), type1[below], type2[below])
                slopes = [
                    torch.autograd.grad(channel.sum(), r_inner, create_graph=True, materialize_grads=True)[0]
                    if channel.requires_grad
                    else torch.zeros_like(r_inner)
                    for channel in inner.unbind(dim=1)
                ]
            slope = torch.stack(slopes, dim=1)
            values = values.index_add(0, below.nonzero()[:, 0], (r[below] - self.inner_cutoff)[:, None] * slope)
        if self.switching_distance is None:
            return values
        return values * switching(r, self.switching_distance, self.cutoff)[0][:, None]

    def _density(self, r, type1, type2):
        values = self.function.density(r, type1, type2)
        require_shape(values, (len(r), len(self.angular)), "density")
        return values

    @outside_inference_mode
    def densities(
        self,
        positions: torch.Tensor,
        box: torch.Tensor | None,
        particles: torch.Tensor,
        exclusions: PairsLike = (),
        exceptions: Iterable[tuple[int, int, float]] = (),
        interaction_groups: Iterable[Group] = (),
        batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the densities q of all atoms.

        Parameters
        ----------
        positions, box, particles, exclusions, exceptions, interaction_groups, batch
            As in :meth:`forward`.

        Returns
        -------
        Tensor, shape (M, K)
            For the M atoms of all configurations, one after the other; 0 for atoms that are not covered.
        """
        return self._densities(
            *self._read(positions, box, particles, exclusions, exceptions, interaction_groups, batch)
        )

    @outside_inference_mode
    def forward(
        self,
        positions: torch.Tensor,
        box: torch.Tensor | None,
        particles: torch.Tensor,
        exclusions: PairsLike = (),
        exceptions: Iterable[tuple[int, int, float]] = (),
        interaction_groups: Iterable[Group] = (),
        batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the energy of one configuration, or of each of many.

        Parameters
        ----------
        positions, box, exclusions, exceptions, interaction_groups, batch
            As for ``PairEnergy.forward``. The factor of an exception multiplies densities.
        particles : Tensor of int64, shape (N,), (B, N), or (M,) with ``batch``
            Types; -1 for a particle that is not covered.

        Returns
        -------
        Tensor, 0-d, or shape (B,) for B configurations, kJ/mol

        Raises
        ------
        TypeError, ValueError, ImportError
            As ``PairEnergy.forward``; a ValueError if particles have features.
        """
        configurations, factors_of = self._read(
            positions, box, particles, exclusions, exceptions, interaction_groups, batch
        )
        atoms = configurations.covered.nonzero()[:, 0]
        densities = self._densities(configurations, factors_of)
        energies = self.function.atom(densities[atoms], configurations.particles[atoms])
        require_shape(energies, (len(atoms),), "atom")
        return configurations.sums(energies, atoms)

    def _read(self, positions, box, particles, exclusions, exceptions, interaction_groups, batch):
        configurations = read_configurations(positions, box, particles, batch, self.cutoff)
        if configurations.particles.is_floating_point():
            raise ValueError("EnvironmentEnergy: the particles have features; expected types, a Tensor of int64.")
        return configurations, read_factors(configurations, exclusions, exceptions, interaction_groups)

    def _densities(self, configurations: Configurations, factors_of) -> torch.Tensor:
        i, j, factors = find_pairs(configurations, factors_of, self.cutoff)
        displacements = configurations.displacements(i, j)
        in_range = displacements.detach().norm(dim=1) < self.cutoff
        i, j, displacements = i[in_range], j[in_range], displacements[in_range]
        factors = None if factors is None else factors[in_range]
        return self.densities_of_pairs(configurations.particles, i, j, displacements, factors)

    def densities_of_pairs(
        self,
        types: torch.Tensor,
        i: torch.Tensor,
        j: torch.Tensor,
        displacements: torch.Tensor,
        factors: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the densities of atoms from the pairs in range.

        Parameters
        ----------
        types : Tensor of int64, shape (M,)
        i, j : Tensor of int64, shape (P,)
            The atoms of each pair.
        displacements : Tensor, shape (P, 3), nm
            From i to j.
        factors : Tensor, shape (P,), optional
            Factors of the densities.

        Returns
        -------
        Tensor, shape (M, K)
        """
        r = displacements.norm(dim=1)
        # Atoms at the same place have no direction: the pair counts in channels of order 0 only, and has no force.
        apart = (r > 0)[:, None]
        direction = torch.where(apart, displacements, 0.0) / torch.where(apart, r[:, None], 1.0)
        center, neighbor = torch.cat([i, j]), torch.cat([j, i])
        w = self.neighbor_densities(torch.cat([r, r]), types[center], types[neighbor])
        if factors is not None:
            factor = factors.to(w.dtype)
            w = w * torch.cat([factor, factor])[:, None]
        x, y, z = torch.cat([direction, -direction]).unbind(dim=1)
        columns: list[tuple[int, torch.Tensor]] = []
        for order in sorted(set(self.angular)):
            channels = [k for k, other in enumerate(self.angular) if other == order]
            harmonics = torch.stack(solid_harmonics(x, y, z, order), dim=1)
            terms = w[:, channels, None] * harmonics[:, None, :]
            sums = terms.new_zeros((len(types), *terms.shape[1:])).index_add(0, center, terms)
            values = sums[:, :, 0] if order == 0 else sums.square().sum(dim=2)
            columns += zip(channels, values.unbind(dim=1), strict=True)
        return torch.stack([column for _, column in sorted(columns, key=lambda item: item[0])], dim=1)


def require_shape(values: object, shape: tuple[int, ...], method: str) -> None:
    """Require that a method of the module has returned a tensor of some shape."""
    if not isinstance(values, torch.Tensor) or tuple(values.shape) != shape:
        raise ValueError(
            f"EnvironmentEnergy: {method}() of the function returns {describe_result(values)}; expected shape {shape}."
        )


def require_orders(angular: Sequence[int], name: str) -> list[int]:
    """Require angular orders of channels."""
    orders: list[int] | None = read_orders(angular)
    if orders is None:
        error = ValueError if isinstance(angular, (list, tuple)) else TypeError
        raise error(f"{name}: angular is {angular!r:.80}; expected {EXPECTED}.")
    return orders
