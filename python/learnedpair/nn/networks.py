# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Pair networks as a starting point for a learned pair correction."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import torch

from ..force.particles import as_number


class _GaussianNetwork(torch.nn.Module):
    """The part that both networks share: the Gaussian basis and its first layer, the second layer, the output layer
    and the envelope.

    A subclass creates its own parameters of the first layer between ``super().__init__()`` and ``_add_output()``, so
    that random weights are drawn in the order of the layers.
    """

    def __init__(
        self,
        cutoff: float,
        hidden: Sequence[int],
        num_basis: int,
        inner: float,
        energy_scale: float,
    ) -> None:
        super().__init__()
        if not isinstance(hidden, (list, tuple)) or len(hidden) != 2 or not all(map(_is_width, hidden)):
            raise ValueError(f"hidden must be two positive widths, not {hidden!r:.60}.")
        require_count("num_basis", num_basis, 2)
        name = type(self).__name__
        cutoff, inner = read_range(name, cutoff, inner)
        self.cutoff = cutoff
        self.energy_scale = as_number(energy_scale, f"{name}: energy_scale")
        self.basis_width = (cutoff - inner) / (num_basis - 1)
        centers = torch.linspace(inner, cutoff, num_basis)
        self.register_buffer("centers", centers)
        self.first = torch.nn.Linear(num_basis, hidden[0], bias=False)

    def _add_output(self, hidden: Sequence[int]) -> None:
        self.second = torch.nn.Linear(hidden[0], hidden[1])
        self.last = torch.nn.Linear(hidden[1], 1, bias=False)

    def _energy(self, r: torch.Tensor, first_term: torch.Tensor, last_bias: torch.Tensor) -> torch.Tensor:
        """Compute the energies [P] from what the particles add to the first layer, [P, hidden], and to the output,
        [P] or [].
        """
        basis = gaussian_basis(r, self.centers, self.basis_width)
        hidden1 = torch.nn.functional.silu(self.first(basis) + first_term)
        hidden2 = torch.nn.functional.silu(self.second(hidden1))
        output = self.last(hidden2).squeeze(-1) + last_bias

        return self.energy_scale * output * envelope(r, self.cutoff)


def read_range(name: str, cutoff: Any, inner: Any) -> tuple[float, float]:
    """Convert the cutoff and the center of the first Gaussian to numbers, and check their order."""
    cutoff, inner = as_number(cutoff, f"{name}: cutoff"), as_number(inner, f"{name}: inner")
    if not 0.0 <= inner < cutoff or not math.isfinite(cutoff):
        raise ValueError(f"inner and cutoff must satisfy 0 <= inner < cutoff, not {inner} and {cutoff} nm.")
    return cutoff, inner


def gaussian_basis(r: torch.Tensor, centers: torch.Tensor, width: float) -> torch.Tensor:
    """Expand distances [P] in Gaussians, shape [P, num_basis]."""
    scaled = (r.unsqueeze(-1) - centers) / width
    return torch.exp(-0.5 * scaled * scaled)


def envelope(r: torch.Tensor, cutoff: float) -> torch.Tensor:
    """The factor (1 - (r/cutoff)^2)^3, which brings distances [P] smoothly to zero at the cutoff."""
    reduced = r / cutoff
    base = torch.clamp(1.0 - reduced * reduced, min=0.0)
    return base * base * base


