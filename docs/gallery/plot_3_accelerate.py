# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""
Make a System faster: NBFIX of CHARMM
=====================================

CHARMM36 has Lennard-Jones parameters for single pairs of atom types (NBFIX), which a NonbondedForce cannot express.
OpenMM then computes all Lennard-Jones energies in a CustomNonbondedForce, which is slow on a CPU. One line replaces
it by a force with the same energy. Nothing is learned here.
"""

# %%
# A System with a CustomNonbondedForce
# ------------------------------------
#
# One molar potassium chloride in CHARMM's TIP3P, as any OpenMM script builds it.

import copy
import random
import time

import learnedpair as lp
import matplotlib.pyplot as plt
import numpy as np
import openmm as mm
import openmm.app as app
import openmm.unit as unit

random.seed(1)  # Modeller draws the positions of the ions from it
field = app.ForceField("charmm36.xml", "charmm36/water.xml")
modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
modeller.addSolvent(
    field,
    boxSize=mm.Vec3(2.6, 2.6, 2.6) * unit.nanometer,
    ionicStrength=1 * unit.molar,
    positiveIon="K+",
    negativeIon="Cl-",
)
system = field.createSystem(
    modeller.topology,
    nonbondedMethod=app.PME,
    nonbondedCutoff=0.9 * unit.nanometer,
    switchDistance=0.8 * unit.nanometer,
)
before = copy.deepcopy(system)
(custom,) = [force for force in system.getForces() if isinstance(force, mm.CustomNonbondedForce)]
print(custom.getName(), custom.getEnergyFunction())

# %%
# One line
# --------
#
# ``accelerate`` replaces each CustomNonbondedForce whose expression it can convert, and says what it did: the error
# of the forces that tables have, and the distance above which energies are unchanged. A force that cannot be
# converted stays as it is, with the reason.

report = lp.accelerate(system)
print(report)

# %%
# Are the forces the same?
# ------------------------
#
# Both Systems at the same positions, after a short simulation. Use double precision (Reference) for the original, and
# the CPU platform, in single precision, for both.


def simulate(system):
    simulation = app.Simulation(
        modeller.topology, system, mm.LangevinMiddleIntegrator(300, 1, 0.002), mm.Platform.getPlatform("CPU")
    )
    simulation.integrator.setRandomNumberSeed(1)
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy(maxIterations=30)
    simulation.context.setVelocitiesToTemperature(300, 1)
    return simulation


def forces_of(system, platform, positions):
    context = mm.Context(system, mm.VerletIntegrator(0.001), mm.Platform.getPlatform(platform))
    context.setPositions(positions)
    state = context.getState(forces=True, energy=True)
    return state.getForces(asNumpy=True)._value, state.getPotentialEnergy()._value


fast = simulate(system)
fast.step(300)
positions = fast.context.getState(positions=True).getPositions(asNumpy=True)
exact, exact_energy = forces_of(before, "Reference", positions)
errors, energies = {}, {}
for name, each in (("CustomNonbondedForce", before), ("LearnedPairForce", system)):
    found, energies[name] = forces_of(each, "CPU", positions)
    errors[name] = np.linalg.norm(found - exact, axis=1)
    rms = np.sqrt(np.mean(errors[name] ** 2))
    print(f"{name}: energy {energies[name]:.2f} kJ/mol, RMS error of forces {rms:.1e} kJ/mol/nm")
rms_force = np.sqrt(np.mean(np.sum(exact**2, axis=1)))
print(f"Reference: energy {exact_energy:.2f} kJ/mol, RMS force {rms_force:.0f} kJ/mol/nm")

# %%
# How much faster?
# ----------------
#
# Blocks of steps in turn, so that other work on the machine disturbs both alike; quote the median of the ratios. These
# are the numbers of the machine that built this page. The gain on GPUs has not been
# measured. ``learnedpair accelerate system.xml fast.xml`` does the same with a file.

slow = simulate(before)
milliseconds = {"CustomNonbondedForce": [], "LearnedPairForce": []}
for _ in range(7):
    for name, simulation, steps in (("CustomNonbondedForce", slow, 30), ("LearnedPairForce", fast, 100)):
        start = time.perf_counter()
        simulation.step(steps)
        milliseconds[name].append(1000 * (time.perf_counter() - start) / steps)
ratio = np.median(np.divide(*milliseconds.values()))
print(f"time per step: {ratio:.1f} times shorter")

# %%
# The figure
# ----------
#
# Left: the errors of the forces, from tables and single precision together, are of the size that single precision and
# PME on the CPU platform have anyway. Right: the time of a step.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
bins = np.geomspace(1e-4, 1, 60)
for (name, values), color in zip(errors.items(), ("tab:gray", "tab:blue")):
    left.hist(np.clip(values, 1e-4, 1), bins, histtype="step", linewidth=1.5, color=color, label=name)
left.axvline(rms_force, color="black", linestyle=":", label="RMS force")
left.set(xscale="log", xlabel="error of the force on an atom (kJ/mol/nm)", ylabel="atoms")
left.legend(fontsize="small")
right.boxplot(list(milliseconds.values()), widths=0.5)
right.set_xticks([1, 2], list(milliseconds))
right.set(ylim=(0, None), ylabel="time of a step (ms)")
plt.show()
