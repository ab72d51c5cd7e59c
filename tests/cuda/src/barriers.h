// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* In a few places OpenMM's CUDA kernels assume that the lanes of a warp run in lockstep: one lane reads shared memory
 * that another has just written, without a barrier in between. GPUs keep converged warps together. Here each lane runs
 * ahead to its next collective, so these barriers must be explicit. */
#pragma once
#include <string>

/* Inserts __syncwarp() in those places of OpenMM's kernels; all other text is unchanged. */
std::string addBarriers(std::string source);
