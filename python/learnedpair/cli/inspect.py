# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Show what a model file contains, and what it becomes when it is compiled into a table."""

import itertools

HELP = "show what a model file contains"
MOST_PAIRS = 36


def add_arguments(parser):
    parser.add_argument("model", help="model file (.pt or .pt2)")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="force error of the table, relative to |F| + 1 kJ/mol/nm (default: 1e-4)")


def run(options):
    from ..model import load_model  # needs PyTorch, which the other commands can do without

    model = load_model(options.model)
    print(model)
    report = model.create_force([name for name in model.types for _ in range(2)], tolerance=options.tolerance).lowering_report
    print(describe(report))
    print(f"At the inner cutoff, {model.inner_cutoff:g} nm, below which each function goes on as a straight line:")
    pairs = list(itertools.combinations_with_replacement(range(len(model.types)), 2))
    for i, j in pairs[:MOST_PAIRS]:
        (energy,), (slope,) = model.evaluate([model.inner_cutoff], [i], [j])
        print(f"  {model.types[i] + '-' + model.types[j]:<10} {energy:12.4g} kJ/mol, slope {slope:10.4g} kJ/mol/nm{', ATTRACTIVE: particles may fall onto each other' if slope > 0 else ''}")
    if len(pairs) > MOST_PAIRS:
        print(f"  and {len(pairs) - MOST_PAIRS} more pairs of types")


def describe(report):
    """A lowering report in two lines."""
    return (
        f"  table:       {report['curves']} curves, {report['knots']} knots, {report['bytes']} bytes\n"
        f"  its error:   per pair, force at most {report['max_relative_force_error']:.2g} of |F| + 1 kJ/mol/nm (RMS {report['rms_force_error']:.2g} kJ/mol/nm), "
        f"energy at most {report['max_energy_error']:.2g} kJ/mol (RMS {report['rms_energy_error']:.2g})"
    )
