#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM's checkpoints do not hold the counter of steps and the step width of a Monte Carlo barostat.
#
# Library:   OpenMM 8.6.1 from PyPI (numpy 2.4.6).
# Input:     64 particles at constant pressure on Reference, with all seeds set; Context.createCheckpoint(), and
#            loadCheckpoint() in a new Context of the same System.
# Expected:  the restored simulation is the uninterrupted one, as it is without a barostat. The documentation of
#            loadCheckpoint() calls this ideal and not guaranteed; it says that internal data are in a checkpoint.
# Seen:      it is another simulation. And where a simulation is continued from checkpoints more often than the
#            frequency of the barostat, the barostat never moves: the volume is constant, and nothing says so.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import openmm

EDGE, FREQUENCY = 1.6, 25


def make(barostat):
    """A new Context and its integrator."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(EDGE * np.eye(3)))
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(0.6)
    for _ in range(64):
        system.addParticle(40.0)
        force.addParticle(0.0, 0.3, 0.8)
    system.addForce(force)
    if barostat:
        system.addForce(openmm.MonteCarloBarostat(50.0, 90.0, FREQUENCY))
        system.getForce(1).setRandomNumberSeed(3)
    integrator = openmm.LangevinMiddleIntegrator(90.0, 1.0, 0.004)
    integrator.setRandomNumberSeed(3)
    return openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference")), integrator


def start(barostat):
    context, integrator = make(barostat)
    grid = np.stack(np.meshgrid(*[np.arange(4)] * 3), axis=-1).reshape(-1, 3)
    context.setPositions((grid + 0.1) * EDGE / 4)
    context.setVelocitiesToTemperature(90.0, 1)
    return context, integrator


def positions(context):
    return context.getState(positions=True).getPositions(asNumpy=True)._value


def difference(barostat):
    """How far a restored simulation is from the uninterrupted one, in nm."""
    context, integrator = start(barostat)
    integrator.step(500)
    checkpoint = context.createCheckpoint()
    integrator.step(200)
    restored, other = make(barostat)
    restored.loadCheckpoint(checkpoint)
    other.step(200)
    return abs(positions(context) - positions(restored)).max()


def volume_after_pieces(steps, pieces):
    """The volume after a simulation in pieces, each continued from a checkpoint, in nm^3."""
    context, integrator = start(True)
    for _ in range(pieces):
        integrator.step(steps)
        checkpoint = context.createCheckpoint()
        context, integrator = make(True)
        context.loadCheckpoint(checkpoint)
    return context.getState().getPeriodicBoxVolume()._value


without, with_barostat = difference(False), difference(True)
whole, pieces = volume_after_pieces(2000, 1), volume_after_pieces(FREQUENCY - 5, 100)
print(f"OpenMM {openmm.Platform.getOpenMMVersion()}")
print(f"restored and uninterrupted: differ by {without} nm, and with a barostat by {with_barostat:.3f} nm")
print(f"volume at the start {EDGE**3:.4f} nm^3; after 2000 steps {whole:.4f}; in 100 pieces of 20 steps {pieces:.4f}")
sys.exit(not (without == 0 and with_barostat > 1e-3 and abs(whole - EDGE**3) > 0.01 and abs(pieces - EDGE**3) < 1e-9))
PYTHON
