# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The systems that the commands simulate: a box of water, the user's structure, or a stored System."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import app, unit

from ..applying.apply import add_correction
from ..applying.no_effect import why_no_effect
from ..applying.topology_order import require_topology
from ..checking.subject import corrections_of
from ..data import WATER_COMPILED
from .apply import read_applicable_model, read_structure, read_system

#: Box vectors in a PDB file are rounded to this, in nm.
BOX_ROUNDING = 2e-4
HYDROGEN_MASS = 3 * unit.amu  # allows a time step of 4 fs, together with rigid water
MINIMIZATION_STEPS = 100
WATERS, MIN_WATERS = 3000, 400
FORCE_FIELD = ("amber14-all.xml", "amber14/tip3p.xml")


def add_input_arguments(parser):
    """Add the command line options that prepare() reads."""
    parser.add_argument("--waters", type=int, help=f"molecules in the box (default: {WATERS}, at least {MIN_WATERS})")
    parser.add_argument(
        "--pdb",
        type=Path,
        help=(
            "your own solvated structure, PDB or mmCIF, instead of a box of water; its System gets PME with a cutoff of"
            " 0.9 nm, rigid water, constraints on bonds to hydrogen, and a hydrogen mass of 3 amu"
        ),
    )
    parser.add_argument(
        "--forcefield",
        nargs="+",
        help=f"force field files for --pdb (default: {' '.join(FORCE_FIELD)})",
    )
    parser.add_argument("--model", help="your own model file (default: the one in this package)")
    parser.add_argument(
        "--system",
        type=Path,
        help="your own System with a correction, as written by learnedpair apply, for --pdb; needs no PyTorch",
    )


@dataclass
class Setup:
    """A corrected System with its topology and the positions of its particles."""

    topology: app.Topology
    positions: list
    system: openmm.System


def echo(text):
    print(text, flush=True)


def check_input(options):
    """Require compatible options, and files that exist.

    Raises
    ------
    ValueError
        If options contradict each other, a file does not exist, or the box is too small.
    """
    for path in (options.system, options.pdb, None if options.model is None else Path(options.model)):
        if path is not None and not path.is_file():
            raise ValueError(f"{path}: there is no such file.")
    if options.system is not None and options.pdb is None:
        raise ValueError("--system needs --pdb, the structure that belongs to it.")
    if options.system is not None and options.model is not None:
        raise ValueError(
            "--system and --model were given, but a stored System has its correction inside; leave one of them out."
        )
    if options.waters is not None and options.pdb is not None:
        raise ValueError("--waters and --pdb were given, but the box of water is built without --pdb; leave one out.")
    if options.forcefield is not None and (options.pdb is None or options.system is not None):
        raise ValueError(
            "--forcefield is for a System that is made from --pdb; leave it out, or give --pdb without --system."
        )
    if options.waters is not None and options.waters < MIN_WATERS:
        raise ValueError(
            f"--waters is {options.waters}; expected at least {MIN_WATERS}, for a box that is wide enough for the"
            " cutoff."
        )


def prepare(options):
    """Read or build the System to simulate.

    Raises
    ------
    ValueError
        If files do not match, the structure has no periodic box, or the System has no correction.
    """
    check_input(options)
    if options.system is not None:
        structure = read_structure(options.pdb)
        system = read_system(options.system)
        corrections = corrections_of(system)
        if not corrections:
            raise ValueError(
                f"{options.system}: the System has no correction; use learnedpair apply to write a System with one."
            )
        for force in corrections:
            reason = why_no_effect(force)
            if reason:
                raise ValueError(f"{options.system}: the correction {force.getName()!r} does nothing: {reason}.")
        require_topology(structure.topology, system, str(options.pdb))
        return Setup(structure.topology, structure.positions, system)
    model = (
        WATER_COMPILED
        if options.model is None
        else read_applicable_model(
            options.model, False, "write a System with learnedpair apply --features, and give it by --system"
        )
    )
    if options.pdb is not None:
        structure, field = read_structure(options.pdb), app.ForceField(*options.forcefield or FORCE_FIELD)
        if structure.topology.getPeriodicBoxVectors() is None:
            raise ValueError(
                f"{options.pdb}: the structure has no periodic box, which PME needs; a System without one can be given"
                " by --system."
            )
    else:
        count = WATERS if options.waters is None else options.waters
        echo(f"Building a box of {count} TIP3P molecules ...")
        field = app.ForceField("amber14/tip3p.xml")
        structure = app.Modeller(app.Topology(), [])
        structure.addSolvent(field, numAdded=count)
    system = field.createSystem(
        structure.topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=0.9 * unit.nanometer,
        constraints=app.HBonds,
        rigidWater=True,
        hydrogenMass=HYDROGEN_MASS,
    )
    add_correction(system, structure.topology, model)
    return Setup(structure.topology, structure.positions, system)


def positions_of(structure, system):
    """Get the positions and the periodic box of a structure.

    Returns
    -------
    positions : ndarray, shape (n_particles, 3), nm
    box : ndarray, shape (3, 3), nm, or None
        The periodic box vectors of the structure, or else those of the System; None if no force of the System is
        periodic.
    is_default : bool
        Whether the box is that of the System.
    """
    positions = np.array(structure.positions.value_in_unit(unit.nanometer))
    if not system.usesPeriodicBoundaryConditions():
        return positions, None, True
    box = _in_nm(system.getDefaultPeriodicBoxVectors())
    vectors = structure.topology.getPeriodicBoxVectors()
    if vectors is None or np.abs(_in_nm(vectors) - box).max() <= BOX_ROUNDING:
        return positions, box, True
    return positions, _in_nm(vectors), False


def _in_nm(vectors):
    return np.array([[x.value_in_unit(unit.nanometer) for x in vector] for vector in vectors])


def minimized(system, positions, box=None, parameters=None):
    """Minimize the energy for a few iterations, and return the positions.

    It runs on the CPU platform, which takes seconds. If the CPU platform cannot run the System, it runs on Reference.
    It never runs on OpenCL: OpenMM 8.6's minimizer crashes on OpenCL devices that are CPUs.

    Parameters
    ----------
    system : openmm.System
    positions : array, shape (n_particles, 3), nm
    box : array, shape (3, 3), nm, optional
        The periodic box vectors (default: those of the System).
    parameters : dict of str to float, optional
        Values of global parameters. All others keep their default values.
    """
    try:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    except openmm.OpenMMException:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    for name, value in (parameters or {}).items():
        context.setParameter(name, value)
    if box is not None:
        context.setPeriodicBoxVectors(*box)
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=MINIMIZATION_STEPS)
    return context.getState(positions=True).getPositions()
