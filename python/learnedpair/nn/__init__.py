# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PyTorch modules for training corrections.

Examples
--------
A network learns the difference of two Lennard-Jones energies of argon, and becomes a force:

>>> import torch
>>> import learnedpair as lp
>>> def lennard_jones(r, sigma, epsilon):
...     return 4 * epsilon * ((sigma / r) ** 12 - (sigma / r) ** 6)
>>> r = torch.linspace(0.33, 0.8, 200)
>>> envelope = (1 - (r / 0.8) ** 2) ** 3  # brings the difference to zero at the cutoff, as in the network
>>> difference = (lennard_jones(r, 0.335, 1.2) - lennard_jones(r, 0.34, 0.996)) * envelope
>>> types = torch.zeros(200, dtype=torch.int64)
>>> network = lp.nn.TypedPairNetwork(num_types=1, cutoff=0.8, inner=0.3, energy_scale=1.0)
>>> optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
>>> losses = []
>>> for step in range(200):
...     loss = (network(r, types, types) - difference).square().mean()
...     optimizer.zero_grad()
...     loss.backward()
...     _ = optimizer.step()
...     losses.append(loss.item())
>>> losses[-1] < 0.1 * losses[0]
True
>>> model = lp.load_model(network, types=["Ar"], cutoff=0.8, inner_cutoff=0.33)
>>> model.create_force(2 * ["Ar"])
<LearnedPairForce 'LearnedPairForce': 2 of 2 particles covered (Ar 2), cutoff 0.8 nm, 1 curve, group 0>
"""

from .density_ranges import density_ranges
from .energy import PairEnergy
from .environment_energy import EnvironmentEnergy
from .environment_network import EnvironmentNetwork
from .networks import FeaturePairNetwork, TypedPairNetwork

__all__ = [
    "EnvironmentEnergy",
    "EnvironmentNetwork",
    "FeaturePairNetwork",
    "PairEnergy",
    "TypedPairNetwork",
    "density_ranges",
]
