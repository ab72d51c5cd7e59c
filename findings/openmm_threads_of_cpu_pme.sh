#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# The property Threads of OpenMM's CPU platform does not limit the threads of PME; OPENMM_CPU_THREADS alone does.
#
# Library:   OpenMM 8.6.1 from PyPI (numpy 2.4.6), on Linux.
# Input:     250 water molecules with PME on the CPU platform, with the property Threads = 1, where the environment
#            variable OPENMM_CPU_THREADS is 1, and where it is 16; without the variable, PME takes all cores.
# Expected:  the Context uses as many threads as its property says; the variable is only the default of the property.
# Seen:      the property is 1 in both cases, and the second Context has started 15 threads more than the first. Without
#            PME there is no difference. Several workers on one machine therefore compete for its cores although each
#            was told to use one thread.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
cat >"$folder/count.py" <<'PYTHON'
import os
import sys

import openmm
from openmm import app

modeller = app.Modeller(app.Topology(), [])
field = app.ForceField("amber14/tip3p.xml")
modeller.addSolvent(field, numAdded=250)
method = getattr(app, sys.argv[1])
system = field.createSystem(modeller.topology, nonbondedMethod=method, nonbondedCutoff=0.9)
before = len(os.listdir("/proc/self/task"))
platform = openmm.Platform.getPlatform("CPU")
context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, {"Threads": "1"})
context.setPositions(modeller.positions)
context.getState(forces=True)
assert platform.getPropertyValue(context, "Threads") == "1"
print(len(os.listdir("/proc/self/task")) - before)
PYTHON
count() { OPENMM_CPU_THREADS=$1 "$folder/venv/bin/python" "$folder/count.py" "$2"; }
pme=$(($(count 16 PME) - $(count 1 PME)))
cutoff=$(($(count 16 CutoffPeriodic) - $(count 1 CutoffPeriodic)))
echo "threads that OPENMM_CPU_THREADS=16 adds although the property Threads is 1: $pme with PME, $cutoff without it"
[ "$pme" = 15 ] && [ "$cutoff" = 0 ]
