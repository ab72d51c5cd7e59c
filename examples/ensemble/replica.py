# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""One replica: what a worker computes. It imports OpenMM, NumPy and the standard library only.

Every chunk begins in a new Context with the checkpoint of the chunk before. An interruption therefore never changes a
result: what is computed again starts from the same numbers. In one Context for all chunks it would, since OpenMM's
checkpoints do not hold the counter and the step width of a Monte Carlo barostat, nor neighbor lists.
"""

import os
import socket
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import openmm
from chunks import Chunk, digest, last_number, log_attempt, read_chunk, write_chunk, write_frames
from openmm import unit

KG_PER_M3 = 1.66053906660  # a dalton per nm3
DEVICE_VARIABLE = "ENSEMBLE_DEVICE"
THREADS_VARIABLE = "OPENMM_CPU_THREADS"
PATIENCE = 90  # s


class Settings(NamedTuple):
    """What all replicas have in common.

    Attributes
    ----------
    folder : str
        The shared folder; it has system.xml and state.xml.
    system, state : str
        The SHA-256 of these two files. OpenMM reads some incomplete files without an error.
    platform : str
    time_step : float, ps
    friction : float, 1/ps
    chunk_steps, sample_steps, frame_steps : int
        Steps of a chunk, between two samples, and between two frames; 0: no frames.
    seed : int
        From which the seeds of the replicas were made.
    """

    folder: str
    system: str
    state: str
    platform: str
    time_step: float
    friction: float
    chunk_steps: int
    sample_steps: int
    frame_steps: int = 0
    seed: int = 1


class Replica(NamedTuple):
    """One simulation.

    Attributes
    ----------
    name : str
        The name of its folder.
    temperature : float, K
    parameters : tuple of (str, float)
        Values of parameters of the Context, such as the scale of a correction.
    seeds : (int, int, int)
        Of velocities, of the integrator, and of barostats and other forces with random numbers.
    """

    name: str
    temperature: float
    parameters: tuple
    seeds: tuple


class Result(NamedTuple):
    """What a worker reports about a chunk.

    Attributes
    ----------
    name : str
        Of the replica.
    number : int
        Of the last chunk that is complete.
    is_new : bool
        Whether this call has computed it.
    is_exact : bool
        Whether the checkpoint could be loaded. If not, new random numbers were drawn.
    last : dict of str to float
        The last sample.
    place : str
        Host and process.
    seconds : float
        Time of the call.
    """

    name: str
    number: int
    is_new: bool
    is_exact: bool
    last: dict
    place: str
    seconds: float


def advance(settings, replica, number):
    """Compute a chunk of a replica, unless it is complete.

    Parameters
    ----------
    settings : Settings
    replica : Replica
    number : int
        Of the chunk; the one before must be complete.

    Returns
    -------
    Result
    """
    start = time.monotonic()
    folder = Path(settings.folder) / replica.name
    if not (Path(settings.folder) / "system.xml").exists():
        raise FileNotFoundError(
            f"the worker on {socket.gethostname()} finds no {settings.folder}/system.xml; expected a folder that all"
            " machines share under the same path"
        )
    folder.mkdir(exist_ok=True)
    found = _wait_for(folder, number - 1)
    is_new, is_exact = False, True
    if found < number:
        log_attempt(folder, number)
        chunk, is_exact = _compute(settings, replica, folder, read_chunk(folder, found) if found else None)
        is_new = write_chunk(folder, chunk)
        found = number
    else:
        chunk = read_chunk(folder, found)
    place = f"{socket.gethostname()}:{os.getpid()}"
    last = dict(zip(chunk.columns, chunk.samples[-1].tolist()))
    return Result(replica.name, found, is_new, is_exact, last, place, time.monotonic() - start)


def _wait_for(folder, number):
    """Wait until a chunk is there, which a network file system may show late; returns the last number."""
    end = time.monotonic() + PATIENCE
    while (found := last_number(folder)) < number:
        if time.monotonic() > end:
            raise RuntimeError(
                f"{folder} ends with chunk {found}; expected chunk {number}, which is complete elsewhere"
            )
        time.sleep(1)
    return found


def _compute(settings, replica, folder, before):
    """Compute the chunk after another one, or the first (None); returns it, and whether the checkpoint was loaded."""
    context, integrator = make_context(settings, replica)
    is_exact = True
    if before is None:
        _start(context, settings, replica)
    else:
        is_exact = _continue(context, integrator, replica, before)
    mass = sum(context.getSystem().getParticleMass(i)._value for i in range(context.getSystem().getNumParticles()))
    derivatives = requested_derivatives(_read(settings, "system"))
    number = 1 if before is None else before.number + 1
    rows, frames = [], []
    for step in range(settings.sample_steps, settings.chunk_steps + 1, settings.sample_steps):
        integrator.step(settings.sample_steps)
        columns, row = _sample(context, mass, derivatives)
        if not np.isfinite(row).all():
            raise RuntimeError(
                f"replica {replica.name} has become unstable: after {row[0]} steps the potential energy is {row[2]}"
                " kJ/mol; expected finite numbers: minimize the energy, or take a shorter --time-step"
            )
        rows.append(row)
        if settings.frame_steps and step % settings.frame_steps == 0:
            frames.append(_frame(context))
    samples = np.array(rows) if before is None else np.concatenate([before.samples, rows])
    files = () if before is None else before.frames
    if frames:
        files += (write_frames(folder, number, *map(np.array, zip(*frames))),)
    state = openmm.XmlSerializer.serialize(context.getState(positions=True, velocities=True, parameters=True))
    return Chunk(number, columns, samples, context.createCheckpoint(), state, files), is_exact


def make_context(settings, replica):
    """Create the Context of a replica without positions, with all seeds; returns it and its integrator."""
    system = openmm.XmlSerializer.deserialize(_read(settings, "system"))
    for force in system.getForces():
        if hasattr(force, "setRandomNumberSeed"):
            force.setRandomNumberSeed(replica.seeds[2])
        if hasattr(force, "setDefaultTemperature"):
            force.setDefaultTemperature(replica.temperature)
        if "Barostat" in type(force).__name__:
            _check_frequency(force, settings.chunk_steps)
    integrator = openmm.LangevinMiddleIntegrator(replica.temperature, settings.friction, settings.time_step)
    integrator.setRandomNumberSeed(replica.seeds[1])
    platform = openmm.Platform.getPlatform(settings.platform)
    context = openmm.Context(system, integrator, platform, platform_properties(settings.platform, os.environ))
    if settings.platform == "CPU":
        _check_threads(platform.getPropertyValue(context, "Threads"), os.environ[THREADS_VARIABLE])
    _set_parameters(context, replica)
    return context, integrator


def platform_properties(platform, environment):
    """The properties of a platform on a worker, from the environment of the worker.

    Threads are no property here: OpenMM's PME on the CPU platform has threads of its own, whose number is that of
    OPENMM_CPU_THREADS, and not of the property Threads.
    """
    if platform == "CPU" and THREADS_VARIABLE not in environment:
        raise RuntimeError(
            f"{THREADS_VARIABLE} is not set on the worker on {socket.gethostname()}, so that each of its workers would"
            " take all cores; expected the number of threads of a worker"
        )
    return {"DeviceIndex": environment[DEVICE_VARIABLE]} if DEVICE_VARIABLE in environment else {}


def _check_threads(used, wanted):
    """OpenMM reads the variable when it is imported; a worker may have set it later."""
    if used != wanted:
        raise RuntimeError(
            f"OpenMM uses {used} threads on the worker on {socket.gethostname()}; expected the {wanted} of"
            f" {THREADS_VARIABLE}: set the variable before the worker starts"
        )


def _check_frequency(barostat, chunk_steps):
    """A barostat counts steps from the start of each Context, so that it needs a whole number of moves in a chunk."""
    frequency = barostat.getFrequency()
    if frequency and chunk_steps % frequency:
        raise ValueError(
            f"a chunk has {chunk_steps} steps; expected a multiple of the frequency of the barostat, {frequency}"
        )


def _set_parameters(context, replica):
    names = context.getParameters().keys()
    for name, value in replica.parameters:
        if name not in names:
            known = ", ".join(sorted(names)) or "there are none"
            raise ValueError(f"the System has no parameter {name}; expected a parameter of its forces: {known}")
        context.setParameter(name, value)


def _start(context, settings, replica):
    """Set positions, box and velocities. Parameters in the State are those of another simulation."""
    state = openmm.XmlSerializer.deserialize(_read(settings, "state"))
    if context.getSystem().usesPeriodicBoundaryConditions():
        context.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
    context.setPositions(state.getPositions())
    context.setVelocitiesToTemperature(replica.temperature, replica.seeds[0])


def _continue(context, integrator, replica, before):
    """Load the checkpoint, or else the State; returns whether it was the checkpoint."""
    try:
        context.loadCheckpoint(before.checkpoint)
    except openmm.OpenMMException:  # of another platform, device or version
        integrator.setRandomNumberSeed(replica.seeds[1] ^ before.number or 1)
        for force in context.getSystem().getForces():
            if hasattr(force, "setRandomNumberSeed"):
                force.setRandomNumberSeed(replica.seeds[2] ^ before.number or 1)
        context.reinitialize()
        context.setState(openmm.XmlSerializer.deserialize(before.state))
        return False
    return True


def _frame(context):
    """Positions with whole molecules and, if there is a box, its vectors, in nm."""
    periodic = context.getSystem().usesPeriodicBoundaryConditions()
    state = context.getState(positions=True, enforcePeriodicBox=periodic)
    box = state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer) if periodic else np.zeros((0, 3))
    return state.getPositions(asNumpy=True).value_in_unit(unit.nanometer), box


def requested_derivatives(system):
    """The names of the parameters by which forces of a System, given as XML, compute derivatives of their energy.

    For all other parameters OpenMM returns 0.0. A force of a plugin has no methods in Python without its package, so
    that the text is searched.
    """
    path = "./Forces/Force/EnergyParameterDerivatives/Parameter"
    return sorted({each.get("name") for each in ElementTree.fromstring(system).iterfind(path)})


def _sample(context, mass, derivatives):
    """The names and values of a sample."""
    state = context.getState(energy=True, parameterDerivatives=bool(derivatives))
    columns = ["step", "time (ps)", "potential energy (kJ/mol)", "kinetic energy (kJ/mol)"]
    row = [
        context.getStepCount(),
        state.getTime().value_in_unit(unit.picosecond),
        state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole),
        state.getKineticEnergy().value_in_unit(unit.kilojoule_per_mole),
    ]
    if context.getSystem().usesPeriodicBoundaryConditions():
        volume = state.getPeriodicBoxVolume().value_in_unit(unit.nanometer**3)
        columns += ["volume (nm3)", "density (kg/m3)"]
        row += [volume, KG_PER_M3 * mass / volume]
    for name in derivatives:
        columns.append(f"dE/d{name} (kJ/mol)")
        row.append(state.getEnergyParameterDerivatives()[name])
    return tuple(columns), row


def _read(settings, name):
    """The text of system.xml or state.xml, which must be the one that the ensemble was started with."""
    path = Path(settings.folder) / f"{name}.xml"
    text = path.read_text(encoding="utf-8")
    if digest(text) != getattr(settings, name):
        raise ValueError(f"{path} has changed since the ensemble was started; expected the same file")
    return text
