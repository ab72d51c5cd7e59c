# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The energy of a LearnedPairForce as a differentiable PyTorch module, for training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from openmm import unit

from ..force.particles import as_number
from ..units import in_nanometers

if TYPE_CHECKING:
    from ..lowering.pair_model import PairModel


class PairEnergy(torch.nn.Module):
    """The energy of a LearnedPairForce, differentiable with respect to positions, features and parameters.

    E = sum over pairs i<j with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)

    a_i is the type or the feature vector of particle i, and g are the global parameters. Excluded pairs, and pairs with
    a particle that is not covered, do not contribute. Below the inner cutoff f is replaced by its first-order Taylor
    expansion at the inner cutoff. Exceptions and the long-range correction of a force are left out. All pairs are
    enumerated, so the module is meant for small systems.

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
        If ``function`` is a module, and a cutoff is missing, a distance is none, or the distances do not increase from
        the inner cutoff to the cutoff.

    Source
    ------
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
        self.cutoff, self.inner_cutoff, self.switching_distance = _read_distances(
            cutoff, inner_cutoff, switching_distance
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
        """Evaluate S(r) f(r), the energy of pairs within the cutoff, with the arguments of :meth:`pair_function`.

        Returns
        -------
        Tensor, shape (P,), kJ/mol
        """
        energy = self.pair_function(r, particle1, particle2, **global_parameters)
        if self.switching_distance is None:
            return energy
        y = ((r - self.switching_distance) / (self.cutoff - self.switching_distance)).clamp(min=0)
        return energy * (1 + y**3 * (-10 + y * (15 - 6 * y)))

    def forward(
        self,
        positions: torch.Tensor,
        box: torch.Tensor | None,
        particles: torch.Tensor,
        exclusions: Iterable[tuple[int, int]] = (),
        **global_parameters: float | torch.Tensor,
    ) -> torch.Tensor:
        """Compute the energy.

        Parameters
        ----------
        positions : Tensor, shape (N, 3), nm
        box : Tensor, shape (3, 3), nm, or None
            Periodic box vectors in OpenMM's reduced form, one per row; None for no periodicity.
        particles : Tensor of int64, shape (N,), or of floating type, shape (N, F)
            Types or features. A particle that is not covered has the type -1, or NaN for all of its features.
        exclusions : iterable of (int, int)
        **global_parameters : float or 0-d Tensor
            Passed to the function.

        Returns
        -------
        Tensor, 0-d, kJ/mol

        Raises
        ------
        ValueError
            If the particles have the wrong shape or an incomplete feature vector, an exclusion names a particle that
            does not exist, or the box is shorter than twice the cutoff.
        """
        if torch.is_inference_mode_enabled():
            # The Taylor expansion below the inner cutoff needs autograd, which inference mode rules out.
            with torch.inference_mode(False), torch.no_grad():
                return self.forward(
                    _normal(positions),
                    _normal(box),
                    _normal(particles),
                    exclusions,
                    **{name: _normal(value) for name, value in global_parameters.items()},
                )
        count = len(positions)
        allowed = torch.ones(count, count, dtype=torch.bool, device=positions.device).triu(1)
        for i, j in exclusions:
            if not (0 <= i < count and 0 <= j < count):
                raise ValueError(
                    f"PairEnergy: exclusions has the pair {(i, j)}; expected particles from 0 to {count - 1}."
                )
            allowed[min(i, j), max(i, j)] = False
        covered = _covered(particles, count)
        if box is not None and (torch.diagonal(box) < 2 * self.cutoff).any():
            raise ValueError(
                f"PairEnergy: the box vectors {box.tolist()} are shorter than twice the cutoff, {self.cutoff:g} nm;"
                " take a larger box."
            )
        i, j = (allowed & covered[:, None] & covered[None, :]).nonzero(as_tuple=True)
        delta = positions[j] - positions[i]
        if box is not None:
            for k in (2, 1, 0):
                delta = delta - torch.round(delta[:, k : k + 1] / box[k, k]) * box[k]
        r = delta.norm(dim=1)
        in_range = r < self.cutoff
        r, i, j = r[in_range], i[in_range], j[in_range]
        return self.pair_energy(r, particles[i], particles[j], **global_parameters).sum()


def _read_distances(cutoff: Any, inner_cutoff: Any, switching_distance: Any) -> tuple[float, float, float | None]:
    """Convert the distances to nm, and check their order."""
    if cutoff is None or inner_cutoff is None:
        raise ValueError("PairEnergy: a module needs cutoff and inner_cutoff, in nm.")
    end, inner = _in_nm(cutoff, "cutoff"), _in_nm(inner_cutoff, "inner_cutoff")
    if not 0 <= inner < end:
        raise ValueError(
            f"PairEnergy: inner_cutoff is {inner:g} nm, and cutoff {end:g} nm; expected distances of which the inner"
            " cutoff is shorter."
        )
    if switching_distance is None:
        return end, inner, None
    switching = _in_nm(switching_distance, "switching_distance")
    if not inner <= switching < end:
        raise ValueError(
            f"PairEnergy: switching_distance is {switching:g} nm; expected a distance from inner_cutoff, {inner:g} nm,"
            f" to below the cutoff, {end:g} nm."
        )
    return end, inner, switching


def _in_nm(distance: Any, name: str) -> float:
    what = f"PairEnergy: {name}"
    return float(as_number(in_nanometers(distance, what), what))


def _normal(value: Any) -> Any:
    """Convert a tensor of inference mode to a normal one. Return any other value unchanged."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _covered(particles: torch.Tensor, count: int) -> torch.Tensor:
    """A mask of the particles that have a type or features, shape (N,)."""
    features = particles.is_floating_point()
    if len(particles) != count or particles.dim() != (2 if features else 1):
        raise ValueError(
            f"PairEnergy: the particles are {particles.dtype} of shape {tuple(particles.shape)}; expected {count}"
            f" types, or features of shape ({count}, F)."
        )
    if not features:
        return particles >= 0
    missing = particles.isnan()
    partly = missing.any(dim=1) & ~missing.all(dim=1)
    if partly.any():
        raise ValueError(
            f"PairEnergy: particle {int(partly.nonzero()[0, 0])} has some features that are NaN; expected numbers, or"
            " NaN for all of them where a particle is not covered."
        )
    return ~missing.any(dim=1)
