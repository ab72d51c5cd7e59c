# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Compile a model, so that it can be added to Systems without PyTorch.

Example: learnedpair compile delta.pt delta.xml

The file holds the table or program of a model with types, and its assignment rules. learnedpair apply, add_correction
and force field files take it in place of the model.
"""

from pathlib import Path

from .inspect import add_tolerance
from .output import require_inputs, require_output

HELP = "write a model that needs no PyTorch"


def add_arguments(parser):
    parser.add_argument("model", type=Path, help="model file (.pt or .pt2) with types, of pairs or of environments")
    parser.add_argument("output", type=Path, help="file to write (.xml)")
    parser.add_argument(
        "--representation",
        choices=("auto", "table", "program"),
        default="auto",
        help="what the model is converted to (default: auto, a table if possible)",
    )
    add_tolerance(parser)


def run(options):
    require_inputs([options.model])
    require_output(options.output, [options.model])
    from ..lowering.load_environment import load_either  # imported here, since it needs PyTorch
    from ..lowering.pair_model import PairModel

    model = load_either(options.model, options.tolerance)
    if isinstance(model, PairModel):
        choices = {"representation": options.representation, "tolerance": options.tolerance}
    elif options.representation != "auto":
        raise ValueError(
            f"--representation is {options.representation}, and {options.model} is an environment model, whose"
            " densities are tables and whose energies are a program; leave it out."
        )
    else:
        choices = {}
    compiled = model.save_compiled(options.output, **choices)
    print(f"{options.output}: {compiled!r}")
