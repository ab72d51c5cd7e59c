# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulate water with and without a learned correction, side by side.

Builds a box of TIP3P water, adds the correction that ships with this package (GFN2-xTB minus TIP3P, learned on dimers),
minimizes, and runs both systems at constant pressure. Writes into the output folder:

  start.pdb         the structure
  system.xml        the System with its correction, which runs without PyTorch and without this command
  trajectory.dcd    of the corrected system
  log.csv           energies, density and speed of the corrected system
  rdf.csv, rdf.png  the O-O radial distribution function with and without the correction

The stored System runs again, also where PyTorch is not installed:

  learnedpair demo --system demo_output/system.xml --pdb demo_output/start.pdb --output again
"""

import copy
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openmm
from openmm import app, unit

from ..devices import find_platform
from ..force.learned_pair_force import LearnedPairForce, describe_coverage
from .input import Input, add_input_arguments, check_input, echo, minimized, prepare, without_correction
from .inspect import describe
from .rdf import RadialDistribution

HELP = "simulate water with and without a correction"
TEMPERATURE, PRESSURE, TIME_STEP = 300 * unit.kelvin, 1 * unit.bar, 4 * unit.femtoseconds
FRAMES = 40


def add_arguments(parser):
    parser.add_argument("--platform", help="OpenMM platform (default: the fastest one that is really there)")
    parser.add_argument(
        "--steps", type=int, default=2000, help="steps of 4 fs, for each of the two systems (default: 2000)"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("demo_output"), help="folder to write to (default: demo_output)"
    )
    parser.add_argument("--overwrite", action="store_true", help="write to the folder even if there are files in it")


def run(options):
    if options.steps < FRAMES:
        raise ValueError(f"--steps is {options.steps}; expected at least {FRAMES}, one for each frame.")
    platform = find_platform(options.platform)
    check_input(options)
    if options.output.exists() and not options.output.is_dir():
        raise ValueError(
            f"{options.output}: this is a file, and not a folder to write to; name another one by --output."
        )
    if options.output.exists() and any(options.output.iterdir()) and not options.overwrite:
        raise ValueError(
            f"{options.output}: there are files in the folder; name another one by --output, or say --overwrite."
        )
    echo(f"Platform: {platform.getName()}")
    what = prepare(options)
    correction = next(
        LearnedPairForce.cast(force)
        for force in what.system.getForces()
        if LearnedPairForce.is_learned_pair_force(force)
    )
    echo(f"System: {describe_coverage(correction)}")
    echo(f"Correction: {correction.lowering_report.get('description', '')}\n{describe(correction.lowering_report)}")
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "system.xml").write_text(openmm.XmlSerializer.serialize(what.system), encoding="utf-8")
    with open(options.output / "start.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(what.topology, what.positions, file, keepIds=True)

    interval = -(-options.steps // FRAMES)
    runs = [Run("without", without_correction(what.system), what, platform), Run("with", what.system, what, platform)]
    runs[1].report_to(options.output, interval)
    for frame in range(FRAMES):  # in turn, so that whatever else the machine does slows down both
        for run_ in runs:
            run_.advance(interval, measure=frame >= FRAMES // 2)  # the first half is for the structure to settle
        show_progress(frame + 1, interval, runs)
    report(*runs, what, platform, options)


@dataclass
class Run:
    """One of the two simulations, and what is measured of it."""

    name: str
    system: openmm.System
    what: Input
    platform: openmm.Platform
    seconds: list = field(default_factory=list)  # of each block of steps

    def __post_init__(self):
        system = copy.deepcopy(self.system)
        system.addForce(openmm.MonteCarloBarostat(PRESSURE, TEMPERATURE, 25))
        integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, 1 / unit.picosecond, TIME_STEP)
        integrator.setRandomNumberSeed(1)
        self.simulation = app.Simulation(self.what.topology, system, integrator, self.platform)
        self.simulation.context.setPositions(minimized(system, self.what.positions))
        self.simulation.context.setVelocitiesToTemperature(TEMPERATURE, 1)
        oxygens = [
            atom.index
            for atom in self.what.topology.atoms()
            if atom.element is app.element.oxygen and atom.residue.name == "HOH"
        ]
        width = box_of(self.simulation.context.getState()).diagonal().min()
        self.distribution = RadialDistribution(oxygens, longest=min(1.0, 0.45 * width)) if len(oxygens) > 1 else None

    def report_to(self, folder, interval):
        """Write a trajectory and a log."""
        self.simulation.reporters.append(app.DCDReporter(str(folder / "trajectory.dcd"), interval))
        self.simulation.reporters.append(
            app.StateDataReporter(
                str(folder / "log.csv"),
                interval,
                step=True,
                time=True,
                potentialEnergy=True,
                temperature=True,
                density=True,
                speed=True,
            )
        )

    def advance(self, steps, measure):
        """Run a block of steps, and add its last frame to g(r) if it is to be measured."""
        start = time.perf_counter()
        self.simulation.step(steps)
        self.state = self.simulation.context.getState(positions=True, energy=True)
        self.seconds.append(time.perf_counter() - start)
        if not np.isfinite(self.state.getPotentialEnergy()._value):
            raise ValueError(
                f"the simulation {self.name} the correction has become unstable after {len(self.seconds) * steps}"
                " steps."
            )
        if measure and self.distribution is not None:
            self.distribution.add(self.state.getPositions(asNumpy=True)._value, box_of(self.state))

    def speed(self, interval):
        """In ns/day, by the median block: the first ones include compiling and the barostat's search."""
        return interval * TIME_STEP.value_in_unit(unit.nanoseconds) / statistics.median(self.seconds) * 86400


