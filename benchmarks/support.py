# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Timing of Contexts in turns, and the description of the machine."""

import copy
import datetime
import json
import os
import pathlib
import platform
import resource
import statistics
import sys
import time
from dataclasses import dataclass

import learnedpair as lp
import numpy as np
import openmm
import torch
from learnedpair.devices import processor_name
from openmm import unit
from scipy.spatial import cKDTree

#: Platform properties to record; others may contain paths.
PROPERTIES = ("DeviceName", "OpenCLPlatformName", "Precision", "Threads")

#: The minimum number of steps of a block: neighbor lists are rebuilt about every ten steps.
MIN_STEPS = 12


class DifferentFunctionError(Exception):
    """A variant computes another function than the others, which makes the comparison meaningless."""


def peak_memory():
    """Get the peak memory of this process so far, in MiB."""
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes / 2**20


@dataclass
class Timed:
    """A Context to time.

    Attributes
    ----------
    context : openmm.Context
    creation : float
        Seconds from the System to the first energy and forces, including the compilation of kernels on GPU platforms.
    memory : float
        The increase of the peak memory of the process during the creation, in MiB.
    energy : float, kJ/mol
    forces : ndarray, shape (n_particles, 3), kJ/mol/nm
        Both at the starting positions.
    """

    context: openmm.Context
    creation: float
    memory: float
    energy: float
    forces: np.ndarray


def evaluate(context):
    """Get the potential energy (kJ/mol) and the forces (ndarray, kJ/mol/nm) of a Context."""
    state = context.getState(energy=True, forces=True)
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoules_per_mole)
    return energy, state.getForces(asNumpy=True).value_in_unit(unit.kilojoules_per_mole / unit.nanometer)


def create_timed(system, positions, platform_name, properties):
    """Create a Context with a Langevin integrator (300 K, 2 fs), and compute the first energy and forces."""
    memory, start = peak_memory(), time.perf_counter()
    integrator = openmm.LangevinMiddleIntegrator(300 * unit.kelvin, 1 / unit.picosecond, 2 * unit.femtoseconds)
    integrator.setRandomNumberSeed(1)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform_name), properties)
    context.setPositions(positions)
    energy, forces = evaluate(context)
    timed = Timed(context, time.perf_counter() - start, peak_memory() - memory, energy, forces)
    context.setVelocitiesToTemperature(300 * unit.kelvin, 1)
    return timed


def _run(context, steps):
    context.getIntegrator().step(steps)
    context.getState(positions=True)  # waits for the device


def time_block(timed, steps):
    """Time some steps, in seconds, after one step that warms up the caches."""
    _run(timed.context, 1)
    start = time.perf_counter()
    _run(timed.context, steps)
    return time.perf_counter() - start


