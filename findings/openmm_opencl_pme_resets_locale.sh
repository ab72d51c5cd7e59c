#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# OpenMM's OpenCL platform with PME changes the locale of the process to "C": afterwards Python's open() cannot read
# UTF-8 files any more, and neither can libraries that rely on it.
#
# Libraries: openmm 8.6.1, numpy 2.4.6, and Intel's OpenCL runtime for CPUs (intel-opencl-rt 2026.2.0 with
#            intel-cmplr-lib-rt 2026.2.0), all from PyPI; Python 3.11. The same was seen with PoCL 3.1 from Debian 12.
# Input:     the locale C.UTF-8; a Context on the OpenCL platform with a NonbondedForce that uses PME.
# Expected:  the locale, and with it Python's default encoding of files, is the same afterwards.
# Seen:      the locale is "C", and open(path) of a file with a letter beyond ASCII raises UnicodeDecodeError. A Context
#            with a cutoff in place of PME leaves the locale alone. torch.compile fails in this way when it reads its
#            own templates. PYTHONUTF8=1 or open(path, encoding="utf-8") avoids it.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmm==8.6.1 numpy==2.4.6 intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0
printf 'nm, \303\205' >"$folder/text"
unset PYTHONUTF8 PYTHONCOERCECLOCALE LC_ALL
LANG=C.UTF-8 OCL_ICD_VENDORS=$folder/venv/lib/libintelocl.so "$folder/venv/bin/python" - "$folder/text" <<'PYTHON'
import locale
import sys

import numpy as np
import openmm


def text_after(method):
    """The locale, and what open() reads, after a Context with a method for long distances was created."""
    system = openmm.System()
    force = openmm.NonbondedForce()
    for i in range(64):
        system.addParticle(1.0)
        force.addParticle((-1) ** i, 0.3, 0.5)
    force.setNonbondedMethod(method)
    force.setCutoffDistance(0.9)
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*(2 * np.eye(3)))
    platform = openmm.Platform.getPlatformByName("OpenCL")
    openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    try:
        with open(sys.argv[1]) as file:
            text = file.read()
    except UnicodeDecodeError:
        text = "UnicodeDecodeError"
    return locale.setlocale(locale.LC_CTYPE, None), text


found = [text_after(openmm.NonbondedForce.CutoffPeriodic), text_after(openmm.NonbondedForce.PME)]
print(f"OpenMM {openmm.version.version}: locale and text after a Context with a cutoff, and with PME: {ascii(found)}")
sys.exit(found != [("C.UTF-8", "nm, \u00c5"), ("C", "UnicodeDecodeError")])
PYTHON
