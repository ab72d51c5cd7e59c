# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Show the content of a model file, and the table or the program (or both) that the model can be converted to.

A program is shown step by step, with the length of each value and the stage, which says how often the value is computed
(docs/program.md). On GPUs, a program of up to 512 operations per pair (128 in double precision) runs in OpenMM's own
nonbonded kernel; a larger program runs in a separate kernel.
"""

import argparse
import itertools
import warnings
from pathlib import Path

import numpy as np

from ..errors import LoweringError
from ..lowering.compiled_model import SUFFIX, load_compiled
from ..lowering.tolerance import check_tolerance
from ..models.checks.tail import find_tails, printable
from ..models.metadata.parameters import describe as describe_values
from .features import read_features

HELP = "show the content of a model file"
#: The largest number of pairs that are shown; of more pairs, those with the largest dE/dr are shown.
MAX_PAIRS = 36
#: The largest number of particles with features that are combined to pairs; of more particles, a random sample is used.
MAX_PARTICLES = 300
#: The largest number of steps of a program, and of characters of a step, that are shown without --program.
MAX_STEPS, MAX_STEP_LENGTH = 60, 100
#: The relative positions in the ranges of all features for which the values at the inner cutoff are shown.
RANGE_POSITIONS = {"low": 0.0, "middle": 0.5, "high": 1.0}
#: A pair is called attractive if it gains more energy than this, in kJ/mol, between the inner cutoff and the distance
#: zero. A smaller gain, of less than half of k T at room temperature, does not make particles collapse.
HARMLESS_GAIN = 1.0


def add_arguments(parser):
    parser.add_argument("model", help="model file (.pt, .pt2, or .xml if compiled)")
    add_tolerance(parser)
    parser.add_argument(
        "--features",
        type=Path,
        metavar="FILE",
        help=(
            "file with feature vectors, as for apply, for which the values at the inner cutoff are shown (default: the"
            " ends and the middle of the ranges)"
        ),
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a global parameter for the energies that are shown (default: its default value)",
    )
    parser.add_argument(
        "--program",
        action=argparse.BooleanOptionalAction,
        help=f"show all steps of the program, or none (default: at most {MAX_STEPS})",
    )
    add_tabulate_radial(parser, "default: no")


def add_tolerance(parser):
    """Add the command line option for the tolerance of tables."""
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-4,
        help="force error of tables, relative to |F| + 1 kJ/mol/nm (default: 1e-4)",
    )


def add_tabulate_radial(parser, default):
    """Add the command line option for the argument ``tabulate_radial`` of create_force()."""
    parser.add_argument(
        "--tabulate-radial",
        action=argparse.BooleanOptionalAction,
        help=f"replace the values that depend on the distance alone by a table within the program ({default})",
    )


def run(options):
    if options.model.endswith(SUFFIX):
        return _show_compiled(options)
    from ..lowering.pair_model import load_model  # imported here, since it needs PyTorch

    check_tolerance(options.tolerance)
    model = load_model(options.model)
    parameters = dict(read_parameter(text) for text in options.parameter)
    for name, value in model.global_values(parameters).items():  # raises if a name is wrong
        low, high = model.global_parameter_ranges[name]
        if not low <= value <= high:
            raise ValueError(
                f"--parameter {name} is {value:g}, and {model.source} was checked for values from {low:g} to {high:g};"
                f" stay in that range, which the metadata global_parameters={{{name!r}: (default, low, high)}} set."
            )
    print(model)
    if model.features is None:
        if options.features is not None:
            raise ValueError(
                f"{model.source}: --features was given, but the model takes types ({', '.join(model.types)}); leave it"
                " out."
            )
        _show_typed(model, options)
        pairs = list(itertools.combinations_with_replacement(range(len(model.types)), 2))
        _show_ends(model, [f"{model.types[i]}-{model.types[j]}" for i, j in pairs], *np.array(pairs).T, parameters)
    else:
        _show_featured(model, options, parameters)


def _show_compiled(options):
    """Show a compiled model, which holds no PyTorch module from which anything else could be computed."""
    if options.features is not None or options.parameter or options.program:
        raise ValueError(
            f"{options.model}: --features, --parameter and --program need the model from which this file was compiled;"
            " leave them out, or give that model."
        )
    model = load_compiled(options.model)
    print(f"{model!r}\n  {model.description}")
    for name, rule in model.type_rules.items():
        print(f"  type {name}: {'no rule' if rule is None else rule}")
    print(describe(model.create_force([]).lowering_report))
    return None


def read_parameter(text):
    """Read the name and the value of a global parameter from NAME=VALUE."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ValueError(f"--parameter is {text!r}; expected NAME=VALUE with a number.") from None


