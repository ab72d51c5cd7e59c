#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM reads the XML of a System that was cut off in the middle, and returns a System with fewer interactions.
#
# Library:   OpenMM 8.6.1 from PyPI (numpy 2.4.6).
# Input:     the XML of a box of 64 TIP3P molecules, as a full disk or an interrupted copy would leave it: cut off
#            after one of the Exception nodes of its NonbondedForce.
# Expected:  an exception, since the text is no XML document.
# Seen:      XmlSerializer.deserialize() returns a System. It has the particles, but 94 of 192 exceptions and 2 of 4
#            forces. Its energy is wrong, and nothing says so. (At most other places the missing part is noticed, by
#            the name of a property or child that is asked for.)
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import openmm
from openmm import app

modeller = app.Modeller(app.Topology(), [])
field = app.ForceField("amber14/tip3p.xml")
modeller.addSolvent(field, numAdded=64)
whole = field.createSystem(modeller.topology, nonbondedMethod=app.CutoffPeriodic, nonbondedCutoff=0.5)
text = openmm.XmlSerializer.serialize(whole)
part = openmm.XmlSerializer.deserialize("<Exception ".join(text.split("<Exception ")[:95]).rstrip())


def count(system):
    """Particles, forces, and exceptions of the NonbondedForce."""
    nonbonded = next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))
    return system.getNumParticles(), system.getNumForces(), nonbonded.getNumExceptions()


print(
    f"OpenMM {openmm.Platform.getOpenMMVersion()}: particles, forces, exceptions {count(whole)}, and of the XML that"
    f" was cut off {count(part)}"
)
sys.exit(not (count(whole) == (192, 4, 192) and count(part) == (192, 2, 94)))
PYTHON
