# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""
A network at the speed of a table: water dimers
===============================================

A small network learns what TIP3P gets wrong in dimers of water. In the System it is a table, whose error you choose.
Here the network is fitted, exported and added, and the error of its tables is measured point by point.
"""

# %%
# Data
# ----
#
# ``examples/water`` has energies and forces of 672 dimers of rigid water (ωB97X-D3(BJ)). We leave out those that were
# pushed together, and those beyond the cutoff, and subtract TIP3P. Every fifth snapshot is held out.

import tempfile
from pathlib import Path

import learnedpair as lp
import matplotlib.pyplot as plt
import numpy as np
import openmm as mm
import openmm.app as app
import openmm.unit as unit
import torch

EXAMPLES = Path("../../examples")  # of a clone of the repository
CUTOFF = 0.6  # nm
TYPES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}

field = app.ForceField("amber14/tip3p.xml")


def box_of_water(num_molecules):
    box = app.Modeller(app.Topology(), [] * unit.nanometer)
    box.addSolvent(field, model="tip3p", numAdded=num_molecules)
    return box.topology, box.positions


def read(is_chosen):
    """The dimers for whose snapshot is_chosen is true, minus TIP3P."""
    with np.load(EXAMPLES / "water/dimers.npz") as file:
        arrays = dict(file)
    near = np.linalg.norm(arrays["positions"][:, 0] - arrays["positions"][:, 3], axis=1) < CUTOFF
    chosen = near & ~arrays["compressed"].astype(bool) & is_chosen(arrays["snapshot"])
    dimers = [
        lp.fit.Configuration(
            f"dimer {k}",
            ("O", "H", "H", "O", "H", "H"),
            arrays["positions"][k],
            energy=arrays["energies"][k],
            forces=arrays["forces"][k],
            fragments=(0, 0, 0, 1, 1, 1),
            rigid=True,
        )
        for k in np.flatnonzero(chosen)
    ]
    data = lp.fit.ReferenceData(dimers, "dimers.npz", str(arrays["method"]))
    return lp.fit.subtract_baseline(data, field.createSystem(box_of_water(2)[0]))


training, held_out = read(lambda snapshot: snapshot % 5 != 4), read(lambda snapshot: snapshot % 5 == 4)
print(training, held_out, sep="\n")

# %%
# Train
# -----
#
# ``TypedPairNetwork`` is a multilayer perceptron of Gaussians of the distance and the types of both atoms. The
# molecules are rigid, so that net forces and torques are fitted. A network of your own is any PyTorch module with
# ``forward(r, type1, type2)``, and any loop of training will do. For functions of types, ``lp.fit.fit_splines`` is
# faster and usually more accurate; use a network if you want its functional form. 120 epochs take seconds, and
# are not the end of the descent: a production run takes a thousand and more, with a ``checkpoint``.

torch.manual_seed(1)  # of the initial parameters
network = lp.nn.TypedPairNetwork(
    num_types=2, cutoff=CUTOFF, hidden=(16, 16), num_basis=16, inner=0.16, energy_scale=5.0
)
fit = lp.fit.fit_network(
    training,
    network,
    cutoff=CUTOFF,
    types=TYPES,
    epochs=120,
    energy_error=(0.5, 0.05),  # kJ/mol and a fraction: what functions of pairs can reach for these data
    force_error=(10.0, 0.05),
    description="wB97X-D3(BJ) minus TIP3P, a small network",
).with_held_out(held_out)
rms_before = np.sqrt(np.mean([dimer.energy_difference**2 for dimer in held_out]))
rms_after = fit.errors_held_out[0]
print(f"RMS error of the energies of held-out dimers: TIP3P {rms_before:.2f} kJ/mol, corrected {rms_after:.2f} kJ/mol")

# %%
# Export and add
# --------------
#
# ``save`` writes one file with the module, its types, units, training domain and errors. ``add_correction`` reads it,
# finds the atoms of each type by their rules, and makes three curves of the network: O-O, O-H and H-H. PyTorch is not
# needed any more, neither here nor where the System runs.

folder = tempfile.TemporaryDirectory()
model = fit.save(Path(folder.name) / "delta.pt")
topology, positions = box_of_water(300)
system = field.createSystem(topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9 * unit.nanometer)
force = lp.add_correction(system, topology, Path(folder.name) / "delta.pt")
print(force)
integrator = mm.LangevinMiddleIntegrator(300, 1, 0.002)
simulation = app.Simulation(topology, system, integrator, mm.Platform.getPlatform("CPU"))
simulation.context.setPositions(positions)
simulation.minimizeEnergy(maxIterations=10)
simulation.step(100)
print(force.getKernelInfo(simulation.context))

# %%
# The error of the table
# ----------------------
#
# A table has the energies and slopes of the network at its knots, and a cubic polynomial between them. Its number of
# knots follows from ``tolerance``: at every distance the error of the force is at most tolerance · (\|F\| + 1
# kJ/mol/nm). Is it? We compare table and network at random distances, in double precision. A tolerance that is ten
# times smaller takes about twice as many knots, and no more time.

TOLERANCES = [1e-3, 1e-4, 1e-5, 1e-6]  # 1e-4 is the default
r = np.sort(np.random.default_rng(1).uniform(model.inner_cutoff, model.cutoff, 4000))
_, slope = model.evaluate(r, np.zeros(len(r), int), np.ones(len(r), int))  # of O and H
errors, knots = {}, {}
for tolerance in TOLERANCES:
    table = model.create_force(["O", "H"], tolerance=tolerance).getFunction()
    _, table_slope = table.evaluate(0, 1, r)
    errors[tolerance] = np.abs(table_slope - slope) / (np.abs(slope) + 1)
    knots[tolerance] = len(table.energies[table.curve_indices[1]])
    print(f"tolerance {tolerance:g}: largest error {errors[tolerance].max():.1e}, {knots[tolerance]} knots")

# %%
# The figure
# ----------
#
# Left: the functions that the System has now; dotted where no dimer of the data has such a distance, so that the
# network guesses. A ``DomainReporter`` watches a simulation for it. Right: the error of the O-H table at each
# distance, and as a dashed line the tolerance that was asked for.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for (first, second), (low, _) in model.domain.items():
    grid = np.linspace(model.inner_cutoff, CUTOFF, 400)
    energy, _ = model.evaluate(grid, *(np.full(400, model.types.index(name)) for name in (first, second)))
    (line,) = left.plot(grid[grid >= low], energy[grid >= low], label=f"{first}-{second}")
    left.plot(grid[grid < low], energy[grid < low], ":", color=line.get_color())
left.axhline(0, color="black", linewidth=0.5)
left.set(xlabel="r (nm)", ylabel="correction of TIP3P (kJ/mol)")
left.legend()
for tolerance, color in zip(TOLERANCES, plt.cm.viridis(np.linspace(0, 0.85, 4))):
    right.semilogy(r, errors[tolerance], ".", markersize=1.5, color=color)
    right.axhline(tolerance, linestyle="--", color=color, label=f"{tolerance:.0e}, {knots[tolerance]} knots")
right.set(ylim=(1e-10, 1e-2), xlabel="r (nm)", ylabel="error of the force / (|F| + 1 kJ/mol/nm)")
right.legend(title="tolerance", loc="lower center", ncols=2, fontsize="small", title_fontsize="small", framealpha=1)
plt.show()
folder.cleanup()