def _lower(model, particles, options, representation="auto"):
    return model.create_force(
        particles, tolerance=options.tolerance, representation=representation, tabulate_radial=options.tabulate_radial
    )


def _show_typed(model, options):
    """Show the table and the program. If the model can be converted to only one of them, show why."""
    particles = [name for name in model.types for _ in range(2)]
    if model.global_parameters:
        return _show_program(_lower(model, particles, options), options)
    has_table = True
    try:
        with warnings.catch_warnings(record=True) as caught:  # the tolerance is not reached
            warnings.simplefilter("always")
            force = _lower(model, particles, options)
    except LoweringError as error:
        has_table = False
        print(f"  table:       none. {error}")
    else:
        if force.lowering_report["representation"] == "program":
            print(
                "  table:       none."
                f" {'; '.join(str(warning.message) for warning in caught) or 'It would be too large.'}"
            )
            return _show_program(force, options)
        print(describe(force.lowering_report))
    if has_table and options.program is False:
        return None
    try:
        force = _lower(model, particles, options, "program")
    except LoweringError as error:
        if not has_table:
            raise
        return print(f"  program:     none. {error}")
    return _show_program(force, options)


def _show_featured(model, options, parameters):
    without = [name for name, limits in model.feature_ranges.items() if limits is None]
    if options.features is not None:
        given = model.feature_rows(read_features(options.features, None))
        if np.isnan(given).all():
            raise ValueError(f"{options.features}: there is no particle with features in the file.")
        distinct = np.unique(given[~np.isnan(given).any(axis=1)], axis=0)
        rows = {f"({', '.join(f'{value:g}' for value in row)})": row for row in distinct}
        legend = f"The pairs are those of the {len(rows)} distinct rows of {options.features}."
    elif without:
        # Without particles the number of knots cannot be chosen, so the radial part is tabulated on request only.
        options.tabulate_radial = bool(options.tabulate_radial)
        _show_program(_lower(model, [], options), options, measured=False)
        print(
            f"The model was not evaluated: it does not say which range {', '.join(without)} may have. Give rows with"
            " --features."
        )
        return
    else:
        low, high = np.array(list(model.feature_ranges.values())).T
        rows = {name: low + position * (high - low) for name, position in RANGE_POSITIONS.items()}
        legend = (
            "Low, middle and high are particles with all features at the lower end, in the middle and at the upper end"
            " of their ranges."
        )
    _show_program(_lower(model, list(rows.values()), options), options)
    names = list(rows)
    if len(names) > MAX_PARTICLES:
        names = [names[k] for k in np.sort(np.random.default_rng(0).choice(len(names), MAX_PARTICLES, replace=False))]
        legend += f" {MAX_PARTICLES} of them at random."
    pairs = list(itertools.combinations_with_replacement(names, 2))
    print(legend)
    _show_ends(
        model,
        ["-".join(pair) for pair in pairs],
        *(np.array([rows[pair[k]] for pair in pairs]) for k in (0, 1)),
        parameters,
    )


def _show_program(force, options, measured=True):
    summary, error = describe(force.lowering_report).splitlines()
    print(summary)
    if measured:
        print(error)
    lines = force.getFunction().describe().strip().splitlines()
    count = next(index for index, line in enumerate(lines) if line.startswith("output"))
    if options.program or (options.program is None and count <= MAX_STEPS):
        shown = lines[: count + 1]
    elif options.program is None:
        shown = [*lines[:MAX_STEPS], f"... and {count - MAX_STEPS} more steps; --program shows all of them"]
    else:
        shown = []
    for line in [*(shown if options.program else map(_cut, shown)), *lines[count + 1 :]]:
        print(line)


def _cut(line):
    """Shorten a step that is too long for a line; keep its stage."""
    step, separator, stage = line.partition("  # ")
    return line if len(step.rstrip()) <= MAX_STEP_LENGTH else f"{step[: MAX_STEP_LENGTH - 4]} ...{separator}{stage}"


def _show_ends(model, names, particle1, particle2, parameters):
    """Show the functions of pairs at the inner cutoff and towards the cutoff."""
    _show_inner_cutoff(model, names, particle1, particle2, parameters)
    _show_tails(model, names, particle1, particle2, parameters)


