# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests the example of ensembles: killed workers and scripts, checkpoints, seeds, and its stored results.

The Reference platform repeats every number exactly, so that results are compared without a tolerance.
"""

import csv
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import distributed
import filelock
import learnedpair as lp
import numpy as np
import openmm
import pytest
from comparators import assert_close

FOLDER = Path(__file__).parents[1] / "examples" / "ensemble"
MODULES = [path.stem for path in FOLDER.glob("*.py")]
SCRIPT = FOLDER / "ensemble.py"
CHUNK, SAMPLE, NUM_CHUNKS = 300, 100, 3  # steps, steps, chunks of a replica
TIME_STEP, FRICTION = 0.004, 1.0
EDGE, CUTOFF = 1.7, 0.6
SETTINGS = dict(platform="Reference", time_step=TIME_STEP, friction=FRICTION, chunk_steps=CHUNK, sample_steps=SAMPLE)
ENERGY = "potential energy (kJ/mol)"


@pytest.fixture(autouse=True)
def environment():
    """Dask changes the environment of the process that starts workers."""
    saved = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(saved)


@pytest.fixture
def example(monkeypatch):
    """A function that imports a module of the example."""
    monkeypatch.syspath_prepend(FOLDER)
    for name in MODULES:  # other examples have modules of the same names
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


def make_system(barostat=False):
    """A liquid of 64 atoms with a correction whose scale is a parameter, and its positions."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(EDGE * np.eye(3)))
    nonbonded = openmm.NonbondedForce()
    nonbonded.setNonbondedMethod(nonbonded.CutoffPeriodic)
    nonbonded.setCutoffDistance(CUTOFF)
    for _ in range(64):
        system.addParticle(39.9)
        nonbonded.addParticle(0.0, 0.34, 1.0)
    r = np.linspace(0.2, CUTOFF, 41)
    x = 1 - (r / CUTOFF) ** 2
    force = lp.LearnedPairForce(lp.PairTable(1, 0.2, CUTOFF, [-2 * x**3], [12 * r / CUTOFF**2 * x**2], [0]))
    force.setParticleTypes([0] * 64)
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    force.setScaleParameter("scale")
    force.addEnergyParameterDerivative("scale")
    system.addForce(nonbonded)
    system.addForce(force)
    if barostat:
        system.addForce(openmm.MonteCarloBarostat(100.0, 90.0, 10))
    grid = np.stack(np.meshgrid(*[np.arange(4)] * 3), axis=-1).reshape(-1, 3)
    return system, (grid + 0.1) * EDGE / 4


def make_texts(barostat=False):
    """The XML of the System and of a State. The State has parameters that must not be used."""
    system, positions = make_system(barostat)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    context.setParameter("scale", 7.0)
    state = context.getState(positions=True, velocities=True, parameters=True)
    return openmm.XmlSerializer.serialize(system), openmm.XmlSerializer.serialize(state)


