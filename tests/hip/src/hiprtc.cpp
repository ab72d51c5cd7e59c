// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The run-time compiler of the dry run, in place of libhiprtc: it runs clang, and returns the assembly of the kernels
// in place of their code. Environment variables:
//
//     DRYRUN_CLANG   the compiler, with the options that it needs to find HIP's headers and device libraries
//     DRYRUN_OUT     the folder for the source and the assembly of each module, moduleNNN.hip and moduleNNN.s
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <hip/hiprtc.h>
#include <mutex>
#include <sstream>
#include <string>
using namespace std;

struct Program {
    string source, code, log;
};

static string read(const string& path) {
    ostringstream text;
    text << ifstream(path).rdbuf();
    return text.str();
}

extern "C" {

const char* hiprtcGetErrorString(hiprtcResult) {
    return "an error of the dry run's compiler";
}
hiprtcResult hiprtcCreateProgram(
        hiprtcProgram* program, const char* source, const char*, int, const char**, const char**) {
    *program = (hiprtcProgram) new Program{source, "", ""};
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcDestroyProgram(hiprtcProgram* program) {
    delete (Program*) *program;
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcAddNameExpression(hiprtcProgram, const char*) {
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcCompileProgram(hiprtcProgram handle, int numOptions, const char** options) {
    static mutex oneAtATime;
    lock_guard<mutex> guard(oneAtATime);
    static int numModules = 0;
    Program& program = *(Program*) handle;
    char name[32];
    snprintf(name, sizeof name, "/module%03d", numModules);
    const string base = getenv("DRYRUN_OUT") + string(name);
    ofstream(base + ".hip") << program.source;
    string command = getenv("DRYRUN_CLANG") +
            string(" -x hip --cuda-device-only -include hip/hip_runtime.h -include hip/hip_fp16.h -S");
    for (int i = 0; i < numOptions; i++)
        command += string(" '") + options[i] + "'";
    command += " -o '" + base + ".s' '" + base + ".hip' >'" + base + ".log' 2>&1";
    const int status = system(command.c_str());
    program.log = read(base + ".log");
    if (status != 0)
        return HIPRTC_ERROR_COMPILATION;
    program.code = "; " + to_string(numModules++) + "\n" + read(base + ".s");
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcGetProgramLogSize(hiprtcProgram program, size_t* size) {
    *size = ((Program*) program)->log.size() + 1;
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcGetProgramLog(hiprtcProgram program, char* log) {
    strcpy(log, ((Program*) program)->log.c_str());
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcGetCodeSize(hiprtcProgram program, size_t* size) {
    *size = ((Program*) program)->code.size() + 1;
    return HIPRTC_SUCCESS;
}
hiprtcResult hiprtcGetCode(hiprtcProgram program, char* code) {
    strcpy(code, ((Program*) program)->code.c_str());
    return HIPRTC_SUCCESS;
}
}
