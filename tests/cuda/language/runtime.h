// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The interface between compiled kernels (emu.h) and the scheduler, which is part of the replacement of libcuda. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct EmuIndex {
    unsigned x, y, z;
};

/* The fragments of the matrices of a tensor-core instruction that one lane holds; see emu_matrix.h. */
struct EmuFragments {
    uint32_t a[4], b[2];
    float c[4];
};

/* The lanes of a warp synchronize in emu_warp_sync(). Each lane first stores a value and the lane whose value it needs.
 * When the last lane arrives, each lane receives a copy: the next collective of a fast lane cannot change a value that
 * a slow lane has yet to read. */
struct EmuWarp {
    uint64_t offered[32], received[32];
    uint64_t key[32]; // the collective that each waiting lane is in: its type and mask
    unsigned char source[32];
    // One bit per lane:
    unsigned votes;
    unsigned alive;     // has not returned
    unsigned ready;     // can run
    unsigned waiting;   // in a warp collective
    unsigned atBarrier; // in __syncthreads
    unsigned first;     // (not a bit mask) the thread number of lane 0
    EmuFragments fragments[32];
    void (*multiply)(EmuFragments* lanes); // called once, when all lanes have stored their fragments
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
int emu_block_sync(int predicate);  // returns the number of threads whose predicate is true
void emu_fail(const char* message); // ends the process, naming the kernel and the waiting threads
}