def _show_tails(model, names, particle1, particle2, parameters):
    values = model.global_values(parameters)
    tails = find_tails(model, names, particle1, particle2, values)
    shown = sorted(tails, key=lambda tail: -tail.lost)[:MAX_PAIRS]
    end = (
        "truncated"
        if model.truncated
        else (
            "made zero by the model itself"
            if model.switching_distance is None
            else f"switched off from {model.switching_distance:g} nm"
        )
    )
    print(f"At the cutoff, {model.cutoff:g} nm, where each function is {end}{describe_values(values)}:")
    for tail in shown:
        print(f"  {tail}")
    if len(tails) > len(shown):
        print(f"  and {len(tails) - len(shown)} more pairs that lose less")
    ending = (
        ""
        if model.truncated
        else "Whatever the curve is, an envelope or a switching function brings it to zero at the cutoff. "
    )
    print(
        f"{ending}If the r^-6 curve holds much more than this one, a dispersion-like interaction is cut off: "
        "its energy and pressure in a liquid are missing, and a longer cutoff changes the result."
    )


def _show_inner_cutoff(model, names, particle1, particle2, parameters):
    values = model.global_values(parameters)
    where = f", with {', '.join(f'{name} = {value:g}' for name, value in values.items())}" if values else ""
    print(
        f"At the inner cutoff, {model.inner_cutoff:g} nm, below which each function goes on as a straight line{where}:"
    )
    energies, dEdR = model.evaluate(np.full(len(names), model.inner_cutoff), particle1, particle2, **parameters)
    attractive = dEdR * model.inner_cutoff > HARMLESS_GAIN
    shown = np.arange(len(names))
    if len(names) > MAX_PAIRS:
        shown = np.argsort(-dEdR, kind="stable")[:MAX_PAIRS]
    width = max(10, *(len(names[k]) for k in shown))
    for k in shown:
        print(
            f"  {names[k]:<{width}} {printable(energies[k]):12.4g} kJ/mol, dE/dr {printable(dEdR[k]):10.4g}"
            f" kJ/mol/nm{', ATTRACTIVE' if attractive[k] else ''}"
        )
    if len(names) > len(shown):
        print(
            f"  and {len(names) - len(shown)} more pairs with smaller dE/dr; {attractive.sum()} of all {len(names)} are"
            " ATTRACTIVE"
        )
    if attractive.any():
        print(
            f"ATTRACTIVE: between the inner cutoff and the distance zero such a pair gains more than {HARMLESS_GAIN:g}"
            " kJ/mol. This is harmless if the force field has a repulsive wall, such as Lennard-Jones between two atoms"
            " with a radius. Without a wall, as between the hydrogens of TIP3P, particles may collapse onto each other:"
            " train with repulsion at short distances, or leave that pair out."
        )


def describe(report):
    """Describe a lowering report in two lines, or state in one line that there is none."""
    if "representation" not in report:
        return "  function:    made by hand, without a report"
    if "expression" in report:  # of from_custom_nonbonded(), whose program has the steps of the expression
        return f"  expression:  {report['expression']}, of the {report['model']}"
    if report["representation"] == "environment":
        tables = f", tables of {report['knots']} knots" if "knots" in report else ""
        return f"  environment: densities up to {report['domain_nm'][1]:g} nm{tables}, and a program for each atom"
    if report["representation"] == "program":
        knots = report["radial_knots"]
        table = f", radial part in a table of {knots} knots" if knots else ""
        return (
            f"  program:     {report['weights']} weights, {report['multiply_adds_per_pair']} multiply-adds per"
            f" pair{table}\n  its error:   force at most {report['max_relative_force_error']:.2g} of |F| + 1 kJ/mol/nm,"
            f" energy at most {report['max_energy_error']:.2g} kJ/mol, in double precision at sampled pairs"
        )
    return (
        f"  table:       {report['curves']} curve{'s' * (report['curves'] != 1)}, {report['knots']} knots,"
        f" {report['bytes']} bytes\n  its error:  "
        f" per pair, force at most {report['max_relative_force_error']:.2g} of |F| + 1 kJ/mol/nm (RMS"
        f" {report['rms_force_error']:.2g} kJ/mol/nm), energy at most {report['max_energy_error']:.2g} kJ/mol (RMS"
        f" {report['rms_energy_error']:.2g})"
    )
