# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Draw the pair functions of a model with types, and energies of pairs of atoms beside them.

Examples:

  learnedpair plot delta.pt -o delta.png
  learnedpair plot argon.pt --data dimers.csv --length-unit angstrom --energy-unit kcal/mol -o argon.pdf

Each pair of types has a panel, from the inner cutoff to the cutoff, without the switching function. The training domain
is shaded, if the model has one. Global parameters have their default values. The file of --data has the columns type1,
type2, distance and energy; its energies are drawn as they are, and nothing is subtracted.
"""

from pathlib import Path

from ..units import ENERGY, LENGTH
from .apply import read_model
from .output import require_inputs, require_output

HELP = "draw the pair functions of a model"


def add_arguments(parser):
    parser.add_argument("model", type=Path, help="model file (.pt or .pt2) with types")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="figure to write, in the format of its ending (.png, .pdf)"
    )
    parser.add_argument("--data", type=Path, help="CSV file with energies of pairs of atoms")
    parser.add_argument("--length-unit", choices=LENGTH, help="unit of the distances of --data")
    parser.add_argument("--energy-unit", choices=ENERGY, help="unit of the energies of --data")


def run(options):
    read = [options.model, *([] if options.data is None else [options.data])]
    require_inputs(read)
    require_output(options.output, read)
    units = (options.length_unit, options.energy_unit)
    if options.data is not None and None in units:
        raise ValueError("--data needs --length-unit and --energy-unit, the units of the file.")
    if options.data is None and units != (None, None):
        raise ValueError("--length-unit and --energy-unit are for --data; leave them out, or give --data.")
    # These are imported here, since they need PyTorch.
    from ..fit import read_dimers
    from ..fit.model_figure import plot_model

    model = read_model(options.model, True, "")
    data = None
    if options.data is not None:
        data = read_dimers(options.data, length_unit=units[0], energy_unit=units[1], method="")
    num_drawn = plot_model(model, options.output, data)
    for name, value in model.global_parameters.items():
        print(f"{name} = {value:g}")
    if data is not None:
        others = "" if num_drawn == len(data) else f"; the others have types that {options.model} does not have"
        print(f"{num_drawn} of {len(data)} points drawn{others}")
    print(f"{options.output}: written")
