# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What one would use for a network between pairs without this package: PythonForce, and CustomNonbondedForce."""

import copy

import numpy as np
import openmm
import torch
from scipy.spatial import cKDTree

from variants import exclude

#: How much further than the cutoff the pair list of PythonForce reaches (nm).
SKIN = 0.1


class VerletList:
    """Pairs within a cutoff plus a skin, found with a tree, and again when a particle has moved by half the skin.

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
        self.box, self.count, self.reach = box, count, cutoff + SKIN
        self.excluded = np.sort([min(pair) * count + max(pair) for pair in excluded])
        self.built = None

    def pairs(self, positions):
        """The pairs for positions, an ndarray of shape (n, 3): two tensors of int64."""
        if self.built is not None:
            moved = positions - self.built
            if np.einsum("ij,ij->i", moved, moved).max() <= (0.5 * SKIN) ** 2:
                return self.first, self.second
        self.built = positions.copy()
        tree = cKDTree(np.mod(positions, self.box), boxsize=self.box)
        first, second = tree.query_pairs(self.reach, output_type="ndarray").T
        code = first * self.count + second  # first < second
        keep = self.excluded[np.searchsorted(self.excluded, code).clip(max=len(self.excluded) - 1)] != code
        self.first, self.second = torch.from_numpy(first[keep]), torch.from_numpy(second[keep])
        return self.first, self.second


def python_force(network, types, excluded, box, cutoff, compiled):
    """A PythonForce with a PyTorch network of types.

    The network is differentiated with respect to the distances only; the rest of the chain rule is written out.

    Parameters
    ----------
    network : torch.nn.Module
        ``forward(r, type1, type2)``, in single precision.
    types : ndarray of int, shape (n,)
    excluded : list of (int, int)
    box : ndarray, shape (3,), nm
    cutoff : float, nm
    compiled : bool
        Whether torch.compile translates the network.

    Returns
    -------
    openmm.PythonForce
    """
    list_ = VerletList(box, excluded, len(types), cutoff)
    types, edges = torch.from_numpy(np.asarray(types, dtype=np.int64)), torch.tensor(box)
    network = copy.deepcopy(network).requires_grad_(False)
    model = torch.compile(network, dynamic=True) if compiled else network

    def compute(state):
        positions = state.getPositions(asNumpy=True)._value
        first, second = list_.pairs(positions)
        x = torch.from_numpy(positions)
        d = x[first] - x[second]
        d -= torch.round(d / edges) * edges
        r2 = (d * d).sum(dim=1)
        near = torch.nonzero(r2 < cutoff**2).squeeze(1)
        first, second, d = first[near], second[near], d[near].float()
        r = r2[near].sqrt().float().requires_grad_()
        energy = model(r, types[first], types[second]).sum()
        slope, = torch.autograd.grad(energy, r)
        pull = (slope / r.detach()).unsqueeze(1) * d
        forces = torch.zeros(x.shape, dtype=torch.float32)
        forces.index_add_(0, first, -pull)
        forces.index_add_(0, second, pull)
        return energy.item(), forces.numpy()

    force = openmm.PythonForce(compute)
    force.setUsesPeriodicBoundaryConditions(True)
    return force


def expression_force(network, types, excluded, cutoff):
    """A CustomNonbondedForce with a TypedPairNetwork of two types as its expression.

    The bias of a pair of types is a parabola in the sum of the types, 0 to 2, which is exact, and cheaper than a lookup.
    """

    network = copy.deepcopy(network).requires_grad_(False)

    def number(value):
        return repr(float(value))

    def parabola(values):
        b0, b1, b2 = (float(value) for value in values)
        return f"({number(b0)}+c*({number(-1.5 * b0 + 2 * b1 - 0.5 * b2)}+c*({number(0.5 * b0 - b1 + 0.5 * b2)})))"

    def weighted(weights, names):
        return "+".join(f"({number(weight)})*{name}" for weight, name in zip(weights, names, strict=True))

    centers, width = network.centers.tolist(), network.basis_width
    first, second, last = network.first.weight.tolist(), network.second.weight.tolist(), network.last.weight[0].tolist()
    hidden1, hidden2 = range(len(first)), range(len(second))
    lines = [f"{number(network.energy_scale)}*({weighted(last, [f'h{i}' for i in hidden2])}+{parabola(network.last_bias)})*s*s*s", f"s=1-(r*{number(1 / network.cutoff)})^2"]
    for i in hidden2:
        lines.append(f"h{i}=x{i}/(1+exp(-x{i}))")
        lines.append(f"x{i}={weighted(second[i], [f'g{k}' for k in hidden1])}+({number(network.second.bias[i])})")
    for i in hidden1:
        lines.append(f"g{i}=y{i}/(1+exp(-y{i}))")
        lines.append(f"y{i}={weighted(first[i], [f'b{k}' for k in range(len(centers))])}+{parabola(network.first_bias[:, i])}")
    for k, center in enumerate(centers):
        lines.append(f"b{k}=exp({number(-0.5 / width**2)}*(r-{number(center)})^2)")
    force = openmm.CustomNonbondedForce("; ".join([*lines, "c=t1+t2"]))
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(cutoff)
    force.addPerParticleParameter("t")
    for kind in types:
        force.addParticle([float(kind)])
    exclude(force, excluded)
    return force
