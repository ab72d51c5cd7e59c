#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Simulates replicas of a corrected System along a ladder on the cores of this machine, SLURM, or other Dask workers.

    python ensemble.py [--quick]                                                      # water at five temperatures
    python ensemble.py --system system.xml --state state.xml --temperatures 300,320   # your own System

Started again with the same arguments, it continues where it was interrupted. README.md has the results.
"""

# Dask's workers on this machine import this file, and with it everything that is imported here: no PyTorch.
import itertools
import json
import shutil
import sys
import time
from typing import NamedTuple

import filelock
from clusters import connect, local_cluster, set_policies, slurm_cluster
from options import parse, sizes
from report import draw, print_means, print_tables
from running import (
    DESCRIPTION,
    count_attempts,
    count_complete,
    make_replicas,
    prepare,
    run,
    write_samples,
    write_trajectories,
)
from water import EXPERIMENT, ROUNDING, SCALE, averages, make_water


class Lengths(NamedTuple):
    """Sizes of the example of water; times in ps."""

    molecules: int
    temperatures: tuple
    replicas: int
    length: float
    equilibration: float
    chunk: float


TEMPERATURES = tuple(EXPERIMENT[:, 0].tolist())
FULL = Lengths(250, TEMPERATURES, replicas=4, length=24, equilibration=8, chunk=4)
QUICK = Lengths(250, TEMPERATURES[::2], replicas=2, length=2, equilibration=1, chunk=1)


def number_of_steps(name, time, time_step):
    """The number of steps in a time; raises ValueError if it is not whole."""
    steps = round(time / time_step)
    if steps < 1 or abs(steps * time_step - time) > 1e-6 * time:
        raise ValueError(f"{name} is {time} ps; expected a multiple of the time step, {time_step} ps")
    return steps


def job_options(options):
    """The options of a SLURM job."""
    return {
        "gpus": options.platform not in ("CPU", "Reference"),
        "memory": options.memory,
        "walltime": options.walltime,
        "interface": options.interface,
        "directives": options.sbatch,
        "prologue": options.prologue,
    }


def make_cluster(options):
    """The cluster that the options ask for, or the address of a scheduler."""
    workers, threads = sizes(options)
    if options.scheduler:
        return options.scheduler
    set_policies(options.allowed_failures)
    if options.slurm:
        if shutil.which("sbatch") is None:  # Dask would wait for its jobs for ever
            raise ValueError("there is no command sbatch; expected --slurm on a machine that submits jobs")
        return slurm_cluster(workers, threads, **job_options(options))
    return local_cluster(workers, threads, options.devices)


def simulate(options, texts, lengths, replicas, time_step, sample, frames=None):
    """Run or continue an ensemble; returns its samples and how much was computed again."""
    chunk_steps = number_of_steps("--chunk", lengths.chunk, time_step)
    sample_steps = number_of_steps("--sample", sample, time_step)
    if chunk_steps % sample_steps:
        raise ValueError(f"--chunk is {lengths.chunk} ps; expected a multiple of --sample, {sample} ps")
    frame_steps = number_of_steps("--frames", frames, time_step) if frames else 0
    if frame_steps and (chunk_steps % frame_steps or frame_steps % sample_steps):
        raise ValueError(f"--frames is {frames} ps; expected a multiple of --sample of which --chunk is a multiple")
    if number_of_steps("--length", lengths.length, time_step) % chunk_steps:
        raise ValueError(f"--length is {lengths.length} ps; expected a multiple of --chunk, {lengths.chunk} ps")
    if not 0 <= lengths.equilibration < lengths.length:
        raise ValueError(
            f"--equilibration is {lengths.equilibration} ps; expected less than --length, {lengths.length} ps"
        )
    settings = prepare(
        options.output,
        *texts,
        platform=options.platform,
        time_step=time_step,
        friction=options.friction,
        chunk_steps=chunk_steps,
        sample_steps=sample_steps,
        frame_steps=frame_steps,
        seed=options.seed,
    )
    num_chunks = round(lengths.length / lengths.chunk)
    try:
        if count_complete(settings, replicas, num_chunks) < num_chunks * len(replicas):
            with connect(make_cluster(options)) as client:
                print(f"{len(replicas)} replicas; scheduler {client.scheduler.address}", flush=True)
                run(client, settings, replicas, num_chunks, lambda text: print(text, flush=True))
    finally:  # if replicas fail, the others are written
        samples = write_samples(settings, replicas)
        if frames:
            write_trajectories(settings, replicas)
    return {name: _up_to(lengths.length, each) for name, each in samples.items()}, count_attempts(settings, replicas)


def _up_to(length, samples):
    """The samples of a replica up to a time in ps; an earlier run may have been longer."""
    chosen = samples["time (ps)"] <= length + ROUNDING
    return {name: values[chosen] for name, values in samples.items()}


def simulate_water(options):
    """The example: TIP3P and corrected water along a ladder of temperatures."""
    lengths = QUICK if options.quick else FULL
    exists = (options.output / DESCRIPTION).exists()
    # The box of an earlier run is used again: minimized positions differ in their last digits.
    texts = (None, None) if exists else make_water(lengths.molecules)
    replicas = make_replicas(lengths.temperatures, [{SCALE: 0.0}, {SCALE: 1.0}], lengths.replicas, options.seed)
    samples, attempts = simulate(options, texts, lengths, replicas, time_step=0.004, sample=0.1)
    rows = averages(samples, replicas, lengths.molecules, lengths.equilibration)
    print_tables(rows)
    draw(rows, options.output / "ensemble.png")
    return {"lengths": lengths._asdict(), "attempts": attempts, "rows": rows}


def simulate_own(options):
    """The ladder of a System that the user has made."""
    names = [name for name, _ in options.parameter]
    states = [dict(zip(names, values)) for values in itertools.product(*(values for _, values in options.parameter))]
    replicas = make_replicas(options.temperatures, states, options.replicas, options.seed)
    texts = [path.read_text(encoding="utf-8") for path in (options.system, options.state)]
    samples, attempts = simulate(options, texts, options, replicas, options.time_step, options.sample, options.frames)
    rows = print_means(samples, replicas, options.equilibration)
    return {"attempts": attempts, "rows": rows}


def print_job(options):
    """Print the script of a job; no job is submitted."""
    with slurm_cluster(0, sizes(options)[1], **job_options(options)) as cluster:
        print(cluster.job_script())


def main():
    options = parse(__doc__.split("\n")[0])
    if options.print_job:
        return print_job(options)
    start = time.time()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(options.output / "lock", timeout=0):
            results = (simulate_water if options.system is None else simulate_own)(options)
    except filelock.Timeout:
        sys.exit(f"another run works in {options.output}; expected one at a time: wait, or use another --output")
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"{error}")
    from learnedpair.devices import processor_name

    results["processor"], results["seconds"] = processor_name(), round(time.time() - start)
    results["options"] = {"quick": options.quick, "seed": options.seed}
    path = options.output / "results.json"
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    counts = ", ".join(f"{value} {name}" for name, value in results["attempts"].items())
    print(f"\n{counts}\nwritten: {path}")


if __name__ == "__main__":
    main()
