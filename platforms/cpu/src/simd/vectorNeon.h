// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// NEON of 64-bit ARM processors: see Vector.h.
#pragma once

#include "byteTables.h"

namespace {

inline unsigned toBits(const Mask& mask) {
    return vaddvq_u32((uint32x4_t) (mask & laneBits()));
}

inline Floats sqrt(const Floats& x) {
    return (Floats) vsqrtq_f32((float32x4_t) x);
}

inline Floats round(const Floats& x) {
    return (Floats) vrndnq_f32((float32x4_t) x);
}

inline Floats floor(const Floats& x) {
    return (Floats) vrndmq_f32((float32x4_t) x);
}

/** Load the two numbers at each of two addresses. */
inline float32x4_t loadTwo(const float* p0, const float* p1) {
    return vcombine_f32(vld1_f32(p0), vld1_f32(p1));
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b) {
    float32x4_t r0 = loadTwo(row(0), row(1)), r1 = loadTwo(row(2), row(3));
    a = (Floats) vuzp1q_f32(r0, r1);
    b = (Floats) vuzp2q_f32(r0, r1);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b, Floats& c, Floats& d) {
    float32x4_t r[4];
    for (int k = 0; k < 4; k++)
        r[k] = vld1q_f32(row(k));
    // Pairs of numbers: a0 b0 a1 b1 and c0 d0 c1 d1 of the rows 0 and 1, and the same of the rows 2 and 3.
    float32x4_t ab01 = vcombine_f32(vget_low_f32(r[0]), vget_low_f32(r[1]));
    float32x4_t cd01 = vcombine_f32(vget_high_f32(r[0]), vget_high_f32(r[1]));
    float32x4_t ab23 = vcombine_f32(vget_low_f32(r[2]), vget_low_f32(r[3]));
    float32x4_t cd23 = vcombine_f32(vget_high_f32(r[2]), vget_high_f32(r[3]));
    a = (Floats) vuzp1q_f32(ab01, ab23);
    b = (Floats) vuzp2q_f32(ab01, ab23);
    c = (Floats) vuzp1q_f32(cd01, cd23);
    d = (Floats) vuzp2q_f32(cd01, cd23);
}

/** The bytes of x at the places of a row of a table. A place outside of x gives 0. */
inline uint8x16_t permuteBytes(uint8x16_t x, const char* places) {
    return vqtbl1q_u8(x, vld1q_u8((const uint8_t*) places));
}

inline void compressStore(unsigned bits, const Ints& x, int32_t* p) {
    vst1q_s32(p, (int32x4_t) permuteBytes((uint8x16_t) x, compressTable.bytes[bits]));
}

inline Floats expandLoad(unsigned bits, const float* p) {
    return (Floats) permuteBytes((uint8x16_t) load(p), expandTable.bytes[bits]);
}

inline void storeTransposed(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    float32x4x4_t columns = {{(float32x4_t) x, (float32x4_t) y, (float32x4_t) z, vdupq_n_f32(0)}};
    vst4q_f32(rows, columns); // a macro in Clang, which takes no braces
}

inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    // Sums of two lanes (x x y y and z z 0 0), then of four lanes (x y z 0).
    float32x4_t xy = vpaddq_f32((float32x4_t) x, (float32x4_t) y), z0 = vpaddq_f32((float32x4_t) z, vdupq_n_f32(0));
    vst1q_f32(target, vaddq_f32(vld1q_f32(target), vpaddq_f32(xy, z0)));
}

} // namespace
