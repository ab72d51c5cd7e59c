#!/usr/bin/env bash
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# Intel's OpenCL runtime for CPUs reads an array at the wrong index if the index is (int) (get_local_id(0) / 32).
#
# Libraries: intel-opencl-rt 2026.2.0 with intel-cmplr-lib-rt 2026.2.0 (which it needs and does not require: without
#            it there is no platform), pyopencl 2026.1.4, numpy 2.4.6, all from PyPI. The same was seen with
#            2024.2.1 and 2025.3.3.
# Input:     64 threads in one group; thread i reads value[(int) (get_local_id(0)/32)] of a constant array 0, 1, 2, ...
# Expected:  32 times 0, then 32 times 1, which a thread also gets for the index itself.
# Seen:      0, 1, 2, ..., 63. The vectorizer takes the index for the local id: size_t, divided by a power of two,
#            converted to a signed int. (int) get_local_id(0)/32 is right; so is everything without vectorization
#            (CL_CONFIG_CPU_VECTORIZER_MODE=1). "const int warp = get_local_id(0)/32;" is a usual line in kernels.
#
# Exit status 0: the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0 pyopencl==2026.1.4 numpy==2.4.6
OCL_ICD_VENDORS=$folder/venv/lib/libintelocl.so "$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pyopencl as cl

VALUES = ", ".join(map(str, range(64)))


def run(index, result):
    """What 64 threads write of an index, or of the constant array there."""
    source = f"""__constant int value[64] = {{{VALUES}}};
    __kernel void test(__global int* out) {{
        const int i = {index};
        out[get_global_id(0)] = {result};
    }}"""
    found = np.zeros(64, dtype=np.int32)
    buffer = cl.Buffer(context, cl.mem_flags.WRITE_ONLY, found.nbytes)
    cl.Program(context, source).build().test(queue, (64,), (64,), buffer)
    cl.enqueue_copy(queue, found, buffer)
    return found


device = cl.get_platforms()[0].get_devices()[0]
context = cl.Context([device])
queue = cl.CommandQueue(context)
expected = np.repeat([0, 1], 32)
wrong = run("get_local_id(0)/32", "value[i]")
print(
    f"{device.platform.name}, driver {device.driver_version}: value[(int) (get_local_id(0)/32)] is"
    f" {wrong[:4].tolist()} ... {wrong[-2:].tolist()}, expected 0 and 1"
)
right = [run("get_local_id(0)/32", "i"), run("(int) get_local_id(0)/32", "value[i]")]
sys.exit(not (np.array_equal(wrong, np.arange(64)) and all(np.array_equal(found, expected) for found in right)))
PYTHON
