// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The device, contexts, streams and events of both drivers. */
#include "driver.h"
#include "scheduler.h"
#include <stdio.h>
#include <vector>
using std::vector;

/* ---- device ---- */
CUresult cuInit(unsigned) {
    return CUDA_SUCCESS;
}
CUresult cuDriverGetVersion(int* version) {
    *version = 13000;
    return CUDA_SUCCESS;
}
CUresult cuDeviceGetCount(int* n) {
    *n = numDevices();
    return CUDA_SUCCESS;
}
CUresult cuDeviceGet(CUdevice* d, int i) {
    *d = i;
    return i >= 0 && i < numDevices() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
CUresult cuDeviceGetName(char* name, int length, CUdevice) {
    snprintf(name, length, "%s", deviceName);
    return CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem(size_t* n, CUdevice) {
    *n = (size_t) 8 << 30;
    return CUDA_SUCCESS;
}
/* No device is its own peer: OpenMM's copies between contexts go through the host for "0,0", directly for "0,1". */
CUresult cuDeviceCanAccessPeer(int* answer, CUdevice one, CUdevice other) {
    *answer = (one != other);
    return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
    switch (attribute) {
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = computeCapability() / 10; break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = computeCapability() % 10; break;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = numMultiprocessors(); break;
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X: *value = MaxThreads; break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK: *value = MaxSharedMemory; break;
        case CU_DEVICE_ATTRIBUTE_WARP_SIZE: *value = 32; break;
        case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: *value = 1980000; break;
        default: *value = 1;
    }
    return CUDA_SUCCESS;
}
CUresult cuGetErrorName(CUresult, const char** text) {
    *text = deviceName;
    return CUDA_SUCCESS;
}
CUresult cuGetErrorString(CUresult, const char** text) {
    *text = deviceName;
    return CUDA_SUCCESS;
}
extern "C" CUresult cuProfilerStop() {
    return CUDA_SUCCESS;
}

/* If a driver is loaded, NVRTC 13 asks it for internal tables, whose first word is their size. NVRTC does not use a
 * table that is too short. */
extern "C" CUresult cuGetExportTable(const void** table, const CUuuid*) {
    static const size_t shortTable[16] = {16};
    *table = shortTable;
    return CUDA_SUCCESS;
}

/* ---- contexts: OpenMM checks that it pops the context that it pushed ---- */
struct Context {
    CUdevice device;
};
static thread_local vector<CUcontext> stack; // of the host thread
CUcontext currentContext() {
    return stack.empty() ? NULL : stack.back();
}
template<class T> static CUresult create(T* handle) {
    *handle = (T) new char;
    return CUDA_SUCCESS;
}
template<class T> static CUresult destroy(T handle) {
    delete (char*) handle;
    return CUDA_SUCCESS;
}

CUresult cuCtxCreate(CUcontext* c, CUctxCreateParams*, unsigned, CUdevice device) {
    *c = (CUcontext) new Context{device};
    stack.push_back(*c);
    return CUDA_SUCCESS;
}
CUresult cuCtxDestroy(CUcontext c) {
    if (currentContext() == c)
        stack.pop_back();
    delete (Context*) c;
    return CUDA_SUCCESS;
}
CUresult cuCtxPushCurrent(CUcontext c) {
    stack.push_back(c);
    return CUDA_SUCCESS;
}
CUresult cuCtxPopCurrent(CUcontext* c) {
    if (stack.empty())
        return CUDA_ERROR_INVALID_CONTEXT;
    if (c)
        *c = stack.back();
    stack.pop_back();
    return CUDA_SUCCESS;
}
CUresult cuCtxSetCurrent(CUcontext c) {
    if (!stack.empty())
        stack.pop_back();
    if (c)
        stack.push_back(c);
    return CUDA_SUCCESS;
}
CUresult cuCtxGetCurrent(CUcontext* c) {
    *c = currentContext();
    return CUDA_SUCCESS;
}
CUresult cuCtxGetDevice(CUdevice* d) {
    if (!currentContext())
        return CUDA_ERROR_INVALID_CONTEXT;
    *d = ((Context*) currentContext())->device;
    return CUDA_SUCCESS;
}
CUresult cuCtxSetCacheConfig(CUfunc_cache) {
    return CUDA_SUCCESS;
}
CUresult cuCtxEnablePeerAccess(CUcontext, unsigned) {
    return CUDA_SUCCESS;
}
CUresult cuCtxSynchronize() {
    return CUDA_SUCCESS;
}

/* ---- streams and events ---- */
CUresult cuStreamCreate(CUstream* s, unsigned) {
    return create(s);
}
CUresult cuStreamDestroy(CUstream s) {
    return destroy(s);
}
CUresult cuStreamSynchronize(CUstream) {
    return CUDA_SUCCESS;
}
CUresult cuStreamQuery(CUstream) {
    return CUDA_SUCCESS;
}
CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned) {
    return CUDA_SUCCESS;
}
CUresult cuEventCreate(CUevent* e, unsigned) {
    return create(e);
}
CUresult cuEventDestroy(CUevent e) {
    return destroy(e);
}
CUresult cuEventRecord(CUevent, CUstream) {
    return CUDA_SUCCESS;
}
CUresult cuEventSynchronize(CUevent) {
    return CUDA_SUCCESS;
}
CUresult cuEventQuery(CUevent) {
    return CUDA_SUCCESS;
}
CUresult cuEventElapsedTime(float* ms, CUevent, CUevent) {
    *ms = 0;
    return CUDA_SUCCESS;
}
