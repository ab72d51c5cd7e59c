// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* PTX instructions: rewrite.cpp turns asm("text" : outputs : inputs) into a call of a function named after the text.
 * A kernel that uses another instruction fails to compile, and the message names the function that is missing: add it
 * here. Operands come in the order of the assembly's lists; outputs are references. */
#pragma once
#include "emu_types.h"

template<class T> static inline void emu_asm_mov_b64_0_1_2(int& lo, int& hi, T v) { uint64_t b = emu_bits<uint64_t>(v); lo = (int) b; hi = (int) (b>>32); }
template<class T> static inline void emu_asm_mov_b64_0_1_2(unsigned& lo, unsigned& hi, T v) { uint64_t b = emu_bits<uint64_t>(v); lo = (unsigned) b; hi = (unsigned) (b>>32); }
static inline void emu_asm_cvt_f32_f16_0_1(float& f, unsigned short h) { f = (float) emu_bits<_Float16>(h); }
static inline void emu_asm_cvt_rn_f16_f32_0_1(unsigned short& h, float f) { h = emu_bits<unsigned short>((_Float16) f); }
static inline void emu_asm_cvt_rp_f16_f32_0_1(unsigned short& h, float f) { // rounds up
    h = emu_bits<unsigned short>((_Float16) f);
    if ((float) emu_bits<_Float16>(h) < f)
        h = (h & 0x8000) ? (h == 0x8000 ? 0 : h-1) : h+1;
}
