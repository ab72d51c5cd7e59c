#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fits corrections of TIP3P to trimers of water: pairs alone, with radial densities, and with angular densities.

    python many_body.py [--output FOLDER] [--quick]
    python many_body.py [--output FOLDER] --liquid

README.md has the results.
"""

import argparse
import copy
import json
import sys
import time
from pathlib import Path

import learnedpair as lp
import numpy as np
import openmm
import torch
from learnedpair.devices import processor_name
from openmm import app, unit

FOLDER = Path(__file__).parent
CUTOFF, INNER = 0.6, 0.15  # nm
TYPES = torch.tensor([0, 1, 1] * 3)
WITHIN = [(3 * k + a, 3 * k + b) for k in range(3) for a, b in ((0, 1), (0, 2), (1, 2))]
#: The trimers of the last HELD_OUT snapshots are held out. Those of the VALIDATION snapshots before them choose the
#: epoch.
HELD_OUT, VALIDATION = 5, 4
#: Torques are divided by this length (nm), about the distance of a hydrogen atom from oxygen, so that they have the
#: unit and the size of forces.
ARM = 0.08
#: For each correction the width of the pair network, and the angular orders of the channels.
CORRECTIONS = {
    "pairs": (16, []),
    "pairs, a larger network": (64, []),
    "pairs and radial densities": (16, [0] * 8),
    "pairs, radial and angular densities": (16, [0] * 8 + [1] * 4 + [2] * 4),
}


class Correction(torch.nn.Module):
    """The energy of a pair network, plus that of an environment network if ``angular`` has channels."""

    def __init__(self, width, angular):
        super().__init__()
        pairs = lp.nn.TypedPairNetwork(2, CUTOFF, hidden=(width, width), num_basis=16, inner=INNER, energy_scale=5.0)
        self.pairs = lp.nn.PairEnergy(pairs, CUTOFF, INNER)
        self.environment = None
        if angular:
            network = lp.nn.EnvironmentNetwork(2, CUTOFF, angular, hidden=16, inner=INNER, energy_scale=5.0)
            self.environment = lp.nn.EnvironmentEnergy(network, angular, CUTOFF, INNER)

    def forward(self, positions):
        energy = self.pairs(positions, None, TYPES, WITHIN)
        if self.environment is not None:
            energy = energy + self.environment(positions, None, TYPES, WITHIN)
        return energy


def rigid(positions, forces):
    """The net force on each molecule, and the torque about its oxygen atom divided by ARM: shape (n, 3, 6)."""
    molecules, parts = positions.reshape(-1, 3, 3, 3), forces.reshape(-1, 3, 3, 3)
    arms = molecules - molecules[:, :, :1]
    return torch.cat([parts.sum(dim=2), torch.linalg.cross(arms, parts).sum(dim=2) / ARM], dim=2)


class Data:
    """Trimers, and their energies and forces by GFN2-xTB minus those by TIP3P."""

    def __init__(self, arrays, chosen):
        def read(name):
            return torch.tensor(arrays[name][chosen], dtype=torch.float32)

        self.positions = read("positions")
        self.energy = read("energy") - read("tip3p_energy")
        self.forces = rigid(self.positions, read("forces") - read("tip3p_forces"))

    def predict(self, model, create_graph=False):
        positions = self.positions.clone().requires_grad_()
        energy = model(positions)
        (gradient,) = torch.autograd.grad(energy.sum(), positions, create_graph=create_graph)
        return energy, rigid(positions, -gradient)

    def loss(self, model, create_graph=False):
        """The mean squared error of forces and torques, in (kJ/mol/nm)^2."""
        return (self.predict(model, create_graph)[1] - self.forces).square().mean()

    def errors(self, model):
        """Root mean square errors of net forces, torques and energies."""
        energy, forces = (value.detach() for value in self.predict(model))
        difference = forces - self.forces
        return {
            "force_kJ_per_mol_nm": difference[:, :, :3].square().mean().sqrt().item(),
            "torque_kJ_per_mol": ARM * difference[:, :, 3:].square().mean().sqrt().item(),
            "energy_kJ_per_mol": (energy - self.energy).square().mean().sqrt().item(),
        }


def fit(width, angular, training, validation, epochs, seed):
    """Fit a correction to forces and torques. The result is that of the epoch with the smallest validation error."""
    torch.manual_seed(seed)
    model = Correction(width, angular)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    best, chosen = np.inf, None
    for epoch in range(epochs):
        optimizer.zero_grad()
        training.loss(model, create_graph=True).backward()
        optimizer.step()
        schedule.step()
        if epoch % 10 == 9 or epoch == epochs - 1:
            loss = validation.loss(model).item()
            if loss < best:
                best, chosen = loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(chosen)
    return model


def export(model, angular, folder):
    """Write the pair network and the environment network of a correction to two files."""
    types = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}
    options = dict(types=types, cutoff=CUTOFF, inner_cutoff=INNER, description="GFN2-xTB minus TIP3P, from trimers")
    lp.export_model(model.pairs.function, folder / "pairs.pt", **options)
    lp.export_environment(model.environment.function, folder / "environment.pt", angular=angular, **options)


class Nothing(torch.nn.Module):
    """No correction: TIP3P alone."""

    def forward(self, positions):
        return (0 * positions).sum(dim=(1, 2))


def simulate_liquid(folder, picoseconds):
    """Simulate 500 molecules at 298 K and 1 bar with the corrections in a folder; prints their density."""
    field, modeller = app.ForceField("tip3p.xml"), app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, numAdded=500)
    system = field.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9 * unit.nanometer, rigidWater=True
    )
    for name in ("pairs.pt", "environment.pt"):
        lp.add_correction(system, modeller.topology, folder / name)
    system.addForce(openmm.MonteCarloBarostat(1 * unit.bar, 298 * unit.kelvin))
    integrator = openmm.LangevinMiddleIntegrator(298 * unit.kelvin, 1 / unit.picosecond, 2 * unit.femtoseconds)
    integrator.setRandomNumberSeed(1)
    simulation = app.Simulation(modeller.topology, system, integrator, openmm.Platform.getPlatform("CPU"))
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=200)
    simulation.context.setVelocitiesToTemperature(298 * unit.kelvin, 1)
    reporter = app.StateDataReporter(
        sys.stdout, round(picoseconds / 5 / 0.002), time=True, density=True, temperature=True, potentialEnergy=True
    )
    simulation.reporters.append(reporter)
    simulation.step(round(picoseconds / 0.002))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("many_body_output"))
    parser.add_argument("--quick", action="store_true", help="a test of seconds")
    parser.add_argument("--liquid", action="store_true", help="simulate 20 ps of a liquid with the fitted corrections")
    arguments = parser.parse_args()
    if arguments.liquid:
        simulate_liquid(arguments.output, 20)
        return
    epochs, seeds = (20, 1) if arguments.quick else (600, 3)
    start = time.perf_counter()
    with np.load(FOLDER / "trimers.npz") as file:
        arrays = dict(file)
    from_end = arrays["snapshot"].max() - arrays["snapshot"]
    held_out = from_end < HELD_OUT
    validation = ~held_out & (from_end < HELD_OUT + VALIDATION)
    sets = [Data(arrays, chosen) for chosen in (~held_out & ~validation, validation, held_out)]
    print(f"{len(sets[0].positions)} trimers to fit, {len(sets[1].positions)} to choose the epoch,"
          f" {len(sets[2].positions)} held out")  # fmt: skip
    results = {"TIP3P": [sets[2].errors(Nothing())]}
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, (width, angular) in CORRECTIONS.items():
        models = [fit(width, angular, *sets[:2], epochs, seed) for seed in range(seeds)]
        results[name] = [sets[2].errors(model) for model in models]
        print(f"{name}: fitted", flush=True)
    export(models[0], angular, arguments.output)
    report = {
        "trimers": [len(each.positions) for each in sets],
        "epochs": epochs,
        "seconds": time.perf_counter() - start,
        "processor": processor_name(),
        "held_out_errors": results,
    }
    print("| correction | net force, kJ/mol/nm | torque, kJ/mol | energy, kJ/mol |\n|---|---|---|---|")
    for name, errors in results.items():
        means = [f"{np.mean([each[key] for each in errors]):.2f}" for key in errors[0]]
        print(f"| {name} | {' | '.join(means)} |")
    (arguments.output / "results.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
