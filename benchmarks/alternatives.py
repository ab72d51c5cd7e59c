# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Alternatives to this package for a network of pairs: PythonForce, PythonTorchForce, mlipops and
CustomNonbondedForce.
"""

import copy

import numpy as np
import openmm
import torch
from pair_lists import DeviceVerletList, VerletList
from variants import exclude

#: The padding of mlipops' pair list, nm. Its list is kept as long as that of pair_function(), with a skin of 0.1 nm.
MLIPOPS_PADDING = 0.05


def pair_function(network, types, excluded, box, cutoff, compiled, device):
    """A PyTorch network of types as a function of all positions.

    Automatic differentiation stops at the distances; the rest of the chain rule is written out.

    Parameters
    ----------
    network : torch.nn.Module
        ``forward(r, type1, type2)``, in single precision.
    types : ndarray of int, shape (n,)
    excluded : list of (int, int)
    box : ndarray, shape (3,), nm
    cutoff : float, nm
    compiled : bool
        Whether the network is compiled by torch.compile.
    device : str
        The PyTorch device.

    Returns
    -------
    function
        Takes the positions (Tensor, shape (n, 3), nm). Returns the energy (Tensor, kJ/mol) and the forces (Tensor,
        shape (n, 3), kJ/mol/nm), both on the device.
    """
    list_ = (VerletList if device == "cpu" else DeviceVerletList)(box, excluded, len(types), cutoff)
    types = torch.from_numpy(np.asarray(types, dtype=np.int64)).to(device)
    network = copy.deepcopy(network).requires_grad_(False).to(device)
    model = torch.compile(network, dynamic=True) if compiled else network

    def compute(positions):
        x = positions.to(device, torch.float64)
        first, second, d, r = list_.pairs_in_range(x, cutoff)
        energy = model(r, types[first], types[second]).sum()
        return energy.detach(), list_.forces(energy, first, second, d, r)

    return compute


def python_force(network, types, excluded, box, cutoff, compiled, device="cpu"):
    """A PythonForce with a PyTorch network of types; the parameters are those of pair_function()."""
    compute = pair_function(network, types, excluded, box, cutoff, compiled, device)

    def of_state(state):
        energy, forces = compute(torch.from_numpy(state.getPositions(asNumpy=True)._value))
        return energy.item(), forces.cpu().numpy()

    force = openmm.PythonForce(of_state)
    force.setUsesPeriodicBoundaryConditions(True)
    return force


def python_torch_force(network, types, excluded, box, cutoff, compiled, device):
    """The same as a PythonTorchForce of openmm-torch, which keeps positions and forces on the device."""
    import openmmtorch  # optional

    compute = pair_function(network, types, excluded, box, cutoff, compiled, device)
    force = openmmtorch.PythonTorchForce(lambda state, positions: compute(positions))
    force.setUsesPeriodicBoundaryConditions(True)
    return force


def mlipops_force(network, types, excluded, box, cutoff, device="cpu"):
    """A PythonForce with a PyTorch network of types in mlipops' Pairwise and NeighborList, as its user guide combines
    them; the parameters are those of pair_function().

    Its list without Triton goes through all pairs. It is kept until a particle has moved by the whole padding, instead
    of the half (findings/mlipops_padding_misses_pairs.sh), so that the cutoff of the list is larger by one padding.
    """
    import mlipops  # optional

    network = copy.deepcopy(network).requires_grad_(False).to(device)
    types = torch.from_numpy(np.asarray(types, dtype=np.int64)).to(device)
    neighbors = mlipops.NeighborList(cutoff + MLIPOPS_PADDING, padding=MLIPOPS_PADDING, device=device)
    pairwise = mlipops.Pairwise(
        lambda pairs, r, delta, types: network(r, types[pairs[:, 0]], types[pairs[:, 1]]),
        cutoff,
        torch.tensor(excluded, device=device),
    )
    vectors = torch.diag(torch.tensor(box, dtype=torch.float32, device=device))

    def compute(state):
        x = torch.tensor(state.getPositions(asNumpy=True)._value, dtype=torch.float32, device=device)
        pairs = neighbors(x, vectors)
        x = x.clone().requires_grad_()
        energy = pairwise(x, types, pairs, vectors)
        (gradient,) = torch.autograd.grad(energy, x)
        return energy.item(), -gradient.cpu().numpy()

    force = openmm.PythonForce(compute)
    force.setUsesPeriodicBoundaryConditions(True)
    return force


def expression_force(network, types, excluded, cutoff):
    """A CustomNonbondedForce with a TypedPairNetwork of two types as its expression.

    The bias of a pair of types is written as a parabola in the sum of the types (0, 1 or 2). This is exact, and cheaper
    than a lookup.
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
    output = f"{weighted(last, [f'h{i}' for i in hidden2])}+{parabola(network.last_bias)}"
    lines = [
        f"{number(network.energy_scale)}*({output})*s*s*s",
        f"s=1-(r*{number(1 / network.cutoff)})^2",
    ]
    for i in hidden2:
        lines.append(f"h{i}=x{i}/(1+exp(-x{i}))")
        lines.append(f"x{i}={weighted(second[i], [f'g{k}' for k in hidden1])}+({number(network.second.bias[i])})")
    for i in hidden1:
        lines.append(f"g{i}=y{i}/(1+exp(-y{i}))")
        lines.append(
            f"y{i}={weighted(first[i], [f'b{k}' for k in range(len(centers))])}+{parabola(network.first_bias[:, i])}"
        )
    for k, center in enumerate(centers):
        lines.append(f"b{k}=exp({number(-0.5 / width**2)}*(r-{number(center)})^2)")
    force = openmm.CustomNonbondedForce("; ".join([*lines, "c=t1+t2"]))
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(cutoff)
    force.addPerParticleParameter("t")
    for particle_type in types:
        force.addParticle([float(particle_type)])
    exclude(force, excluded)
    return force
