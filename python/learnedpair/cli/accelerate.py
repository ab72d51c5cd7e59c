# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Replace the CustomNonbondedForces of a System by LearnedPairForces that compute the same, and faster.

Example: learnedpair accelerate system.xml faster.xml --check start.pdb

The report has one line for each CustomNonbondedForce: what was done, the error and the size of its tables, or why it
was left alone. With --check, energies and forces of both Systems at the positions of a structure are compared, on the
CPU platform, or on Reference if the CPU platform cannot run them.

The exit status is 0 if at least one force was replaced, 1 if none was, and 2 if it could not be done. The output is
written only if a force was replaced.
"""

import copy
import dataclasses
from pathlib import Path

import openmm

from ..applying.acceleration import accelerate
from ..applying.topology_order import require_topology
from ..checking.agreement import compare_systems
from ..formats.text import write_text
from ..lowering.tolerance import check_tolerance
from .apply import read_structure, read_system
from .input import positions_of
from .inspect import add_tolerance
from .output import require_inputs, require_json, require_output, write_json

HELP = "replace the CustomNonbondedForces of a System by faster forces"
#: The exit status if nothing could be done. It is 2, as for wrong arguments, so that 1 keeps its meaning.
ERROR_STATUS = 2


def add_arguments(parser):
    parser.add_argument("system", type=Path, help="XML file of the System")
    parser.add_argument("output", type=Path, help="XML file to write")
    add_tolerance(parser)
    parser.add_argument(
        "--inner-cutoff",
        type=float,
        metavar="NM",
        help="distance below which energies continue as straight lines, since no two particles come closer",
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="POSITIONS",
        help="PDB or PDBx/mmCIF file with the same particles: compare energies and forces of both Systems there",
    )
    parser.add_argument("--json", type=Path, help="JSON file to write the report to")


def run(options):
    read = [options.system, *([options.check] if options.check is not None else [])]
    require_inputs(read)
    require_output(options.output, read)
    require_json(options, read, options.output)
    tolerance = check_tolerance(options.tolerance)
    before = read_system(options.system)
    place = None if options.check is None else _read_place(options, before)
    after = copy.deepcopy(before)
    report = accelerate(after, tolerance=tolerance, inner_cutoff=options.inner_cutoff)
    agreement = None
    if report.num_replaced and place is not None:
        agreement = compare_systems(before, after, *place)
        if not agreement.is_finite:
            raise ValueError(
                f"{options.check}: the energy or a force at these positions is not finite, {agreement.energy_before:g}"
                f" kJ/mol before and {agreement.energy_after:g} kJ/mol after; give positions without overlapping"
                " particles."
            )
    if report.num_replaced:
        write_text(options.output, openmm.XmlSerializer.serialize(after))
    print(_text(options, report, agreement))
    if options.json is not None:
        write_json(options.json, _document(options, report, agreement))
    return 0 if report.num_replaced else 1


def _read_place(options, system):
    """The positions and the box of the structure."""
    structure = read_structure(options.check)
    require_topology(structure.topology, system, str(options.check))
    positions, box, _ = positions_of(structure, system)
    return positions, box


def _text(options, report, agreement):
    lines = [str(report)]
    if not report.num_replaced:
        lines.append(f"{options.output}: not written, since the System is unchanged")
    elif agreement is not None:
        lines.append(f"Both Systems at the positions of {options.check}, on the platform {agreement.platform}:")
        lines.append(str(agreement))
    return "\n".join(lines)


def _document(options, report, agreement):
    return {
        "system": str(options.system),
        "output": str(options.output) if report.num_replaced else None,
        **report.to_dict(),
        "check": agreement and {"structure": str(options.check), **dataclasses.asdict(agreement)},
    }
