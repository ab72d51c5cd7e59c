#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Measures what OPENMM_CPU_THREADS does to workers that simulate the water of this example at the same time.

    python threads.py

One worker per core, in turn with the variable as Dask leaves it (unset), as ensemble.py sets it (1), and with eight
threads, as many for each core as workers would have on a machine with eight cores where it is unset.
"""

import os
import sys
import time

import dask
import numpy as np
import openmm
from clusters import thread_policy, usable_cores
from distributed import Client, LocalCluster
from replica import THREADS_VARIABLE
from water import make_water

MOLECULES, STEPS, ROUNDS = 250, 2000, 5


def simulate(system, state):
    """Simulate on the CPU platform.

    Returns
    -------
    (int, int, float)
        Threads of the platform, threads that the Context has started, and steps per second.
    """

    def count_threads():
        return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0

    before = count_threads()
    integrator = openmm.LangevinMiddleIntegrator(298.15, 1.0, 0.004)
    platform = openmm.Platform.getPlatform("CPU")
    context = openmm.Context(openmm.XmlSerializer.deserialize(system), integrator, platform)
    context.setState(openmm.XmlSerializer.deserialize(state))
    context.setVelocitiesToTemperature(298.15, 1)
    integrator.step(10)
    started = count_threads() - before
    start = time.monotonic()
    integrator.step(STEPS)
    speed = STEPS / (time.monotonic() - start)
    return int(platform.getPropertyValue(context, "Threads")), started, speed


def measure(workers, policy, system, state):
    """Simulate in all workers at the same time; returns the largest numbers of threads, and the sum of the speeds."""
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": "ERROR"}
    os.environ.pop(THREADS_VARIABLE, None)
    with (
        dask.config.set(policy),
        LocalCluster(n_workers=workers, threads_per_worker=1, **options) as cluster,
        Client(cluster) as client,
    ):
        addresses = list(client.scheduler_info()["workers"])
        futures = [client.submit(simulate, system, state, workers=each, pure=False) for each in addresses]
        threads, started, speeds = zip(*client.gather(futures))
    return max(threads), max(started), sum(speeds)


def main():
    workers = usable_cores()
    texts = make_water(MOLECULES)
    policies = {"unset": {}, **{str(threads): thread_policy(threads) for threads in (1, 8)}}
    found = {}
    for _ in range(ROUNDS):
        for name, policy in policies.items():
            found.setdefault(name, []).append(measure(workers, policy, *texts))
    print(f"| {THREADS_VARIABLE} | threads of the platform | threads started | steps/s of {workers} workers |")
    print("|---|---|---|---|")
    for name, rows in found.items():
        speeds = [speed for *_, speed in rows]
        text = f"{np.median(speeds):.0f} [{min(speeds):.0f}, {max(speeds):.0f}]"
        print(f"| {name} | {rows[0][0]} | {rows[0][1]} | {text} |")


if __name__ == "__main__":
    main()
