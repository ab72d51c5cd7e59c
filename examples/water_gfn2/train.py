# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Fit a pair correction of TIP3P to GFN2-xTB dimers, measure its held-out error, and export it."""

import argparse
import json
import pathlib
import time

import learnedpair as lp
import numpy as np
import tip3p
import torch
from learnedpair.nn.networks import TypedPairNetwork

CUTOFF = 0.70  # nm
INNER_CUTOFF = 0.15  # nm; below it the plugin continues the function by a straight line
PAIR_NAMES = ["O-O", "O-H", "H-H"]  # the order of TypedPairNetwork's pair index

# Errors of these sizes have equal weight: kJ/mol, kJ/mol/nm, kJ/mol.
ENERGY_SCALE, FORCE_SCALE, TORQUE_SCALE = 1.0, 20.0, 2.0
# The weight of a dimer with interaction energy E > 0 is 1 / (1 + (E / WALL_ENERGY)^2): walls need only be roughly
# right, thermally visited dimers must be accurate.
WALL_ENERGY = 15.0  # kJ/mol

# The scale of the penalty on the liquid's pressure at the density of sample_liquid.py, which should be 1 bar: on this
# scale, zero. Gas-phase dimers do not determine it: see README.md, "The liquid".
PRESSURE_SCALE = 200.0  # bar
BAR = 16.6053907  # bar in one kJ/mol/nm^3


class Dimers:
    """The training arrays of some dimers: inputs, and the targets GFN2-xTB minus TIP3P.

    Parameters
    ----------
    data : mapping
        The arrays of dataset.npz.
    chosen : numpy.ndarray
        Boolean mask of the dimers to take.
    """

    def __init__(self, data, chosen):
        positions = data["positions"][chosen].astype(np.float64)
        base_energy, base_atom_forces = tip3p.interaction(positions)
        base_force, base_torque = tip3p.project_rigid(positions, base_atom_forces)
        reference = data["energy"][chosen].astype(np.float64)
        distances, directions = tip3p.pair_geometry(positions)
        centers = tip3p.centers_of_mass(positions)
        arms_a = positions[:, tip3p.PAIR_A] - centers[:, 0, None]
        arms_b = positions[:, tip3p.PAIR_B] - centers[:, 1, None]

        self.compressed = data["compressed"][chosen]
        self.distances = torch.tensor(distances)
        self.weight = torch.tensor(1.0 / (1.0 + (np.maximum(reference, 0.0) / WALL_ENERGY) ** 2))
        # The contribution of a unit pair force -df/dr to the net force and the torques.
        self.force_of_push = torch.tensor(directions)
        self.torque_of_push = torch.tensor(
            np.stack([np.cross(arms_a, directions), np.cross(arms_b, -directions)], axis=2)
        )
        self.energy = torch.tensor(reference - base_energy)
        self.force = torch.tensor(data["force"][chosen].astype(np.float64) - base_force)
        self.torque = torch.tensor(data["torque"][chosen].astype(np.float64) - base_torque)

    def __len__(self):
        return len(self.energy)


def pair_types():
    """Get the types (O 0, H 1) of the nine intermolecular pairs of a dimer: two tensors [9]."""
    types = torch.tensor([0, 1, 1, 0, 1, 1])
    return types[torch.tensor(tip3p.PAIR_A)], types[torch.tensor(tip3p.PAIR_B)]


def predict(module, dimers, batch):
    """Compute energies [n], net forces [n, 3] and torques [n, 2, 3] of the correction."""
    distances = dimers.distances[batch].clone().requires_grad_(True)
    type1, type2 = pair_types()
    number = len(distances)
    pair_energy = module(distances.reshape(-1), type1.repeat(number), type2.repeat(number))
    (derivative,) = torch.autograd.grad(pair_energy.sum(), distances, create_graph=True)
    force = torch.einsum("np,npx->nx", -derivative, dimers.force_of_push[batch])
    torque = torch.einsum("np,npmx->nmx", -derivative, dimers.torque_of_push[batch])
    return pair_energy.reshape(number, 9).sum(dim=1), force, torque


def data_loss(module, dimers, batch):
    """Compute the weighted mean squared error of energies, net forces and torques."""
    energy, force, torque = predict(module, dimers, batch)
    error = ((energy - dimers.energy[batch]) / ENERGY_SCALE) ** 2
    error = error + (((force - dimers.force[batch]) / FORCE_SCALE) ** 2).mean(dim=1)
    error = error + (((torque - dimers.torque[batch]) / TORQUE_SCALE) ** 2).mean(dim=(1, 2))
    return (dimers.weight[batch] * error).mean()


def shortest_distances(dimers):
    """Get the shortest distance (nm) of each pair type, in the order of PAIR_NAMES."""
    type1, type2 = pair_types()
    return [float(dimers.distances[:, type1 + type2 == pair].min()) for pair in range(3)]


