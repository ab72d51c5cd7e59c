# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""
A free energy: what a correction does to the hydration of methane
=================================================================

A correction that is multiplied by λ can be switched on step by step. A ``LambdaReporter`` writes what free-energy
methods need, and thermodynamic integration (TI) and Bennett's acceptance ratio (BAR) give the change of the hydration
free energy of methane when its interaction with water is corrected.
"""

# %%
# The System
# ----------
#
# OPLS-AA methane in 216 TIP3P waters, from ``examples/methane``, and the model of that example: a correction of the
# pairs of methane and water, fitted to their dimers. ``between`` leaves water alone, and ``scale`` makes λ a
# parameter of the Context.

import random
import sys
import tempfile
from pathlib import Path

import learnedpair as lp
import matplotlib.pyplot as plt
import numpy as np
import openmm as mm
from scipy.optimize import brentq
from scipy.special import expit

METHANE = Path("../../examples/methane")  # of a clone of the repository
sys.path.insert(0, str(METHANE))
from force_field import make_box, make_simulation  # noqa: E402

TEMPERATURE = 298.15  # K
RT = 8.314462618e-3 * TEMPERATURE  # kJ/mol
LADDER = [0.0, 0.5, 1.0]

random.seed(1)  # Modeller.addSolvent() uses it
mm.Platform.getPlatform("CPU").setPropertyDefaultValue("DeterministicForces", "true")  # the same numbers in each run
system, topology, positions = make_box(216)
force = lp.add_correction(system, topology, METHANE / "methane_water.pt", between=[("CH4:*", "HOH:*")], scale="lam")
force.addEnergyParameterDerivative("lam")

# %%
# Three simulations
# -----------------
#
# At each λ, the reporter writes dE/dλ and the energies of the frame at all λ of the ladder. 10 ps each are enough to
# see how it works. A production run has nanoseconds for each λ, in simulations that run side by side.

folder = tempfile.TemporaryDirectory()
files = [Path(folder.name) / f"lam_{k}.csv" for k in range(len(LADDER))]
simulation = make_simulation(system, topology, positions, TEMPERATURE, seed=1, equilibration=10)
for lam, file in zip(LADDER, files):
    simulation.context.setParameter("lam", lam)
    simulation.step(500)
    simulation.reporters = [lp.LambdaReporter(file, 20, "lam", ladder=LADDER)]
    simulation.step(2500)
    simulation.reporters.clear()
print(files[0].read_text(encoding="utf-8").split("\n")[0])
frames = [np.genfromtxt(file, delimiter=",", skip_header=1) for file in files]
derivatives = [rows[:, 4] for rows in frames]
energies = [rows[:, 5:] for rows in frames]  # one column for each state of the ladder
folder.cleanup()

# %%
# Two estimates
# -------------
#
# TI integrates the mean of dE/dλ, here by Simpson's rule. BAR compares neighboring states in both directions: it is the
# zero of a sum of Fermi functions. Standard errors come from five blocks of each simulation. For many states, give the
# same files to pymbar or alchemlyb, as the user guide shows (free energies).
#
# Both are the free energy of the correction up to its cutoff. The negative sign says that the correction binds
# methane to water, and the size that it does so far too strongly: ``examples/methane`` explains why a correction of
# dimers does this.


def integrate(first, middle, last):
    return (first.mean() + 4 * middle.mean() + last.mean()) / 6


def bennett(forward, backward):
    """The free energy of a change from its energy in both ensembles, forward and (reversed) backward, kJ/mol."""
    return brentq(
        lambda f: expit((f - forward) / RT).sum() - expit((-f - backward) / RT).sum(),
        min(forward.min(), -backward.max()),
        max(forward.max(), -backward.min()),
    )


def ladder_of_bennett(*states):
    return sum(
        bennett(states[k][:, k + 1] - states[k][:, k], states[k + 1][:, k] - states[k + 1][:, k + 1]) for k in range(2)
    )


def with_error(estimate, series):
    blocks = [estimate(*parts) for parts in zip(*(np.array_split(each, 5) for each in series))]
    return estimate(*series), np.std(blocks, ddof=1) / np.sqrt(5)


by_integration, error_of_integration = with_error(integrate, derivatives)
by_bennett, error_of_bennett = with_error(ladder_of_bennett, energies)
print(f"TI:  {by_integration:.2f} +- {error_of_integration:.2f} kJ/mol")
print(f"BAR: {by_bennett:.2f} +- {error_of_bennett:.2f} kJ/mol")

# %%
# The figure
# ----------
#
# Left: dE/dλ falls with λ, as it must: its slope is minus the variance of dE/dλ, divided by RT. Right: the energy of
# the correction as it is sampled at each λ. Neighboring distributions overlap well, so that BAR is reliable here. If
# they do not, the ladder needs more states.

means, errors = zip(*(with_error(np.mean, [each]) for each in derivatives))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.errorbar(LADDER, means, errors, fmt="o-", capsize=3)
left.set(
    xlabel="λ", ylabel="mean of dE/dλ (kJ/mol)", title=f"TI: {by_integration:.1f} ± {error_of_integration:.1f} kJ/mol"
)
bins = np.linspace(min(map(np.min, derivatives)), max(map(np.max, derivatives)), 25)
for lam, each in zip(LADDER, derivatives):
    right.hist(each, bins, density=True, histtype="step", linewidth=1.5, label=f"λ = {lam:g}")
right.set(
    xlabel="energy of the correction (kJ/mol)",
    ylabel="probability density (mol/kJ)",
    title=f"BAR: {by_bennett:.1f} ± {error_of_bennett:.1f} kJ/mol",
)
right.legend()
plt.show()
