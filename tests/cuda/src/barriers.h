// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* OpenMM's CUDA kernels rely in a few places on the lanes of a warp running in lockstep: one lane reads shared memory
 * that another has just written, without a barrier in between. GPUs keep converged warps together; here each lane runs
 * ahead to its next collective, so that these barriers have to be written out. */
#pragma once
#include <string>

/* Puts __syncwarp() in those places of OpenMM's kernels, and leaves all other text as it is. */
std::string addBarriers(std::string source);