def _choose_steps(timed, seconds, multiple):
    """Choose how many steps a block has: about this many seconds, at least MIN_STEPS, and a multiple of a number."""
    _run(timed.context, 3)
    start = time.perf_counter()
    _run(timed.context, 3)
    steps = max(MIN_STEPS, round(3 * seconds / (time.perf_counter() - start)))
    return multiple * -(-steps // multiple)


def time_in_turns(baseline, variants, seconds, repeats, warm_up, multiple=1):
    """Time a baseline and its variants alternately.

    A block of the baseline with the same number of steps comes right before each block of a variant. The order of the
    variants is shifted by one from repeat to repeat.

    Parameters
    ----------
    baseline : Timed
    variants : dict of str to Timed
    seconds : float
        The approximate duration of a block of a variant.
    repeats, warm_up : int
        The number of blocks of each variant, and of steps before the first block.
    multiple : int
        The number of steps of a block is a multiple of it.

    Returns
    -------
    dict of str to dict
        The result of summarize() for each variant.
    """
    for timed in (baseline, *variants.values()):
        _run(timed.context, warm_up)
    steps = {name: _choose_steps(timed, seconds, multiple) for name, timed in variants.items()}
    names = list(variants)
    pairs = {name: [] for name in names}
    for repeat in range(repeats):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            pairs[name].append((time_block(baseline, steps[name]), time_block(variants[name], steps[name])))
    return {name: summarize(pairs[name], steps[name]) for name in names}


def summarize(pairs, steps):
    """Compute ratios and milliseconds per step from the durations of blocks: pairs of (baseline, variant), in seconds.

    A disturbance always makes a block longer. On a busy machine, the ratio of the fastest blocks is therefore more
    reliable than the median of the ratios.
    """
    ratios = [variant / baseline for baseline, variant in pairs]
    fastest_baseline, fastest_variant = (min(seconds) for seconds in zip(*pairs))
    milliseconds = 1000 / steps
    return {
        "steps": steps,
        "baseline_ms": statistics.median(baseline for baseline, _ in pairs) * milliseconds,
        "variant_ms": statistics.median(variant for _, variant in pairs) * milliseconds,
        "added_ms": statistics.median(variant - baseline for baseline, variant in pairs) * milliseconds,
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "ratio_lower_quartile": float(np.quantile(ratios, 0.25)),
        "ratio_of_fastest": fastest_variant / fastest_baseline,
        "blocks_s": pairs,
    }


def _operating_system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def describe_machine():
    """Describe the processor, cores, operating system, load and date, without the name of the machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor_name(),
        "architecture": platform.machine(),
        "cores": usable,
        "operating_system": _operating_system(),
        "load_average": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


def describe_platform(context):
    """Get the properties of a Context's Platform that affect its speed."""
    openmm_platform = context.getPlatform()
    present = [name for name in PROPERTIES if name in openmm_platform.getPropertyNames()]
    values = {name: openmm_platform.getPropertyValue(context, name) for name in present}
    return {"name": openmm_platform.getName(), **values}


def name_platform(described):
    """Format the result of describe_platform() for a heading."""
    return ", ".join(f"{value} threads" if name == "Threads" else value for name, value in described.items())


def time_forces(contexts, calls=50):
    """Time the computation of forces at fixed positions, alternating between Contexts.

    Parameters
    ----------
    contexts : dict of str to openmm.Context
        With positions. Only force group 0 is computed.
    calls : int

    Returns
    -------
    dict of str to list of float
        The times of all calls, in milliseconds. Calls with the same index were made one after the other.
    """
    milliseconds = {name: [] for name in contexts}
    for call in range(calls + 2):
        for name, context in contexts.items():
            start = time.perf_counter()
            context.getState(forces=True, groups={0})
            if call >= 2:  # the first ones build neighbor lists
                milliseconds[name].append(1000 * (time.perf_counter() - start))
    return milliseconds


def bare_system(system, forces):
    """Make a System with the particles and the box of another one, but with the given forces only."""
    bare = openmm.System()
    bare.setDefaultPeriodicBoxVectors(*system.getDefaultPeriodicBoxVectors())
    for i in range(system.getNumParticles()):
        bare.addParticle(system.getParticleMass(i))
    for force in forces:
        bare.addForce(force)
    return bare


def loops_alone(system, corrections, positions, platform_name, properties):
    """Time corrections alone, and the direct-space part of the System's NonbondedForce as a reference for a pair loop.

    Parameters
    ----------
    system : openmm.System
        With a NonbondedForce.
    corrections : dict of str to openmm.Force
    positions : Quantity or ndarray, shape (n, 3)
    platform_name, properties
        As for openmm.Context.

    Returns
    -------
    dict of str to float
        Milliseconds for each correction and for "NonbondedForce, direct space", minus the time of a System without
        forces.
    """
    nonbonded = copy.deepcopy(next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce)))
    nonbonded.setReciprocalSpaceForceGroup(1)
    contexts = {}
    for name, force in {"": None, "NonbondedForce, direct space": nonbonded, **corrections}.items():
        bare = bare_system(system, [] if force is None else [copy.deepcopy(force)])
        contexts[name] = openmm.Context(
            bare, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(platform_name), properties
        )
        contexts[name].setPositions(positions)
    times = {name: statistics.median(values) for name, values in time_forces(contexts).items()}
    nothing = times.pop("")
    return {name: milliseconds - nothing for name, milliseconds in times.items()}


def count_pairs(positions, box, excluded, cutoff):
    """Count the pairs in range; positions (ndarray, shape (n, 3)), the edges of the box and the cutoff are in nm."""
    tree = cKDTree(np.mod(positions, box), boxsize=box)
    first, second = np.array(excluded).T
    d = positions[first] - positions[second]
    d -= np.round(d / box) * box
    return (tree.count_neighbors(tree, cutoff) - len(positions)) // 2 - int((np.linalg.norm(d, axis=1) < cutoff).sum())


def measure_matrix_products():
    """Measure the multiply-adds per second of a product of large matrices in PyTorch: single precision, all threads."""
    a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - start)
    return 2048**3 / min(seconds)


def add_timing_arguments(parser):
    """Add the options of time_in_turns() and platform_properties(), and the output file."""
    parser.add_argument("--platform", default="CPU", help="name of an OpenMM platform")
    parser.add_argument("--precision", default="mixed", help="precision of OpenCL and CUDA")
    parser.add_argument("--threads", type=int, help="threads of the CPU platform; if not given, OpenMM chooses")
    parser.add_argument("--repeats", type=int, default=7, help="timed blocks of each variant")
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.4,
        help=f"approximate duration of a block, which has at least {MIN_STEPS} steps",
    )
    parser.add_argument("--warm-up", type=int, default=10, help="steps of each variant before the first block")
    add_json_argument(parser)


def add_json_argument(parser):
    """Add the output file."""
    parser.add_argument("--json", type=pathlib.Path, help="output file for all results")


def write_report(report, path):
    """Write a report as JSON, if a path is given."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def platform_properties(arguments):
    """Get the platform properties for openmm.Context."""
    if arguments.platform == "CPU":
        return {} if arguments.threads is None else {"Threads": str(arguments.threads)}
    return {} if arguments.platform == "Reference" else {"Precision": arguments.precision}


def versions():
    """Get the versions of the software."""
    return {
        "openmm": openmm.Platform.getOpenMMVersion(),
        "learnedpair": lp.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
