# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Draws the design space between molecular mechanics and machine learning: potentials for water, by the time of a step
over that of TIP3P and by the error of their forces.

    python benchmarks/design_space.py --json benchmarks/results/design_space.json --figure docs/design_space.png

See benchmarks/README.md. The figure is named after Y. Wang et al., "On the design space between molecular mechanics and
machine learning force fields" (2024), https://arxiv.org/abs/2409.01931.
"""

import argparse
import copy
import importlib.metadata
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from alternatives import python_force
from boxes import make_water_box
from design_space_figure import draw
from networks import MAX_FORCE_DIFFERENCE, TYPED, added_forces
from other_potentials import SEVENNET, Gfn2, SevenNet, find_potentials
from support import (
    DifferentFunctionError,
    add_timing_arguments,
    create_timed,
    describe_machine,
    describe_platform,
    platform_properties,
    summarize,
    time_block,
    time_in_turns,
    versions,
    write_report,
)
from variants import exclude
from water_dimers import (
    DIMERS,
    TYPES,
    fit_many_body,
    fit_network,
    fit_spline,
    force_error,
    forces_of_dimers,
    read_dimers,
)

#: Molecules in one nm^3 of liquid water.
DENSITY = 33.4
#: The angular orders of the densities of many-body corrections, which follow a spline of pairs.
MANY_BODY = {"radial": [0] * 8, "radial, angular": [0] * 8 + [1] * 4 + [2] * 4}
#: What --quick changes.
QUICK = {"networks": ["8-8-1"], "epochs": 2, "repeats": 2, "seconds": 0.02, "warm_up": 2, "compiled": False}
COLUMNS = ("kind", "name", "force error [95 %], kJ/mol/nm", "MM ms/step", "ms/step", "ratio [min, max]")
TABLE_HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"


@dataclass(frozen=True)
class Correction:
    """A correction of TIP3P.

    Attributes
    ----------
    kind : str
        "spline", "many-body", "table", "exact" or "python".
    name : str
        Its label in the figure.
    make : function
        ``make(types, excluded, edges)`` returns a list of Forces, as for ``forces_of_dimers``.
    """

    kind: str
    name: str
    make: Callable

    @property
    def label(self):
        return f"{self.kind} {self.name}"


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_timing_arguments(parser)
    parser.set_defaults(threads=2)
    parser.add_argument("--figure", type=Path, help="image to write, such as .png or .svg")
    parser.add_argument("--redraw", type=Path, help="draw the figure from this JSON file, and measure nothing")
    parser.add_argument("--data", type=Path, default=DIMERS, help="file of examples/water/make_dataset.py")
    parser.add_argument("--waters", type=int, default=216, help="molecules in the box that is timed")
    parser.add_argument("--cutoff", type=float, default=0.9, help="cutoff of the corrections, nm")
    parser.add_argument("--networks", nargs="+", choices=list(TYPED), default=list(TYPED))
    parser.add_argument("--epochs", type=int, default=2000, help="epochs in which a network is fitted")
    parser.add_argument(
        "--compiled",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compile the networks of PythonForce by torch.compile, which makes them faster",
    )
    parser.add_argument("--slow-repeats", type=int, default=3, help="timed evaluations of GFN2-xTB and SevenNet")
    parser.add_argument("--sevennet", choices=list(SEVENNET), default=SevenNet.model, help="model of SevenNet")
    parser.add_argument("--errors-only", action="store_true", help="fit and compute errors; time and draw nothing")
    parser.add_argument("--quick", action="store_true", help="a short test, without GFN2-xTB and SevenNet")
    arguments = parser.parse_args()
    if arguments.quick:
        vars(arguments).update(QUICK)
    if arguments.cutoff > nonbonded_cutoff(arguments.waters):
        parser.error(
            f"--cutoff is {arguments.cutoff:g} nm, longer than that of TIP3P in this box,"
            f" {nonbonded_cutoff(arguments.waters):g} nm; choose a shorter one, or more --waters"
        )
    return arguments


def nonbonded_cutoff(waters):
    """Choose the cutoff of TIP3P (nm): 0.9, or less in a small box."""
    return min(0.9, math.floor(49 * (waters / DENSITY) ** (1 / 3)) / 100)


def learned_pair_maker(*models, **options):
    """Get the function that creates the LearnedPairForces of some models."""

    def make(types, excluded, edges):
        forces = [model.create_force(types, **options) for model in models]
        for force in forces:
            exclude(force, excluded)
        return forces

    return make


def python_maker(model, cutoff, compiled):
    """Get the function that creates a PythonForce with the network of a model."""
    network = copy.deepcopy(model.module).float()

    def make(types, excluded, edges):
        return [python_force(network, types, excluded, edges, cutoff, compiled)]

    return make


def make_corrections(dimers, arguments):
    """Fit the spline and the networks; returns a list of Corrections."""
    cutoff = arguments.cutoff
    spline = fit_spline(dimers, cutoff)
    corrections = [Correction("spline", "spline", learned_pair_maker(spline.model))]
    for name, angular in MANY_BODY.items():
        start = time.perf_counter()
        model = fit_many_body(spline, dimers, angular, math.ceil(arguments.epochs / 10))
        print(f"many-body correction, {name}: fitted in {time.perf_counter() - start:.0f} s", flush=True)
        corrections.append(Correction("many-body", name, learned_pair_maker(spline.model, model)))
    for name in arguments.networks:
        start = time.perf_counter()
        model = fit_network(name, dimers, cutoff, arguments.epochs)
        print(f"network {name}: fitted in {time.perf_counter() - start:.0f} s", flush=True)
        for evaluation in ("table", "exact"):
            maker = learned_pair_maker(model, representation="program", evaluation=evaluation)
            corrections.append(Correction(evaluation, name, maker))
        corrections.append(Correction("python", name, python_maker(model, cutoff, arguments.compiled)))
    return corrections


def measure_errors(dimers, corrections, potentials):
    """Compute the errors of all potentials for the held-out dimers; returns the points, as a list of dict."""
    missing = np.array([each.force_difference for each in dimers.held_out])
    reference = np.array([each.forces for each in dimers.held_out])
    points = [{"kind": "mm", "name": "TIP3P", **force_error(missing, dimers.snapshot)}]
    for each in corrections:
        added = forces_of_dimers(each.make, dimers.positions)
        points.append({"kind": each.kind, "name": each.name, **force_error(added - missing, dimers.snapshot)})
    for potential in potentials:
        # The forces inside of an isolated molecule have no sum, and are not subtracted.
        compute = potential(TYPES)
        forces = np.array([compute(dimer) for dimer in dimers.positions])
        error = force_error(forces - reference, dimers.snapshot)
        about = {"name": potential.label, "note": potential.note, "training": potential.training}
        points.append({"kind": "other", **about, **error})
    return points


def create_contexts(box, corrections, arguments):
    """Create the Contexts of TIP3P and of all corrections, after a check that the forms of a network agree."""
    properties = platform_properties(arguments)
    baseline = create_timed(box.system, box.positions, arguments.platform, properties)
    timed, expected = {}, {}
    for each in sorted(corrections, key=lambda each: each.kind != "exact"):  # exact programs are the first
        system = copy.deepcopy(box.system)
        for force in each.make(box.types, box.excluded, box.edges):
            system.addForce(force)
        timed[each.label] = create_timed(system, box.positions, arguments.platform, properties)
        if each.kind == "exact":
            expected[each.name] = added_forces(system, box.system, box.positions)
        if each.name in expected:
            added, right = timed[each.label].forces - baseline.forces, expected[each.name]
            difference = float(np.linalg.norm(added - right) / np.linalg.norm(right))
            if not difference <= MAX_FORCE_DIFFERENCE:
                raise DifferentFunctionError(
                    f"{each.label}: the forces differ by {difference:.1e} from those of the exact program on Reference;"
                    f" allowed {MAX_FORCE_DIFFERENCE:g}."
                )
    return baseline, timed


def time_potential(potential, box, baseline, arguments):
    """Time the forces of another potential at consecutive steps of TIP3P, and a block of TIP3P before each."""
    compute = potential(["H" if type else "O" for type in box.types], box.edges)
    context, pairs = baseline.context, []
    steps = round(arguments.seconds / time_block(baseline, 50) * 50)
    trajectory = []
    for _ in range(arguments.slow_repeats + 1):
        context.getIntegrator().step(1)
        trajectory.append(context.getState(positions=True).getPositions(asNumpy=True)._value)
    compute(trajectory[0])
    for positions in trajectory[1:]:
        of_mm = time_block(baseline, steps) / steps
        start = time.perf_counter()
        compute(positions)
        pairs.append((of_mm, time.perf_counter() - start))
        print(f"{potential.label}: {pairs[-1][1]:.1f} s for the forces of the box", flush=True)
    return summarize(pairs, 1)


def measure_times(points, corrections, potentials, arguments):
    """Add the times to the points; returns a description of the box."""
    torch.set_num_threads(arguments.threads)
    box = make_water_box(arguments.waters, nonbonded_cutoff(arguments.waters))
    baseline, timed = create_contexts(box, corrections, arguments)
    times = time_in_turns(baseline, timed, arguments.seconds, arguments.repeats, arguments.warm_up)
    for potential in potentials:
        times[f"other {potential.label}"] = time_potential(potential, box, baseline, arguments)
    for point in points:
        point.update({"ratio": 1.0} if point["kind"] == "mm" else times[f"{point['kind']} {point['name']}"])
    return {
        "name": box.name,
        "atoms": box.atoms,
        "edges_nm": box.edges.tolist(),
        "nonbonded_cutoff_nm": nonbonded_cutoff(arguments.waters),
        "platform": describe_platform(baseline.context),
    }


def format_point(point):
    """Format a point as a row of a table."""
    low, high = point["force_error_range"]
    row = f"| {point['kind']} | {point['name']} | {point['force_error']:.1f} [{low:.1f}, {high:.1f}] |"
    if "variant_ms" in point:
        ratios = f"{point['ratio']:.4g} [{point['ratio_min']:.4g}, {point['ratio_max']:.4g}]"
        return f"{row} {point['baseline_ms']:.2f} | {point['variant_ms']:.4g} | {ratios} |"
    return f"{row} | | |"


def measure(arguments):
    """Measure everything; returns a dict for JSON."""
    torch.set_num_threads(1)  # the batches of the fits are small
    SevenNet.choose(arguments.sevennet)
    potentials, left_out = find_potentials(arguments.threads)
    if arguments.quick:
        potentials, left_out = [], {each.label: "left out by --quick" for each in (Gfn2, SevenNet)}
    for label, reason in left_out.items():
        print(f"{label} is left out: {reason}")
    dimers = read_dimers(arguments.data)
    parts = {name: len(getattr(dimers, name)) for name in ("training", "validation", "held_out")}
    packages = {each.package: importlib.metadata.version(each.package) for each in potentials}
    hidden = ("json", "figure", "redraw", "data")
    report = {
        "machine": describe_machine(),
        "versions": {**versions(), **packages},
        "arguments": {name: value for name, value in vars(arguments).items() if name not in hidden},
        "reference": {"method": dimers.held_out.method, "file": dimers.held_out.source, "dimers": parts},
        "left_out": left_out,
    }
    corrections = make_corrections(dimers, arguments)
    report["points"] = measure_errors(dimers, corrections, potentials)
    if not arguments.errors_only:
        report["box"] = measure_times(report["points"], corrections, potentials, arguments)
    print("\n".join(["", TABLE_HEAD, *map(format_point, report["points"])]))
    return report


def main():
    """Measure and draw, or draw; returns the exit status."""
    arguments = parse_arguments()
    if arguments.redraw is not None:
        report = json.loads(arguments.redraw.read_text(encoding="utf-8"))
    else:
        try:
            report = measure(arguments)
        except DifferentFunctionError as error:
            print(f"design_space: {error}", file=sys.stderr)
            return 1
        write_report(report, arguments.json)
    if arguments.figure is not None and "box" in report:
        draw(report, arguments.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
