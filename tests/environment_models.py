# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""An environment model for tests, and random particles with the energy and forces of the model itself."""

import environment_oracle as oracle
import learnedpair as lp
import numpy as np
import openmm
import torch

ANGULAR = [0, 0, 1, 2, 3]
CUTOFF, INNER = 0.6, 0.2
KEYWORDS = dict(types=["A", "B"], angular=ANGULAR, cutoff=CUTOFF, inner_cutoff=INNER)


def network(num_types=2, angular=ANGULAR, seed=0):
    torch.manual_seed(seed)
    return lp.nn.EnvironmentNetwork(num_types, cutoff=CUTOFF, angular=angular, inner=INNER).double()


class Box:
    """Random particles, some closer than the inner cutoff, one of them not covered, in a triclinic box."""

    box = np.array([[1.5, 0, 0], [0.4, 1.4, 0], [-0.3, 0.5, 1.3]])
    count = 24

    def __init__(self):
        random = np.random.default_rng(4)
        self.positions = random.uniform(0, 1.3, (self.count, 3))
        self.positions[1] = self.positions[0] + [0.1, 0.05, 0.02]
        self.types = random.integers(0, 2, self.count)
        self.types[5] = -1
        self.exclusions = [(0, 2), (3, 4), (7, 8)]

    def context(self, model, target, exclusions=True):
        force = model.create_force([None if k < 0 else int(k) for k in self.types])
        force.addExclusions(self.exclusions if exclusions else [])
        system = openmm.System()
        for _ in self.types:
            system.addParticle(12.0)
        system.setDefaultPeriodicBoxVectors(*self.box)
        system.addForce(force)
        return target.context(system, self.positions)

    def expected(self, module, switching_distance=None):
        """The energy and forces of the module itself, by neighbors among images and Legendre polynomials."""
        positions = torch.tensor(self.positions, requires_grad=True)
        of = [[] for _ in self.types]
        for i, j, delta in oracle.neighbors(positions, self.box, CUTOFF):
            if min(self.types[i], self.types[j]) < 0 or (min(i, j), max(i, j)) in self.exclusions:
                continue
            r = delta.norm()
            types = [torch.tensor([self.types[k]]) for k in (i, j)]
            at = torch.clamp(r, min=INNER).detach().reshape(1).requires_grad_()
            w = module.density(at, *types)[0]
            slope = torch.stack([torch.autograd.grad(one, at, retain_graph=True)[0][0] for one in w])
            w = w.detach() + slope * (r - at.detach()) if r < INNER else module.density(r.reshape(1), *types)[0]
            if switching_distance is not None:
                w = w * oracle.switching(r, switching_distance, CUTOFF)
            of[i].append((delta / r, w))
        total = 0
        for i, found in enumerate(of):
            if self.types[i] < 0:
                continue
            u, w = (torch.stack(part) for part in zip(*found, strict=True))
            q = [
                w[:, k].sum() if order == 0 else w[:, k] @ oracle.LEGENDRE[order](u @ u.T) @ w[:, k]
                for k, order in enumerate(ANGULAR)
            ]
            total = total + module.atom(torch.stack(q)[None], torch.tensor([self.types[i]]))[0]
        (gradient,) = torch.autograd.grad(total, positions)
        return total.item(), -gradient.numpy()
