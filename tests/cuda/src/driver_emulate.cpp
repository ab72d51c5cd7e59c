// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The driver of the emulator: modules are host shared objects (made by nvrtc.cpp), and launches run.
 *   EMULATE_LOG      file that receives one line per launch and per small download (neighbor list sizes, flags)
 *   EMULATE_PROFILE  file that receives the time spent in each kernel when the process ends
 *   EMULATE_SMS      number of multiprocessors to report (default 2; small, since OpenMM launches blocks in proportion)
 *   EMULATE_DEVICES  number of devices to report (default 1) */
#include "driver.h"
#include "options.h"
#include "scheduler.h"
#include <algorithm>
#include <dlfcn.h>
#include <link.h>
#include <mutex>
#include <stdio.h>
#include <string.h>
#include <string>
#include <time.h>
#include <unistd.h>
#include <vector>
using namespace std;

const char* const deviceName = "CUDA emulator";
int computeCapability() {
    return 99;
} // no GPU has this one
int numMultiprocessors() {
    return intOption("EMULATE_SMS", 2);
}
int numDevices() {
    return intOption("EMULATE_DEVICES", 1);
}

/* The log is line-buffered and locked, so lines of different host threads do not mix. */
static bool logging() {
    return getenv("EMULATE_LOG") != NULL;
}
static void writeLog(const string& line) {
    static mutex oneAtATime;
    lock_guard<mutex> guard(oneAtATime);
    static FILE* out = NULL;
    if (!out && (out = fopen(option("EMULATE_LOG").c_str(), "a")))
        setvbuf(out, NULL, _IOLBF, 0);
    if (out)
        fprintf(out, "%s\n", line.c_str());
}

void downloaded(const void* data, size_t size) {
    if (size > 16 || size % 4 != 0 || !logging())
        return;
    string line = "download";
    for (size_t i = 0; i < size / 4; i++)
        line += " " + to_string(((const unsigned*) data)[i]);
    writeLog(line);
}

/* ---- modules: the "PTX" is one line, the path of a shared object ---- */
struct Module {
    void* library;
    CUcontext context; // the context in which the module was loaded; its kernels run only there
};
struct Kernel {
    string name;
    EmuKernel run;
    CUcontext context;
    double seconds;
    unsigned long launches, collectives;
};
static struct Profile {
    mutex oneAtATime;
    vector<Kernel*> kernels;
    ~Profile();
} profile;

CUresult cuModuleLoadData(CUmodule* m, const void* image) {
    char path[4096];
    if (sscanf((const char*) image, "// CUDA emulator module %4095[^\n]", path) != 1)
        return CUDA_ERROR_INVALID_PTX;
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library) {
        *m = (CUmodule) new Module{library, currentContext()};
        return CUDA_SUCCESS;
    }
    fprintf(stderr, "CUDA emulator: %s\n", dlerror());
    return CUDA_ERROR_FILE_NOT_FOUND;
}
CUresult cuModuleLoadDataEx(CUmodule* m, const void* image, unsigned, CUjit_option*, void**) {
    return cuModuleLoadData(m, image);
}
CUresult cuModuleLoad(CUmodule* m, const char* path) {
    FILE* file = fopen(path, "r");
    if (!file)
        return CUDA_ERROR_FILE_NOT_FOUND;
    char line[4200] = "";
    char* got = fgets(line, sizeof line, file);
    fclose(file);
    return got ? cuModuleLoadData(m, line) : CUDA_ERROR_INVALID_PTX;
}
CUresult cuModuleUnload(CUmodule) {
    return CUDA_SUCCESS;
}
CUresult cuModuleGetFunction(CUfunction* f, CUmodule m, const char* name) {
    Module* module = (Module*) m;
    void* run = dlsym(module->library, (string("emu_run_") + name).c_str());
    if (!run)
        return CUDA_ERROR_NOT_FOUND;
    Kernel* kernel = new Kernel{name, (EmuKernel) run, module->context};
    *f = (CUfunction) kernel;
    lock_guard<mutex> guard(profile.oneAtATime);
    profile.kernels.push_back(kernel);
    return CUDA_SUCCESS;
}
CUresult cuModuleGetGlobal(CUdeviceptr* p, size_t* n, CUmodule m, const char* name) {
    void* variable = dlsym(((Module*) m)->library, name);
    if (!variable)
        return CUDA_ERROR_NOT_FOUND;
    if (p)
        *p = (CUdeviceptr) variable;
    if (n) {
        Dl_info info;
        const ElfW(Sym)* symbol = NULL;
        *n = dladdr1(variable, &info, (void**) &symbol, RTLD_DL_SYMENT) && symbol ? symbol->st_size : 0;
    }
    return CUDA_SUCCESS;
}
CUresult cuFuncGetAttribute(int* value, CUfunction_attribute, CUfunction) {
    *value = MaxThreads;
    return CUDA_SUCCESS;
}

/* ---- launches ---- */
static double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
        unsigned shared, CUstream, void** args, void**) {
    Kernel* kernel = (Kernel*) f;
    unsigned long blocks = (unsigned long) gx * gy * gz, threads = (unsigned long) bx * by * bz;
    if (!args || blocks == 0 || threads == 0 || threads > MaxThreads || shared > MaxSharedMemory)
        return CUDA_ERROR_INVALID_VALUE;
    if (kernel->context != currentContext()) {
        fprintf(stderr,
                "CUDA emulator: kernel %s was loaded in another context than the one that is current in the thread "
                "that launches it\n",
                kernel->name.c_str());
        return CUDA_ERROR_INVALID_HANDLE;
    }
    static mutex oneAtATime; // launches of several host threads run one after another
    lock_guard<mutex> guard(oneAtATime);
    double start = now();
    unsigned long collectives = runGrid(kernel->name.c_str(), kernel->run, {gx, gy, gz}, {bx, by, bz}, args);
    double seconds = now() - start;
    kernel->seconds += seconds;
    kernel->launches++;
    kernel->collectives += collectives;
    if (logging())
        writeLog("launch " + kernel->name + " " + to_string(blocks) + " " + to_string(threads) + " collectives " +
                to_string(collectives) + " us " + to_string((long) (seconds * 1e6)));
    return CUDA_SUCCESS;
}

Profile::~Profile() {
    string path = option("EMULATE_PROFILE");
    FILE* out = path.empty() || kernels.empty() ? NULL : fopen(path.c_str(), "w");
    if (!out)
        return;
    sort(kernels.begin(), kernels.end(), [](Kernel* a, Kernel* b) { return a->seconds > b->seconds; });
    fprintf(out, "%10s %9s %12s  kernel\n", "seconds", "launches", "collectives");
    for (Kernel* k : kernels)
        if (k->launches > 0)
            fprintf(out, "%10.4f %9lu %12lu  %s\n", k->seconds, k->launches, k->collectives, k->name.c_str());
    fclose(out);
}
