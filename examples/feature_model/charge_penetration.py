#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits a model with two features for each particle to a known potential, runs it in OpenMM and compares the forces.

    python charge_penetration.py [--output FOLDER]

The data are synthetic: see README.md.
"""

import argparse
import math
import sys
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import torch
from openmm import app

COULOMB = 138.935458  # kJ/mol nm/e^2
CORE = 2.0  # charge of every core, e
EXCHANGE = 7.0  # kJ/mol nm^3
INNER, SWITCH, CUTOFF = 0.2, 0.5, 0.6  # nm
RANGES = {"charge": (-1.0, 1.0), "width": (0.04, 0.07)}  # e, nm
IONS = {"Na": (1.0, 0.045), "Cl": (-1.0, 0.065)}  # features
MAX_ERROR = 0.01  # of the RMS force


def exact(r, features1, features2):
    """Evaluate the potential to be learned, in kJ/mol.

    Each particle has a point core and a Gaussian cloud of electrons. The energy is the Coulomb energy of cores and
    clouds, minus that of the net charges, plus an exchange repulsion proportional to the overlap of the clouds.
    """
    (q1, w1), (q2, w2) = features1.unbind(dim=1), features2.unbind(dim=1)
    n1, n2, width = CORE - q1, CORE - q2, torch.sqrt(w1**2 + w2**2)
    shielding = CORE * (n1 * erfc(r, w1) + n2 * erfc(r, w2)) - n1 * n2 * erfc(r, width)
    overlap = torch.exp(-(r**2) / (2 * width**2)) / (2 * math.pi * width**2) ** 1.5
    return COULOMB / r * shielding + EXCHANGE * n1 * n2 * overlap


def erfc(r, width):
    return torch.erfc(r / (math.sqrt(2) * width))


class Penetration(torch.nn.Module):
    """Damping of cores and clouds, and a Born-Mayer repulsion, with a learned dependence on the features."""

    def __init__(self):
        super().__init__()
        self.core = torch.nn.Parameter(torch.tensor([0.0, 0.5, 0.0, 0.0]))
        self.cloud = torch.nn.Parameter(torch.tensor([0.0, 0.5, 0.0, 0.0]))
        self.exchange = torch.nn.Parameter(torch.tensor([0.0, 0.5, 7.0, 0.0]))

    def forward(self, r, features1, features2):
        electrons1, electrons2 = 2.0 - features1[:, 0], 2.0 - features2[:, 0]
        width1, width2 = features1[:, 1], features2[:, 1]
        both = torch.sqrt(width1**2 + width2**2)
        cores = electrons1 * self.damping(self.core, r, width1) + electrons2 * self.damping(self.core, r, width2)
        clouds = electrons1 * electrons2 * self.damping(self.cloud, r, both)
        repulsion = electrons1 * electrons2 * self.damping(self.exchange, r, both)
        return 138.935458 * (2.0 * cores - clouds) / r + repulsion

    def damping(self, p: torch.Tensor, r: torch.Tensor, width: torch.Tensor) -> torch.Tensor:
        x = r / width
        return torch.exp(p[2] + p[3] * torch.log(width / 0.05) - p[1] * x - torch.nn.functional.softplus(p[0]) * x * x)


def fit(model, steps=150):
    """Fit energies and forces by least squares; pairs that repel by more than about 20 kJ/mol have less weight."""
    torch.manual_seed(0)
    low, high = torch.tensor(list(RANGES.values())).T
    rows = [low + (high - low) * torch.rand(4000, 2) for _ in range(2)]
    r = (INNER + (CUTOFF - INNER) * torch.rand(4000) ** 2).requires_grad_()
    target = exact(r, *rows)
    (target_derivative,) = torch.autograd.grad(target.sum(), r)
    target, weight = target.detach(), 1 / (1 + (target.detach() / 20) ** 2)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=steps, history_size=20, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        energy = model(r, *rows)
        (derivative,) = torch.autograd.grad(energy.sum(), r, create_graph=True)
        total = (weight * ((energy - target) ** 2 + ((derivative - target_derivative) / 40) ** 2)).mean()
        total.backward()
        return total

    start, end = optimizer.step(loss), loss()
    print(f"fit: mean square {start.item():.3g} -> {end.item():.3g}")


def salt(side=6, spacing=0.29):
    """Make ions on a perturbed lattice, with PME; returns System, Topology, positions (nm) and features."""
    random = np.random.default_rng(1)
    topology, system, nonbonded = app.Topology(), openmm.System(), openmm.NonbondedForce()
    chain, positions, features = topology.addChain(), [], []
    for site in np.ndindex(side, side, side):
        name = "Na" if sum(site) % 2 == 0 else "Cl"
        topology.addAtom(name, app.Element.getBySymbol(name), topology.addResidue(name, chain))
        charge, width = IONS[name]
        system.addParticle(app.Element.getBySymbol(name).mass)
        nonbonded.addParticle(charge, 1.0, 0.0)
        positions.append(spacing * np.array(site) + 0.02 * random.standard_normal(3))
        features.append([charge, width * random.uniform(0.95, 1.05)])  # each ion has a different width
    system.setDefaultPeriodicBoxVectors(*(side * spacing * np.eye(3)))
    nonbonded.setNonbondedMethod(openmm.NonbondedForce.PME)
    nonbonded.setCutoffDistance(CUTOFF)
    system.addForce(nonbonded)
    return system, topology, np.array(positions), np.array(features)


def evaluate(function, positions, features, box):
    """Compute energy and forces of a function of distance and features in PyTorch."""
    x = torch.tensor(positions, requires_grad=True)
    energy = lp.nn.PairEnergy(function, CUTOFF, INNER, SWITCH)(x, torch.tensor(box), torch.tensor(features))
    energy.backward()
    return energy.item(), -x.grad.numpy()


class Exact(torch.nn.Module):
    def forward(self, r, features1, features2):
        return exact(r, features1, features2)


def draw(model, path):
    """Draw the exact and the fitted pair functions."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no figure was drawn.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    r = np.linspace(INNER, 0.45, 200)
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for color, (first, second) in zip(
        ("tab:blue", "tab:orange", "tab:green"), (("Na", "Na"), ("Na", "Cl"), ("Cl", "Cl")), strict=True
    ):
        rows = [np.tile(IONS[name], (len(r), 1)) for name in (first, second)]
        axes.plot(
            r,
            exact(torch.tensor(r), *map(torch.tensor, rows)),
            color=color,
            linewidth=4,
            alpha=0.35,
            label=f"{first}-{second}, exact",
        )
        axes.plot(r, model.evaluate(r, *rows)[0], color=color, label="fitted")
    axes.set(xlabel="distance / nm", ylabel="energy / kJ/mol")
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
    print(f"written: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("."), help="folder for the model and the figure (default: this one)"
    )
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)

    module = Penetration()
    fit(module)
    model = lp.export_model(
        module,
        output / "penetration.pt",
        features=RANGES,
        cutoff=CUTOFF,
        inner_cutoff=INNER,
        switching_distance=SWITCH,
        description="charge penetration and exchange, fitted to Gaussian clouds: synthetic",
    )
    system, topology, positions, features = salt()
    box = np.array([list(vector._value) for vector in system.getDefaultPeriodicBoxVectors()])
    force = lp.add_correction(system, topology, model, features=features, force_group=1)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True, groups={1})
    found = state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value

    wanted, fitted = (evaluate(function, positions, features, box) for function in (Exact(), module))
    size = np.sqrt(np.mean(wanted[1] ** 2))
    print(f"{len(positions)} ions, {force.getKernelInfo(context)['placement']}")
    print(f"{'':24} {'energy':>12} {'RMS force error':>17} {'of the RMS force':>17}")
    for name, (energy, forces) in {"exact": wanted, "fitted, in PyTorch": fitted, "fitted, in OpenMM": found}.items():
        error = np.sqrt(np.mean((forces - wanted[1]) ** 2))
        print(f"{name:24} {energy:12.2f} {error:17.3g} {error / size:17.2%}")
    rounding = np.sqrt(np.mean((found[1] - fitted[1]) ** 2)) / size
    print(f"OpenMM and PyTorch differ by {rounding:.1e} of the RMS force, {size:.1f} kJ/mol/nm")
    draw(model, output / "penetration.png")
    if not (error <= MAX_ERROR * size and rounding <= 1e-5):
        sys.exit(
            f"the force error is larger than expected: {MAX_ERROR:.0%} of the RMS force, and 1e-5 between OpenMM"
            " and PyTorch"
        )


if __name__ == "__main__":
    main()
