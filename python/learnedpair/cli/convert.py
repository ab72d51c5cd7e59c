# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Convert pair potentials between the tables of LAMMPS, GROMACS, VOTCA and UF3, or write a model file as such tables.

Examples:

  learnedpair convert water.table --units real model.json --rows 300
  learnedpair convert A-A.pot A-B.pot B-B.pot mixture.table
  learnedpair convert delta.pt "table_{pair}.xvg" --pair O,H

The formats are those of the endings: .table LAMMPS, .xvg GROMACS, .pot VOTCA, .json UF3. LAMMPS and UF3 have one file
for all pairs. GROMACS and VOTCA have one for each pair: {pair} in the name of the output is replaced by the pair.

For each table, the command prints how far the curve that is read back is from the input, measured between the rows.
"""

from pathlib import Path

from ..checking.results import format_table
from ..formats.reading import FORMATS, choose_format
from .apply import read_model
from .conversion_options import is_same_file, read_coefficients, read_pairs, read_sections, read_units
from .output import require_inputs, require_json, require_output, write_json

HELP = "convert tables of other programs, or write a model as tables"
#: The endings of model files.
MODEL_ENDINGS = (".pt", ".pt2")
#: Options that say how tables are read, which a model file does not need.
READING = (
    "from_format",
    "units",
    "section",
    "coefficients",
    "missing",
    "cutoff",
    "inner_cutoff",
    "switching_distance",
    "truncated",
)
#: The unit systems of LAMMPS tables that can be written.
WRITTEN_UNITS = ("real", "metal", "electron")
#: Remedies that messages give in Python, as in OPTIONS of the program.
REMEDIES = (
    (r"give format|the format is", "format is --from for the input, and --to for the output"),
    (r"give units|units is|leave units", "units is --units, such as --units real or --units angstrom,kcal/mol"),
    (r"sections", "sections={'NAME': ('A', 'B')} is --section NAME=A,B, and --section NAME= for None"),
    (r"coefficients", "coefficients={('A', 'B'): (q, C6, C12)} is --coefficients A,B=q,C6,C12"),
    (r"missing='zero'", "missing='zero' is --missing zero"),
    (r"truncated=True", "truncated=True is --truncated"),
    (r"switching_distance", "switching_distance is --switching-distance"),
    (r"inner_cutoff", "inner_cutoff is --inner-cutoff"),
    (r"choose one pair", "a pair is chosen by --pair A,B"),
)


def add_arguments(parser):
    parser.add_argument(
        "inputs", type=Path, nargs="+", metavar="input", help="table files of one format, or one model file (.pt, .pt2)"
    )
    parser.add_argument("output", type=Path, help="file to write")
    parser.add_argument("--from", dest="from_format", choices=FORMATS, help="format of the input (default: by ending)")
    parser.add_argument("--to", dest="to_format", choices=FORMATS, help="format of the output (default: by ending)")
    reading = parser.add_argument_group("options for input that is tables")
    reading.add_argument(
        "--units",
        help=(
            "unit system of a LAMMPS table (real, metal, electron), or the length and the energy that the number 1"
            " stands for, such as angstrom,kcal/mol or, for lj, '0.34 nm,0.996 kJ/mol'"
        ),
    )
    reading.add_argument(
        "--section",
        action="append",
        default=[],
        metavar="NAME=A,B",
        help="pair of types of a table, if its name does not tell; NAME= leaves the table out; repeat the option",
    )
    reading.add_argument(
        "--coefficients",
        action="append",
        default=[],
        metavar="A,B=Q,C6,C12",
        help=(
            "factors of a GROMACS table: product of the charges (e^2), C6 (kJ/mol nm^6), C12 (kJ/mol nm^12); without"
            " A,B= for all tables, with an equals sign if Q is negative: --coefficients=-1,0,0; repeat the option"
        ),
    )
    reading.add_argument(
        "--missing", choices=("refuse", "zero"), help="a pair of types without a table (default: refuse)"
    )
    reading.add_argument("--cutoff", type=float, help="in nm (default: the last distance)")
    reading.add_argument("--inner-cutoff", type=float, help="in nm (default: the first distance)")
    reading.add_argument("--switching-distance", type=float, help="in nm, for a table that does not vanish at its end")
    reading.add_argument("--truncated", action="store_const", const=True, help="cut off a table that does not vanish")
    _add_writing(parser.add_argument_group("options for the output"))


def _add_writing(writing):
    writing.add_argument("--pair", action="append", default=[], metavar="A,B", help="write this pair only; repeat it")
    writing.add_argument("--rows", type=int, default=2000, help="rows of each table (default: 2000)")
    writing.add_argument(
        "--range", type=float, nargs=2, metavar=("LOW", "HIGH"), help="distances in nm (default: the whole domain)"
    )
    writing.add_argument(
        "--spacing", choices=("distance", "square"), default="distance", help="square: equal steps of r^2, for LAMMPS"
    )
    writing.add_argument("--to-units", choices=WRITTEN_UNITS, help="unit system of a LAMMPS table (default: real)")
    writing.add_argument("--json", type=Path, help="JSON file to write the errors to")


def run(options):
    format_ = _check_options(options)
    pairs = read_pairs(options.pair)
    low, high = options.range or (None, None)
    written = _read(options).write_table(
        options.output,
        format_,
        pairs=pairs,
        rows=options.rows,
        start=low,
        end=high,
        spacing=options.spacing,
        units=options.to_units or "real",
    )
    print("\n".join(_text(written)))
    if options.json is not None:
        inputs = [str(path) for path in options.inputs]
        write_json(options.json, {"inputs": inputs, "format": format_, "tables": [each._asdict() for each in written]})


def _check_options(options):
    """Require that files exist and are not overwritten, and that options fit together. Returns the output's format."""
    require_inputs(options.inputs)
    require_output(options.output, options.inputs)
    require_json(options, options.inputs, options.output)
    for path in options.inputs:
        if is_same_file(options.output, path):
            raise ValueError(
                f"{options.output}: one of the files to write could be {path}, which is read, too; name another folder."
            )
    format_ = choose_format(options.to_format, [str(options.output)])
    if options.to_units is not None and format_ != "lammps":
        raise ValueError(f"--to-units is for LAMMPS tables, and the format of the output is {format_}; leave it out.")
    models = [path for path in options.inputs if path.suffix.lower() in MODEL_ENDINGS]
    if models and len(options.inputs) > 1:
        raise ValueError(f"{models[0]}: this is a model file, and there are other inputs; give it alone.")
    given = [name for name in READING if getattr(options, name) not in (None, [])] if models else []
    if given:
        option = "--from" if given[0] == "from_format" else f"--{given[0].replace('_', '-')}"
        raise ValueError(f"{option} is for tables, and {models[0]} is a model file; leave it out.")
    return format_


