# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Show what a model file contains, and what it becomes when it is compiled into a table."""

HELP = "show what a model file contains"


def add_arguments(parser):
    parser.add_argument("model", help="model file (.pt or .pt2)")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="force error of the table, relative to |F| + 1 kJ/mol/nm (default: 1e-4)")


def run(options):
    from ..model import load_model  # needs PyTorch, which the other commands can do without

    model = load_model(options.model)
    print(model)
    report = model.create_force([name for name in model.types for _ in range(2)], tolerance=options.tolerance).lowering_report
    print(describe(report))


def describe(report):
    """A lowering report in two lines."""
    return (
        f"  table:       {report['curves']} curves, {report['knots']} knots, {report['bytes']} bytes\n"
        f"  its error:   force at most {report['max_force_error']:.2g} kJ/mol/nm (RMS {report['rms_force_error']:.2g}), "
        f"energy at most {report['max_energy_error']:.2g} kJ/mol (RMS {report['rms_energy_error']:.2g}) per pair"
    )
