// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Tensor-core instructions. Sources: PTX ISA, sections "Matrix Fragments for mma.m16n8k16 with floating point type"
 * (the elements of each lane) and "Multiply-and-Accumulate Instruction: mma" (precision, participating lanes). */
#pragma once
#include "emu_types.h"
#include "runtime.h"

typedef double EmuRow
        __attribute__((vector_size(64))); // eight columns at once: kernels are not compiled with loop vectorization

/* The bf16 number in the lower (0) or upper (1) half of a register is the upper half of a float. */
static inline float emu_bf16(uint32_t pair, int half) {
    return emu_bits<float>(half ? pair & 0xffff0000u : pair << 16);
}

/* C += A*B, where A has 16x16 elements, B 16x8 and C 16x8. With g = l/4 and t = l%4, lane l holds:
 *   a[i]  A[g+8*(i%2)][2t+8*(i/2)] in the lower half, the element of the next k in the upper half
 *   b[i]  B[2t+8*i][g] in the lower half, the element of the next k in the upper half
 *   c[i]  C[g+8*(i/2)][2t+i%2]
 * PTX guarantees "at least single" precision and leaves order, rounding and subnormal inputs open. GPUs truncate the
 * sum instead of rounding it (Fasi, Higham, Mikaitis and Pranesh, PeerJ Computer Science 7 (2021) e330), and these
 * errors accumulate over many products. Here the sum of C and all products is computed in double precision and then
 * truncated. The last bits of a GPU's results differ. */
static inline float emu_truncate(double sum) {
    float f = (float) sum;
    return std::fabs(f) > std::fabs(sum) && std::isfinite(f) ? emu_bits<float>(emu_bits<uint32_t>(f) - 1) : f;
}
static __attribute__((noinline))
#ifdef __SANITIZE_THREAD__ // no access here is to shared memory
__attribute__((no_sanitize_thread))
#endif
void emu_multiply_m16n8k16_bf16(EmuFragments* lanes) {
    float a[16][16];
    EmuRow b[16], c[16];
    for (int lane = 0; lane < 32; lane++) {
        const EmuFragments& f = lanes[lane];
        int g = lane / 4, t = lane % 4;
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 4; i++)
                a[g + 8 * (i % 2)][2 * t + 8 * (i / 2) + half] = emu_bf16(f.a[i], half);
            for (int i = 0; i < 2; i++)
                b[2 * t + 8 * i + half][g] = emu_bf16(f.b[i], half);
        }
        for (int i = 0; i < 4; i++)
            c[g + 8 * (i / 2)][2 * t + i % 2] = f.c[i];
    }
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 16; k++)
            c[row] += a[row][k] * b[k];
    for (int lane = 0; lane < 32; lane++)
        for (int i = 0; i < 4; i++)
            lanes[lane].c[i] = emu_truncate(c[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]);
}

/* All 32 lanes must call this function; the scheduler reports an error if some have returned. PTX also requires that
 * all lanes execute the same instruction. The scheduler cannot check this: it accepts lanes that come from different
 * branches of an if statement. */
static inline void emu_mma_m16n8k16_bf16(float& d0, float& d1, float& d2, float& d3, uint32_t a0, uint32_t a1,
        uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1, float c0, float c1, float c2, float c3) {
    EmuThread* t = emu_self;
    EmuFragments* own = &t->warp->fragments[t->lane];
    *own = {{a0, a1, a2, a3}, {b0, b1}, {c0, c1, c2, c3}};
    t->warp->multiply = emu_multiply_m16n8k16_bf16;
    emu_warp_sync(0xffffffffu, EMU_MATRIX);
    d0 = own->c[0];
    d1 = own->c[1];
    d2 = own->c[2];
    d3 = own->c[3];
}

/* Rounds to bf16: to nearest, ties to even, with subnormals. NaN becomes 0x7fff, as in NVIDIA's cuda_bf16.hpp. */
static inline uint32_t emu_to_bf16(float f) {
    uint32_t bits = emu_bits<uint32_t>(f);
    return f != f ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
