// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The driver of the dry run. Modules are PTX compiled by the real NVRTC, and are saved; launches are logged.
 *   DRYRUN_CC   compute capability to report, e.g. 80 or 90 (default 90)
 *   DRYRUN_OUT  folder that receives the PTX of every module as moduleNNN.ptx, and one line per launch in launches.log:
 *               kernel, module, blocks, threads per block */
#include "driver.h"
#include "options.h"
#include <errno.h>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdio.h>
#include <string>
#include <unistd.h>
using namespace std;

const char* const deviceName = "CUDA dry run";
int computeCapability() {
    return intOption("DRYRUN_CC", 90);
}
int numMultiprocessors() {
    return 132;
}
int numDevices() {
    return 1;
}
void downloaded(const void*, size_t) {}

static mutex oneAtATime; // host threads may load and launch concurrently
struct Module {
    string ptx;
    int number;
};
struct Function {
    string name;
    Module* module;
};

/* Saves the PTX under the next number that no process has taken, and returns the number. */
static int save(const string& ptx) {
    for (int number = 0;; number++) {
        char name[40];
        snprintf(name, sizeof name, "/module%03d.ptx", number);
        string path = option("DRYRUN_OUT", ".") + name;
        int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0666);
        if (file < 0 && errno == EEXIST)
            continue;
        if (file < 0 || write(file, ptx.data(), ptx.size()) != (ssize_t) ptx.size()) {
            perror(path.c_str());
            exit(1);
        }
        close(file);
        return number;
    }
}

CUresult cuModuleLoadData(CUmodule* m, const void* image) {
    lock_guard<mutex> guard(oneAtATime);
    static map<string, Module*> modules; // Contexts of a process share most of their modules
    Module*& module = modules[(const char*) image];
    if (!module)
        module = new Module{(const char*) image, save((const char*) image)};
    *m = (CUmodule) module;
    return CUDA_SUCCESS;
}
CUresult cuModuleLoadDataEx(CUmodule* m, const void* image, unsigned, CUjit_option*, void**) {
    return cuModuleLoadData(m, image);
}
CUresult cuModuleLoad(CUmodule* m, const char* path) {
    stringstream text;
    if (!(text << ifstream(path).rdbuf()))
        return CUDA_ERROR_FILE_NOT_FOUND;
    return cuModuleLoadData(m, text.str().c_str());
}
CUresult cuModuleUnload(CUmodule) {
    return CUDA_SUCCESS;
}
CUresult cuModuleGetFunction(CUfunction* f, CUmodule m, const char* name) {
    Module* module = (Module*) m;
    if (module->ptx.find(string(".entry ") + name + "(") == string::npos)
        return CUDA_ERROR_NOT_FOUND;
    *f = (CUfunction) new Function{name, module};
    return CUDA_SUCCESS;
}
CUresult cuFuncGetAttribute(int* value, CUfunction_attribute, CUfunction) {
    *value = 1024;
    return CUDA_SUCCESS;
}
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
        unsigned, CUstream, void**, void**) {
    lock_guard<mutex> guard(oneAtATime);
    static ofstream log(option("DRYRUN_OUT", ".") + "/launches.log", ios::app);
    Function* function = (Function*) f;
    log << function->name << ' ' << function->module->number << ' ' << gx * gy * gz << ' ' << bx * by * bz << endl;
    return CUDA_SUCCESS;
}
