# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Time a System with and without its correction, on this machine.

Blocks of steps with and without the correction alternate, so that other load on the machine affects both equally. Each
block with the correction and the block without it that comes before give one ratio. The median of these ratios is
printed; it need not equal the quotient of the two printed times per step, which are medians themselves.

The default is a box of TIP3P water with the correction that is included in this package. To time your own, use --pdb
and --model, or --system and --pdb. The integrator is LangevinMiddleIntegrator at 300 K. Systems made from --pdb have no
barostat; --system is used as it is.
"""

import copy
import json
import statistics
import time
from datetime import datetime, timezone
from pathlib import Path

import openmm
from openmm import unit

from ..checking.subject import corrections_of, without_correction
from ..devices import find_platform, processor_name
from ..force.kernel_info import describe_kernel
from .input import add_input_arguments, echo, minimized, prepare
from .inspect import describe

HELP = "time a System with and without a correction"
TEMPERATURE = 300 * unit.kelvin


def add_arguments(parser):
    parser.add_argument("--platform", help="OpenMM platform (default: the fastest one with a suitable device)")
    parser.add_argument(
        "--precision", choices=("single", "mixed", "double"), help="precision of OpenCL and CUDA (default: OpenMM's)"
    )
    parser.add_argument("--steps", type=int, default=100, help="steps per block; use thousands on a GPU (default: 100)")
    parser.add_argument(
        "--repeats", type=int, default=7, help="number of blocks with and without the correction (default: 7)"
    )
    parser.add_argument("--time-step", type=float, default=2.0, help="time step in femtoseconds (default: 2)")
    parser.add_argument("--json", type=Path, help="JSON file to write the results to")
    add_input_arguments(parser)


def run(options):
    for name in ("steps", "repeats", "time_step"):
        if not getattr(options, name) > 0:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(options, name)}; expected a positive number.")
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise ValueError(f"{options.json}: there is no such folder to write to.")
    platform = find_platform(options.platform)
    if options.precision is not None and "Precision" not in platform.getPropertyNames():
        raise ValueError(
            f"--precision is {options.precision}, and the platform {platform.getName()} has one precision only; leave"
            " it out, or choose OpenCL or CUDA."
        )
    setup = prepare(options)
    corrections = corrections_of(setup.system)
    positions = minimized(setup.system, setup.positions)
    properties = {} if options.precision is None else {"Precision": options.precision}
    plain = _Timed(without_correction(setup.system), positions, platform, properties, options.time_step)
    corrected = _Timed(setup.system, positions, platform, properties, options.time_step)
    echo(f"Platform: {platform.getName()}{_device(corrected.context)}, {setup.system.getNumParticles()} particles")
    for force, kernel in zip(corrections, corrected.kernels, strict=True):
        echo(describe(force.lowering_report))
        echo(f"  evaluated by: {kernel}")
    for timed in (plain, corrected):
        timed.advance(options.steps)  # warm-up
        timed.seconds.clear()
    for _ in range(options.repeats):
        for timed in (plain, corrected):
            timed.advance(options.steps)
    report = _summarize(plain, corrected, options, platform, setup.system.getNumParticles())
    echo(
        f"without the correction: {report['ms_per_step_without']:.3f} ms/step, {report['ns_per_day_without']:.1f}"
        " ns/day"
    )
    echo(f"with the correction:    {report['ms_per_step_with']:.3f} ms/step, {report['ns_per_day_with']:.1f} ns/day")
    echo(
        f"time per step with it / without it: {report['ratio']:.3f}"
        f" [{report['ratio_min']:.3f}, {report['ratio_max']:.3f}],"
        f" median and range of the ratios of {options.repeats} pairs of neighboring blocks of {options.steps} steps"
        " (not the quotient of the medians above)"
    )
    echo(f"creating the Context: {plain.creation:.2f} s without it, {corrected.creation:.2f} s with it")
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


class _Timed:
    """A simulation, and the time that each of its blocks took, in seconds."""

    def __init__(self, system, positions, platform, properties, time_step):
        system = copy.deepcopy(system)
        integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, 1 / unit.picosecond, time_step * unit.femtoseconds)
        integrator.setRandomNumberSeed(1)
        start = time.perf_counter()
        self.context = openmm.Context(system, integrator, platform, properties)
        self.context.setPositions(positions)
        self.context.getState(forces=True)
        self.creation = time.perf_counter() - start
        self.context.setVelocitiesToTemperature(TEMPERATURE, 1)
        self.kernels = [describe_kernel(force.getKernelInfo(self.context)) for force in corrections_of(system)]
        self.seconds = []

    def advance(self, steps):
        start = time.perf_counter()
        self.context.getIntegrator().step(steps)
        self.context.getState(positions=True)  # waits for the device
        self.seconds.append(time.perf_counter() - start)


def _device(context):
    platform = context.getPlatform()
    shown = [
        platform.getPropertyValue(context, name) + (" threads" if name == "Threads" else "")
        for name in ("DeviceName", "Precision", "Threads")
        if name in platform.getPropertyNames()
    ]
    return f" ({', '.join(shown)})" if shown else ""


def _summarize(plain, corrected, options, platform, particles):
    """Collect the results for the JSON file in a dict."""
    ratios = [with_ / without for without, with_ in zip(plain.seconds, corrected.seconds, strict=True)]
    without, with_ = (statistics.median(timed.seconds) / options.steps for timed in (plain, corrected))
    day = 86400 * options.time_step * 1e-6  # ns/day at one step per second
    return {
        "platform": f"{platform.getName()}{_device(corrected.context)}",
        "kernels": corrected.kernels,
        "particles": particles,
        "ms_per_step_without": 1000 * without,
        "ms_per_step_with": 1000 * with_,
        "ns_per_day_without": day / without,
        "ns_per_day_with": day / with_,
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "creation_s_without": plain.creation,
        "creation_s_with": corrected.creation,
        "blocks_s_without": plain.seconds,
        "blocks_s_with": corrected.seconds,
        "steps": options.steps,
        "time_step_fs": options.time_step,
        "processor": processor_name(),
        "openmm": openmm.Platform.getOpenMMVersion(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
