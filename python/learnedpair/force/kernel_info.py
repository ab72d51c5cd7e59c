# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A text for the kernel information of a force."""

from typing import Any


def describe_kernel(info: dict[str, Any]) -> str:
    """Describe the kernel of a force in one line, such as "CUDA, compacted pairs, tensor cores" or "CPU, SIMD loop,
    AVX2, 3 curves".

    Parameters
    ----------
    info : dict
        The result of :meth:`LearnedPairForce.getKernelInfo`.

    Returns
    -------
    str
    """
    parts = [info["platform"], info["placement"], info["instruction_set"], "tensor cores" * info["tensor_cores"]]
    if info["num_curves"] > 0:
        parts.append(f"{info['num_curves']} curve{'s' * (info['num_curves'] != 1)}")
    if info["num_devices"] > 1:
        parts.append(f"{info['num_devices']} devices")
    return ", ".join(part for part in parts if part)
