// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* A replacement for NVRTC. It compiles CUDA C with the host's C++ compiler into a shared object. In place of PTX it
 * returns a line of text with the path of the object, which driver_emulate.cpp loads. Steps: insert the barriers that
 * OpenMM's code lacks (barriers.h); run the preprocessor, to expand macros; rewrite constructs that C++ does not have
 * (rewrite.h); compile with emu.h included first. Compiled kernels are kept under a hash, next to their source (.cu)
 * and the C++ code that was compiled (.cpp). EMULATE_BUILD       folder of the replacement libraries and of the headers
 * in language/ EMULATE_KERNELS     folder for compiled kernels EMULATE_BARRIERS=0  do not insert barriers
 *   EMULATE_RACES=1     check every memory access (races.h)
 *   CXX, EMULATE_CXXFLAGS  compiler (default g++) and additional flags, e.g. "-O0 -g" */
#include "barriers.h"
#include "options.h"
#include "rewrite.h"
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <unistd.h>
using namespace std;

enum Result { Success = 0, InvalidInput = 3, CompilationError = 6 };

// With -O1 these kernels run as fast as with -O2, and compile faster (tests/cuda/README.md). -fexpensive-optimizations
// adds vzeroupper instructions, without which a kernel that calls exp() in double precision ran four times slower. FMA
// contraction, which -march=native allows, is also done on GPUs. Kernels reuse memory as other types
// (-fno-strict-aliasing) and let integers wrap (-fwrapv).
static const string KernelFlags =
        "-std=gnu++17 -O1 -fexpensive-optimizations -march=native -fno-math-errno -fno-trapping-math "
        "-fno-strict-aliasing -fwrapv "
        "-fpermissive -w -fPIC -fvisibility=hidden -fno-gnu-unique -fno-threadsafe-statics -fno-exceptions -fno-rtti "
        "-fno-asynchronous-unwind-tables";
static const string Defines =
        "-D__CUDACC__ -D__CUDACC_RTC__ -D__CUDACC_VER_MAJOR__=13 -D__CUDACC_VER_MINOR__=0 -D__NVCC__";

/* ---- files ---- */
static string readFile(const string& path) {
    stringstream text;
    text << ifstream(path).rdbuf();
    return text.str();
}
static void writeFile(const string& path, const string& text) {
    ofstream(path) << text;
}
static bool exists(const string& path) {
    return access(path.c_str(), F_OK) == 0;
}
static string quote(const string& s) { // for the shell
    string quoted = "'";
    for (char c : s)
        quoted += (c == '\'' ? string("'\\''") : string(1, c));
    return quoted + "'";
}
/* Several processes may create the same file at the same time: each writes its own file and then renames it. */
static string ownName(const string& path) {
    return path + "." + to_string(getpid());
}
static string hashText(const string& text) { // FNV-1a with two starting values: 128 bits
    uint64_t a = 14695981039346656037u, b = 1099511628211u * 17;
    for (unsigned char c : text) {
        a = (a ^ c) * 1099511628211u;
        b = (b ^ c) * 1099511628211u + (a >> 32);
    }
    char s[40];
    snprintf(s, sizeof s, "%016llx%016llx", (unsigned long long) a, (unsigned long long) b);
    return s;
}

/* ---- programs ---- */
struct Program {
    string source, log, ptx;
    Result compile(int numOptions, const char* const* options);

private:
    bool run(const string& command);
    bool makeHeader(const string& header, const string& flags);
    bool makeLibrary(const string& base, const string& source, const string& defines, const string& flags);
    const string build = option("EMULATE_BUILD"), cxx = option("CXX", "g++");
};

bool Program::run(const string& command) {
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (!pipe)
        return false;
    char line[4096];
    while (fgets(line, sizeof line, pipe))
        log += line;
    return pclose(pipe) == 0;
}

/* Creates a header that includes emu.h, and its precompiled form (.gch), which saves 0.05 s per kernel source. The
 * compiler falls back to the header itself if it cannot use the precompiled form. */
bool Program::makeHeader(const string& header, const string& flags) {
    string own = ownName(header), precompiled = header + ".gch";
    if (exists(precompiled))
        return true;
    writeFile(own, "#include \"language/emu.h\"\n");
    return rename(own.c_str(), header.c_str()) == 0 &&
            run(cxx + " " + flags + " -x c++-header " + quote(header) + " -o " + quote(own)) &&
            rename(own.c_str(), precompiled.c_str()) == 0;
}

