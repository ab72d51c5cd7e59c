# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Add a correction to a System that is stored as XML, and store the result as XML.

Example: learnedpair apply system.xml topology.pdb delta.pt corrected.xml

A model with features needs --features FILE with one row for each particle of the System. The file is a NumPy array
(.npy) or a text file with one line for each particle, whose numbers are separated by commas or spaces. A row of nan, or
an empty line of a text file, is a particle that is not covered. Lines that begin with # are ignored.
"""

from pathlib import Path

import openmm
from openmm import app

from ..applying.apply import add_correction
from ..force.expected_evaluation import describe_evaluation
from ..force.learned_pair_force import describe_coverage
from ..formats.text import write_text
from ..lowering.compiled_model import SUFFIX, load_compiled
from .features import read_features
from .inspect import add_tabulate_radial, add_tolerance, describe
from .output import require_output

HELP = "add a correction to a System's XML file"


def add_arguments(parser):
    parser.add_argument("system", type=Path, help="XML file of the System")
    parser.add_argument("topology", type=Path, help="PDB or PDBx/mmCIF file with the same particles")
    parser.add_argument(
        "model", help="model file (.pt, .pt2, or .xml if compiled), with assignment rules if it has types"
    )
    parser.add_argument("output", type=Path, help="XML file to write")
    parser.add_argument(
        "--features",
        type=Path,
        metavar="FILE",
        help="features of the particles (.npy or text), for a model with features",
    )
    parser.add_argument(
        "--type",
        action="append",
        default=[],
        metavar="NAME=RULE",
        help=(
            "rule for the atoms of a type, such as Na=NA:Na, which replaces the rules in the model; repeat the option"
            " for further rules; an empty rule, as in Na=, means that there are no such atoms"
        ),
    )
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        metavar="RULE",
        help=(
            "rule for atoms that have no type, such as HOH:H1, which takes precedence over the other rules; repeat the"
            " option for further rules. *:* means all atoms that no other rule selects"
        ),
    )
    add_choice_of_pairs(parser)
    parser.add_argument("--scale", help="name of a global parameter that multiplies the correction")
    parser.add_argument("--force-group", type=int, default=0)
    parser.add_argument(
        "--representation",
        choices=("auto", "table", "program"),
        default="auto",
        help="what the model is converted to (default: auto, a table if possible)",
    )
    add_tolerance(parser)
    parser.add_argument(
        "--evaluation",
        choices=("auto", "exact", "table"),
        default="auto",
        help="how a Context evaluates a program (default: auto, with tables for its distinct particles if possible)",
    )
    add_tabulate_radial(parser, "default: with --representation auto --evaluation exact")


def add_choice_of_pairs(parser):
    """Add the options that say which pairs are corrected."""
    parser.add_argument(
        "--exclusions",
        default="nonbonded",
        metavar="WHICH",
        help=(
            "pairs without a correction: nonbonded (those of the System's nonbonded forces, the default), molecules"
            " (all pairs inside molecules), or a number, such as 3 (pairs up to three bonds apart)"
        ),
    )
    parser.add_argument(
        "--scale-14",
        type=float,
        metavar="FACTOR",
        help=(
            "factor of the correction of pairs that are three bonds apart; without this option, --exclusions decides"
            " about them"
        ),
    )
    parser.add_argument(
        "--between",
        nargs=2,
        action="append",
        metavar="RULE",
        help=(
            "correct only pairs of an atom that the first rule selects with one that the second rule selects, such as"
            " LIG:* HOH:*; repeat the option for further pairs of rules"
        ),
    )


def run(options):
    require_output(options.output, (options.system, options.topology, Path(options.model)))
    system = read_system(options.system)
    topology = read_structure(options.topology).topology
    model = read_applicable_model(options.model, options.features is not None, "give a file with them by --features")
    features = None if options.features is None else read_features(options.features, system.getNumParticles())
    force = add_correction(
        system,
        topology,
        model,
        types=read_types(options),
        features=features,
        exclusions=int(options.exclusions) if options.exclusions.isdecimal() else options.exclusions,
        scale_14=options.scale_14,
        between=options.between,
        scale=options.scale,
        force_group=options.force_group,
        representation=options.representation,
        tolerance=options.tolerance,
        evaluation=options.evaluation,
        tabulate_radial=options.tabulate_radial,
    )
    write_text(options.output, openmm.XmlSerializer.serialize(system))
    print(f"{options.output}: {describe_coverage(force)}, {describe_pairs(force)}")
    print(f"evaluation: {describe_evaluation(force)}")
    print(describe(force.lowering_report))


def describe_pairs(force):
    """Describe which pairs of a force are special."""
    numbers = {
        "pairs excluded": force.getNumExclusions(),
        "pairs scaled": force.getNumExceptions(),
        "interaction groups": force.getNumInteractionGroups(),
    }
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number or name == "pairs excluded")


def read_types(options):
    """Convert --type and --leave-out to the argument ``types`` of add_correction(); None without these options."""
    types = {}
    for text in options.type:
        name, separator, rule = text.partition("=")
        if not name or not separator:
            raise ValueError(
                f"--type is {text!r}; expected NAME=RULE, such as O=HOH:O, or NAME= if there are no such atoms."
            )
        types[name] = [*(types.get(name) or []), rule] if rule else None
    if options.leave_out:
        types[None] = options.leave_out
    return types or None


def read_applicable_model(path, with_features, remedy):
    """As read_model(), for a model that is only going to be added to a System; it may be compiled."""
    return load_compiled(path) if str(path).endswith(SUFFIX) else read_model(path, with_features, remedy)


def read_model(path, with_features, remedy):
    """Load a model, and require that features are given if the model needs them.

    Parameters
    ----------
    path : path-like
    with_features : bool
        Whether features are given.
    remedy : str
        How to give features, as the end of a sentence.
    """
    from ..lowering.pair_model import load_model  # imported here, since it needs PyTorch

    model = load_model(path)
    if model.features is not None and not with_features:
        raise ValueError(f"{path}: the model has the features {', '.join(model.features)} of each particle; {remedy}.")
    return model


def read_system(path):
    """Read a System from an XML file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "<System" in text and not text.rstrip().endswith("</System>"):  # OpenMM's parser may not notice
            raise ValueError("the end is missing")
        system = openmm.XmlSerializer.deserialize(text)
    except (ValueError, openmm.OpenMMException) as error:
        raise ValueError(
            f"{path}: this is not the XML of a System, or only a part of it ({' '.join(str(error).split())})."
        ) from error
    if not isinstance(system, openmm.System):
        raise ValueError(f"{path}: the file holds a {type(system).__name__}, not a System.")
    return system


def read_structure(path):
    """Read a structure from a PDB or PDBx/mmCIF file."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    reader = app.PDBxFile if path.suffix.lower() in (".cif", ".mmcif", ".pdbx") else app.PDBFile
    try:
        return reader(str(path))
    except Exception as error:  # the readers raise many types of exceptions
        raise ValueError(f"{path}: the structure cannot be read ({type(error).__name__}: {error}).") from error
