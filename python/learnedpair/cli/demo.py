# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulate water with and without a learned correction, side by side.

Builds a box of TIP3P water, adds the correction that is included in this package (fitted to dimers of quantum
chemistry and to the liquid), minimizes the energy, and runs both systems at constant pressure. Writes to the output
folder:

  start.pdb         the structure
  system.xml        the System with its correction, which runs without PyTorch and without this command
  trajectory.dcd    trajectory of the corrected system
  log.csv           energy, temperature, density and speed of the corrected system
  rdf.csv, rdf.png  the O-O radial distribution function with and without the correction

To run the stored System again, even without PyTorch:

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

from ..checking.subject import without_correction
from ..devices import find_platform
from ..force.learned_pair_force import LearnedPairForce, describe_coverage
from .input import Setup, add_input_arguments, check_input, echo, minimized, prepare
from .inspect import describe
from .rdf import RadialDistribution

HELP = "simulate water with and without a correction"
TEMPERATURE, PRESSURE, TIME_STEP = 300 * unit.kelvin, 1 * unit.bar, 4 * unit.femtoseconds
FRAMES = 40


def add_arguments(parser):
    parser.add_argument("--platform", help="OpenMM platform (default: the fastest one with a suitable device)")
    parser.add_argument(
        "--steps", type=int, default=2000, help="number of steps of 4 fs for each of the two systems (default: 2000)"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("demo_output"), help="folder to write to (default: demo_output)"
    )
    parser.add_argument("--overwrite", action="store_true", help="write to the output folder even if it contains files")


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
            f"{options.output}: there are files in the folder; name another one by --output, or give --overwrite."
        )
    echo(f"Platform: {platform.getName()}")
    setup = prepare(options)
    correction = next(
        LearnedPairForce.cast(force)
        for force in setup.system.getForces()
        if LearnedPairForce.is_learned_pair_force(force)
    )
    echo(f"System: {describe_coverage(correction)}")
    echo(f"Correction: {correction.lowering_report.get('description', '')}\n{describe(correction.lowering_report)}")
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "system.xml").write_text(openmm.XmlSerializer.serialize(setup.system), encoding="utf-8")
    with open(options.output / "start.pdb", "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(setup.topology, setup.positions, file, keepIds=True)

    interval = -(-options.steps // FRAMES)
    runs = [
        Run("without", without_correction(setup.system), setup, platform),
        Run("with", setup.system, setup, platform),
    ]
    runs[1].report_to(options.output, interval)
    for frame in range(FRAMES):  # the runs alternate, so that other load on the machine affects both equally
        for run_ in runs:
            run_.advance(interval, measure=frame >= FRAMES // 2)  # the first half is equilibration
        show_progress(frame + 1, interval, runs)
    report(*runs, setup, platform, options)


@dataclass
class Run:
    """One of the two simulations, and its measurements."""

    name: str
    system: openmm.System
    setup: Setup
    platform: openmm.Platform
    seconds: list = field(default_factory=list)  # the time that each block of steps took

    def __post_init__(self):
        system = copy.deepcopy(self.system)
        system.addForce(openmm.MonteCarloBarostat(PRESSURE, TEMPERATURE, 25))
        integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, 1 / unit.picosecond, TIME_STEP)
        integrator.setRandomNumberSeed(1)
        self.simulation = app.Simulation(self.setup.topology, system, integrator, self.platform)
        self.simulation.context.setPositions(minimized(system, self.setup.positions))
        self.simulation.context.setVelocitiesToTemperature(TEMPERATURE, 1)
        oxygens = [
            atom.index
            for atom in self.setup.topology.atoms()
            if atom.element is app.element.oxygen and atom.residue.name == "HOH"
        ]
        width = box_of(self.simulation.context.getState()).diagonal().min()
        self.distribution = RadialDistribution(oxygens, longest=min(1.0, 0.45 * width)) if len(oxygens) > 1 else None

    def report_to(self, folder, interval):
        """Write a trajectory and a log to a folder, with one frame per interval."""
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
        """Run a block of steps. If ``measure`` is true, add its last frame to the radial distribution function."""
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
        """Get the speed in ns/day, from the median time of a block. The first blocks are slower: they include
        compilation and the adaptation of the barostat.
        """
        return interval * TIME_STEP.value_in_unit(unit.nanoseconds) / statistics.median(self.seconds) * 86400


def show_progress(frames, interval, runs):
    """Print a progress bar to stderr. If stderr is not a terminal, print only its final state."""
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
    """Compute the energy of each force, by assigning each force to its own force group.

    Returns
    -------
    list of (name, energy in kJ/mol)
    """
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


def report(plain, corrected, setup, platform, options):
    """Print the energy breakdown and speeds, and write the radial distribution functions."""
    echo("Energies at the end, kJ/mol:")
    for name, energy in energies_by_force(setup.system, corrected.state, platform):
        echo(f"  {name:<24} {energy:14.2f}")
    interval = -(-options.steps // FRAMES)
    ratio = statistics.median(with_ / without for with_, without in zip(corrected.seconds, plain.seconds, strict=True))
    echo(
        f"Speed: {plain.speed(interval):.1f} ns/day without the correction, {corrected.speed(interval):.1f} ns/day with"
        f" it ({ratio:.2f} times the time per step; medians of {FRAMES} alternating blocks)"
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
    """Draw a figure of both radial distribution functions."""
    try:
        import matplotlib
    except ImportError:
        echo("matplotlib is not installed, so no figure was drawn; the numbers are in rdf.csv.")
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
