# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Runs the chunks of all replicas on a Dask cluster, and continues where an earlier run has ended."""

import collections
import json
import uuid
from pathlib import Path

import chunks
import cloudpickle
import numpy as np
import replica
from chunks import digest, last_number, read_attempts, read_chunk, read_frames, remove_temporary_files, write_text
from distributed import KilledWorker, as_completed, get_worker
from openmm import app
from replica import Replica, Result, Settings, advance

DESCRIPTION = "ensemble.json"
#: How often an exception, such as one of a file system, is tried again before a replica is given up.
RETRIES = 1

# Workers on other machines do not have the files of this example, so that the functions themselves are sent.
cloudpickle.register_pickle_by_value(chunks)
cloudpickle.register_pickle_by_value(replica)


def make_replicas(temperatures, states, replicas, seed):
    """Describe the replicas of a ladder: every temperature with every state.

    Parameters
    ----------
    temperatures : sequence of float, K
    states : sequence of dict of str to float
        Values of parameters of the Context; [{}] if there are none.
    replicas : int
        The number of replicas at each temperature and state.
    seed : int
        Equal seeds make equal ensembles; replicas have different random numbers, which do not change when replicas or
        temperatures are added.

    Returns
    -------
    list of Replica
    """
    result = []
    for state in states:
        for temperature in temperatures:
            for k in range(replicas):
                parts = [f"{_text(temperature)}K", *(f"{name}_{_text(value)}" for name, value in state.items())]
                parts.append(f"{k:02d}")
                name = "-".join(parts)
                random = np.random.SeedSequence([seed, *name.encode()]).generate_state(3)
                # For OpenMM a seed of 0 means: not reproducible. Seeds are signed integers of 32 bits.
                seeds = tuple(int(each) % (2**31 - 1) + 1 for each in random)
                result.append(Replica(name, float(temperature), tuple(state.items()), seeds))
    if len({each.name for each in result}) < len(result):
        raise ValueError("the ladder has equal temperatures and states; expected different ones")
    return result


def _text(value):
    """A number as a part of the name of a folder: short if that is exact."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))


def prepare(folder, system, state, **settings):
    """Write the files of an ensemble, or find those of an earlier run.

    Parameters
    ----------
    folder : Path
        The shared folder.
    system, state : str
        XML of the System and of a State with positions and box; None for those that the folder has.
    settings
        Of Settings: platform, time_step, friction, numbers of steps, and the seed.

    Returns
    -------
    Settings

    Raises
    ------
    ValueError
        If the folder has an ensemble with other settings, or one without a complete description.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_temporary_files(folder)
    description = folder / DESCRIPTION
    stored = _read_description(description) if description.exists() else {}
    has_chunks = any(folder.glob("*/chunk-*.npz"))
    if not stored and has_chunks:
        raise ValueError(
            f"{folder} has chunks of replicas, and no {DESCRIPTION} that says with which settings they were made;"
            " restore that file, or choose another --output"
        )
    texts = {"system": system, "state": state}
    hashes = {name: stored.get(name) if text is None else digest(text) for name, text in texts.items()}
    wanted = {**settings, **hashes}
    if stored and set(stored) != set(wanted):
        raise ValueError(f"{description} is not complete; restore it, or choose another --output")
    for name, value in stored.items():
        if wanted[name] != value:
            remedy = "" if has_chunks else f" No chunk is complete yet; you may also remove {description}."
            raise ValueError(
                f"{folder} has an ensemble with {name} {value}, and {name} {wanted[name]} is asked for; choose the same"
                f" {name}, or another --output.{remedy}"
            )
    if not stored:
        for name, text in texts.items():
            write_text(folder / f"{name}.xml", text)
        write_text(description, json.dumps(wanted, indent=1))
    return Settings(folder=str(folder.resolve()), **wanted)