def inner_loss(module, shortest):
    """Compute the penalty on attraction and curvature below the shortest distances in the training data.

    The hydrogens of TIP3P have no Lennard-Jones wall: an attractive extrapolation of O-H would let molecules collapse
    into each other.
    """
    loss = torch.zeros((), dtype=torch.float64)
    for pair, end in enumerate(shortest):
        r = torch.linspace(0.08, end, 60, dtype=torch.float64, requires_grad=True)
        type1 = torch.full((60,), 1 if pair == 2 else 0)
        type2 = torch.full((60,), 0 if pair == 0 else 1)
        energy = module(r, type1, type2)
        (derivative,) = torch.autograd.grad(energy.sum(), r, create_graph=True)
        (curvature,) = torch.autograd.grad(derivative.sum(), r, create_graph=True)
        loss = loss + (torch.relu(derivative + 10.0) ** 2).mean() / FORCE_SCALE**2
        loss = loss + 1e-3 * (curvature**2).mean() / (FORCE_SCALE / 0.1) ** 2
    return loss


class Liquid:
    """The pressure of the corrected liquid, from the structures recorded in liquid.npz."""

    def __init__(self, data):
        bins = torch.tensor(data["bins"])
        inside = bins[1:] <= CUTOFF
        self.r = (0.5 * (bins[1:] + bins[:-1]))[inside]
        self.weights = torch.tensor(data["weights"].astype(np.float64))[:, inside]
        self.base_pressure = float(data["base_pressure"])
        self.density = float(data["waters_per_nm3"])

    def pressure(self, module):
        """Compute the pressure (bar); the correction adds density / 3 times its virial per molecule."""
        virial = torch.zeros((), dtype=torch.float64)
        for weights, (type1, type2) in zip(self.weights, ((0, 0), (0, 1), (1, 1))):
            r = self.r.clone().requires_grad_(True)
            energy = module(r, torch.full_like(r, type1).long(), torch.full_like(r, type2).long())
            (derivative,) = torch.autograd.grad(energy.sum(), r, create_graph=True)
            virial = virial - (derivative * weights).sum()
        return self.base_pressure + self.density * virial / 3.0 * BAR


def adam(module, training, validation, penalty, steps, seed):
    """Run the first stage: Adam on batches, with a cosine schedule."""
    generator = torch.Generator().manual_seed(seed)
    everything = torch.arange(len(validation))
    optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=1e-5)
    for step in range(1, steps + 1):
        batch = torch.randint(len(training), (256,), generator=generator)
        optimizer.zero_grad()
        loss = data_loss(module, training, batch) + penalty()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        if step % 1000 == 0:
            value = data_loss(module, validation, everything).item()
            print(f"Adam step {step}: validation {value:.4f}", flush=True)


