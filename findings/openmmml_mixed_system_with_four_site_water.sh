#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM-ML cannot make a mixed System if anything in it has virtual sites, as four-site water has.
#
# Libraries: openmmml 1.8 and OpenMM 8.6.1, from PyPI (numpy 2.4.6).
# Input:     a box of 64 TIP4P-Ew molecules; MLPotential.createMixedSystem() with the three atoms of the first molecule
#            as the ML subset. The potential is a stand-in of a few lines, registered as the documentation describes.
# Expected:  a System, as for three-site water. The documentation asks for a Topology and a System of it that uses a
#            conventional force field, and names no restriction to atoms that have an element.
# Seen:      AttributeError: 'NoneType' object has no attribute 'atomic_number'. The mechanical embedding asks for the
#            atomic numbers of all atoms, also those outside of the ML subset, and although no bond is cut. So no solute
#            can be treated with ML in four-site water. The same box of TIP3P works.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmmml==1.8 openmm==8.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import openmm
from openmm import app
from openmmml import mlpotential


class Tether(mlpotential.MLPotentialImpl):
    """Stands for an ML potential: an energy of each atom of the ML subset."""

    def addForces(self, topology, system, atoms, forceGroup, **args):
        force = openmm.CustomExternalForce("x^2")
        for atom in atoms:
            force.addParticle(atom)
        system.addForce(force)

    def getMLLongRange(self):
        return False


class TetherFactory(mlpotential.MLPotentialImplFactory):
    def createImpl(self, name, **args):
        return Tether()


def mixed(file, water):
    """The particles of the mixed System with one molecule of a box of water as the ML subset, or the error."""
    field = app.ForceField(file)
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, model=water, numAdded=64)
    system = field.createSystem(modeller.topology, nonbondedMethod=app.CutoffPeriodic, nonbondedCutoff=0.5)
    try:
        result = mlpotential.MLPotential("tether").createMixedSystem(modeller.topology, system, [0, 1, 2])
    except AttributeError as error:
        return f"AttributeError: {error}"
    return result.getNumParticles()


mlpotential.MLPotential.registerImplFactory("tether", TetherFactory())
found = [mixed("amber14/tip3p.xml", "tip3p"), mixed("amber14/tip4pew.xml", "tip4pew")]
print(f"openmmml {version('openmmml')}, OpenMM {openmm.version.version}: three sites {found[0]}, four sites {found[1]}")
as_described = found == [192, "AttributeError: 'NoneType' object has no attribute 'atomic_number'"]
sys.exit(0 if as_described else "the behaviour has changed")
PYTHON
