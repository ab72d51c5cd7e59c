// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Two stand-ins for the CUDA driver, libcuda.so.1, in which device memory is host memory:
 *   driver_emulate.cpp  runs kernels on the CPU
 *   driver_dryrun.cpp   runs nothing; numbers read back are whatever the host put in the buffers
 * They share driver_device.cpp and driver_memory.cpp. Launches and copies are finished when the call returns, so that
 * streams and events have nothing to do. Several host threads may call at once, each with a stack of contexts of its
 * own, as OpenMM does when a Context has several devices. */
#pragma once
#include <cuda.h>

/* What the device says about itself: each driver defines these. */
extern const char* const deviceName; // how a user of OpenMM's API recognises that this is no GPU
int computeCapability();             // 10*major+minor
int numMultiprocessors();
int numDevices();

/* Each driver is told of every copy to the host. */
void downloaded(const void* data, size_t size);

/* The calling thread's context, or NULL. */
CUcontext currentContext();