def _is_width(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and int(value) >= 1


def require_count(name: str, value: Any, least: int) -> None:
    """Require an integer that is at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, not {value!r:.60}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}.")


class TypedPairNetwork(_GaussianNetwork):
    r"""A smooth pair energy f(r; type1, type2) with a finite cutoff.

    The distance is expanded in Gaussians, passed through two hidden layers, and the result is
    multiplied by an envelope:

    .. math::

        g_k(r) &= \exp\left(-\frac{(r - \mu_k)^2}{2 \sigma^2}\right), \qquad
        \mu_k \text{ equally spaced in } [r_\mathrm{inner}, r_\mathrm{c}], \quad
        \sigma = \mu_2 - \mu_1

        h &= \mathrm{silu}(W_2 \, \mathrm{silu}(W_1 g(r) + b_{\{a,b\}}) + b_2)

        f_{ab}(r) &= s \, (w \cdot h + c_{\{a,b\}}) \, (1 - (r / r_\mathrm{c})^2)^3
        \quad (r < r_\mathrm{c}), \qquad 0 \text{ beyond}

    The types enter only through the unordered pair {a, b}, so the energy is exactly symmetric
    under their exchange. The energy, the force and the derivative of the force vanish at the
    cutoff.

    Parameters
    ----------
    num_types : int
        Number of atom types; types are 0 ... num_types - 1.
    cutoff : float
        Distance (nm) from which the energy is zero.
    hidden : sequence of two int
        Widths of the two hidden layers.
    num_basis : int
        Number of Gaussians in the expansion of the distance (at least 2).
    inner : float
        Center (nm) of the first Gaussian; choose it near the shortest distance trained on.
    energy_scale : float
        The factor s (kJ/mol), chosen so that the network's output is about unity.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.

    Notes
    -----
    Gaussian expansion of the distance: K. T. Schuett et al., "SchNet: a continuous-filter
    convolutional neural network for modeling quantum interactions", NeurIPS 30 (2017),
    section 4.1. The envelope is the lowest power of the even polynomial 1 - (r/rc)^2 whose
    value and first two derivatives vanish at rc; it is also smooth in r^2 at the origin.

    Examples
    --------
    >>> import torch
    >>> import learnedpair as lp
    >>> network = lp.nn.TypedPairNetwork(num_types=2, cutoff=0.6, inner=0.15)
    >>> oxygen, hydrogen = torch.tensor([0, 0, 0]), torch.tensor([1, 1, 1])
    >>> energy = network(torch.tensor([0.2, 0.4, 0.6]), oxygen, hydrogen)
    >>> energy.shape, energy[2].item() == 0
    (torch.Size([3]), True)
    """

    def __init__(
        self,
        num_types: int,
        cutoff: float,
        hidden: Sequence[int] = (32, 32),
        num_basis: int = 16,
        inner: float = 0.1,
        energy_scale: float = 10.0,
    ) -> None:
        require_count("num_types", num_types, 1)
        super().__init__(cutoff, hidden, num_basis, inner, energy_scale)
        self.num_types = int(num_types)
        num_pairs = num_types * (num_types + 1) // 2
        # The biases of the first layer and of the output belong to the type pair.
        self.first_bias = torch.nn.Parameter(0.5 * torch.randn(num_pairs, hidden[0]))
        self._add_output(hidden)
        self.last_bias = torch.nn.Parameter(torch.zeros(num_pairs))

    def forward(self, r: torch.Tensor, type1: torch.Tensor, type2: torch.Tensor) -> torch.Tensor:
        """Evaluate the energies of a list of pairs.

        Parameters
        ----------
        r : torch.Tensor
            Distances (nm), shape [P], of the same floating type as the parameters.
        type1, type2 : torch.Tensor
            Types of the two atoms of each pair, int64, shape [P].

        Returns
        -------
        torch.Tensor
            Pair energies (kJ/mol), shape [P].
        """
        low = torch.minimum(type1, type2)
        high = torch.maximum(type1, type2)
        # Index of the unordered pair in a triangular table.
        pair = (high * (high + 1)) // 2 + low

        return self._energy(r, self.first_bias[pair], self.last_bias[pair])


class FeaturePairNetwork(_GaussianNetwork):
    r"""A smooth pair energy f(r; a, b) of the features a and b of two atoms, with a finite cutoff.

    Like :class:`TypedPairNetwork`, with the atoms in the first layer as

    .. math::

        h &= \mathrm{silu}(W_2 \, \mathrm{silu}(W_1 g(r) + W_s (a + b) + W_p (a \circ b) + b_1) + b_2)

        f_{ab}(r) &= s \, (w \cdot h + c) \, (1 - (r / r_\mathrm{c})^2)^3
        \quad (r < r_\mathrm{c}), \qquad 0 \text{ beyond}

    The sum and the elementwise product do not change when the atoms are exchanged, so the energy
    is exactly symmetric. W_s (a + b) is W_s a + W_s b, so that its products can be computed once
    for each atom instead of once for each pair. The energy, the force and the derivative of the
    force vanish at the cutoff.

    Parameters
    ----------
    num_features : int
        Number of features of an atom. Scale them to about unity: the network does not normalize them.
    cutoff : float
        Distance (nm) from which the energy is zero.
    hidden : sequence of two int
        Widths of the two hidden layers.
    num_basis : int
        Number of Gaussians in the expansion of the distance (at least 2).
    inner : float
        Center (nm) of the first Gaussian; choose it near the shortest distance trained on.
    energy_scale : float
        The factor s (kJ/mol), chosen so that the network's output is about unity.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.

    Examples
    --------
    The features are a partial charge in e and an atomic polarizability in 10^-3 nm^3:

    >>> import torch
    >>> import learnedpair as lp
    >>> network = lp.nn.FeaturePairNetwork(num_features=2, cutoff=0.6, inner=0.15)
    >>> oxygen, hydrogen = torch.tensor([[-0.8, 0.8]]), torch.tensor([[0.4, 0.4]])
    >>> r = torch.tensor([0.35])
    >>> network(r, oxygen, hydrogen).shape
    torch.Size([1])
    >>> bool(network(r, oxygen, hydrogen) == network(r, hydrogen, oxygen))
    True
    """

    def __init__(
        self,
        num_features: int,
        cutoff: float,
        hidden: Sequence[int] = (32, 32),
        num_basis: int = 16,
        inner: float = 0.1,
        energy_scale: float = 10.0,
    ) -> None:
        require_count("num_features", num_features, 1)
        super().__init__(cutoff, hidden, num_basis, inner, energy_scale)
        self.num_features = int(num_features)
        self.of_sum = torch.nn.Linear(num_features, hidden[0])
        self.of_product = torch.nn.Linear(num_features, hidden[0], bias=False)
        self._add_output(hidden)
        self.last_bias = torch.nn.Parameter(torch.zeros(()))

    def forward(self, r: torch.Tensor, features1: torch.Tensor, features2: torch.Tensor) -> torch.Tensor:
        """Evaluate the energies of a list of pairs.

        Parameters
        ----------
        r : torch.Tensor
            Distances (nm), shape [P], of the same floating type as the parameters.
        features1, features2 : torch.Tensor
            Features of the two atoms of each pair, shape [P, num_features].

        Returns
        -------
        torch.Tensor
            Pair energies (kJ/mol), shape [P].
        """
        first_term = self.of_sum(features1 + features2) + self.of_product(features1 * features2)
        return self._energy(r, first_term, self.last_bias)