def lbfgs(module, training, validation, penalty, rounds):
    """Run the second stage: L-BFGS on all dimers, which can handle the stiff pressure penalty."""
    everything, of_validation = torch.arange(len(training)), torch.arange(len(validation))
    optimizer = torch.optim.LBFGS(module.parameters(), max_iter=50, history_size=50, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = data_loss(module, training, everything) + penalty()
        loss.backward()
        return loss

    for number in range(1, rounds + 1):
        loss = optimizer.step(closure).item()
        value = data_loss(module, validation, of_validation).item()
        print(
            f"L-BFGS round {number}: loss before {loss:.4f}, validation {value:.4f}, penalty {penalty().item():.4f}",
            flush=True,
        )


def fit(module, training, validation, liquid, steps, rounds, seed):
    """Fit by Adam on the dimers, then by L-BFGS on the dimers and the liquid's pressure (if liquid is not None)."""
    shortest = shortest_distances(training)

    def inner_penalty():
        return inner_loss(module, shortest)

    def full_penalty():
        if liquid is None:
            return inner_penalty()
        return inner_penalty() + (liquid.pressure(module) / PRESSURE_SCALE) ** 2

    adam(module, training, validation, inner_penalty, steps, seed)
    if liquid is not None:
        print(f"dimers alone would give {liquid.pressure(module).item():.0f} bar", flush=True)
    lbfgs(module, training, validation, full_penalty, rounds)


def errors(module, dimers, chosen):
    """Compute the RMSE over chosen dimers, of TIP3P alone and of TIP3P with the correction.

    For vectors this is the error per component.
    """
    batch = torch.tensor(np.flatnonzero(chosen))
    targets = [dimers.energy[batch], dimers.force[batch], dimers.torque[batch]]
    predictions = [value.detach() for value in predict(module, dimers, batch)]
    names = ["energy_kJ_per_mol", "net_force_kJ_per_mol_nm", "torque_kJ_per_mol"]
    table = {"dimers": len(batch), "tip3p": {}, "corrected": {}}
    for name, target, prediction in zip(names, targets, predictions):
        table["tip3p"][name] = round(float(target.pow(2).mean().sqrt()), 4)
        table["corrected"][name] = round(float((target - prediction).pow(2).mean().sqrt()), 4)
    return table


def split_snapshots(data):
    """Get the masks of training, validation and held-out dimers: blocks of snapshots in each run.

    The last fifth of each trajectory is held out, and the block before it is for validation. No held-out dimer then has
    a near copy in the training set.
    """
    masks = {name: np.zeros(len(data["energy"]), bool) for name in ("training", "validation", "held_out")}
    for kelvin in np.unique(data["temperature"]):
        of_run = data["temperature"] == kelvin
        snapshots = np.unique(data["snapshot"][of_run])
        first, second = int(0.7 * len(snapshots)), int(0.8 * len(snapshots))
        blocks = (snapshots[:first], snapshots[first:second], snapshots[second:])
        for mask, block in zip(masks.values(), blocks):
            mask |= of_run & np.isin(data["snapshot"], block)
    return masks


def tabulate(module, points=281):
    """Tabulate distances (nm) and the pair functions O-O, O-H, H-H (kJ/mol): an array [points, 4].

    Below the inner cutoff, each function is the straight line that the plugin uses there.
    """
    r = torch.linspace(0.0, CUTOFF, points, dtype=torch.float64)
    columns = [r]
    for type1, type2 in ((0, 0), (0, 1), (1, 1)):
        bounded = r.clamp(min=INNER_CUTOFF).requires_grad_(True)
        energy = module(bounded, torch.full_like(r, type1).long(), torch.full_like(r, type2).long())
        (derivative,) = torch.autograd.grad(energy.sum(), bounded)
        columns.append(energy.detach() + derivative * (r - bounded.detach()))
    return torch.stack(columns, dim=1).numpy()


def describe(held_out):
    """Make the description that is stored in the model."""
    before, after = (held_out[name]["energy_kJ_per_mol"] for name in ("tip3p", "corrected"))
    return (
        "GFN2-xTB minus TIP3P for pairs of water molecules; RMSE of the energy of held-out "
        f"liquid-like dimers {after:.2f} kJ/mol, of TIP3P alone {before:.2f} (examples/water_gfn2)"
    )


def main():
    """Run the command line."""
    here = pathlib.Path(__file__).resolve().parent
    model = here.parents[1] / "python" / "learnedpair" / "data" / "water_gfn2.pt"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default=here / "dataset.npz")
    parser.add_argument("--liquid", type=pathlib.Path, default=here / "liquid.npz")
    parser.add_argument("--dimers-only", action="store_true", help="fit without the pressure of the liquid")
    parser.add_argument("--report", type=pathlib.Path, default=here / "training_report.json")
    parser.add_argument("--table", type=pathlib.Path, default=here / "pair_functions.txt")
    parser.add_argument("--model", type=pathlib.Path, default=model)
    parser.add_argument("--state", type=pathlib.Path, help="also save the state_dict here")
    parser.add_argument("--steps", type=int, default=3000, help="steps of Adam")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of L-BFGS, 50 iterations each")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"{arguments.data} does not exist; make_dataset.py makes it.")
    if not arguments.dimers_only and not arguments.liquid.is_file():
        parser.error(f"{arguments.liquid} does not exist; sample_liquid.py makes it.")

    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    data = dict(np.load(arguments.data))
    masks = split_snapshots(data)
    training, validation, held_out = (Dimers(data, mask) for mask in masks.values())
    module = TypedPairNetwork(2, CUTOFF, hidden=(32, 32), num_basis=16, inner=INNER_CUTOFF)
    module = module.double()
    start = time.time()
    liquid = None if arguments.dimers_only else Liquid(np.load(arguments.liquid))
    fit(module, training, validation, liquid, arguments.steps, arguments.rounds, arguments.seed)

    everything = np.ones(len(held_out), bool)
    report = {
        "reference": str(data["method"]),
        "cutoff_nm": CUTOFF,
        "inner_cutoff_nm": INNER_CUTOFF,
        "training_dimers": len(training),
        "validation_dimers": len(validation),
        "shortest_training_distance_nm": {
            name: round(value, 4) for name, value in zip(PAIR_NAMES, shortest_distances(training))
        },
        "held_out_rmse": {
            "liquid": errors(module, held_out, ~held_out.compressed),
            "pushed_together": errors(module, held_out, held_out.compressed),
            "all": errors(module, held_out, everything),
        },
        "liquid_pressure_in_fit_bar": None if liquid is None else round(liquid.pressure(module).item(), 1),
        "seconds": round(time.time() - start),
        "steps": arguments.steps,
        "rounds": arguments.rounds,
        "seed": arguments.seed,
    }
    arguments.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report["held_out_rmse"], indent=2))
    np.savetxt(arguments.table, tabulate(module), fmt="%.4f %.6f %.6f %.6f", header="r (nm), O-O, O-H, H-H (kJ/mol)")
    if arguments.state:
        torch.save(module.state_dict(), arguments.state)
    lp.export_model(
        module,
        arguments.model,
        types={"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]},
        cutoff=CUTOFF,
        inner_cutoff=INNER_CUTOFF,
        length_unit="nm",
        energy_unit="kJ/mol",
        description=describe(report["held_out_rmse"]["liquid"]),
    )
    print(f"wrote {arguments.model}")


if __name__ == "__main__":
    main()
