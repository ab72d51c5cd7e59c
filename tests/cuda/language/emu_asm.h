// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* PTX instructions: rewrite.cpp turns asm("text" : outputs : inputs) into a call of a function named after the text. A
 * kernel that uses another instruction fails to compile, and the message names the missing function, which is to be
 * added here. Operands are in the order of the lists in the assembly statement; outputs are references. */
#pragma once
#include "emu_matrix.h"
#include "emu_types.h"

template<class T> static inline void emu_asm_mov_b64_0_1_2(int& lo, int& hi, T v) {
    uint64_t b = emu_bits<uint64_t>(v);
    lo = (int) b;
    hi = (int) (b >> 32);
}
template<class T> static inline void emu_asm_mov_b64_0_1_2(unsigned& lo, unsigned& hi, T v) {
    uint64_t b = emu_bits<uint64_t>(v);
    lo = (unsigned) b;
    hi = (unsigned) (b >> 32);
}
static inline void emu_asm_cvt_f32_f16_0_1(float& f, unsigned short h) {
    f = (float) emu_bits<_Float16>(h);
}
static inline void emu_asm_cvt_rn_f16_f32_0_1(unsigned short& h, float f) {
    h = emu_bits<unsigned short>((_Float16) f);
}
static inline void emu_asm_cvt_rp_f16_f32_0_1(unsigned short& h, float f) { // rounds up
    h = emu_bits<unsigned short>((_Float16) f);
    if ((float) emu_bits<_Float16>(h) < f)
        h = (h & 0x8000) ? (h == 0x8000 ? 0 : h - 1) : h + 1;
}
/* The first source goes to the upper half (PTX ISA, cvt). */
template<class T> static inline void emu_asm_cvt_rn_bf16x2_f32_0_1_2(T& d, float upper, float lower) {
    d = emu_bits<T>(emu_to_bf16(upper) << 16 | emu_to_bf16(lower));
}
/* Operands: D {%0,%1,%2,%3}, A {%4,%5,%6,%7}, B {%8,%9}, C {%10,%11,%12,%13}; in the second function C is D, with "+f"
 * operands. */
static inline void emu_asm_mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32_0_1_2_3_4_5_6_7_8_9_10_11_12_13(
        float& d0, float& d1, float& d2, float& d3, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,
        uint32_t b1, float c0, float c1, float c2, float c3) {
    emu_mma_m16n8k16_bf16(d0, d1, d2, d3, a0, a1, a2, a3, b0, b1, c0, c1, c2, c3);
}
static inline void emu_asm_mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32_0_1_2_3_4_5_6_7_8_9_0_1_2_3(float& c0,
        float& c1, float& c2, float& c3, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
    emu_mma_m16n8k16_bf16(c0, c1, c2, c3, a0, a1, a2, a3, b0, b1, c0, c1, c2, c3);
}
