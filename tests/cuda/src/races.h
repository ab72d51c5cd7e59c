// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* EMULATE_RACES=1: reports when two threads of a block use the same two bytes of shared memory, at least one writing,
 * without a barrier between them: __syncthreads, or for lanes of one warp a collective that all its lanes pass.
 * The scheduler tells the check when threads met. */
#pragma once
void racesBegin(const char* kernelName, void* kernelCode); // a launch begins
void racesBlockBarrier();                                  // all threads of the block met, or the next block begins
void racesWarpBarrier(int warp);                           // all lanes of the warp met