def _read_description(path):
    """The settings of an ensemble, as a dict."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); restore it, or choose another --output") from error
    if not isinstance(stored, dict) or not stored:
        raise ValueError(f"{path} is damaged; restore it, or choose another --output")
    return stored


def run(client, settings, replicas, num_chunks, report=print):
    """Compute all chunks that are missing.

    A chunk is a task. When its worker dies, Dask gives the task to another one, which begins with the last chunk that
    is complete.

    Parameters
    ----------
    client : distributed.Client
    settings : Settings
    replicas : list of Replica
    num_chunks : int
        Of each replica.
    report : callable
        Gets a line of text for each chunk.

    Returns
    -------
    list of Result
        Of all chunks that were computed, in their order.

    Raises
    ------
    RuntimeError
        If replicas have failed, when all others are complete.
    """
    # Tasks with equal keys are one task, also of two runs on one scheduler. Equal arguments make equal keys by default.
    identifier = uuid.uuid4().hex[:8]
    by_name = {each.name: each for each in replicas}
    queue = as_completed()
    waiting = {}  # the name of the replica of each future

    def submit(name, number):
        key = f"{name}-chunk-{number}-{identifier}"

        # Dask sends what the standard pickle can write, names of functions for example, without asking cloudpickle. A
        # function within a function it cannot write.
        def task():
            tasks = get_worker().state.nthreads
            if tasks > 1:
                raise RuntimeError(
                    f"a worker computes {tasks} tasks at a time; expected one: start it with --nthreads 1"
                )
            return tuple(advance(settings, by_name[name], number))

        future = client.submit(task, key=key, pure=False, retries=RETRIES)
        waiting[future.key] = name
        queue.add(future)

    done, total = count_complete(settings, replicas, num_chunks), num_chunks * len(by_name)
    if done:
        report(f"{done} of {total} chunks are complete")
    for name in by_name:
        number = last_number(Path(settings.folder) / name)
        if number < num_chunks:
            submit(name, number + 1)
    results, failures = [], {}
    for future in queue:
        name = waiting.pop(future.key)
        if future.status != "finished":
            failures[name] = _describe_failure(future)
            report(f"{name} has failed: {failures[name]}")
            continue
        result = Result(*future.result())
        results.append(result)
        done += 1
        report(describe(result, done, total))
        if result.number < num_chunks:
            submit(name, result.number + 1)
    if failures:
        raise RuntimeError(
            f"{len(failures)} of {len(by_name)} replicas have failed: {', '.join(sorted(failures))}; the first error:"
            f" {next(iter(failures.values()))}"
        )
    return results


def count_complete(settings, replicas, num_chunks):
    """The number of chunks that are complete, of those that are asked for."""
    return sum(min(last_number(Path(settings.folder) / each.name), num_chunks) for each in replicas)


def _describe_failure(future):
    if future.status != "error":
        return f"its task is {future.status}"
    error = future.exception()
    if isinstance(error, KilledWorker):
        # Its own text is about logs of workers.
        deaths = "once" if error.allowed_failures == 0 else f"{error.allowed_failures + 1} times"
        return f"the worker of one chunk has died {deaths}; expected enough memory, and chunks shorter than a job"
    return f"{type(error).__name__}: {error}"


def describe(result, done, total):
    """A line of text about a chunk."""
    energy = result.last["potential energy (kJ/mol)"]
    text = f"[{done}/{total}] {result.name}: {result.last['time (ps)']:.1f} ps, {energy:.1f} kJ/mol"
    if "density (kg/m3)" in result.last:
        text += f", {result.last['density (kg/m3)']:.1f} kg/m3"
    text += f"; {result.seconds:.1f} s on {result.place}"
    if not result.is_exact:
        text += "; the checkpoint does not fit this machine: continued from the State with new random numbers"
    return text


def write_samples(settings, replicas):
    """Write the samples of each replica as samples.csv in its folder; returns them by name, with their columns."""
    result, problems = {}, []
    for each in replicas:
        folder = Path(settings.folder) / each.name
        if last_number(folder) == 0:
            continue
        try:
            chunk = read_chunk(folder, last_number(folder))
        except ValueError as error:  # the samples of the others are written
            problems.append(str(error))
            continue
        rows = [",".join(f'"{name}"' for name in chunk.columns)]
        rows += [",".join(map(repr, row)) for row in chunk.samples.tolist()]
        write_text(folder / "samples.csv", "\n".join(rows) + "\n")
        result[each.name] = dict(zip(chunk.columns, chunk.samples.T))
    if problems:
        raise ValueError("; ".join(problems))
    return result


def write_trajectories(settings, replicas):
    """Write the frames of each replica as trajectory.dcd in its folder, and remove frames of attempts that failed."""
    for each in replicas:
        folder = Path(settings.folder) / each.name
        if last_number(folder) == 0:
            continue
        names = read_chunk(folder, last_number(folder)).frames
        for path in folder.glob("frames-*.npz"):
            if path.name not in names:
                path.unlink()
        topology = None
        with open(folder / "trajectory.dcd", "wb") as file:
            for positions, boxes in (read_frames(folder, name) for name in names):
                if topology is None:
                    topology = _topology(positions.shape[1])
                    dcd = app.DCDFile(file, topology, settings.time_step, 0, settings.frame_steps)
                for frame, box in zip(positions.astype(float), boxes):
                    dcd.writeModel(frame, periodicBoxVectors=box if len(box) else None)


def _topology(num_atoms):
    """A topology for DCD files, which hold the number of atoms only."""
    topology = app.Topology()
    residue = topology.addResidue("", topology.addChain())
    for _ in range(num_atoms):
        topology.addAtom("", None, residue)
    return topology


def count_attempts(settings, replicas):
    """How much was computed more than once.

    Returns
    -------
    dict
        The number of chunks, of attempts, and of chunks with more than one attempt; and how many of these began with a
        checkpoint, and not at the start.
    """
    attempts, repeated, from_checkpoint, complete = 0, 0, 0, 0
    for each in replicas:
        folder = Path(settings.folder) / each.name
        counts = collections.Counter(number for number, _, _ in read_attempts(folder))
        complete += last_number(folder)
        attempts += sum(counts.values())
        again = [number for number, count in counts.items() if count > 1]
        repeated += len(again)
        from_checkpoint += sum(number > 1 for number in again)
    return {
        "chunks": complete,
        "attempts": attempts,
        "chunks with several attempts": repeated,
        "of these, from a checkpoint": from_checkpoint,
    }
