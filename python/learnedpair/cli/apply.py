# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Add a correction to a System that is stored as XML, and store the result as XML.

Example: learnedpair apply system.xml topology.pdb delta.pt corrected.xml
"""

from pathlib import Path

import openmm
from openmm import app

from ..apply import add_correction
from .inspect import describe

HELP = "add a correction to a System's XML file"


def add_arguments(parser):
    parser.add_argument("system", type=Path, help="XML file of the System")
    parser.add_argument("topology", type=Path, help="PDB or PDBx/mmCIF file with the same particles")
    parser.add_argument("model", help="model file (.pt or .pt2) with assignment rules inside")
    parser.add_argument("output", type=Path, help="XML file to write")
    parser.add_argument("--exclusions", choices=("nonbonded", "molecules"), default="nonbonded")
    parser.add_argument("--scale", help="name of a global parameter that multiplies the correction")
    parser.add_argument("--force-group", type=int, default=0)
    parser.add_argument("--tolerance", type=float, default=1e-4)


def run(options):
    system = read_system(options.system)
    topology = read_structure(options.topology).topology
    force = add_correction(system, topology, options.model, exclusions=options.exclusions, scale=options.scale, force_group=options.force_group, tolerance=options.tolerance)
    options.output.write_text(openmm.XmlSerializer.serialize(system))
    covered = int((force.getParticleTypes() >= 0).sum())
    print(f"{options.output}: {covered} of {system.getNumParticles()} particles are covered, {force.getNumExclusions()} pairs excluded")
    print(describe(force.lowering_report))


def read_system(path):
    """Read a System's XML."""
    try:
        system = openmm.XmlSerializer.deserialize(path.read_text())
    except (ValueError, openmm.OpenMMException) as error:
        raise ValueError(f"{path}: this is not the XML of a System ({error}).") from error
    if not isinstance(system, openmm.System):
        raise ValueError(f"{path}: the file holds a {type(system).__name__}, not a System.")
    return system


def read_structure(path):
    """Read a PDB or PDBx/mmCIF file."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    reader = app.PDBxFile if path.suffix.lower() in (".cif", ".mmcif", ".pdbx") else app.PDBFile
    try:
        return reader(str(path))
    except Exception as error:  # whatever the readers stumble over
        raise ValueError(f"{path}: the structure cannot be read ({type(error).__name__}: {error}).") from error
