# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The energy of a LearnedPairForce as a differentiable PyTorch module, for training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from openmm import unit

from ..force.switching import switching
from .configurations import read_configurations
from .distances import read_distances
from .factors import Group, PairsLike, read_factors
from .inference import outside_inference_mode
from .pair_list import find_pairs

if TYPE_CHECKING:
    from ..lowering.pair_model import PairModel


class PairEnergy(torch.nn.Module):
    """The energy of a LearnedPairForce, differentiable with respect to positions, features and parameters.

    E = sum over pairs i<j with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)

    a_i is the type or the feature vector of particle i, and g are the global parameters. Excluded pairs, and pairs with
    a particle that is not covered, do not contribute; exceptions contribute with their factors. Below the inner cutoff
    f is replaced by its first-order Taylor expansion at the inner cutoff. The long-range correction of a force is left
    out. Many configurations can be evaluated in one call, which is much faster for small ones. Configurations of more
    than 256 covered particles need vesin, which finds the pairs: ``pip install 'openmm-learnedpair[train]'``.

    Parameters
    ----------
    function : torch.nn.Module or PairModel
        ``forward(r, type1, type2, **globals)`` or ``forward(r, features1, features2, **globals)`` in nm and kJ/mol. A
        PairModel brings its own units, distances and default values of global parameters.
    cutoff, inner_cutoff : float, nm, or Quantity
        Required if ``function`` is a module; ignored for a PairModel.
    switching_distance : float, nm, or Quantity
        Where S, the switching function of OpenMM's NonbondedForce, begins; without it S is 1. Ignored for a PairModel.

    Raises
    ------
    TypeError, ValueError
        If ``function`` is a module, and a cutoff is missing, a distance is not a number or a length, or not
        0 <= inner_cutoff <= switching_distance < cutoff.

    References
    ----------
    plugin/include/LearnedPairForce.h

    Examples
    --------
    The energy and the forces of three argon atoms, for a loss function:

    >>> import torch
    >>> import learnedpair as lp
    >>> network = lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3)
    >>> pair_energy = lp.nn.PairEnergy(network, cutoff=0.8, inner_cutoff=0.3)
    >>> positions = torch.tensor([[0.0, 0.0, 0.0], [0.38, 0.0, 0.0], [0.0, 0.4, 0.0]], requires_grad=True)
    >>> types = torch.zeros(3, dtype=torch.int64)
    >>> energy = pair_energy(positions, None, types)
    >>> (gradient,) = torch.autograd.grad(energy, positions, create_graph=True)
    >>> forces = -gradient
    >>> forces.shape
    torch.Size([3, 3])
    >>> bool(forces.sum(dim=0).abs().max() < 1e-3)
    True
    """

    def __init__(
        self,
        function: torch.nn.Module | PairModel,
        cutoff: float | unit.Quantity | None = None,
        inner_cutoff: float | unit.Quantity | None = None,
        switching_distance: float | unit.Quantity | None = None,
    ) -> None:
        super().__init__()
        self.length_factor, self.energy_factor = 1.0, 1.0
        self.global_parameters: dict[str, float] = {}
        if not isinstance(function, torch.nn.Module):
            model, function = function, function.module
            cutoff, inner_cutoff, switching_distance = model.cutoff, model.inner_cutoff, model.switching_distance
            self.length_factor, self.energy_factor = model.length_factor, model.energy_factor
            self.global_parameters = model.global_parameters
        self.function = function
        self.cutoff, self.inner_cutoff, self.switching_distance = read_distances(
            "PairEnergy", cutoff, inner_cutoff, switching_distance
        )

    def pair_function(
        self,
        r: torch.Tensor,
        particle1: torch.Tensor,
        particle2: torch.Tensor,
        **global_parameters: float | torch.Tensor,
    ) -> torch.Tensor:
        """Evaluate f, with its Taylor expansion below the inner cutoff.

        Parameters
        ----------
        r : Tensor, shape (P,), nm
        particle1, particle2 : Tensor of int64, shape (P,), or of floating type, shape (P, F)
        **global_parameters : float or 0-d Tensor
            In the units that the function expects.

        Returns
        -------
        Tensor, shape (P,), kJ/mol
        """
        values = {
            name: torch.as_tensor(value, dtype=r.dtype, device=r.device)
            for name, value in {**self.global_parameters, **global_parameters}.items()
        }
        below_inner = r < self.inner_cutoff
        energy = self.energy_factor * self.function(
            r.clamp(min=self.inner_cutoff) / self.length_factor, particle1, particle2, **values
        )
        if not below_inner.any():
            return energy
        with torch.enable_grad():
            r_inner = torch.full_like(r[below_inner], self.inner_cutoff).requires_grad_()
            energy_inner = self.energy_factor * self.function(
                r_inner / self.length_factor, particle1[below_inner], particle2[below_inner], **values
            )
            (dEdR,) = torch.autograd.grad(energy_inner.sum(), r_inner, create_graph=True)
        return energy.index_add(0, below_inner.nonzero()[:, 0], (r[below_inner] - self.inner_cutoff) * dEdR)

    def pair_energy(
        self,
        r: torch.Tensor,
        particle1: torch.Tensor,
        particle2: torch.Tensor,
        **global_parameters: float | torch.Tensor,
    ) -> torch.Tensor:
        """Evaluate S(r) f(r), the energy of pairs within the cutoff.

        Parameters
        ----------
        r, particle1, particle2, **global_parameters
            As in :meth:`pair_function`.

        Returns
        -------
        Tensor, shape (P,), kJ/mol
        """
        energy = self.pair_function(r, particle1, particle2, **global_parameters)
        if self.switching_distance is None:
            return energy
        return energy * switching(r, self.switching_distance, self.cutoff)[0]

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
        **global_parameters: float | torch.Tensor,
    ) -> torch.Tensor:
        """Compute the energy of one configuration, or of each of many.

        Parameters
        ----------
        positions : Tensor, shape (N, 3), nm
            Shape (B, N, 3) for B configurations of the same size, and (M, 3) with ``batch`` for configurations of
            different sizes, one after the other.
        box : Tensor, shape (3, 3), nm, or None
            Periodic box vectors in OpenMM's reduced form, one per row; None for no periodicity. Shape (B, 3, 3) gives
            each configuration its own box.
        particles : Tensor of int64, shape (N,), or of floating type, shape (N, F)
            Types or features. A particle that is not covered has the type -1, or NaN for all of its features. For
            configurations of the same size (B, N) or (B, N, F), too, and (M,) or (M, F) with ``batch``.
        exclusions : iterable of (int, int), or array or Tensor of int, shape (n, 2)
            For configurations of the same size, pairs of particles of one configuration, excluded in all of them.
            With ``batch``, the numbers of particles count through all configurations. An array is read fastest.
        exceptions : iterable of (int, int, float)
            Two particles, numbered like those of exclusions, and the factor of their energy.
        interaction_groups : iterable of (iterable of int, iterable of int)
            If there are any, only pairs with one particle in the first and the other in the second set of at least one
            group count.
        batch : Tensor of int64, shape (M,), optional
            The configuration of each particle, from 0, in ascending order.
        **global_parameters : float or 0-d Tensor
            Passed to the function, in the units that it expects.

        Returns
        -------
        Tensor, 0-d, or shape (B,) for B configurations, kJ/mol

        Raises
        ------
        ValueError
            If a tensor has the wrong shape or values that are not finite, a feature vector is incomplete, an argument
            names a particle that does not exist, or a box is shorter than twice the cutoff or not in reduced form.
        TypeError
            If exclusions, exceptions or interaction groups are not such pairs, factors and sets.
        ImportError
            If a configuration has more than 256 covered particles and vesin is not installed.

        Examples
        --------
        Ten dimers of water in one call, without the pairs within a molecule:

        >>> import torch
        >>> import learnedpair as lp
        >>> from learnedpair.data import WATER
        >>> pair_energy = lp.nn.PairEnergy(lp.load_model(WATER))
        >>> positions = torch.rand(10, 6, 3, dtype=torch.float64)
        >>> types = torch.tensor([0, 1, 1, 0, 1, 1])
        >>> within = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
        >>> pair_energy(positions, None, types, within).shape
        torch.Size([10])
        """
        configurations = read_configurations(positions, box, particles, batch, self.cutoff)
        factors_of = read_factors(configurations, exclusions, exceptions, interaction_groups)
        i, j, factors = find_pairs(configurations, factors_of, self.cutoff)
        r = configurations.distances(i, j)
        in_range = r < self.cutoff  # beyond it, after rounding, f may not even be a number
        r, i, j = r[in_range], i[in_range], j[in_range]
        energies = self.pair_energy(r, configurations.particles[i], configurations.particles[j], **global_parameters)
        if factors is not None:
            energies = energies * factors[in_range].to(energies.dtype)
        return configurations.sums(energies, i)
