// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Vectors of floats: the vector types of GCC and Clang, which have arithmetic operators, or arrays with the same
// operators, and the functions that these types lack. The width is that of the instruction set for which the including
// file is compiled. A file that defines LEARNEDPAIR_PORTABLE gets arrays, in plain C++ on every processor.
//
// Everything here and in the headers that include this one has internal linkage, and none of them includes a header of
// the standard library that defines functions. The linker merges inline functions of different files; it might keep one
// that was compiled for an instruction set that the processor does not support.
#pragma once

#include "bits.h"
#include <cstdint>
#if defined(LEARNEDPAIR_PORTABLE)
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#include <immintrin.h>
#endif

namespace {

#if defined(LEARNEDPAIR_PORTABLE)
// GCC unrolls shorter loops into operations on single floats, and makes no vector instructions of them.
const int Width = 16;
#elif defined(__AVX512F__)
const int Width = 16;
#elif defined(__AVX2__)
const int Width = 8;
#else
const int Width = 4;
#endif

} // namespace

// Each of these headers defines the types Floats, Ints and Quad, load, store, and the conversions between the types.
#if defined(LEARNEDPAIR_PORTABLE)
#include "typesArray.h"
#else
#include "typesBuiltIn.h"
#endif

namespace {

inline Floats splat(float x) {
    return x - Floats{};
}

inline Ints splat(int32_t x) {
    return x - Ints{};
}

/** The number of each lane: 0, 1, 2 ... */
inline Ints laneNumbers() {
    Ints x;
    for (int k = 0; k < Width; k++)
        x[k] = k;
    return x;
}

/** The bit of each lane: 1, 2, 4 ... */
inline Ints laneBits() {
    Ints x;
    for (int k = 0; k < Width; k++)
        x[k] = 1 << k;
    return x;
}

/** A bit for each of the first `count` lanes: none if count is negative, all if it exceeds Width. */
inline unsigned firstBits(int count) {
    return count >= Width ? (1u << (Width - 1)) * 2 - 1 : count <= 0 ? 0 : (1u << count) - 1;
}

inline float sum(const Floats& x) {
    float result = 0;
    for (int k = 0; k < Width; k++)
        result += x[k];
    return result;
}

} // namespace

// Each of these headers defines, for its instruction set:
//
//     Mask                 a truth value for each lane
//     less, equal          comparisons, whose results are masks
//     toBits, fromBits     conversion between a mask and a bit for each lane
//     select               the first operand where the mask is true, else the second
//     sqrt, abs, floor
//     inverseSqrt          NaN or infinite for 0
//     reciprocal           for 1e-37 < |x| < 1e37
//     min, max             the second operand if one is NaN
//     round                to the nearest integer, for |x| < 2^22
//     scale                x times 2^n, for integers n from -250 to 250
//     loadTransposed       sets lane k of a, b, c and d, or of a and b, to the four or two numbers at row(k)
//     storeTransposed      stores the four numbers x[k], y[k], z[k], 0 for each lane k
//     compressStore        stores the lanes whose bit is set side by side; memory after them, up to the end of a whole
//                          vector, may change
//     expandLoad           loads numbers that are side by side into the lanes whose bit is set; the others become 0; a
//                          whole vector may be read
//     addSums              adds the sums over all lanes of x, y and z to the first three of four numbers, which are
//                          aligned to 16 bytes
#if defined(LEARNEDPAIR_PORTABLE)
#include "vectorBits.h"
#include "vectorPortable.h"

#include "plainFunctions.h" // calls functions of the headers before
#elif defined(__AVX512F__)
#include "vectorAvx512.h"
#else
#include "vectorBits.h"
#if defined(__AVX2__)
#include "vectorAvx2.h"
#elif defined(__aarch64__)
#include "vectorNeon.h"

#include "plainFunctions.h"
#else
#include "vectorSse4.h"
#endif
#endif

namespace {

inline void compressStore(unsigned bits, const Floats& x, float* p) {
    compressStore(bits, (Ints) x, (int32_t*) p);
}

/** Makes the processor treat subnormal numbers as zero during its lifetime: on x86 arithmetic with them takes a hundred
 * times as long. */
struct FlushSubnormals {
#if defined(__SSE4_1__) && !defined(LEARNEDPAIR_PORTABLE)
    FlushSubnormals() : state(_mm_getcsr()) {
        _mm_setcsr(state | 0x8040); // flush-to-zero and denormals-are-zero
    }
    ~FlushSubnormals() {
        _mm_setcsr(state);
    }
    const unsigned state;
#endif
};

} // namespace
