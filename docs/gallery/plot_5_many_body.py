# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""
More than pairs: trimers of water
=================================

No function of pairs knows what a third molecule does to two others. Here splines of pairs are fitted to trimers of
water, and a many-body model to what they leave. Trimers that were held out show how much is gained, and a reporter
shows whether a simulation stays inside of the training data.
"""

# %%
# Data
# ----
#
# ``examples/many_body`` has 600 trimers from 24 snapshots of the liquid, with interaction energies and forces by
# GFN2-xTB and by TIP3P. The target is their difference. The trimers of whole snapshots are held out: those of one
# snapshot are alike.

import csv
import random
import tempfile
import warnings
from pathlib import Path

import learnedpair as lp
import matplotlib.pyplot as plt
import numpy as np
import openmm as mm
import openmm.app as app
import openmm.unit as unit

EXAMPLES = Path("../../examples")  # of a clone of the repository
TYPES = {"O": "HOH:O", "H": ["HOH:H1", "HOH:H2"]}


def read(first, last):
    """The trimers of a range of snapshots."""
    with np.load(EXAMPLES / "many_body/trimers.npz") as file:
        arrays = dict(file)
    trimers = [
        lp.fit.Configuration(
            f"trimer {k}",
            ("O", "H", "H") * 3,
            arrays["positions"][k],
            energy=arrays["energy"][k],
            forces=arrays["forces"][k],
            fragments=np.repeat([0, 1, 2], 3),
            baseline_energy=arrays["tip3p_energy"][k],
            baseline_forces=arrays["tip3p_forces"][k],
            rigid=True,
        )
        for k in np.flatnonzero((arrays["snapshot"] >= first) & (arrays["snapshot"] < last))
    ]
    return lp.fit.ReferenceData(trimers, "trimers.npz", "GFN2-xTB, tblite")


training, validation, held_out = read(0, 15), read(15, 19), read(19, 24)
print(training, validation, held_out, sep="\n")

# %%
# First pairs, then the rest
# --------------------------
#
# Splines of pairs take a second. ``subtract_fit`` leaves what they cannot describe, and ``fit_environment`` fits a
# network of the densities around each atom to it: of 8 channels of distances, and 4 + 4 that depend on angles. 30
# epochs are not the end of the descent; ``examples/many_body`` has longer fits, to clusters as well.

ERRORS = dict(
    energy_error=(1.0, 0.02), force_error=(10.0, 0.05)
)  # that are expected of the data: kJ/mol and a fraction
pairs = lp.fit.fit_splines(
    training + validation, cutoff=0.8, switching_distance=0.4, within_cutoff=True, types=TYPES, **ERRORS
)
fit = lp.fit.fit_environment(
    lp.fit.subtract_fit(training, pairs),
    {"angular": [0] * 8 + [1] * 4 + [2] * 4, "hidden": 16, "energy_scale": 20.0},
    cutoff=0.6,
    inner_cutoff=0.15,
    types=TYPES,
    validation=lp.fit.subtract_fit(validation, pairs),
    epochs=24,
    batch_size=8,
    learning_rate=0.02,
    **ERRORS,
)
print(fit)

# %%
# What is gained
# --------------
#
# The errors of the net force on each molecule, for trimers of snapshots that had no part in any fit. Held-out data need
# the same subtractions as fitted ones.


def net_forces(data):
    """What is left of the net forces on molecules, kJ/mol/nm: the reference minus all that was subtracted."""
    return np.concatenate([trimer.force_difference.reshape(3, 3, 3).sum(axis=1).ravel() for trimer in data])


without_pairs = lp.fit.subtract_fit(held_out, pairs)
left_over = {
    "TIP3P": net_forces(held_out),
    "with pairs": net_forces(without_pairs),
    "with pairs and many-body": net_forces(lp.fit.subtract_fit(without_pairs, fit)),
}
rms = {name: float(np.sqrt(np.mean(values**2))) for name, values in left_over.items()}
for name, value in rms.items():
    print(f"RMS error of net forces, {name}: {value:.1f} kJ/mol/nm")

# %%
# Is a liquid inside of the training data?
# ----------------------------------------
#
# The model was trained on trimers, where an atom has six neighbors. In a liquid it has many more, and the model
# extrapolates. The model file has the ranges of its densities, and a ``DensityReporter`` compares a simulation with
# them. It warns; here we count. ``stop=True`` would end the run. **Never skip this test of a many-body model**: for a
# liquid, train on clusters that look like the liquid.

random.seed(1)  # Modeller.addSolvent() uses it
field = app.ForceField("amber14/tip3p.xml")
modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
modeller.addSolvent(field, model="tip3p", numAdded=216)
system = field.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.8 * unit.nanometer)
with tempfile.TemporaryDirectory() as folder:
    pairs.save(Path(folder) / "pairs.pt")
    fit.save(Path(folder) / "many_body.pt")
    lp.add_correction(system, modeller.topology, Path(folder) / "pairs.pt")
    force = lp.add_correction(system, modeller.topology, Path(folder) / "many_body.pt")
    integrator = mm.LangevinMiddleIntegrator(298, 1, 0.002)
    integrator.setRandomNumberSeed(1)
    simulation = app.Simulation(modeller.topology, system, integrator, mm.Platform.getPlatform("CPU"))
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=10)
    simulation.context.setVelocitiesToTemperature(298, 1)
    simulation.reporters.append(lp.DensityReporter(Path(folder) / "densities.csv", 25, force=force))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        simulation.step(100)
    simulation.reporters.clear()
    with open(Path(folder) / "densities.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
warning = str(caught[0].message)
print(warning)

outside = {
    name: [
        np.mean(
            [
                (int(row["below"]) + int(row["above"])) / int(row["atoms"])
                for row in rows
                if row["type"] == name and row["channel"] == str(k)
            ]
        )
        for k in range(16)
    ]
    for name in ("O", "H")
}

# %%
# The figure
# ----------
#
# Left: the distribution of the errors of net forces on molecules of held-out trimers. Right: the fraction of the
# atoms of the liquid whose density is outside of the training data, for each channel.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for (name, values), color in zip(left_over.items(), ("tab:gray", "tab:orange", "tab:blue")):
    x = np.sort(np.abs(values))
    left.plot(x, np.arange(1, len(x) + 1) / len(x), color=color, label=f"{name} (RMS {rms[name]:.0f})")
left.set(xlim=(0, 100), ylim=(0, 1), xlabel="error of the net force (kJ/mol/nm)", ylabel="fraction of components below")
left.legend(loc="lower right", fontsize="small")
for shift, (name, fractions) in zip((-0.2, 0.2), outside.items()):
    right.bar(np.arange(16) + shift, np.multiply(100, fractions), width=0.4, label=name)
right.set_xticks(range(16))
right.set(xlabel="channel (from 8 on with angles)", ylabel="atoms outside of the training data (%)")
right.legend(title="type")
plt.show()
