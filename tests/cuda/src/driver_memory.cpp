// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Device memory of both drivers. It is host memory, and copies are calls of memcpy.
 *   EMULATE_POISON=1  fill new device buffers with NaN patterns instead of zeros
 *   EMULATE_GUARD=1   end the process with a segmentation fault at an access beyond the end of a device buffer */
#include "driver.h"
#include "options.h"
#include <algorithm>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Allocates memory that ends, up to alignment, at the start of an inaccessible page. It is never reused. */
static void* guarded(size_t n) {
    const size_t page = sysconf(_SC_PAGESIZE), length = (n + 15) / 16 * 16, pages = (length + page - 1) / page * page;
    char* memory = (char*) mmap(
            NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    mprotect(memory + pages, page, PROT_NONE);
    return memory + pages - length;
}
static bool guarding() {
    return intOption("EMULATE_GUARD");
}

CUresult cuMemAlloc(CUdeviceptr* p, size_t n) {
    const size_t room = 256; // an access just beyond the end does no harm; EMULATE_GUARD detects it
    void* memory = guarding() ? guarded(n) : aligned_alloc(256, (n + room + 255) / 256 * 256);
    if (!memory)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memset(memory, intOption("EMULATE_POISON") ? 0xff : 0, n);
    *p = (CUdeviceptr) memory;
    return CUDA_SUCCESS;
}
CUresult cuMemFree(CUdeviceptr p) {
    if (!guarding())
        free((void*) p);
    return CUDA_SUCCESS;
}
CUresult cuMemGetInfo(size_t* available, size_t* total) {
    *available = *total = (size_t) 8 << 30;
    return CUDA_SUCCESS;
}
CUresult cuMemHostAlloc(void** p, size_t n, unsigned) {
    *p = calloc(1, n);
    return *p ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
CUresult cuMemFreeHost(void* p) {
    free(p);
    return CUDA_SUCCESS;
}
CUresult cuMemHostGetDevicePointer(CUdeviceptr* d, void* p, unsigned) {
    *d = (CUdeviceptr) p;
    return CUDA_SUCCESS;
}

static CUresult copy(void* to, const void* from, size_t n) {
    memcpy(to, from, n);
    return CUDA_SUCCESS;
}
CUresult cuMemcpyAsync(CUdeviceptr d, CUdeviceptr s, size_t n, CUstream) {
    return copy((void*) d, (void*) s, n);
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr d, CUdeviceptr s, size_t n, CUstream) {
    return copy((void*) d, (void*) s, n);
}
CUresult cuMemcpyHtoD(CUdeviceptr d, const void* s, size_t n) {
    return copy((void*) d, s, n);
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr d, const void* s, size_t n, CUstream) {
    return copy((void*) d, s, n);
}
CUresult cuMemcpyDtoH(void* d, CUdeviceptr s, size_t n) {
    copy(d, (void*) s, n);
    downloaded(d, n);
    return CUDA_SUCCESS;
}
CUresult cuMemcpyDtoHAsync(void* d, CUdeviceptr s, size_t n, CUstream) {
    return cuMemcpyDtoH(d, s, n);
}

CUresult cuMemsetD8(CUdeviceptr d, unsigned char value, size_t n) {
    memset((void*) d, value, n);
    return CUDA_SUCCESS;
}
CUresult cuMemsetD8Async(CUdeviceptr d, unsigned char value, size_t n, CUstream) {
    return cuMemsetD8(d, value, n);
}
CUresult cuMemsetD32(CUdeviceptr d, unsigned value, size_t n) {
    std::fill_n((unsigned*) d, n, value);
    return CUDA_SUCCESS;
}
CUresult cuMemsetD32Async(CUdeviceptr d, unsigned value, size_t n, CUstream) {
    return cuMemsetD32(d, value, n);
}