def _read(options):
    """The PairModel of the input."""
    if options.inputs[0].suffix.lower() in MODEL_ENDINGS:
        return read_model(options.inputs[0], True, "")
    from ..lowering.load_tables import load_tables  # imported here, since it needs PyTorch

    return load_tables(
        options.inputs,
        format=options.from_format,
        units=read_units(options.units),
        sections=read_sections(options.section),
        coefficients=read_coefficients(options.coefficients),
        missing=options.missing or "refuse",
        cutoff=options.cutoff,
        inner_cutoff=options.inner_cutoff,
        switching_distance=options.switching_distance,
        truncated=bool(options.truncated),
    )


def _text(written):
    """The errors as lines of a table."""
    yield from format_table(
        ["file", "table", "pair", "rows", "energy error", "force error", "relative"],
        [
            [
                each.path,
                each.keyword,
                "-".join(each.pair),
                str(each.rows),
                f"{each.max_energy_error:.2e}",
                f"{each.max_force_error:.2e}",
                f"{each.max_relative_force_error:.2e}",
            ]
            for each in written
        ],
        right=(3, 4, 5, 6),
    )
    yield (
        "The largest errors between the rows, in kJ/mol, in kJ/mol/nm, and of the force relative to |F| + 1 kJ/mol/nm."
    )
