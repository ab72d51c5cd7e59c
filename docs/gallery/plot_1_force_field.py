# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""
Correct a force field: liquid argon
===================================

Lennard-Jones argon is a good liquid and a wrong dimer. Here its pair function is corrected to ab initio energies of
the dimer: a fit, its errors, one line in an OpenMM script, and the structure of the liquid before and after.
"""

# %%
# Data and force field
# --------------------
#
# The file has interaction energies of pairs of rare-gas atoms at the limit of complete basis sets
# (``examples/rare_gases``). We keep the 33 pairs of argon, and subtract the force field: what is left is what the
# correction has to be. A System has to be made for each structure; here it is the same for all.

import tempfile
from pathlib import Path

import learnedpair as lp
import matplotlib.pyplot as plt
import numpy as np
import openmm as mm
import openmm.app as app

EXAMPLES = Path("../../examples")  # of a clone of the repository
SIGMA, EPSILON, MASS = 0.3405, 0.996, 39.948  # nm, kJ/mol, g/mol

data = lp.fit.read_dimers(
    EXAMPLES / "rare_gases/dimers.csv",
    length_unit="angstrom",
    energy_unit="kcal/mol",
    method="RG10N, complete basis set",
).select(lambda dimer: dimer.types == ("Ar", "Ar"))


def lennard_jones(num_atoms):
    system, force = mm.System(), mm.NonbondedForce()
    for _ in range(num_atoms):
        system.addParticle(MASS)
        force.addParticle(0.0, SIGMA, EPSILON)
    system.addForce(force)
    return system


residual = lp.fit.subtract_baseline(data, lambda dimer: lennard_jones(2))

# %%
# Fit
# ---
#
# The pair functions are splines, found by linear least squares: there is nothing to tune. The table shows errors of
# energies *left out of the fit*: each structure is predicted by a fit to all others. Read it before anything else.

CUTOFF, SWITCHING = 1.1, 1.0  # nm
fit = lp.fit.fit_splines(residual, cutoff=CUTOFF, switching_distance=SWITCHING, types={"Ar": "*:Ar"})
print(fit)

folder = tempfile.TemporaryDirectory()
model = fit.save(Path(folder.name) / "argon.pt")

# %%
# Add it to a System
# ------------------
#
# This is an ordinary OpenMM script: 256 argon atoms at 85 K and the experimental density, with one more line. The
# Langevin integrator keeps the temperature. A production run has thousands of atoms and runs for nanoseconds;
# ``examples/rare_gases`` does this, with energies, pressures and error bars.

EDGE = (256 / 21.25) ** (1 / 3)  # nm, for 21.25 atoms per nm3


def lattice():
    """The positions of a face-centered cubic lattice, nm."""
    corners = np.array(list(np.ndindex(4, 4, 4)))
    sites = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return (corners[:, None] + sites).reshape(-1, 3) * EDGE / 4


def simulate(model=None):
    """Melt a lattice at 300 K, cool it to 85 K, and return snapshots [n, 256, 3], nm."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(256):
        topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
    topology.setPeriodicBoxVectors(EDGE * np.eye(3))
    system = lennard_jones(256)
    system.setDefaultPeriodicBoxVectors(*(EDGE * np.eye(3)))
    nonbonded = system.getForce(0)
    nonbonded.setNonbondedMethod(nonbonded.CutoffPeriodic)
    nonbonded.setCutoffDistance(CUTOFF)
    nonbonded.setUseSwitchingFunction(True)
    nonbonded.setSwitchingDistance(SWITCHING)
    if model is not None:
        lp.add_correction(system, topology, model)  # <- the line
    integrator = mm.LangevinMiddleIntegrator(300, 1, 0.005)
    integrator.setRandomNumberSeed(1)
    simulation = app.Simulation(topology, system, integrator, mm.Platform.getPlatform("CPU"))
    simulation.context.setPositions(lattice())
    simulation.context.setVelocitiesToTemperature(300, 1)
    simulation.step(1000)
    integrator.setTemperature(85)
    simulation.step(3000)
    snapshots = []
    for _ in range(150):
        simulation.step(40)
        snapshots.append(simulation.context.getState(positions=True).getPositions(asNumpy=True)._value)
    return np.array(snapshots)


# %%
# Structure
# ---------


def radial_distribution(snapshots, edges):
    """g(r) in bins of the distance, whose edges are given in nm."""
    first, second = np.triu_indices(256, k=1)
    displacements = snapshots[:, first] - snapshots[:, second]
    displacements -= EDGE * np.round(displacements / EDGE)
    counts, _ = np.histogram(np.linalg.norm(displacements, axis=2), edges)
    shells = 4 / 3 * np.pi * np.diff(edges**3) / EDGE**3
    return counts / (len(snapshots) * len(first) * shells)


edges = np.linspace(0.25, 1.1, 86)
centers = (edges[1:] + edges[:-1]) / 2
g_before = radial_distribution(simulate(), edges)
g_after = radial_distribution(simulate(model), edges)

# %%
# The figure
# ----------
#
# The well of Lennard-Jones argon is too shallow by 16 %, and its wall is at too long a distance. The corrected function
# goes through the ab initio points. The structure of the liquid hardly changes: packing decides it, and Lennard-Jones
# argon was fitted to the liquid.
#
# **A warning.** The deeper well makes the liquid too dense, since dimers know nothing of the energy of three atoms,
# which Lennard-Jones contains on average. ``examples/rare_gases`` adds it, and compares with experiment; gallery
# script 5 fits terms of many bodies.

r = np.linspace(0.31, 0.8, 500)
lj = 4 * EPSILON * ((SIGMA / r) ** 12 - (SIGMA / r) ** 6)
corrected = lj + fit.pairs["Ar", "Ar"].evaluate(r)[0]
measured_r = np.array([np.linalg.norm(dimer.positions[1] - dimer.positions[0]) for dimer in data])
measured = np.array([dimer.energy for dimer in data])
print(f"depth of the well, kJ/mol: {-lj.min():.3f}, corrected {-corrected.min():.3f}, data {-measured.min():.3f}")
left_out = np.array([abs(each.energy_left_out) for each in fit.predictions()])[measured < 0]
print(f"largest error of a point of the well that was left out of the fit: {left_out.max():.1e} kJ/mol")
print(f"largest difference in g(r): {np.abs(g_after - g_before).max():.2f}")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(r, lj, "--", color="tab:gray", label="Lennard-Jones")
left.plot(r, corrected, color="tab:blue", label="with the correction")
left.plot(measured_r, measured, "o", color="black", markersize=4, label="ab initio")
left.set(xlim=(0.31, 0.8), ylim=(-1.4, 1.0), xlabel="r (nm)", ylabel="energy of two atoms (kJ/mol)")
left.legend()
right.plot(centers, g_before, "--", color="tab:gray", label="Lennard-Jones")
right.plot(centers, g_after, color="tab:blue", label="with the correction")
right.set(xlim=(0.25, 1.1), ylim=(0, None), xlabel="r (nm)", ylabel="g(r) of the liquid, 85 K")
right.legend()
plt.show()
folder.cleanup()
