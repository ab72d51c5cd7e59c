// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* A thread runs until it must wait for others (__syncthreads, or any warp collective); then the lowest thread that is
 * ready continues. A thread that never waits costs a function call and no fiber switch, because the next thread starts
 * on the same stack. Threads that have returned count as arrived. If no thread is ready, the kernel has a deadlock.
 *   EMULATE_ORDER=reverse  runs the highest ready thread first instead. If results change, the kernel relies on an
 * order of threads, or on warps in lockstep, without a barrier. */
#include "scheduler.h"
#include "fiber.h"
#include "options.h"
#include "races.h"
#include <stdio.h>
#include <stdlib.h>
#include <vector>

/* ---- the block that runs now ---- */
EmuThread* emu_self;
EmuIndex emu_block, emu_blockDim, emu_gridDim;
alignas(64) char emu_dynamic_shared[MaxSharedMemory];
static EmuThread threads[MaxThreads];
static EmuWarp warps[MaxThreads / 32];
static unsigned readyWarps; // one bit per warp that has a ready lane
static int numThreads, numWarps;
static int alive, arrived;    // numbers of threads that have not returned, and that wait in __syncthreads
static int votes, voteResult; // numbers of true predicates in the current and in the last __syncthreads
static EmuKernel kernel;
static void** arguments;
static const char* kernelName = "(none)";
static unsigned long collectives; // number of barriers and collectives since the launch
static bool reverse;

static inline int first(unsigned bits) {
    return reverse ? 31 - __builtin_clz(bits) : __builtin_ctz(bits);
}
static inline void setReady(EmuWarp* w, unsigned lanes) {
    w->ready |= lanes;
    readyWarps |= 1u << (w - warps);
}
static inline void clearReady(EmuWarp* w, unsigned lanes) {
    w->ready &= ~lanes;
    if (!w->ready)
        readyWarps &= ~(1u << (w - warps));
}

void emu_fail(const char* message) {
    fflush(stdout);
    fprintf(stderr, "CUDA emulator: %s\n  kernel %s, block (%u,%u,%u) of (%u,%u,%u), %d threads\n", message, kernelName,
            emu_block.x, emu_block.y, emu_block.z, emu_gridDim.x, emu_gridDim.y, emu_gridDim.z, numThreads);
    for (int i = 0; i < numWarps; i++) {
        EmuWarp& w = warps[i];
        fprintf(stderr, "  warp %d: running %08x, at __syncthreads %08x, in warp collectives %08x, not returned %08x\n",
                i, w.ready, w.atBarrier, w.waiting, w.alive);
        for (unsigned lanes = w.waiting; lanes;) {
            uint64_t key = w.key[__builtin_ctz(lanes)];
            unsigned same = 0;
            for (int l = 0; l < 32; l++)
                if ((w.waiting >> l & 1) && w.key[l] == key)
                    same |= 1u << l;
            static const char* const kinds[] = {
                "__syncwarp", "a shuffle", "a vote", "a match or reduction", "a matrix product"};
            fprintf(stderr, "    lanes %08x wait in %s for the lanes %08x\n", same, kinds[key >> 32], (unsigned) key);
            lanes &= ~same;
        }
    }
    abort();
}

/* ---- fibers ---- */
static Fiber launcher; // the caller of runGrid
static Fiber* running;
static std::vector<Fiber*> idle; // fibers that wait in runThreads for a thread to run
static void runThreads();

static inline void switchTo(Fiber* to) {
    Fiber* from = running;
    running = to;
    switchFiber(from, to);
}
static Fiber* takeFiber() {
    if (idle.empty()) {
        Fiber* fiber = newFiber(runThreads);
        if (!fiber)
            emu_fail("no memory for another thread's stack");
        return fiber;
    }
    Fiber* fiber = idle.back();
    idle.pop_back();
    return fiber;
}

static inline EmuThread* next() {
    if (!readyWarps)
        return nullptr;
    EmuWarp* w = &warps[first(readyWarps)];
    return &threads[w->first + first(w->ready)];
}

/* The running thread cannot continue: switch to another one (or to itself, if it has just been released). */
static inline void yield(EmuThread* self) {
    EmuThread* t = next();
    if (t == self)
        return;
    if (!t)
        emu_fail("deadlock: no thread of the block can continue");
    emu_self = t;
    switchTo(t->fiber ? t->fiber : takeFiber());
}

/* ---- barriers and collectives ---- */