def run_uninterrupted(replica, num_chunks):
    """A simulation in one Context, as a user would write it: energies, and derivatives by the scale."""
    system, positions = make_system()
    integrator = openmm.LangevinMiddleIntegrator(replica.temperature, FRICTION, TIME_STEP)
    velocity_seed, integrator_seed, _ = replica.seeds
    integrator.setRandomNumberSeed(integrator_seed)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
    for name, value in replica.parameters:
        context.setParameter(name, value)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(replica.temperature, velocity_seed)
    rows = []
    for _ in range(num_chunks * CHUNK // SAMPLE):
        integrator.step(SAMPLE)
        state = context.getState(energy=True, parameterDerivatives=True)
        rows.append((state.getPotentialEnergy()._value, state.getEnergyParameterDerivatives()["scale"]))
    return np.array(rows)


class Killer(threading.Thread):
    """Kills one worker while it computes a chunk that is not the first of its replica.

    The worker is stopped before the test looks whether the chunk is complete: the kill cannot be too late.
    """

    def __init__(self, folder, names, chunks):
        super().__init__(daemon=True)
        self.folder, self.names, self.chunks = folder, names, chunks
        self.killed = None  # name, number of the chunk, process
        self.done = threading.Event()

    def run(self):
        while self.killed is None and not self.done.wait(0.002):
            for name in self.names:
                for number, _, process in self.chunks.read_attempts(self.folder / name)[-1:]:
                    if number > 1 and self.killed is None and self.chunks.last_number(self.folder / name) < number:
                        self.try_to_kill(name, number, process)

    def try_to_kill(self, name, number, process):
        os.kill(process, signal.SIGSTOP)
        if self.chunks.last_number(self.folder / name) < number:
            self.killed = (name, number, process)
            self.kill(process)
        else:
            os.kill(process, signal.SIGCONT)

    def kill(self, process):
        os.kill(process, signal.SIGKILL)


def import_on_workers(client):
    """Which of these modules each worker has imported. A function of this file would make it import this file."""

    def find():
        import sys

        return {name for name in ("torch", "learnedpair", "openmm") if name in sys.modules}

    return client.run(find)


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(example, tmp_path):
    """Eight replicas, of which two have equal seeds: no replica is left out, and each has its own random numbers."""
    running, clusters, chunks = example("running"), example("clusters"), example("chunks")
    settings = running.prepare(tmp_path, *make_texts(), **SETTINGS)
    replicas = running.make_replicas([85, 95], [{"scale": 0.0}, {"scale": 1.0}], 2, seed=3)
    replicas[-1] = replicas[-2]._replace(name="twin")
    killer = Killer(tmp_path, [each.name for each in replicas], chunks)
    lines = []
    clusters.set_policies(allowed_failures=5)
    with clusters.connect(clusters.local_cluster(2, threads=1)) as client:
        assert client.scheduler.address.startswith("tcp://127.0.0.1:")
        killer.start()
        results = running.run(client, settings, replicas, NUM_CHUNKS, lines.append)
        killer.done.set()
        killer.join()
        assert set.union(*import_on_workers(client).values()) == {"openmm"}
    assert len(results) == len(lines) == 8 * NUM_CHUNKS and all(each.is_exact for each in results)
    name, number, process = killer.killed
    attempts = [found for found in chunks.read_attempts(tmp_path / name) if found[0] == number]
    assert len(attempts) == 2 and attempts[0][2] == process != attempts[1][2]
    assert running.count_attempts(settings, replicas) == {
        "chunks": 8 * NUM_CHUNKS,
        "attempts": 8 * NUM_CHUNKS + 1,
        "chunks with several attempts": 1,
        "of these, from a checkpoint": 1,
    }
    samples = running.write_samples(settings, replicas)
    for each in replicas:
        expected = run_uninterrupted(each, NUM_CHUNKS)
        np.testing.assert_array_equal(samples[each.name][ENERGY], expected[:, 0])
        np.testing.assert_array_equal(samples[each.name]["dE/dscale (kJ/mol)"], expected[:, 1])
    assert len({samples[each.name][ENERGY][-1] for each in replicas}) == 7
    assert (samples["twin"][ENERGY] == samples[replicas[-2].name][ENERGY]).all()


@pytest.mark.slow
def test_replicas_that_fail_leave_the_others_alone(example, tmp_path):
    """One that cannot be computed, and one whose worker dies more often than is allowed."""
    running, clusters, chunks = example("running"), example("clusters"), example("chunks")
    settings = running.prepare(tmp_path, *make_texts(), **SETTINGS)
    replicas = running.make_replicas([85], [{"scale": 0.0}, {"scale": 1.0}, {"unknown": 1.0}], 1, seed=3)
    lines = []
    clusters.set_policies(allowed_failures=0)
    # The death of a worker counts for all tasks that it has, waiting ones included: each replica has its own worker.
    with clusters.connect(clusters.local_cluster(2, threads=1)) as client:
        with pytest.raises(RuntimeError, match=r"1 of 3 replicas have failed: 85K-unknown_1-00; the first error"):
            running.run(client, settings, replicas, 1, lines.append)
        assert "85K-unknown_1-00 has failed: ValueError: the System has no parameter unknown" in "\n".join(lines)
        assert running.count_complete(settings, replicas, 1) == 2
        killer = Killer(tmp_path, [replicas[0].name], chunks)
        killer.start()
        with pytest.raises(RuntimeError, match=rf"1 of 2 replicas have failed: {replicas[0].name}; .* has died once"):
            running.run(client, settings, replicas[:2], 20, lines.append)
        killer.join()
    assert chunks.last_number(tmp_path / replicas[1].name) == 20
    assert chunks.last_number(tmp_path / replicas[0].name) == killer.killed[1] - 1


def test_a_worker_of_several_tasks_is_refused(example, tmp_path):
    """The random numbers of Reference belong to the process: replicas at the same time would mix them."""
    running = example("running")
    settings = running.prepare(tmp_path, *make_texts(), **SETTINGS)
    options = dict(dashboard_address="127.0.0.1:0", silence_logs="CRITICAL")
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, **options)
    with (
        example("clusters").connect(cluster) as client,
        pytest.raises(RuntimeError, match=r"2 tasks at a time; expected"),
    ):
        running.run(client, settings, running.make_replicas([85], [{"scale": 1.0}], 1, seed=3), 1, print)