bool Program::makeLibrary(const string& base, const string& source, const string& defines, const string& flags) {
    string own = ownName(base), header = build + "/" + hashText(cxx + flags) + ".h";
    writeFile(own + ".cu", source);
    bool ok = makeHeader(header, flags) &&
            run(cxx + " -E -x c++ -std=gnu++17 -w " + defines + " " + quote(own + ".cu") + " -o " +
                    quote(own + ".cpp"));
    if (ok) {
        string code = readFile(own + ".cpp");
        set<string> kernels = findKernels(code);
        rewriteDynamicShared(code);
        rewriteAssembly(code);
        code += "\n# 1 \"kernels\"\n";
        for (auto& k : kernels)
            code += "EMU_KERNEL(" + k + ")\n";
        writeFile(own + ".cpp", code);
        ok = run(cxx + " " + flags + " -shared -nodefaultlibs -include " + quote(header) + " " + quote(own + ".cpp") +
                " -o " + quote(own + ".so") + " -L" + quote(build) + " -l:libcuda.so.1 -lm -lgcc -lc");
    }
    for (const char* end : {".cu", ".cpp", ".so"}) // the library last: if it exists, the other files exist too
        rename((own + end).c_str(), (base + end).c_str());
    return ok;
}

Result Program::compile(int numOptions, const char* const* options) {
    static mutex oneAtATime; // ownName() is unique to a process, not to a thread
    lock_guard<mutex> guard(oneAtATime);
    string defines = Defines;
    for (int i = 0; i < numOptions; i++) {
        string o = options[i];
        size_t architecture = o.find("compute_");
        if (architecture != string::npos)
            defines += " -D__CUDA_ARCH__=" + to_string(atoi(o.c_str() + architecture + 8) * 10);
        else if (o.rfind("-D", 0) == 0 || o.rfind("-I", 0) == 0 || o.rfind("-U", 0) == 0)
            defines += " " + quote(o);
    }
    string flags = KernelFlags + " " + option("EMULATE_CXXFLAGS") +
            (intOption("EMULATE_RACES") ? " -g -fsanitize=thread" : "");
    string text = (intOption("EMULATE_BARRIERS", 1) ? addBarriers(source) : source);
    // The name of the build folder is a hash of the emulator's own sources, the compiler and the processor.
    string key = hashText(text + defines + flags + cxx + build.substr(build.rfind('/') + 1)),
           base = option("EMULATE_KERNELS") + "/" + key;
    ptx = "// CUDA emulator module " + base + ".so\n";
    if (exists(base + ".so") || makeLibrary(base, text, defines, flags))
        return Success;
    log += "(the source is " + base + ".cu)\n";
    return CompilationError;
}

/* ---- NVRTC's interface ---- */
extern "C" {
int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = 0;
    return Success;
}
/* An architecture that no GPU has, so that these kernels cannot be confused with those of a real GPU. */
int nvrtcGetNumSupportedArchs(int* n) {
    *n = 1;
    return Success;
}
int nvrtcGetSupportedArchs(int* archs) {
    archs[0] = 99;
    return Success;
}
const char* nvrtcGetErrorString(int result) {
    return result == Success             ? "NVRTC_SUCCESS"
            : result == CompilationError ? "NVRTC_ERROR_COMPILATION"
                                         : "NVRTC_ERROR_INVALID_INPUT";
}
int nvrtcCreateProgram(
        Program** p, const char* source, const char*, int numHeaders, const char* const*, const char* const*) {
    if (numHeaders != 0) // OpenMM never passes headers
        return InvalidInput;
    *p = new Program();
    (*p)->source = source;
    return Success;
}
int nvrtcDestroyProgram(Program** p) {
    delete *p;
    *p = nullptr;
    return Success;
}
int nvrtcCompileProgram(Program* p, int numOptions, const char* const* options) {
    return p->compile(numOptions, options);
}
int nvrtcGetPTXSize(Program* p, size_t* n) {
    *n = p->ptx.size() + 1;
    return Success;
}
int nvrtcGetPTX(Program* p, char* out) {
    strcpy(out, p->ptx.c_str());
    return Success;
}
int nvrtcGetProgramLogSize(Program* p, size_t* n) {
    *n = p->log.size() + 1;
    return Success;
}
int nvrtcGetProgramLog(Program* p, char* out) {
    strcpy(out, p->log.c_str());
    return Success;
}
}
