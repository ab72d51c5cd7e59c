// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The HIP runtime of the dry run, in place of libamdhip64. Device memory is host memory. Modules are the assembly texts
 * of the replaced compiler (hiprtc.cpp), and launches are logged, not executed.
 *   DRYRUN_ARCH  the GPU to report, e.g. gfx90a or gfx1030
 *   DRYRUN_OUT   folder that receives launches.log: one line per launch with kernel, module, blocks, threads per block
 */
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <hip/hip_runtime_api.h>
#include <mutex>
#include <sstream>
#include <string>
using namespace std;

static string environment(const char* name) {
    const char* value = getenv(name);
    return value == nullptr ? "" : value;
}
/* GPUs of the architectures GCN and CDNA (gfx9) have wavefronts of 64 threads, those of RDNA have 32. */
static int wavefront() {
    return environment("DRYRUN_ARCH").rfind("gfx9", 0) == 0 ? 64 : 32;
}
static const int localMemory = 64 * 1024;

extern "C" {

hipError_t hipInit(unsigned) {
    return hipSuccess;
}
hipError_t hipRuntimeGetVersion(int* version) {
    *version = 60032830; // ROCm 6.0: OpenMM then works around a fault of HIP's headers that Debian's have, too
    return hipSuccess;
}
hipError_t hipGetDeviceCount(int* count) {
    *count = 1;
    return hipSuccess;
}
hipError_t hipDeviceGet(hipDevice_t* device, int) {
    *device = 0;
    return hipSuccess;
}
hipError_t hipGetDevice(int* device) {
    *device = 0;
    return hipSuccess;
}
hipError_t hipSetDevice(int) {
    return hipSuccess;
}
hipError_t hipDeviceGetName(char* name, int length, hipDevice_t) {
    strncpy(name, "HIP dry run", length);
    return hipSuccess;
}
hipError_t hipDeviceGetAttribute(int* value, hipDeviceAttribute_t attribute, int) {
    *value = (attribute == hipDeviceAttributeMultiprocessorCount ? 104 : localMemory);
    return hipSuccess;
}
/* The properties that OpenMM reads, at their places in the structure of ROCm 6 and 7, which Debian's headers lack. */
hipError_t hipGetDevicePropertiesR0600(void* properties, int) {
    char* p = (char*) properties;
    const size_t name = 0, sharedMemPerBlock = 296, warpSize = 308, gcnArchName = 1160, size = 1416;
    memset(p, 0, size);
    strcpy(p + name, "HIP dry run");
    const size_t memory = localMemory;
    memcpy(p + sharedMemPerBlock, &memory, sizeof memory);
    const int width = wavefront();
    memcpy(p + warpSize, &width, sizeof width);
    strncpy(p + gcnArchName, environment("DRYRUN_ARCH").c_str(), 255);
    return hipSuccess;
}
hipError_t hipDeviceCanAccessPeer(int* can, int, int) {
    *can = 0;
    return hipSuccess;
}
hipError_t hipDeviceEnablePeerAccess(int, unsigned) {
    return hipSuccess;
}
hipError_t hipDeviceSynchronize() {
    return hipSuccess;
}

const char* hipGetErrorName(hipError_t) {
    return "an error of the dry run";
}
const char* hipGetErrorString(hipError_t) {
    return "an error of the dry run";
}
hipError_t hipGetLastError() {
    return hipErrorFileNotFound; // OpenMM asks for it only if its cache lacks a kernel
}

hipError_t hipEventCreate(hipEvent_t* event) {
    *event = nullptr;
    return hipSuccess;
}
hipError_t hipEventCreateWithFlags(hipEvent_t* event, unsigned) {
    *event = nullptr;
    return hipSuccess;
}
hipError_t hipEventDestroy(hipEvent_t) {
    return hipSuccess;
}
hipError_t hipEventRecord(hipEvent_t, hipStream_t) {
    return hipSuccess;
}
hipError_t hipEventSynchronize(hipEvent_t) {
    return hipSuccess;
}
hipError_t hipStreamCreateWithFlags(hipStream_t* stream, unsigned) {
    *stream = nullptr;
    return hipSuccess;
}
hipError_t hipStreamDestroy(hipStream_t) {
    return hipSuccess;
}
hipError_t hipStreamSynchronize(hipStream_t) {
    return hipSuccess;
}
hipError_t hipStreamWaitEvent(hipStream_t, hipEvent_t, unsigned) {
    return hipSuccess;
}

hipError_t hipMalloc(void** memory, size_t size) {
    *memory = calloc(1, size + 256);
    return *memory == nullptr ? hipErrorOutOfMemory : hipSuccess;
}
hipError_t hipHostMalloc(void** memory, size_t size, unsigned) {
    return hipMalloc(memory, size);
}
hipError_t hipHostGetDevicePointer(void** pointer, void* memory, unsigned) {
    *pointer = memory;
    return hipSuccess;
}
hipError_t hipFree(void* memory) {
    free(memory);
    return hipSuccess;
}
hipError_t hipHostFree(void* memory) {
    free(memory);
    return hipSuccess;
}
hipError_t hipMemcpy(void* to, const void* from, size_t size, hipMemcpyKind) {
    memcpy(to, from, size);
    return hipSuccess;
}
hipError_t hipMemcpyAsync(void* to, const void* from, size_t size, hipMemcpyKind, hipStream_t) {
    memcpy(to, from, size);
    return hipSuccess;
}
hipError_t hipMemcpyHtoD(hipDeviceptr_t to, void* from, size_t size) {
    memcpy(to, from, size);
    return hipSuccess;
}

/* A module is the assembly text, and a function "NAME NUMBER", where NUMBER is that of the module. */
hipError_t hipModuleLoadDataEx(hipModule_t* module, const void* image, unsigned, hipJitOption*, void**) {
    *module = (hipModule_t) new string((const char*) image);
    return hipSuccess;
}
hipError_t hipModuleLoad(hipModule_t* module, const char* path) {
    stringstream text;
    if (!(text << ifstream(path).rdbuf()))
        return hipErrorFileNotFound;
    return hipModuleLoadDataEx(module, text.str().c_str(), 0, nullptr, nullptr);
}
hipError_t hipModuleUnload(hipModule_t) {
    return hipSuccess;
}
hipError_t hipModuleGetFunction(hipFunction_t* function, hipModule_t module, const char* name) {
    const string& text = *(const string*) module;
    if (text.find(string("\n") + name + ":") == string::npos)
        return hipErrorNotFound;
    const string number = text.substr(0, text.find('\n')); // the first line is "; NUMBER"
    *function = (hipFunction_t) new string(name + number.substr(1));
    return hipSuccess;
}
hipError_t hipModuleGetGlobal(hipDeviceptr_t*, size_t*, hipModule_t, const char*) {
    return hipErrorNotFound;
}
hipError_t hipFuncGetAttribute(int* value, hipFunction_attribute, hipFunction_t) {
    *value = 256;
    return hipSuccess;
}
hipError_t hipFuncSetAttribute(const void*, hipFuncAttribute, int) {
    return hipSuccess;
}
hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
        unsigned by, unsigned bz, unsigned, hipStream_t, void**, void**) {
    static mutex oneAtATime; // host threads may launch concurrently
    lock_guard<mutex> guard(oneAtATime);
    static ofstream log(environment("DRYRUN_OUT") + "/launches.log", ios::app);
    log << *(const string*) function << ' ' << gx * gy * gz << ' ' << bx * by * bz << endl;
    return hipSuccess;
}
}
