# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""From reference energies and forces to a pair model.

Examples
--------
A correction of argon, from twenty energies of a better potential:

>>> import numpy as np
>>> import learnedpair as lp
>>> def lennard_jones(r, sigma, epsilon):
...     return 4 * epsilon * ((sigma / r) ** 12 - (sigma / r) ** 6)
>>> r = np.linspace(0.3, 1.0, 20)
>>> data = lp.fit.ReferenceData(
...     [
...         lp.fit.Configuration(
...             f"{x:.3f} nm",
...             ("Ar", "Ar"),
...             [[0, 0, 0], [0, 0, x]],
...             energy=lennard_jones(x, 0.335, 1.2),
...             baseline_energy=lennard_jones(x, 0.34, 0.996),
...         )
...         for x in r
...     ],
...     source="two Lennard-Jones potentials",
...     method="an example",
... )
>>> model = lp.fit.fit_splines(data, cutoff=1.0).model
>>> model.create_force(2 * ["Ar"])
<LearnedPairForce 'LearnedPairForce': 2 of 2 particles covered (Ar 2), cutoff 1.0 nm, 1 curve, group 0>
"""

from .baseline import subtract_baseline, subtract_fit
from .configurations import Configuration, ReferenceData
from .dimer_curves import read_dimers
from .environments import EnvironmentFit, fit_environment
from .expressions import fit_expression
from .extended_xyz import read_extended_xyz
from .figures import plot_fit
from .liquid.liquid import Liquid
from .liquid.refinement import refine
from .liquid.rounds import LiquidFit
from .liquid.targets import Density, PotentialEnergy, Pressure, RadialDistribution
from .networks import NetworkFit, fit_network
from .numpy_arrays import read_npz
from .result import ExpressionFit, SplineFit
from .splines import fit_splines

__all__ = [
    "Configuration",
    "Density",
    "EnvironmentFit",
    "ExpressionFit",
    "Liquid",
    "LiquidFit",
    "NetworkFit",
    "PotentialEnergy",
    "Pressure",
    "RadialDistribution",
    "ReferenceData",
    "SplineFit",
    "fit_environment",
    "fit_expression",
    "fit_network",
    "fit_splines",
    "plot_fit",
    "read_dimers",
    "read_extended_xyz",
    "read_npz",
    "refine",
    "subtract_baseline",
    "subtract_fit",
]
