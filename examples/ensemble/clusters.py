# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Dask clusters: processes of this machine, jobs of SLURM, or workers that are already running.

A worker computes one task at a time: OpenMM uses several threads within it, and the random numbers of the Reference
platform belong to the process and not to a Context.
"""

import contextlib
import os
import subprocess
import tempfile

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster
from replica import DEVICE_VARIABLE, THREADS_VARIABLE

#: Dask logs the exception of each attempt, and results that die with their worker. What a user needs is printed once.
SILENT = "CRITICAL"


def usable_cores():
    """The cores that this process may use; a container or a job may have fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def assign_devices(workers, devices):
    """The environment of each worker, which names its device.

    Parameters
    ----------
    workers : int
        The number of workers.
    devices : sequence of str
        Indices of GPUs as OpenMM counts them. Worker k uses device k modulo their number.

    Returns
    -------
    list of dict of str to str
        Empty dicts without devices.
    """
    return [{DEVICE_VARIABLE: devices[k % len(devices)]} if devices else {} for k in range(workers)]


def thread_policy(threads):
    """Dask's setting of the threads of OpenMM in worker processes that start from now on.

    OpenMM reads the variable when it is imported. A local worker imports the script that has started it, and with it
    OpenMM, before it gets the environment that its Nanny was given. This setting comes earlier; it also changes the
    environment of this process.
    """
    return {f"distributed.nanny.pre-spawn-environ.{THREADS_VARIABLE}": str(threads)}


def set_policies(allowed_failures):
    """Set the policies of a scheduler that starts in this process.

    By default, a task is given up when its fourth worker dies; and a worker is assigned more tasks than it runs, all of
    which count its death.
    """
    dask.config.set(
        {"distributed.scheduler.allowed-failures": allowed_failures, "distributed.scheduler.worker-saturation": 1.0}
    )


def local_cluster(workers, threads, devices=(), memory_limit=None):
    """Start worker processes on this machine, which only this machine can reach.

    LocalCluster has one environment for all workers, so that the general class is used. A worker that dies is replaced
    (Nanny), and has the same environment.
    """
    common = {
        "nthreads": 1,
        "host": "127.0.0.1",
        "dashboard": False,
        # Dask's default is a share by the threads of the worker, here one; the whole memory is shared instead.
        "memory_limit": 1 / workers if memory_limit is None else memory_limit,
        "silence_logs": SILENT,
    }
    specification = {
        k: {"cls": Nanny, "options": {**common, "env": environment}}
        for k, environment in enumerate(assign_devices(workers, devices))
    }
    # Without a dashboard, too, there is a port for HTTP: any free one in place of 8787, which warns if it is taken.
    http = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": Scheduler, "options": {"host": "127.0.0.1", "port": 0, **http}}
    with dask.config.set(thread_policy(threads)):
        return SpecCluster(workers=specification, scheduler=scheduler, silence_logs=SILENT)


def slurm_cluster(
    workers, threads, gpus=False, memory="4GB", walltime="04:00:00", interface=None, directives=(), prologue=()
):
    """Start a scheduler in this process and one SLURM job per worker; needs dask-jobqueue.

    Parameters
    ----------
    workers : int
        The number of jobs.
    threads : int
        Cores and threads of each job.
    gpus : bool
        Whether each job asks for a GPU. SLURM shows a job its own GPU only, so that no device is assigned here.
    memory, walltime : str
        Of each job.
    interface : str, optional
        The network interface, such as "ib0".
    directives : sequence of str
        More options of sbatch, such as "--partition=gpu".
    prologue : sequence of str
        Lines of the shell before the worker starts, such as "module load cuda".
    """
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(
        cores=1,
        job_cpu=threads,
        processes=1,
        memory=memory,
        walltime=walltime,
        interface=interface,
        silence_logs=SILENT,
        job_extra_directives=[*(["--gres=gpu:1"] if gpus else []), *directives],
        job_script_prologue=[f"export {THREADS_VARIABLE}={threads}", *prologue],
        scheduler_options={"dashboard": False, "dashboard_address": ":0"},
    )
    if workers:
        _test_job(cluster.job_script())
        # Unlike scale(), adapt() replaces jobs that SLURM has ended at their wall time.
        cluster.adapt(minimum=workers, maximum=workers)
    return cluster


def _test_job(script):
    """Let SLURM test the script of a job without submitting it, and print its message if it would not start the job.

    Dask reports nothing of jobs that SLURM refuses, and waits. SLURM's test also fails for jobs that must wait for
    nodes that are down; the run therefore goes on.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        result = subprocess.run(["sbatch", "--test-only", file.name], capture_output=True, text=True)
    if result.returncode:
        print(
            f"SLURM would not start these jobs now: {(result.stderr or result.stdout).strip()}\nThe run waits for them."
            " If they are wrong, interrupt it, look at the job with --print-job, and change --sbatch, --memory,"
            " --walltime, --threads or --platform.",
            flush=True,
        )


@contextlib.contextmanager
def connect(cluster):
    """A client of a cluster, or of the scheduler with an address."""
    with cluster if hasattr(cluster, "close") else contextlib.nullcontext(), Client(cluster) as client:
        yield client
