# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The options of the command."""

import argparse
import math
from pathlib import Path

import clusters


def parse(description, arguments=None):
    """Parse the options of the command; raises SystemExit with a message if they do not fit together."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("ensemble_output"), help="a folder that all workers see")
    parser.add_argument("--quick", action="store_true", help="short simulations of water, to see that all works")
    _add_simulation(parser.add_argument_group("your own System"))
    _add_cluster(parser.add_argument_group("where it runs"))
    options = parser.parse_args(arguments)
    if (options.system is None) != (options.state is None):
        parser.error("--system and --state belong together: give both or none")
    if options.system is not None and not options.temperatures:
        parser.error("--system needs --temperatures")
    if options.system is None and (options.temperatures or options.parameter):
        parser.error("--temperatures and --parameter belong to --system; the example of water has its own ladder")
    names = [name for name, _ in options.parameter]
    if len(set(names)) < len(names):
        name = max(names, key=names.count)
        parser.error(f"--parameter names {name} twice; give all its values in one option, separated by commas")
    if any(temperature <= 0 for temperature in options.temperatures):
        parser.error(f"--temperatures are {options.temperatures}; expected numbers above 0 K")
    if options.system is not None and options.quick:
        parser.error("--quick belongs to the example of water; give --length and the other times of your System")
    of_systems = ("replicas", "length", "equilibration", "chunk", "sample", "frames", "time_step")
    for name in of_systems if options.system is None else ():
        if getattr(options, name) != parser.get_default(name):
            option = "--" + name.replace("_", "-")
            parser.error(f"{option} belongs to --system; the example of water has its own replicas and times")
    if options.scheduler and (options.slurm or options.print_job):
        parser.error("--scheduler and --slurm exclude each other")
    if options.scheduler and (options.workers or options.threads or options.devices):
        parser.error("--scheduler excludes --workers, --threads and --devices: these are set where workers are started")
    if (options.slurm or options.print_job) and not options.threads:
        parser.error("--slurm and --print-job need --threads, the cores of each job")
    return options


def _add_simulation(group):
    group.add_argument("--system", type=Path, help="the System as XML")
    group.add_argument("--state", type=Path, help="a State as XML, of which positions and box are used")
    group.add_argument("--temperatures", type=_numbers, default=(), metavar="K,K,...", help="of the ladder")
    group.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=X,X,...",
        help="a ladder of a parameter of the Context, such as a scale; several options give all combinations",
    )
    group.add_argument("--replicas", type=_positive(int), default=4, help="at each state of the ladder")
    group.add_argument("--length", type=_positive(float), default=100.0, metavar="PS", help="of each replica")
    group.add_argument(
        "--equilibration", type=_not_negative(float), default=20.0, metavar="PS", help="left out of the averages"
    )
    group.add_argument("--chunk", type=_positive(float), default=10.0, metavar="PS", help="time between checkpoints")
    group.add_argument("--sample", type=_positive(float), default=0.2, metavar="PS", help="time between samples")
    group.add_argument("--frames", type=_positive(float), metavar="PS", help="time between frames of trajectory.dcd")
    group.add_argument("--time-step", type=_positive(float), default=0.002, metavar="PS", help="of the integrator")
    group.add_argument("--friction", type=_not_negative(float), default=1.0, metavar="1/PS", help="of the integrator")
    group.add_argument("--seed", type=_not_negative(int), default=1, help="equal seeds make equal ensembles")
    group.add_argument("--platform", default="CPU", help="of OpenMM, also for water")


def _add_cluster(group):
    cores = clusters.usable_cores()
    group.add_argument("--workers", type=_positive(int), default=None, help="default: one per core, or per device")
    group.add_argument("--threads", type=_positive(int), default=None, help="of a worker; default: cores / workers")
    group.add_argument(
        "--devices", type=_names, default=(), metavar="0,1,...", help="GPUs of this machine, one worker each"
    )
    group.add_argument("--memory", default="4GB", help="of a SLURM job")
    group.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler that runs, such as tcp://host:8786")
    group.add_argument("--slurm", action="store_true", help="one SLURM job per worker (needs dask-jobqueue)")
    group.add_argument("--walltime", default="04:00:00", help="of a SLURM job")
    group.add_argument("--interface", help="the network interface of scheduler and jobs, such as ib0")
    group.add_argument(
        "--sbatch", action="append", default=[], metavar="OPTION", help="of sbatch, such as --sbatch=--partition=gpu"
    )
    group.add_argument("--prologue", action="append", default=[], metavar="LINE", help="of the job script")
    group.add_argument("--print-job", action="store_true", help="print the job script of SLURM, and end")
    group.add_argument("--allowed-failures", type=int, default=10, help="deaths of workers that a chunk survives")
    group.set_defaults(cores=cores)


def sizes(options):
    """The numbers of workers and of the threads of each, with their defaults."""
    is_alone = options.slurm or options.print_job or options.platform not in ("CPU", "Reference")
    workers = options.workers or len(options.devices) or (1 if is_alone else options.cores)
    return workers, options.threads or max(1, options.cores // workers)


def _numbers(text):
    return tuple(_finite(each) for each in text.split(","))


def _finite(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a finite number")
    return value


def _not_negative(kind):
    def convert(text):
        value = kind(text)
        if not (value >= 0 and math.isfinite(value)):
            raise argparse.ArgumentTypeError(f"{text}; expected a finite number that is not negative")
        return value

    convert.__name__ = kind.__name__
    return convert


def _names(text):
    return tuple(each.strip() for each in text.split(","))


def _parameter(text):
    name, separator, values = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r}; expected NAME=X,X,...")
    return name, _numbers(values)


def _positive(kind):
    def convert(text):
        if not (kind(text) > 0 and math.isfinite(kind(text))):
            raise argparse.ArgumentTypeError(f"{text}; expected a finite number above 0")
        return kind(text)

    convert.__name__ = kind.__name__  # named by argparse if the text is no number
    return convert
