# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The energy of LearnedPairForce as a differentiable PyTorch module, to train with."""

import torch

from ..units import in_nanometers


class PairEnergy(torch.nn.Module):
    """The energy that a LearnedPairForce computes, over all pairs, differentiable in positions, features and
    parameters.

    E = sum over pairs i<j, not excluded and both covered, with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)

    The particles' a are types or rows of features, g are global parameters. Below the inner cutoff f is replaced by its
    first-order Taylor expansion there. All pairs are enumerated: this is for small systems.

    Parameters
    ----------
    function : torch.nn.Module or PairModel
        ``forward(r, type1, type2, **globals)`` or ``forward(r, features1, features2, **globals)`` in nm and kJ/mol. A
        PairModel
        brings its units, distances and the default values of its global parameters with it.
    cutoff, inner_cutoff : float, nm, or Quantity
        Needed for a module.
    switching_distance : float, nm, or Quantity
        If given, the switching function S of OpenMM's NonbondedForce is applied.

    Source
    ------
    plugin/include/LearnedPairForce.h
    """

    def __init__(self, function, cutoff=None, inner_cutoff=None, switching_distance=None):
        super().__init__()
        cutoff, inner_cutoff, switching_distance = map(in_nanometers, (cutoff, inner_cutoff, switching_distance))
        self.length, self.energy = 1.0, 1.0
        self.global_parameters = {}
        if not isinstance(function, torch.nn.Module):
            model, function = function, function.module
            cutoff, inner_cutoff, switching_distance = model.cutoff, model.inner_cutoff, model.switching_distance
            self.length, self.energy = model.length_factor, model.energy_factor
            self.global_parameters = model.global_parameters
        if cutoff is None or inner_cutoff is None:
            raise ValueError("PairEnergy: a module needs cutoff and inner_cutoff, in nm.")
        self.function = function
        self.cutoff, self.inner_cutoff, self.switching_distance = cutoff, inner_cutoff, switching_distance

    def pair_function(self, r, particle1, particle2, **global_parameters):
        """f, with its Taylor expansion below the inner cutoff.

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
        near = r < self.inner_cutoff
        energy = self.energy * self.function(
            r.clamp(min=self.inner_cutoff) / self.length, particle1, particle2, **values
        )
        if not near.any():
            return energy
        with torch.enable_grad():
            start = torch.full_like(r[near], self.inner_cutoff).requires_grad_()
            at_start = self.energy * self.function(start / self.length, particle1[near], particle2[near], **values)
            (slope,) = torch.autograd.grad(at_start.sum(), start, create_graph=True)
        return energy.index_add(0, near.nonzero()[:, 0], (r[near] - self.inner_cutoff) * slope)

    def forward(self, positions, box, particles, exclusions=(), **global_parameters):
        """Compute the energy.

        Parameters
        ----------
        positions : Tensor, shape (N, 3), nm
        box : Tensor, shape (3, 3), nm, or None
            Periodic box vectors in OpenMM's reduced form, one per row; None for no periodicity.
        particles : Tensor of int64, shape (N,), or of floating type, shape (N, F)
            Types, -1 for particles that are not covered; or features, a row of NaN for particles that are not covered.
        exclusions : iterable of (int, int)
        **global_parameters : float or 0-d Tensor
            Passed on to the function.

        Returns
        -------
        Tensor, 0-d, kJ/mol
        """
        if (
            torch.is_inference_mode_enabled()
        ):  # which keeps nothing to differentiate by, as is needed below the inner cutoff
            with torch.inference_mode(False), torch.no_grad():
                copies = [x.clone() if isinstance(x, torch.Tensor) else x for x in (positions, box, particles)]
                return self.forward(
                    *copies,
                    exclusions,
                    **{name: x.clone() if isinstance(x, torch.Tensor) else x for name, x in global_parameters.items()},
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
        inside = r < self.cutoff
        r, i, j = r[inside], i[inside], j[inside]
        energy = self.pair_function(r, particles[i], particles[j], **global_parameters)
        if self.switching_distance is not None:
            y = ((r - self.switching_distance) / (self.cutoff - self.switching_distance)).clamp(min=0)
            energy = energy * (1 + y**3 * (-10 + y * (15 - 6 * y)))
        return energy.sum()


def _covered(particles, count):
    """Which particles have a type or features, shape (N,)."""
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
