# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The Verlet lists of the alternatives in PyTorch."""

import itertools

import numpy as np
import torch
from scipy.spatial import cKDTree

#: The Verlet skin of the pair list of PythonForce (nm).
SKIN = 0.1


class VerletList:
    """Pairs within the cutoff plus a skin, found with a k-d tree; rebuilt when a particle has moved by half the skin.

    Parameters
    ----------
    box : ndarray, shape (3,), nm
        The edges of a rectangular box.
    excluded : list of (int, int)
    count : int
        The number of particles.
    cutoff : float, nm
    """

    def __init__(self, box, excluded, count, cutoff):
        self.box, self.count, self.list_cutoff = box, count, cutoff + SKIN
        self.excluded = torch.from_numpy(np.sort([min(pair) * count + max(pair) for pair in excluded]))
        self.built = None

    def pairs(self, x):
        """Get the pairs at positions, a Tensor of shape (n, 3): two Tensors of int64 on its device."""
        if self.built is not None and ((x - self.built) ** 2).sum(dim=1).max() <= (0.5 * SKIN) ** 2:
            return self.first, self.second
        self.built = x.clone()
        first, second = self._search(x)
        excluded = self.excluded.to(x.device)
        code = first * self.count + second
        keep = excluded[torch.searchsorted(excluded, code).clamp(max=len(excluded) - 1)] != code
        self.first, self.second = first[keep], second[keep]
        return self.first, self.second

    def pairs_in_range(self, x, cutoff):
        """Get the pairs closer than a cutoff, in single precision.

        Parameters
        ----------
        x : Tensor of float64, shape (n, 3), nm
        cutoff : float, nm

        Returns
        -------
        first, second : Tensor of int64, shape (P,)
        d : Tensor of float32, shape (P, 3), nm
            From the second to the first particle.
        r : Tensor of float32, shape (P,), nm
            The distances, which automatic differentiation takes as variables.
        """
        first, second = self.pairs(x)
        edges = torch.tensor(self.box, device=x.device)
        d = x[first] - x[second]
        d -= torch.round(d / edges) * edges
        r2 = (d * d).sum(dim=1)
        near = torch.nonzero(r2 < cutoff**2).squeeze(1)
        return first[near], second[near], d[near].float(), r2[near].sqrt().float().requires_grad_()

    def forces(self, energy, first, second, d, r):
        """Get the forces (Tensor of float32, shape (n, 3)) of an energy that depends on the distances of pairs."""
        (derivative,) = torch.autograd.grad(energy, r)
        pull = (derivative / r.detach()).unsqueeze(1) * d
        forces = torch.zeros((self.count, 3), dtype=torch.float32, device=d.device)
        return forces.index_add_(0, first, -pull).index_add_(0, second, pull)

    def _search(self, x):
        """Find all pairs within the list cutoff, with first < second."""
        tree = cKDTree(np.mod(x.numpy(), self.box), boxsize=self.box)
        return torch.from_numpy(tree.query_pairs(self.list_cutoff, output_type="ndarray")).T


class DeviceVerletList(VerletList):
    """The same for positions on a GPU, as a cell list of PyTorch tensors: nothing is copied to the host."""

    def _search(self, x):
        edges = torch.tensor(self.box, device=x.device)
        shape = (edges / self.list_cutoff).long().clamp(min=1)  # cells at least as wide as the list cutoff
        cell = torch.minimum(((x / edges - torch.floor(x / edges)) * shape).long(), shape - 1)
        stride = torch.stack([shape[1] * shape[2], shape[2], torch.ones_like(shape[0])])
        index = (cell * stride).sum(dim=1)
        population = torch.bincount(index, minlength=int(shape.prod()))
        order = torch.argsort(index)
        place = torch.arange(self.count, device=x.device) - (torch.cumsum(population, 0) - population)[index[order]]
        members = torch.full((len(population), int(population.max())), -1, device=x.device)
        members[index[order], place] = order
        found = []
        for offset in itertools.product(*(sorted({step % count for step in (-1, 0, 1)}) for count in shape.tolist())):
            others = members[((cell + torch.tensor(offset, device=x.device)) % shape * stride).sum(dim=1)]
            first, column = torch.nonzero(
                others > torch.arange(self.count, device=x.device).unsqueeze(1), as_tuple=True
            )
            second = others[first, column]
            d = x[first] - x[second]
            d -= torch.round(d / edges) * edges
            near = (d * d).sum(dim=1) < self.list_cutoff**2
            found.append((first[near], second[near]))
        return tuple(torch.cat(part) for part in zip(*found, strict=True))
