# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The systems that are timed: boxes of water, or a structure of the user."""

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import app, unit

#: Larger boxes of water, in molecules, are assembled from copies of a smaller one.
MAX_BUILT_WATERS = 8000


class UnusableStructureError(Exception):
    """A structure that cannot be timed."""


@dataclass
class Box:
    """A System that is ready to be simulated.

    Attributes
    ----------
    name : str
        The heading of tables.
    system : openmm.System
        With PME, and constraints on bonds to hydrogen.
    positions : ndarray, shape (n, 3), nm
    types : ndarray of int, shape (n,)
        1 for hydrogen, 0 for all other elements.
    """

    name: str
    system: openmm.System
    positions: np.ndarray
    types: np.ndarray

    @property
    def atoms(self):
        return self.system.getNumParticles()

    @property
    def edges(self):
        """The edges of the periodic box (ndarray, shape (3,), nm)."""
        return np.array([vector[k]._value for k, vector in enumerate(self.system.getDefaultPeriodicBoxVectors())])

    @functools.cached_property
    def excluded(self):
        """The exceptions of the NonbondedForce, as pairs of particles."""
        nonbonded = next(force for force in self.system.getForces() if isinstance(force, openmm.NonbondedForce))
        return [tuple(nonbonded.getExceptionParameters(i)[:2]) for i in range(nonbonded.getNumExceptions())]


def add_box_arguments(parser, waters):
    """Add the options that make_boxes() reads; waters are the default numbers of molecules."""
    parser.add_argument(
        "--waters", type=int, nargs="+", default=waters, help="numbers of molecules in the boxes of TIP3P water"
    )
    parser.add_argument(
        "--pdb", help="a PDB or mmCIF file to use instead, with hydrogens and a rectangular periodic box"
    )
    parser.add_argument(
        "--forcefield",
        nargs="+",
        default=["amber14-all.xml", "amber14/tip3pfb.xml"],
        help="force field files for the structure, as for openmm.app.ForceField",
    )
    parser.add_argument("--nonbonded-cutoff", type=float, default=0.9, help="cutoff of the NonbondedForce, nm")


def make_water_box(waters, nonbonded_cutoff):
    """Make a box of rigid TIP3P water; the cutoff is in nm."""
    force_field = app.ForceField("tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(force_field, model="tip3p", numAdded=waters)
    return _make_box(
        f"{3 * waters:,} atoms of TIP3P water", force_field, modeller.topology, modeller.positions, nonbonded_cutoff
    )


def make_boxes(arguments, make_water=make_water_box):
    """Generate the boxes that the command line asks for.

    make_water makes a box of water from the number of molecules and the cutoff.
    """
    if arguments.pdb is not None:
        yield read_structure(arguments.pdb, arguments.forcefield, arguments.nonbonded_cutoff)
        return
    for waters in arguments.waters:
        yield make_water(waters, arguments.nonbonded_cutoff)


def make_water_topology(waters, edges):
    """The topology of some molecules of water in a periodic box; edges: ndarray, shape (3,), nm."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(waters):
        residue = topology.addResidue("HOH", chain)
        oxygen = topology.addAtom("O", app.element.oxygen, residue)
        for name in ("H1", "H2"):
            topology.addBond(oxygen, topology.addAtom(name, app.element.hydrogen, residue))
    topology.setUnitCellDimensions(edges * unit.nanometer)
    return topology


def make_tiled_water_box(waters, nonbonded_cutoff):
    """Make a box of about this many molecules; a large one from copies of a smaller one, which takes much less time."""
    copies = next(k for k in itertools.count(1) if waters <= MAX_BUILT_WATERS * k**3)
    tile = make_water_box(round(waters / copies**3), nonbonded_cutoff)
    if copies == 1:
        return tile
    corners = np.array(list(itertools.product(range(copies), repeat=3))) * tile.edges
    positions = (tile.positions + corners[:, None]).reshape(-1, 3)
    topology = make_water_topology(len(positions) // 3, copies * tile.edges)
    system, types = _make_system(app.ForceField("tip3p.xml"), topology, nonbonded_cutoff)
    return Box(f"{len(positions):,} atoms of TIP3P water", system, positions, types)


def read_structure(path, force_field, nonbonded_cutoff):
    """Read a structure of the user from a file; force_field lists force field files, the cutoff is in nm."""
    if not Path(path).is_file():
        raise UnusableStructureError(f"{path}: there is no such file.")
    structure = (app.PDBxFile if str(path).endswith((".cif", ".mmcif", ".pdbx")) else app.PDBFile)(str(path))
    box = structure.topology.getPeriodicBoxVectors()
    if box is None:
        raise UnusableStructureError(f"{path} has no periodic box; add one (CRYST1 in a PDB file).")
    vectors = np.array([vector._value for vector in box])
    if np.any(vectors != np.diag(np.diag(vectors))):
        raise UnusableStructureError(
            f"{path} has a triclinic box; the alternatives in PyTorch are written for rectangular ones."
        )
    box = _make_box("", app.ForceField(*force_field), structure.topology, structure.positions, nonbonded_cutoff)
    box.name = f"{box.atoms:,} atoms of a structure"
    return box


def _make_box(name, force_field, topology, positions, nonbonded_cutoff):
    system, types = _make_system(force_field, topology, nonbonded_cutoff)
    return Box(name, system, _relax(system, positions), types)


def _make_system(force_field, topology, nonbonded_cutoff):
    system = force_field.createSystem(
        topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=nonbonded_cutoff * unit.nanometer,
        constraints=app.HBonds,
        rigidWater=True,
    )
    types = np.array(
        [int(atom.element is not None and atom.element.symbol == "H") for atom in topology.atoms()], dtype=np.int32
    )
    return system, types


def _relax(system, positions):
    """Minimize the energy of a new box briefly, which removes close contacts; returns the positions (nm).

    This always runs on the CPU platform: all platforms then have the same start, and OpenMM 8.6's minimizer crashes on
    PoCL.
    """
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName("CPU"),
        {"DeterministicForces": "true"},
    )
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=30)
    return context.getState(positions=True).getPositions(asNumpy=True)._value