def show_progress(frames, interval, runs):
    """A bar that grows on a terminal; in a file, its last state alone."""
    last = frames == FRAMES
    if last or sys.stderr.isatty():
        bar = "#" * (30 * frames // FRAMES)
        speeds = ", ".join(f"{run_.speed(interval):.1f} {run_.name}" for run_ in runs)
        print(
            f"\r[{bar:<30}] {frames * interval:>6} steps, ns/day {speeds} the correction ",
            end="\n" if last else "",
            file=sys.stderr,
            flush=True,
        )


def box_of(state):
    return np.array([list(vector) for vector in state.getPeriodicBoxVectors().value_in_unit(unit.nanometer)])


def energies_by_force(system, state, platform):
    """The energy of each force, by putting each into a force group of its own."""
    system = copy.deepcopy(system)
    for index, force in enumerate(system.getForces()):
        force.setForceGroup(index)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
    context.setPositions(state.getPositions())
    return [
        (force.getName(), context.getState(energy=True, groups={index}).getPotentialEnergy()._value)
        for index, force in enumerate(system.getForces())
    ]


def report(plain, corrected, what, platform, options):
    """Print the energy breakdown and speeds, and write the radial distribution functions."""
    echo("Energies at the end, kJ/mol:")
    for name, energy in energies_by_force(what.system, corrected.state, platform):
        echo(f"  {name:<24} {energy:14.2f}")
    interval = -(-options.steps // FRAMES)
    ratio = statistics.median(with_ / without for with_, without in zip(corrected.seconds, plain.seconds, strict=True))
    echo(
        f"Speed: {plain.speed(interval):.1f} ns/day without the correction, {corrected.speed(interval):.1f} ns/day with"
        f" it ({ratio:.2f} times the time per step; medians of {FRAMES} blocks in turn)"
    )
    if corrected.distribution is not None:
        columns = np.stack(
            [corrected.distribution.centers, plain.distribution.values, corrected.distribution.values], axis=1
        )
        np.savetxt(
            options.output / "rdf.csv", columns, delimiter=",", header="r_nm,g_without,g_with", comments="", fmt="%.6g"
        )
        draw(columns, options.output / "rdf.png")
    echo(f"Written to {options.output}: " + ", ".join(sorted(path.name for path in options.output.iterdir())))


def draw(columns, path):
    """The figure of both radial distribution functions."""
    try:
        import matplotlib
    except ImportError:
        echo("matplotlib is not installed, so that no figure was drawn; the numbers are in rdf.csv.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(columns[:, 0], columns[:, 1], color="0.55", label="TIP3P")
    axes.plot(columns[:, 0], columns[:, 2], color="tab:blue", label="TIP3P + correction")
    axes.set(xlabel="O-O distance / nm", ylabel="g(r)", xlim=(0.2, columns[-1, 0]), ylim=(0, None))
    axes.axhline(1, color="0.8", linewidth=0.8, zorder=0)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
