// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* What compiled kernels (emu.h) and the scheduler inside the stand-in libcuda share. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct EmuIndex {
    unsigned x, y, z;
};

/* What a lane holds of the matrices of a tensor-core instruction; see emu_matrix.h. */
struct EmuFragments {
    uint32_t a[4], b[2];
    float c[4];
};

/* The lanes of a warp meet in emu_warp_sync(). Each first puts down a value and which lane's value it wants; when the
 * last one arrives everybody receives a copy, so that a fast lane's next collective cannot change what a slow lane has
 * yet to read. */
struct EmuWarp {
    uint64_t offered[32], received[32];
    uint64_t key[32]; // what each waiting lane waits for: kind of collective and mask
    unsigned char source[32];
    // One bit per lane:
    unsigned votes;
    unsigned alive;     // has not returned
    unsigned ready;     // can run
    unsigned waiting;   // in a warp collective
    unsigned atBarrier; // in __syncthreads
    unsigned first;     // (not bits) the thread number of lane 0
    EmuFragments fragments[32];
    void (*multiply)(EmuFragments* lanes); // called once, when all lanes have put down their fragments
};

struct EmuThread {
    EmuIndex index; // threadIdx
    unsigned lane;
    EmuWarp* warp;
    struct Fiber* fiber; // NULL until the thread has started
};

enum EmuCollective { EMU_SYNCWARP, EMU_SHUFFLE, EMU_VOTE, EMU_MATCH, EMU_MATRIX };

extern "C" {
extern EmuThread* emu_self; // the thread that runs now
extern EmuIndex emu_block, emu_blockDim, emu_gridDim;
extern char emu_dynamic_shared[]; // extern __shared__ arrays
void emu_warp_sync(unsigned mask, EmuCollective kind);
int emu_block_sync(int predicate);  // returns how many threads passed a true predicate
void emu_fail(const char* message); // ends the process, naming the kernel and the waiting threads
}
