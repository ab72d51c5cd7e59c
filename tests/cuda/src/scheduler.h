// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Runs a kernel launch on the CPU: blocks one after another, the threads of a block as fibers on one OS thread. */
#pragma once
#include "../language/runtime.h"

const unsigned MaxThreads = 1024;       // per block
const unsigned MaxSharedMemory = 49152; // bytes per block
typedef void (*EmuKernel)(void** args); // runs one thread of a kernel

/* Runs a whole launch; returns the number of barriers and warp collectives that its threads passed. Only one launch may
 * run at a time, on any host thread. Only the stacks outlive a launch; the next launch reuses them. */
unsigned long runGrid(const char* name, EmuKernel kernel, EmuIndex grid, EmuIndex block, void** args);
