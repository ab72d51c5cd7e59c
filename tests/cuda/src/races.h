// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* EMULATE_RACES=1: reports two threads of a block that access the same two bytes of shared memory, at least one of them
 * writing, without a barrier in between. A barrier is __syncthreads or, for lanes of one warp, a collective of all its
 * lanes. The scheduler calls these functions at every barrier. */
#pragma once
void racesBegin(const char* kernelName, void* kernelCode); // a launch begins
void racesBlockBarrier();                                  // a barrier of the block, or the next block begins
void racesWarpBarrier(int warp);                           // a barrier of all lanes of the warp