/* If all lanes of the group wait in the same collective, exchange the values they offered and let them continue. */
static void release(EmuWarp* w, uint64_t key, unsigned group) {
    for (unsigned lanes = group; lanes; lanes &= lanes - 1)
        if (w->key[__builtin_ctz(lanes)] != key)
            return; // this lane waits in another collective, which will complete first or is a deadlock
    if (key >> 32 == EMU_SHUFFLE)
        for (unsigned lanes = group; lanes; lanes &= lanes - 1) {
            int lane = __builtin_ctz(lanes);
            w->received[lane] = w->offered[w->source[lane]];
        }
    else if (key >> 32 == EMU_VOTE)
        for (unsigned lanes = group; lanes; lanes &= lanes - 1)
            w->received[__builtin_ctz(lanes)] = w->votes & group;
    else if (key >> 32 == EMU_MATRIX) {
        if (group != 0xffffffffu) // PTX: undefined if any thread of the warp has exited
            emu_fail("a matrix product needs all 32 lanes of the warp, and not all are there");
        w->multiply(w->fragments);
    }
    w->waiting &= ~group;
    setReady(w, group);
    if (group == w->alive &&
            key >> 32 != EMU_MATRIX) // a matrix product does not order shared memory, which needs a __syncwarp
        racesWarpBarrier(w - warps);
    collectives++;
}
static inline void releaseWarp(EmuWarp* w, uint64_t key) {
    unsigned group = w->alive & (unsigned) key;
    if (!(group & ~w->waiting)) // all have arrived
        release(w, key, group);
}

void emu_warp_sync(unsigned mask, EmuCollective kind) {
    EmuThread* t = emu_self;
    EmuWarp* w = t->warp;
    unsigned bit = 1u << t->lane;
    if (!(mask & bit))
        emu_fail("a thread calls a warp collective with a mask that does not contain its own lane");
    uint64_t key = (uint64_t) kind << 32 | mask;
    w->key[t->lane] = key;
    w->waiting |= bit;
    clearReady(w, bit);
    releaseWarp(w, key);
    yield(t);
}

static void releaseBlock() {
    for (int i = 0; i < numWarps; i++)
        if (warps[i].atBarrier) {
            setReady(&warps[i], warps[i].atBarrier);
            warps[i].atBarrier = 0;
        }
    arrived = 0;
    voteResult = votes;
    votes = 0;
    racesBlockBarrier();
    collectives++;
}

int emu_block_sync(int predicate) {
    EmuThread* t = emu_self;
    unsigned bit = 1u << t->lane;
    t->warp->atBarrier |= bit;
    clearReady(t->warp, bit);
    votes += (predicate != 0);
    if (++arrived == alive)
        releaseBlock();
    yield(t);
    return voteResult;
}

static void exitThread(EmuThread* t) {
    EmuWarp* w = t->warp;
    unsigned bit = 1u << t->lane;
    w->alive &= ~bit;
    clearReady(w, bit);
    alive--;
    for (unsigned lanes = w->waiting; lanes; lanes &= lanes - 1) // other lanes may have waited for this one only
        if (w->waiting & lanes & -lanes)
            releaseWarp(w, w->key[__builtin_ctz(lanes)]);
    if (arrived > 0 && arrived == alive)
        releaseBlock();
}

/* ---- running ---- */

/* The main function of every fiber: run threads of the block one after another. If the next thread to run already has
 * its own stack, put this fiber aside for later use. */
static void runThreads() {
    for (;;) {
        emu_self->fiber = running;
        kernel(arguments);
        exitThread(emu_self);
        EmuThread* t = next();
        if (!t && alive > 0)
            emu_fail("deadlock: the remaining threads of the block wait for each other");
        emu_self = t;
        if (t && !t->fiber)
            continue;
        idle.push_back(running);
        switchTo(t ? t->fiber : &launcher);
    }
}

static void runBlock() {
    racesBlockBarrier();
    alive = numThreads;
    arrived = votes = 0;
    readyWarps = 0;
    for (int i = 0; i < numThreads; i++)
        threads[i].fiber = nullptr;
    for (int i = 0; i < numWarps; i++) {
        EmuWarp& w = warps[i];
        int lanes = numThreads - 32 * i;
        w.alive = (lanes >= 32 ? 0xffffffffu : (1u << lanes) - 1);
        w.waiting = w.atBarrier = w.ready = 0;
        setReady(&w, w.alive);
    }
    emu_self = next();
    switchTo(takeFiber());
}

unsigned long runGrid(const char* name, EmuKernel run, EmuIndex grid, EmuIndex block, void** args) {
    reverse = (option("EMULATE_ORDER") == "reverse");
    kernelName = name;
    kernel = run;
    arguments = args;
    collectives = 0;
    emu_gridDim = grid;
    emu_blockDim = block;
    numThreads = block.x * block.y * block.z;
    numWarps = (numThreads + 31) / 32;
    for (int i = 0; i < numThreads; i++) {
        threads[i].index = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
        threads[i].lane = i % 32;
        threads[i].warp = &warps[i / 32];
        warps[i / 32].first = i / 32 * 32;
    }
    racesBegin(name, (void*) run);
    running = &launcher;
    for (emu_block.z = 0; emu_block.z < grid.z; emu_block.z++)
        for (emu_block.y = 0; emu_block.y < grid.y; emu_block.y++)
            for (emu_block.x = 0; emu_block.x < grid.x; emu_block.x++)
                runBlock();
    return collectives;
}
