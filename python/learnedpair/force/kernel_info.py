# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""What evaluates a force, in words."""


def describe_kernel(info):
    """A line of text for people, such as "CUDA, compacted pairs, tensor cores".

    Parameters
    ----------
    info : dict
        As LearnedPairForce.getKernelInfo() returns it.

    Returns
    -------
    str
    """
    parts = [info["platform"], info["placement"], info["instruction_set"], "tensor cores" * info["tensor_cores"]]
    if info["num_devices"] > 1:
        parts.append(f"{info['num_devices']} devices")
    return ", ".join(part for part in parts if part)
