#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# Removing a package with a GPU platform of OpenMM removes all C++ headers of the package openmm, too.
#
# Library:   OpenMM 8.6.1 with openmm-cuda-13 8.6.1 or openmm-hip-6 8.6.1 from PyPI, Linux x86-64, Python 3.11.
# Input:     pip install openmm; pip install --no-deps openmm-cuda-13; pip uninstall openmm-cuda-13, as in a change from
#            CUDA 12 to CUDA 13.
# Expected:  openmm is as before.
# Seen:      The wheel of the GPU package contains copies of the headers at the same paths, and pip lets two packages
#            own a file. After the removal none of the 335 headers in OpenMM.libs is left. pip still lists openmm, "pip
#            check" finds no problem, and simulations run; but plugins and C++ programs can no longer be built.
#            pip install --force-reinstall openmm brings the headers back.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
headers() { find "$folder"/venv/lib/python3*/site-packages/OpenMM.libs -name '*.h' | wc -l; }

for package in openmm-cuda-13 openmm-hip-6; do
  pip install -q --force-reinstall openmm==8.6.1
  before=$(headers)
  pip install -q --no-deps "$package==8.6.1"
  with=$(headers)
  pip uninstall -q -y "$package"
  after=$(headers)
  pip check
  echo "$package: $before headers before, $with with it, $after after its removal"
  [ "$before" -gt 300 ] && [ "$with" = "$before" ] && [ "$after" = 0 ] || exit 1
done
