// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Two replacements for the CUDA driver, libcuda.so.1, in which device memory is host memory:
 *   driver_emulate.cpp  runs kernels on the CPU
 *   driver_dryrun.cpp   runs nothing; downloads return what the host has put in the buffers
 * They share driver_device.cpp and driver_memory.cpp. Launches and copies are complete when the call returns, so
 * streams and events do nothing. Several host threads may call the driver at the same time, each with its own stack of
 * contexts, as OpenMM does when a Context has several devices. */
#pragma once
#include <cuda.h>

/* Properties of the device; each driver defines them. */
extern const char* const deviceName; // tells users of OpenMM's API that this is not a GPU
int computeCapability();             // 10*major+minor
int numMultiprocessors();
int numDevices();

/* Called after every copy to the host; each driver defines it. */
void downloaded(const void* data, size_t size);

/* The calling thread's context, or NULL. */
CUcontext currentContext();