def script(tmp_path, *arguments):
    """The command that runs the script with an own System."""
    return [
        *(sys.executable, "-W", "error", SCRIPT, "--output", tmp_path / "out"),
        *("--system", tmp_path / "system.xml", "--state", tmp_path / "state.xml", "--temperatures", "85,95"),
        *("--parameter", "scale=0,1", "--replicas", "2", "--seed", "3", "--time-step", TIME_STEP),
        *("--chunk", CHUNK * TIME_STEP, "--sample", SAMPLE * TIME_STEP, "--equilibration", "0"),
        *("--length", NUM_CHUNKS * CHUNK * TIME_STEP, *arguments),
    ]


def write_texts(folder, barostat):
    for name, text in zip(("system", "state"), make_texts(barostat)):
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")


def run_to_the_end(command, folder):
    result = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def read_energies(folder):
    with open(folder / "samples.csv", encoding="utf-8", newline="") as file:
        return [float(row[ENERGY]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_a_killed_script_continues(example, tmp_path):
    """With a barostat, whose state OpenMM's checkpoints do not hold."""
    running, replica_module = example("running"), example("replica")
    write_texts(tmp_path, barostat=True)
    command = script(tmp_path, "--platform", "Reference", "--workers", "2")
    with subprocess.Popen(list(map(str, command)), cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("[11/24]"):
                process.kill()
                break
        process.stdout.read()
    output = run_to_the_end(command, tmp_path)
    found = int(re.search(r"(\d+) of 24 chunks are complete", output)[1])
    assert found >= 11 and output.count("kJ/mol, ") == 24 - found
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["attempts"]["chunks"] == 24 <= results["attempts"]["attempts"] <= 26  # what two workers had begun
    # The same without an interruption, in this process.
    replicas = running.make_replicas([85, 95], [{"scale": 0.0}, {"scale": 1.0}], 2, seed=3)
    settings = running.prepare(tmp_path / "whole", *make_texts(barostat=True), **SETTINGS)
    for each in replicas[::3]:
        for number in range(1, NUM_CHUNKS + 1):
            replica_module.advance(settings, each, number)
    samples = running.write_samples(settings, replicas[::3])
    for each in replicas[::3]:
        assert read_energies(tmp_path / "out" / each.name) == samples[each.name][ENERGY].tolist()
    # A third run has nothing to compute.
    assert "scheduler" not in run_to_the_end(command, tmp_path)
    assert (
        json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["attempts"] == results["attempts"]
    )


@pytest.mark.slow
def test_workers_need_nothing_of_the_example(tmp_path):
    """Workers that were started elsewhere do not have its files. They are what SLURM and Kubernetes start."""
    write_texts(tmp_path, barostat=False)
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    options = dict(cwd=tmp_path, stderr=subprocess.DEVNULL, env={**os.environ, "OPENMM_CPU_THREADS": "1"})
    with (
        subprocess.Popen([*dask, "scheduler", "--port", "0", *local], **options) as scheduler,
        subprocess.Popen([*dask, "worker", "--nworkers", "2", "--nthreads", "1", *local], **options) as workers,
    ):
        try:
            while not file.exists():
                assert scheduler.poll() is None and workers.poll() is None
                threading.Event().wait(0.05)
            address = json.loads(file.read_text(encoding="utf-8"))["address"]
            short = ["--replicas", "1", "--length", CHUNK * TIME_STEP]
            output = run_to_the_end(script(tmp_path, "--scheduler", address, *short), tmp_path)
        finally:
            workers.terminate()
            scheduler.terminate()
    assert "4 chunks, 4 attempts, 0 chunks with several attempts" in output
    assert re.search(r"\n95 K, scale = 1, 1 replica\n    potential energy \(kJ/mol\): -\d+", output)


@pytest.fixture
def one_chunk(example, tmp_path):
    """Settings, and a replica with one complete chunk."""
    running = example("running")
    settings = running.prepare(tmp_path, *make_texts(), **SETTINGS)
    [replica] = running.make_replicas([85], [{"scale": 1.0}], 1, seed=3)
    result = example("replica").advance(settings, replica, 1)
    assert result.is_new and result.number == 1
    return settings, replica


def test_a_chunk_is_written_once(example, one_chunk, tmp_path, monkeypatch):
    """The first of two processes that compute a chunk wins; a process that is killed leaves no file."""
    chunks = example("chunks")
    folder = tmp_path / one_chunk[1].name
    first = chunks.read_chunk(folder, 1)
    assert first.samples.shape == (CHUNK // SAMPLE, len(first.columns)) and first.samples[-1, 0] == CHUNK
    assert not chunks.write_chunk(folder, first._replace(samples=first.samples + 1))
    np.testing.assert_array_equal(chunks.read_chunk(folder, 1).samples, first.samples)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", killed)
        with pytest.raises(KeyboardInterrupt):
            chunks.write_chunk(folder, first._replace(number=2))
    assert chunks.last_number(folder) == 1
    assert chunks.write_chunk(folder, first._replace(number=2)) and chunks.last_number(folder) == 2
    assert {path.name for path in folder.iterdir()} == {"attempts.csv", "chunk-000002.npz"}


def test_a_complete_chunk_is_not_computed_again(example, one_chunk, tmp_path):
    settings, replica = one_chunk
    again = example("replica").advance(settings, replica, 1)
    assert not again.is_new and again.last["step"] == CHUNK
    assert len(example("chunks").read_attempts(tmp_path / replica.name)) == 1


def test_a_chunk_of_another_machine_may_come_late(example, one_chunk, tmp_path, monkeypatch):
    settings, replica = one_chunk
    module, chunks = example("replica"), example("chunks")
    folder = tmp_path / replica.name
    second = chunks.read_chunk(folder, 1)._replace(number=2)
    monkeypatch.setattr(module.time, "sleep", lambda _: chunks.write_chunk(folder, second))
    assert module.advance(settings, replica, 3).number == 3
    monkeypatch.setattr(module, "PATIENCE", -1)
    with pytest.raises(RuntimeError, match=r"ends with chunk 3; expected chunk 4, which is complete elsewhere"):
        module.advance(settings, replica, 5)


def test_without_a_checkpoint_the_state_is_used(example, one_chunk, tmp_path):
    """On another platform or processor: positions and velocities continue, random numbers do not."""
    settings, replica = one_chunk
    chunks = example("chunks")
    folder = tmp_path / replica.name
    chunk = chunks.read_chunk(folder, 1)
    (folder / "chunk-000001.npz").unlink()
    chunks.write_chunk(folder, chunk._replace(checkpoint=b"of another platform" * 9))
    result = example("replica").advance(settings._replace(sample_steps=1), replica, 2)
    assert not result.is_exact and result.last["step"] == 2 * CHUNK
    found, expected = chunks.read_chunk(folder, 2).samples, run_uninterrupted(replica, 2)[:, 0]
    half = CHUNK // SAMPLE
    assert found[half, 0] == CHUNK + 1 and found[-1, 2] != expected[-1]
    # One step changes the energy by a small part of its fluctuations.
    assert abs(found[half, 2] - expected[half - 1]) < 0.1 * np.std(expected[1:])
    assert "new random numbers" in example("running").describe(result, 2, 3)


def test_seeds_are_reproducible_and_different(example):
    make = example("running").make_replicas
    replicas = make([280, 300, 320], [{"scale": 0.0}, {"scale": 1.0}], 20, seed=1)
    seeds = [seed for each in replicas for seed in each.seeds]
    assert len(set(seeds)) == 3 * 120 and min(seeds) >= 1 and max(seeds) < 2**31
    assert make([280, 300, 320], [{"scale": 0.0}, {"scale": 1.0}], 20, seed=1) == replicas
    assert set(make([300], [{"scale": 1.0}], 3, seed=1)) < set(replicas)
    assert not {each.seeds for each in make([280, 300], [{"scale": 0.0}], 20, seed=2)} & {e.seeds for e in replicas}
    with pytest.raises(ValueError, match=r"equal temperatures and states"):
        make([300, 300.0], [{}], 1, seed=1)
    names = [each.name for each in make([300, 300.00001], [{"scale": 0.1234567}, {"scale": 0.1234571}], 1, seed=1)]
    assert len(set(names)) == 4 and names[0] == "300K-scale_0.1234567-00"


def test_another_ensemble_is_refused(example, one_chunk, tmp_path):
    prepare, settings = example("running").prepare, one_chunk[0]
    assert prepare(tmp_path, *make_texts(), **SETTINGS) == settings
    assert prepare(tmp_path, None, None, **SETTINGS) == settings
    message = (
        r"with time_step 0.004, and time_step 0.002 is asked for; choose the same time_step, or another --output.$"
    )
    with pytest.raises(ValueError, match=message):
        prepare(tmp_path, *make_texts(), **{**SETTINGS, "time_step": 0.002})
    with pytest.raises(ValueError, match=r"ensemble with system \w+, and system"):
        prepare(tmp_path, *make_texts(barostat=True), **SETTINGS)
    with pytest.raises(ValueError, match=r"ensemble.json is not complete; restore it"):
        prepare(tmp_path, *make_texts(), **SETTINGS, seed=2)
    description = tmp_path / "ensemble.json"
    for text, message in (("{", "ensemble.json is damaged"), ("{}", "ensemble.json is damaged"), (None, "has chunks")):
        description.unlink() if text is None else description.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            prepare(tmp_path, *make_texts(), **SETTINGS)


def test_another_seed_is_refused(example, tmp_path):
    prepare = example("running").prepare
    prepare(tmp_path, *make_texts(), **SETTINGS, seed=1)
    message = r"with seed 1, and seed 2 is asked for; .* No chunk is complete yet; you may also remove .*.json.$"
    with pytest.raises(ValueError, match=message):
        prepare(tmp_path, *make_texts(), **SETTINGS, seed=2)


def test_a_damaged_chunk_is_named_and_hides_no_other_replica(example, one_chunk, tmp_path):
    settings, replica = one_chunk
    path = tmp_path / replica.name / "chunk-000001.npz"
    path.write_bytes(path.read_bytes()[:-200])
    running = example("running")
    other = replica._replace(name="other", seeds=(1, 2, 3))
    example("replica").advance(settings, other, 1)
    with pytest.raises(ValueError, match=r"chunk-000001.npz is damaged .*; delete the folder .*, so that this replica"):
        running.write_samples(settings, [replica, other])
    assert (tmp_path / "other" / "samples.csv").exists()
    with pytest.raises(ValueError, match="is damaged"):
        example("replica").advance(settings, replica, 2)


def test_an_unstable_replica_fails(example, tmp_path):
    running = example("running")
    settings = running.prepare(tmp_path, *make_texts(), **{**SETTINGS, "time_step": 0.5})
    [replica] = running.make_replicas([85], [{"scale": 1.0}], 1, seed=3)
    advance, error = example("replica").advance, (RuntimeError, openmm.OpenMMException)
    with pytest.raises(error, match=r"has become unstable: after \d+ steps|NaN"):  # noqa: PT012
        for number in (1, 2, 3):
            advance(settings, replica, number)


def test_only_samples_of_the_wanted_time_count(example):
    samples = {"time (ps)": np.array([0.1, 0.2, 0.3]), "potential energy (kJ/mol)": np.array([1.0, 2.0, 6.0])}
    chosen = example("ensemble")._up_to(0.2, samples)
    assert chosen["potential energy (kJ/mol)"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--replicas", "1"], "--replicas belongs to --system"),
        (["--length", "inf"], "inf; expected a finite number above 0"),
        (["--friction", "-1"], "-1; expected a finite number that is not negative"),
        (["--system", "s.xml", "--state", "t.xml", "--temperatures", "nan"], "'nan'; expected a finite number"),
        (["--system", "s.xml", "--state", "t.xml", "--temperatures", "-3"], "expected numbers above 0 K"),
        (["--system", "s", "--state", "t", "--temperatures", "300", "--quick"], "--quick belongs to the example"),
        (
            ["--system", "s", "--state", "t", "--temperatures", "300", "--parameter", "k=1", "--parameter", "k=2"],
            "--parameter names k twice",
        ),
        (["--system", "s", "--state", "t", "--temperatures", "300", "--parameter", "k"], "expected NAME=X,X"),
    ],
)
def test_options_that_do_not_fit_are_refused(example, arguments, message, capsys):
    with pytest.raises(SystemExit):
        example("options").parse("", arguments)
    assert message in capsys.readouterr().err


def test_a_changed_file_and_a_folder_that_is_not_shared_are_refused(example, one_chunk, tmp_path):
    settings, replica = one_chunk
    advance = example("replica").advance
    with open(tmp_path / "system.xml", "a", encoding="utf-8") as file:
        file.write(" ")
    with pytest.raises(ValueError, match=r"system.xml has changed since the ensemble was started"):
        advance(settings, replica, 2)
    with pytest.raises(FileNotFoundError, match=r"elsewhere/system.xml; expected a folder that all machines share"):
        advance(settings._replace(folder=str(tmp_path / "elsewhere")), replica, 2)


def test_wrong_simulations_are_refused(example, tmp_path):
    running, advance = example("running"), example("replica").advance
    settings = running.prepare(tmp_path, *make_texts(barostat=True), **{**SETTINGS, "chunk_steps": 305})
    [replica] = running.make_replicas([85], [{"scale": 1.0}], 1, seed=3)
    with pytest.raises(ValueError, match=r"305 steps; expected a multiple of the frequency of the barostat, 10"):
        advance(settings, replica, 1)
    settings = settings._replace(chunk_steps=300)
    with pytest.raises(ValueError, match=r"no parameter lambda; .*: MonteCarloPressure, MonteCarloTemperature, scale"):
        advance(settings, replica._replace(parameters=(("lambda", 1.0),)), 1)


def test_the_barostat_has_the_temperature_of_the_replica(example, tmp_path):
    running = example("running")
    settings = running.prepare(tmp_path, *make_texts(barostat=True), **SETTINGS)
    [replica] = running.make_replicas([117], [{"scale": 0.5}], 1, seed=3)
    context, integrator = example("replica").make_context(settings, replica)
    assert context.getParameter("MonteCarloTemperature") == integrator.getTemperature()._value == 117
    assert context.getParameter("scale") == 0.5
    assert context.getSystem().getForce(2).getRandomNumberSeed() == replica.seeds[2]


def test_only_derivatives_that_forces_compute_are_sampled(example, one_chunk, tmp_path):
    """OpenMM returns 0.0 for the others."""
    columns = example("chunks").read_chunk(tmp_path / one_chunk[1].name, 1).columns
    assert [name for name in columns if name.startswith("dE/d")] == ["dE/dscale (kJ/mol)"]
    system = make_system(barostat=True)[0]
    force = openmm.CustomBondForce("other*r")
    force.addGlobalParameter("other", 1.0)
    force.addEnergyParameterDerivative("other")
    system.addForce(force)
    found = example("replica").requested_derivatives(openmm.XmlSerializer.serialize(system))
    assert found == ["other", "scale"]
    system = openmm.XmlSerializer.clone(system)
    for _ in range(2):
        system.removeForce(system.getNumForces() - 1)
    system.removeForce(1)
    assert example("replica").requested_derivatives(openmm.XmlSerializer.serialize(system)) == []


def test_threads_and_devices_of_workers(example):
    assign_devices = example("clusters").assign_devices
    assert assign_devices(2, ()) == [{}, {}]
    assert [each["ENSEMBLE_DEVICE"] for each in assign_devices(5, ("0", "2"))] == ["0", "2", "0", "2", "0"]
    properties = example("replica").platform_properties
    assert properties("CUDA", {"ENSEMBLE_DEVICE": "2"}) == {"DeviceIndex": "2"}
    assert properties("CUDA", {}) == properties("CPU", {"OPENMM_CPU_THREADS": "1"}) == {}
    with pytest.raises(RuntimeError, match=r"OPENMM_CPU_THREADS is not set on the worker"):
        properties("CPU", {})


def test_a_worker_with_a_wrong_number_of_threads_is_refused(example, one_chunk, monkeypatch):
    """OpenMM is imported here, so that the variable comes too late."""
    settings, replica = one_chunk
    monkeypatch.setenv("OPENMM_CPU_THREADS", "1234")
    with pytest.raises(RuntimeError, match=r"OpenMM uses \d+ threads .*; expected the 1234 of OPENMM_CPU_THREADS"):
        example("replica").make_context(settings._replace(platform="CPU"), replica)


@pytest.mark.slow
def test_local_workers_have_the_wanted_threads(tmp_path):
    """More than there are cores; a worker refuses another number. OpenMM is imported by the script before."""
    write_texts(tmp_path, barostat=False)
    threads = os.cpu_count() + 1
    short = ["--replicas", "1", "--length", CHUNK * TIME_STEP, "--workers", "1", "--threads", threads]
    assert "4 chunks, 4 attempts" in run_to_the_end(script(tmp_path, *short), tmp_path)


def test_options(example, monkeypatch, capsys):
    options = example("options")
    monkeypatch.setattr(example("clusters"), "usable_cores", lambda: 16)

    def sizes(*arguments):
        return options.sizes(options.parse("", arguments))

    assert sizes() == (16, 1)
    assert sizes("--workers", "3") == (3, 5)
    assert sizes("--devices", "0,1,3", "--platform", "CUDA") == (3, 5)
    assert sizes("--slurm", "--workers", "8", "--threads", "4") == (8, 4)
    for arguments, message in (
        (["--system", "a.xml"], "--system and --state belong together"),
        (["--system", "a.xml", "--state", "b.xml"], "--system needs --temperatures"),
        (["--temperatures", "300"], "--temperatures and --parameter belong to --system"),
        (["--slurm"], "--slurm and --print-job need --threads"),
        (["--scheduler", "tcp://a:1", "--threads", "2"], "--scheduler excludes --workers, --threads and --devices"),
        (["--replicas", "0"], "0; expected a finite number above 0"),
    ):
        with pytest.raises(SystemExit):
            options.parse("", arguments)
        assert message in capsys.readouterr().err


def test_the_job_script_of_slurm(tmp_path):
    command = [
        *(sys.executable, "-W", "error", str(SCRIPT), "--print-job", "--threads", "4", "--platform", "CUDA"),
        *("--memory", "8GB", "--walltime", "01:30:00", "--sbatch=--partition=gpu", "--prologue", "module load cuda"),
    ]
    lines = run_to_the_end(command, tmp_path).splitlines()
    for line in ("--cpus-per-task=4", "--mem=8G", "-t 01:30:00", "--gres=gpu:1", "--partition=gpu"):
        assert f"#SBATCH {line}" in lines
    assert "export OPENMM_CPU_THREADS=4" in lines and "module load cuda" in lines
    assert " --nthreads 1 " in lines[-2 if lines[-1] == "" else -1] and list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_job_of_slurm_that_ends_is_replaced(example, tmp_path, monkeypatch):
    """SLURM is replaced by two shell scripts; jobs are processes of this machine."""
    commands = tmp_path / "bin"
    commands.mkdir()
    jobs = commands / "jobs"
    scripts = {
        "sbatch": '[ "$1" = --test-only ] && exit 0\n'
        f'cp "$1" "$1.job"; setsid bash "$1.job" >/dev/null 2>&1 &\necho $! >>{jobs}; echo Job $!',
        "scancel": 'kill -- -"$1" 2>/dev/null; true',
    }
    for name, text in scripts.items():
        (commands / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    write_texts(tmp_path, barostat=False)
    chunks, running = example("chunks"), example("running")
    replicas = running.make_replicas([85, 95], [{"scale": 0.0}, {"scale": 1.0}], 1, seed=3)
    killer = Killer(tmp_path / "out", [each.name for each in replicas], chunks)
    killer.kill = lambda _: os.killpg(int(jobs.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)
    options = ["--replicas", "1", "--platform", "Reference"]
    command = script(tmp_path, "--slurm", "--threads", "1", "--interface", "lo", *options)
    killer.start()
    output = run_to_the_end(command, tmp_path)
    killer.done.set()
    killer.join()
    assert "12 chunks, 13 attempts, 1 chunks with several attempts, 1 of these, from a checkpoint" in output
    assert len(jobs.read_text(encoding="utf-8").split()) == 2
    name, number, process = killer.killed
    attempts = [found for found in chunks.read_attempts(tmp_path / "out" / name) if found[0] == number]
    assert len(attempts) == 2 and attempts[0][2] == process != attempts[1][2]


def test_a_job_that_slurm_refuses_is_reported(example, tmp_path, monkeypatch, capsys):
    """By a test of the job: Dask reports nothing. Here the second job would be accepted."""
    reason = "sbatch: error: invalid partition specified: gpus"
    (tmp_path / "sbatch").write_text(
        f'#!/bin/bash\n[ "$1" = --test-only ] && grep -q gpus "$2" && echo "{reason}" >&2 && exit 1\nexit 0\n',
        encoding="utf-8",
    )
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for partition in ("gpus", "gpu"):
        example("clusters")._test_job(f"#SBATCH --partition={partition}\n")
    output = capsys.readouterr().out
    assert output.startswith(
        f"SLURM would not start these jobs now: {reason}\nThe run waits for them. If they are wrong,"
    )
    assert output.count("SLURM") == 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--equilibration", "3.6"], r"--equilibration is 3.6 ps; expected less than --length, 3.6 ps"),
        (["--length", "2.5"], r"--length is 2.5 ps; expected a multiple of --chunk, 1.2 ps"),
        (["--sample", "0.498"], r"--sample is 0.498 ps; expected a multiple of the time step, 0.004 ps"),
        (["--sample", "0.8"], r"--chunk is 1.2 ps; expected a multiple of --sample, 0.8 ps"),
        (["--frames", "0.6"], r"--frames is 0.6 ps; expected a multiple of --sample of which --chunk is a multiple"),
        (["--slurm", "--threads", "2"], r"there is no command sbatch; expected --slurm on a machine that submits jobs"),
        (["--system", "missing.xml"], r"No such file or directory: 'missing.xml'"),
    ],
)
def test_wrong_options_are_refused(example, tmp_path, monkeypatch, arguments, message):
    write_texts(tmp_path, barostat=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", list(map(str, script(tmp_path, *arguments)[3:])))
    with pytest.raises(SystemExit, match=message):
        example("ensemble").main()


def test_the_script_imports_no_pytorch():
    """Dask's local workers import the script."""
    code = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import ensemble; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_second_run_in_one_folder_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    with filelock.FileLock(tmp_path / "out" / "lock"):
        result = subprocess.run(
            [sys.executable, str(SCRIPT), "--output", "out"], cwd=tmp_path, capture_output=True, text=True
        )
    assert result.returncode == 1 and "another run works in out" in result.stderr


def test_averages_and_slopes(example):
    """Of straight lines in the temperature, with replicas that differ by known numbers."""
    water, running = example("water"), example("running")
    replicas = running.make_replicas([280, 300, 330], [{water.SCALE: 0.0}, {water.SCALE: 1.0}], 3, seed=1)
    samples = {}
    for k, each in enumerate(replicas):
        scale = dict(each.parameters)[water.SCALE]
        times = np.array([1.0, 2.0, 3.0, 4.0])
        noise = np.where(times > 2, [0, 0, -1, 1], 1e3) + (-3, 0, 3)[k % 3]
        density = 1000 - (0.5 + scale) * (each.temperature - 300)
        samples[each.name] = {
            "time (ps)": times,
            "density (kg/m3)": density + noise,
            ENERGY: 10 * (-40 + 0.05 * (each.temperature - 300) + 0.1 * noise),
        }
    rows = water.averages(samples, replicas, molecules=10, equilibration=2.0)
    assert [(row["scale"], row["temperature"]) for row in rows] == [(s, t) for s in (0.0, 1.0) for t in (280, 300, 330)]
    for row in rows:
        density = 1000 - (0.5 + row["scale"]) * (row["temperature"] - 300)
        assert_close(row["density"], [density, np.sqrt(3)], rtol=1e-12)
        assert_close(row["energy"], [-40 + 0.05 * (row["temperature"] - 300), 0.1 * np.sqrt(3)], rtol=1e-9)
    mean = np.mean([row["density"][0] for row in rows[3:]])
    # The error of a slope: that of the values over the root of the sum of squared deviations of the temperatures.
    spread = np.sqrt(np.sum((np.array([280, 300, 330]) - 910 / 3) ** 2))
    found = water.slopes(rows[3:])
    assert_close(found["expansion"], [1.5e4 / mean, np.sqrt(3) / spread * 1e4 / mean], rtol=1e-9)
    assert_close(found["dE/dT"], [50.0, 100 * np.sqrt(3) / spread], rtol=1e-9)


def test_frames_become_a_trajectory(example, tmp_path):
    """Frames of an attempt that failed, here a file that no chunk names, are left out."""
    running, chunks, advance = example("running"), example("chunks"), example("replica").advance
    settings = running.prepare(tmp_path, *make_texts(), **SETTINGS, frame_steps=150)
    settings = settings._replace(sample_steps=50)
    [replica] = running.make_replicas([85], [{"scale": 1.0}], 1, seed=3)
    advance(settings, replica, 1)
    folder = tmp_path / replica.name
    chunks.write_frames(folder, 2, np.zeros((2, 64, 3)), np.zeros((2, 3, 3)))
    advance(settings, replica, 2)
    running.write_trajectories(settings, [replica])
    assert len(list(folder.glob("frames-*.npz"))) == 2
    state = openmm.XmlSerializer.deserialize(chunks.read_chunk(folder, 2).state)
    wrapped = state.getPositions(asNumpy=True)._value % EDGE
    data = (folder / "trajectory.dcd").read_bytes()
    assert int.from_bytes(data[8:12], "little") == 4  # the number of frames in the header
    # A frame ends with the coordinates x, y and z in angstrom, each between the lengths of the record.
    coordinates = np.frombuffer(data[-3 * (64 + 2) * 4 :], "<f4").reshape(3, 66)[:, 1:-1].T
    assert_close(coordinates, 10 * wrapped, atol=1e-5)


def test_the_stored_results(example):
    """The correction improves density, thermal expansion and energy of TIP3P; README.md has the same numbers."""
    results = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    water, report = example("water"), example("report")
    assert results["options"] == {"quick": False, "seed": 1}
    counts = results["attempts"]
    assert counts["chunks"] == 240 and counts["attempts"] == 240 + counts["chunks with several attempts"]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    curves = report.curves(results["rows"])
    assert list(curves) == ["TIP3P", "corrected", "experiment"]
    for rows in zip(*curves.values(), strict=True):
        cells = [report.cell(row[key], digits) for key, digits in (("density", 1), ("energy", 2)) for row in rows]
        assert f"| {rows[0]['temperature']:.2f} | {' | '.join(cells)} |".replace("+-", "±") in readme
    slopes = {name: water.slopes(rows) for name, rows in curves.items()}
    for name, each in slopes.items():
        text = f"| {name} | {report.cell(each['expansion'], 1)} | {report.cell(each['dE/dT'], 1)} |"
        assert text.replace("+-", "±") in readme
    errors = {
        name: np.abs([[row[key][0] - known[key][0] for key in ("density", "energy")] for row, known in pairs])
        for name, pairs in ((name, list(zip(curves[name], curves["experiment"]))) for name in ("TIP3P", "corrected"))
    }
    assert (errors["corrected"][1:] < errors["TIP3P"][1:]).all()
    assert 3.5 < slopes["corrected"]["expansion"][0] < 7.5 < slopes["TIP3P"]["expansion"][0] < 12.5


@pytest.mark.slow
def test_the_example_runs(tmp_path):
    output = run_to_the_end([sys.executable, "-W", "error", SCRIPT, "--quick", "--output", "out"], tmp_path)
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["options"] == {"quick": True, "seed": 1} and results["attempts"]["attempts"] == 24
    assert (tmp_path / "out" / "ensemble.png").stat().st_size > 10_000
    assert "\n| experiment | 4.0 | 51.9 |\n" in output
    for row in results["rows"]:
        assert len(row["replicas"][0]) == 2 and 940 < row["density"][0] < 1040 and -44 < row["energy"][0] < -36
