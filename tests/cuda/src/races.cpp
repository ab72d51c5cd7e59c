// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* For the race check, nvrtc.cpp compiles kernels with -fsanitize=thread, which calls a function before every memory
 * access; the functions in this file replace the sanitizer's own library. Only the last writer and the last two readers
 * of each cell of two bytes are remembered, so a race can go unnoticed. */
#include "races.h"
#include "options.h"
#include "scheduler.h"
#include <dlfcn.h>
#include <link.h>
#include <set>
#include <stdio.h>
#include <string.h>
#include <vector>
using std::string;

struct Access {
    unsigned short thread;
    unsigned blockEpoch, warpEpoch;
    void* code;
};
struct Cell {
    Access write, read[2];
};
static const size_t CellSize = 2;
static bool active;
static char *first, *last; // the static shared memory of the kernel's module
static std::vector<Cell> cells, dynamicCells;
static unsigned blockEpoch, warpEpochs[32];
static const char* kernel;

/* The writable segment of the shared object that contains the kernel's code. */
static void findSharedMemory(void* kernelCode) {
    struct Range {
        void* code;
        char *first, *last;
    } range = {kernelCode, nullptr, nullptr};
    dl_iterate_phdr(
            [](dl_phdr_info* info, size_t, void* data) {
                Range* r = (Range*) data;
                char *first = nullptr, *last = nullptr;
                bool found = false;
                for (int i = 0; i < info->dlpi_phnum; i++) {
                    const ElfW(Phdr) & h = info->dlpi_phdr[i];
                    char* start = (char*) info->dlpi_addr + h.p_vaddr;
                    if (h.p_type != PT_LOAD)
                        continue;
                    if (h.p_flags & PF_W) {
                        first = start;
                        last = start + h.p_memsz;
                    }
                    found |= (r->code >= start && r->code < start + h.p_memsz);
                }
                if (found) {
                    r->first = first;
                    r->last = last;
                }
                return (int) found;
            },
            &range);
    first = range.first;
    last = range.last;
}

void racesBegin(const char* name, void* code) {
    active = intOption("EMULATE_RACES");
    if (!active)
        return;
    kernel = name;
    blockEpoch++;
    findSharedMemory(code);
    cells.assign((last - first) / CellSize + 16 / CellSize, Cell());
    dynamicCells.resize(MaxSharedMemory / CellSize + 16 / CellSize);
}
void racesBlockBarrier() {
    blockEpoch++;
}
void racesWarpBarrier(int warp) {
    warpEpochs[warp]++;
}

/* ---- reports ---- */
static string readLine(const string& path, int number) {
    char text[5000] = "";
    FILE* f = fopen(path.c_str(), "r");
    for (int i = 0; f && i < number; i++)
        if (!fgets(text, sizeof text, f))
            text[0] = 0;
    if (f)
        fclose(f);
    text[strcspn(text, "\n")] = 0;
    return text + strspn(text, " \t");
}

/* "FILE.cu:LINE: text of the line", for the return address of a call. */
static string sourceLine(void* code) {
    Dl_info info;
    dladdr(code, &info);
    char command[5000], text[5000] = "", next[5000];
    snprintf(command, sizeof command, "addr2line -i -e '%s' 0x%lx", info.dli_fname,
            (unsigned long) ((char*) code - (char*) info.dli_fbase) - 1);
    FILE* pipe = popen(command, "r");
    while (pipe && fgets(next, sizeof next, pipe)) // of inlined functions, the outermost comes last
        strcpy(text, next);
    if (pipe)
        pclose(pipe);
    const char* colon = strrchr(text, ':');
    int line = colon ? atoi(colon + 1) : 0;
    string source = string(info.dli_fname, strlen(info.dli_fname) - 3) + ".cu",
           name = source.substr(source.rfind('/') + 1);
    return name + ":" + std::to_string(line) + ": " + readLine(source, line);
}

static void report(const char* what, const Access& before, const Access& now) {
    static std::set<std::pair<void*, void*>> seen;
    static std::set<std::pair<string, string>> reported;
    if (!seen.insert({before.code, now.code}).second)
        return;
    string one = sourceLine(now.code), other = sourceLine(before.code);
    if (!reported.insert({one, other}).second)
        return;
    fprintf(stderr,
            "CUDA emulator: race in shared memory: %s\n  kernel %s, block %u, thread %u: %s\n  after thread %u: %s\n",
            what, kernel, emu_block.x, now.thread, one.c_str(), before.thread, other.c_str());
}

/* ---- accesses ---- */
static inline bool unordered(const Access& a, const Access& now) {
    return a.code && a.thread != now.thread && a.blockEpoch == now.blockEpoch &&
            (a.thread / 32 != now.thread / 32 || a.warpEpoch == now.warpEpoch);
}

static void access(char* p, size_t size, bool writing, void* code) {
    if (!active)
        return;
    Cell* cell;
    if (p >= first && p < last)
        cell = &cells[(p - first) / CellSize];
    else if (p >= emu_dynamic_shared && p < emu_dynamic_shared + MaxSharedMemory)
        cell = &dynamicCells[(p - emu_dynamic_shared) / CellSize];
    else
        return;
    unsigned short thread = emu_self->warp->first + emu_self->lane;
    Access now = {thread, blockEpoch, warpEpochs[thread / 32], code};
    for (size_t i = 0; i < (size + CellSize - 1) / CellSize; i++, cell++) {
        if (unordered(cell->write, now))
            report(writing ? "written twice" : "read after it was written", cell->write, now);
        if (writing) {
            for (Access& r : cell->read)
                if (unordered(r, now))
                    report("written after it was read", r, now);
            cell->write = now;
        }
        else {
            if (cell->read[0].thread != now.thread)
                cell->read[1] = cell->read[0];
            cell->read[0] = now;
        }
    }
}

extern "C" {
// clang-format off
#define ACCESS(name, size, writing) \
    void __tsan_##name(void* p) { access((char*) p, size, writing, __builtin_return_address(0)); }
#define ACCESSES(size) \
    ACCESS(read##size, size, false) ACCESS(volatile_read##size, size, false) ACCESS(unaligned_read##size, size, false) \
    ACCESS(write##size, size, true) ACCESS(volatile_write##size, size, true) ACCESS(unaligned_write##size, size, true)
// clang-format on
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
void __tsan_read_range(void* p, size_t n) {
    access((char*) p, n, false, __builtin_return_address(0));
}
void __tsan_write_range(void* p, size_t n) {
    access((char*) p, n, true, __builtin_return_address(0));
}
void __tsan_vptr_update(void*, void*) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
}
