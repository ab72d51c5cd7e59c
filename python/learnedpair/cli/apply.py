# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Add a correction to a System that is stored as XML, and store the result as XML.

Example: learnedpair apply system.xml topology.pdb delta.pt corrected.xml

A model with features needs --features FILE, with one row for each particle of the System: a NumPy array (.npy), or a text
with numbers between commas or blanks. Rows of nan, and in a text also empty lines, are particles that are not covered; a
line that begins with # is none of them.
"""

from pathlib import Path

import numpy as np
import openmm
from openmm import app

from ..apply import add_correction
from .inspect import add_tabulate_radial, describe

HELP = "add a correction to a System's XML file"


def add_arguments(parser):
    parser.add_argument("system", type=Path, help="XML file of the System")
    parser.add_argument("topology", type=Path, help="PDB or PDBx/mmCIF file with the same particles")
    parser.add_argument("model", help="model file (.pt or .pt2), with assignment rules inside if it has types")
    parser.add_argument("output", type=Path, help="XML file to write")
    parser.add_argument("--features", type=Path, metavar="FILE", help="features of the particles, for a model that has features: .npy, or text")
    parser.add_argument("--exclusions", choices=("nonbonded", "molecules"), default="nonbonded")
    parser.add_argument("--scale", help="name of a global parameter that multiplies the correction")
    parser.add_argument("--force-group", type=int, default=0)
    parser.add_argument("--representation", choices=("auto", "table", "program"), default="auto", help="what the model becomes (default: auto, a table where that is possible)")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="force error of tables, relative to |F| + 1 kJ/mol/nm (default: 1e-4)")
    add_tabulate_radial(parser, "default: with --representation auto")


def run(options):
    system = read_system(options.system)
    topology = read_structure(options.topology).topology
    features = None if options.features is None else read_features(options.features, system.getNumParticles())
    force = add_correction(system, topology, options.model, features=features, exclusions=options.exclusions, scale=options.scale, force_group=options.force_group,
                           representation=options.representation, tolerance=options.tolerance, tabulate_radial=options.tabulate_radial)
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


def read_features(path, count):
    """Read the features of particles.

    Parameters
    ----------
    path : Path
        An array of shape (n_particles, n_features) if it ends in .npy, else a text with one line for each particle.
    count : int
        How many particles there are.

    Returns
    -------
    list with a row of float, or None, for each particle

    Raises
    ------
    ValueError
        If the file cannot be read, a row is not numbers or partly nan, or there are more or fewer rows than particles.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    rows = _rows_of_array(path) if path.suffix.lower() == ".npy" else _rows_of_text(path)
    while len(rows) > count and len(rows[-1][1]) == 0:  # empty lines at the end
        rows.pop()
    if len(rows) != count:
        raise ValueError(f"{path}: there are {len(rows)} rows of features, but the System has {count} particles; expected one for each, of nan where the model does not apply.")
    features = []
    for place, row in rows:
        missing = np.isnan(row)
        if missing.any() and not missing.all():
            raise ValueError(f"{path}: in {place} some features are nan and others are not; expected all of them for a particle that is not covered.")
        features.append(None if missing.all() else row)
    return features


def _rows_of_array(path):
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path}: this is not a NumPy array ({error}).") from error
    if not (isinstance(array, np.ndarray) and array.ndim == 2 and (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer))):
        what = f"an array of {array.dtype} with shape {array.shape}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
        raise ValueError(f"{path}: the file holds {what}; expected numbers with the shape (n_particles, n_features).")
    return [(f"row {index}", row) for index, row in enumerate(array.astype(float))]


def _rows_of_text(path):
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not a text ({error}); expected numbers, one line for each particle, or a NumPy array in a file that ends in .npy.") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")] if "," in line else line.split()
        if not any(cells):
            cells = []
        try:
            rows.append((f"line {number}", [float(cell) for cell in cells]))
        except ValueError:
            raise ValueError(f"{path}: line {number} is {line.strip()[:60]!r}; expected numbers between commas or blanks, and nan or an empty line for a particle that is not covered.") from None
    return rows
