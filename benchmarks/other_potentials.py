# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Forces of water by potentials of optional packages: GFN2-xTB of tblite, and SevenNet.

A potential is created for some atoms, in a cluster or in a rectangular periodic box with some edges (nm). Calling it
with positions (nm) returns the forces (kJ/mol/nm). It keeps from call to call what a simulation would keep.
"""

import importlib.metadata
import os

import numpy as np

BOHR = 0.0529177210903  # nm
HARTREE = 2625.4996394799  # kJ/mol
ANGSTROM = 0.1  # nm
EV = 96.48533212331  # kJ/mol
#: The models in the package SevenNet, and the level of theory for a model that has several. The first one has the
#: smallest error for the dimers of design_space.py: see benchmarks/README.md.
SEVENNET = {"7net-mf-0": "R2SCAN", "7net-0": None, "7net-l3i5": None}


class Gfn2:
    """GFN2-xTB, with energy and forces in double precision; in a box each call begins with the previous charges."""

    label, note = "GFN2-xTB", "semiempirical"
    package = "tblite"
    training = "a tight-binding method, parametrized for molecules of the elements to radon"

    def __init__(self, elements, edges=None):
        from tblite.interface import Calculator  # optional

        numbers = np.array([{"O": 8, "H": 1}[element] for element in elements])
        places = np.arange(3 * len(numbers), dtype=float).reshape(-1, 3)  # replaced at each call
        box = {} if edges is None else {"lattice": np.diag(edges) / BOHR, "periodic": np.full(3, True)}
        self._calculator = Calculator("GFN2-xTB", numbers, places, **box)
        self._calculator.set("verbosity", 0)
        self._restart, self._previous = edges is not None, None

    def __call__(self, positions):
        self._calculator.update(positions / BOHR)
        result = self._calculator.singlepoint(self._previous)
        if self._restart:
            self._previous = result
        return -result.get("gradient") * HARTREE / BOHR


class SevenNet:
    """A pretrained graph network for all elements, in single precision."""

    model = "7net-mf-0"
    note = "trained on crystals"
    package = "sevenn"

    @classmethod
    def choose(cls, model):
        """Choose one of the models in the package."""
        cls.model, cls.label = model, "SevenNet" + model.removeprefix("7net").replace("mf", "MF")
        level = "" if SEVENNET[model] is None else f"; here {SEVENNET[model]}"
        cls.training = f"relaxations of crystals (Materials Project){level}"

    def __init__(self, elements, edges=None):
        from ase import Atoms
        from sevenn.calculator import SevenNetCalculator  # optional

        box = {} if edges is None else {"cell": edges / ANGSTROM, "pbc": True}
        self._atoms = Atoms("".join(elements), np.zeros((len(elements), 3)), **box)
        self._atoms.calc = SevenNetCalculator(self.model, device="cpu", modal=SEVENNET[self.model])

    def __call__(self, positions):
        self._atoms.set_positions(positions / ANGSTROM)
        return self._atoms.get_forces() * EV / ANGSTROM


SevenNet.choose(SevenNet.model)


def find_potentials(threads):
    """Find the potentials whose packages are installed, and let them use some threads.

    Returns
    -------
    potentials : list of class
    left_out : dict of str to str
        The potentials whose packages are not installed: from the label to a sentence that says how to install it.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)  # tblite reads it when it is imported
    potentials, left_out = [], {}
    for potential in (Gfn2, SevenNet):
        try:
            importlib.metadata.version(potential.package)
            potentials.append(potential)
        except importlib.metadata.PackageNotFoundError:
            left_out[potential.label] = f"{potential.package} is not installed: pip install {potential.package}"
    return potentials, left_out
