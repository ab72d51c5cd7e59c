# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A few steps of dense molecules with PME on the CUDA platform, with and without a correction, in one Context after
another. Tests inspect the modules that the platform compiled and the kernels that it launched.

Run as: fused_kernel_cases.py single|mixed|double none|shared|shorter|own|tables...
Prints a line for each correction: its name, and the numbers of modules and of lines in the log of launches so far.
"""

import os
import sys
import warnings
from pathlib import Path

import openmm

sys.path.insert(0, str(Path(__file__).parent.parent))
import architectures
import systems

#: Corrections that are tables. "tables" is a program of types and global parameters, evaluated with tables.
CORRECTIONS = {"shared": {}, "shorter": {"cutoff": 0.45}, "own": {"exclusions": []}}


def evaluated_with_tables(chains):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = architectures.load(architectures.by_name("two_parameters"), "module")
    force = model.create_force(chains.types % len(model.types), representation="program", evaluation="table")
    force.setCutoffDistance(systems.CUTOFF)  # that of the NonbondedForce
    for i, j in chains.molecule_pairs:
        force.addExclusion(int(i), int(j))
    return force


def run(correction, precision):
    chains = systems.Chains(molecules=1100, density=40.0)
    system = chains.system()
    system.addForce(chains.nonbonded(openmm.NonbondedForce.PME))
    if correction == "tables":
        system.addForce(evaluated_with_tables(chains))
    elif correction != "none":
        system.addForce(chains.learned(**CORRECTIONS[correction]))
    context = openmm.Context(
        system, openmm.VerletIntegrator(1e-5), openmm.Platform.getPlatform("CUDA"), {"Precision": precision}
    )
    context.setPositions(chains.positions)
    context.getIntegrator().step(5)


def main(precision, corrections):
    folder = Path(os.environ.get("DRYRUN_OUT", "."))
    log = Path(os.environ.get("EMULATE_LOG", folder / "launches.log"))
    for correction in corrections:
        run(correction, precision)
        lines = len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
        print(correction, len(list(folder.glob("module*.ptx"))), lines, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
