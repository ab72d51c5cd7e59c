# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A network for atoms in their environments, as a starting point for a learned many-body correction."""

import math
from collections.abc import Sequence

import torch

from ..force.particles import as_number
from .environment_energy import require_orders
from .networks import envelope, gaussian_basis, read_range, require_count


class EnvironmentNetwork(torch.nn.Module):
    r"""Smooth densities of neighbors, and the energy of an atom by a network of its densities.

    .. math::

        w_k(r; a, b) &= \sum_n c_{abnk} \exp\left(-\frac{(r - \mu_n)^2}{2 \sigma^2}\right)
        (1 - (r / r_\mathrm{c})^2)^3 \quad (r < r_\mathrm{c}), \qquad 0 \text{ beyond}

        h &= \tanh(W q + b_a) - \tanh(b_a), \qquad u(q; a) = s \, v \cdot h

    The centers :math:`\mu_n` are equally spaced from the shortest distance to the cutoff, and :math:`\sigma` is their
    distance. The energy of an atom without neighbors is exactly 0.

    Parameters
    ----------
    num_types : int
    cutoff : float
        Distance (nm) from which densities are zero.
    angular : sequence of int
        The angular order of each channel, 0 to 3; see :class:`EnvironmentEnergy`.
    hidden : int
        The width of the hidden layer.
    num_basis : int
        The number of Gaussians (at least 2).
    inner : float
        The center (nm) of the first Gaussian; choose it near the shortest distance trained on.
    energy_scale : float
        The factor s (kJ/mol), chosen so that the network's output is about unity.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.

    References
    ----------
    The embedded-atom form of M. S. Daw and M. I. Baskes, Phys. Rev. B 29 (1984) 6443, with a network in place of the
    embedding function, after J. Behler and M. Parrinello, Phys. Rev. Lett. 98 (2007) 146401.

    Examples
    --------
    >>> import torch
    >>> import learnedpair as lp
    >>> network = lp.nn.EnvironmentNetwork(num_types=2, cutoff=0.6, angular=[0, 0, 1, 2], inner=0.15)
    >>> model = lp.load_environment(
    ...     network, types=["O", "H"], angular=network.angular, cutoff=0.6, inner_cutoff=0.15
    ... )
    >>> model.isolated_atom_energies
    {'O': 0.0, 'H': 0.0}
    """

    def __init__(
        self,
        num_types: int,
        cutoff: float,
        angular: Sequence[int] = (0,) * 8,
        hidden: int = 16,
        num_basis: int = 12,
        inner: float = 0.1,
        energy_scale: float = 10.0,
    ) -> None:
        super().__init__()
        require_count("num_types", num_types, 1)
        require_count("hidden", hidden, 1)
        require_count("num_basis", num_basis, 2)
        name = type(self).__name__
        cutoff, inner = read_range(name, cutoff, inner)
        self.angular = require_orders(angular, name)
        self.num_types = num_types
        self.cutoff = cutoff
        self.energy_scale = as_number(energy_scale, f"{name}: energy_scale")
        self.basis_width = (cutoff - inner) / (num_basis - 1)
        self.register_buffer("centers", torch.linspace(inner, cutoff, num_basis))
        channels = len(self.angular)
        self.coefficients = torch.nn.Parameter(
            torch.randn(num_types, num_types, num_basis, channels) / math.sqrt(num_basis)
        )
        self.first = torch.nn.Linear(channels, hidden, bias=False)
        self.first_bias = torch.nn.Parameter(0.5 * torch.randn(num_types, hidden))
        self.last = torch.nn.Linear(hidden, 1, bias=False)

    def density(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor) -> torch.Tensor:
        """Evaluate the densities of neighbors of type2 around atoms of type1.

        Parameters
        ----------
        r : torch.Tensor
            Distances (nm), shape [P], of the same floating type as the parameters.
        type1, type2 : torch.Tensor
            Types, int64, shape [P].

        Returns
        -------
        torch.Tensor
            Shape [P, K].
        """
        basis = gaussian_basis(r, self.centers, self.basis_width)
        values = (basis.unsqueeze(-1) * self.coefficients[type1, type2]).sum(dim=1)
        return values * envelope(r, self.cutoff).unsqueeze(-1)

    def atom(self, densities: torch.Tensor, type: torch.Tensor) -> torch.Tensor:
        """Evaluate the energies of atoms.

        Parameters
        ----------
        densities : torch.Tensor
            Shape [N, K].
        type : torch.Tensor
            Types, int64, shape [N].

        Returns
        -------
        torch.Tensor
            Energies (kJ/mol), shape [N].
        """
        bias = self.first_bias[type]
        hidden = torch.tanh(self.first(densities) + bias) - torch.tanh(bias)
        return self.energy_scale * self.last(hidden).squeeze(-1)
