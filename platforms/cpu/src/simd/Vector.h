// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Vectors of floats, as wide as the instruction set of the file that includes this: GCC's and Clang's vector types,
// which have all arithmetic, and what they lack.
//
// Everything here and in the headers that build on it has internal linkage, and none of them includes a header of the
// standard library with functions in it: the linker merges inline functions of different files, and might so take one
// that was compiled for a processor which is not there.
#pragma once

#include <cstdint>
#if defined(__SSE4_1__) && !defined(LEARNEDPAIR_PORTABLE)
#define LEARNEDPAIR_X86_VECTORS
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
const int Width = 16;
#elif defined(__AVX2__)
const int Width = 8;
#else
const int Width = 4;
#endif

typedef float Floats __attribute__((vector_size(4 * Width)));
typedef int32_t Ints __attribute__((vector_size(4 * Width)));
/** Four numbers in memory that is aligned to 16 bytes. */
typedef float Quad __attribute__((vector_size(16)));

inline Floats load(const float* p) {
    Floats x;
    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}

inline Ints load(const int32_t* p) {
    Ints x;
    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}

inline Ints load(const uint16_t* p) {
    typedef uint16_t Shorts __attribute__((vector_size(2 * Width)));
    Shorts x;
    __builtin_memcpy(&x, p, sizeof(x));
    return __builtin_convertvector(x, Ints);
}

inline void store(const Floats& x, float* p) {
    __builtin_memcpy(p, &x, sizeof(x));
}

inline void store(const Ints& x, int32_t* p) {
    __builtin_memcpy(p, &x, sizeof(x));
}

inline Floats splat(float x) {
    return x - Floats{};
}

inline Ints splat(int32_t x) {
    return x - Ints{};
}

/** 0, 1, 2 ... */
inline Ints laneNumbers() {
    Ints x;
    for (int k = 0; k < Width; k++)
        x[k] = k;
    return x;
}

/** Make the compiler leave numbers in memory: it would rather take them out of a vector one by one. */
template<class Number> inline void keepInMemory(Number (&numbers)[Width]) {
    __asm__("" : "+m"(numbers));
}

/** Round towards zero. */
inline Ints toInts(const Floats& x) {
    return __builtin_convertvector(x, Ints);
}

inline Floats toFloats(const Ints& x) {
    return __builtin_convertvector(x, Floats);
}

/** A bit for each of the first elements, if there are so many. */
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

// Each of these defines, for its instruction set: Mask, less, equal, toBits (a bit for each element), fromBits, select,
// sqrt, inverseSqrt (NaN or infinite for 0), reciprocal (for 1e-37 < |x| < 1e37), abs, min and max (the second operand
// if one is NaN), round (to nearest, for |x| < 2^22), floor, scale (x times 2^n for whole n from -250 to 250), and
//     loadTransposed     four numbers for each element: element k of a, b, c, d are those at row(k)
//     storeTransposed    vectors x, y, z as rows of four numbers: x[k], y[k], z[k], 0
//     storeChosen  those elements that have a bit, side by side; what lies behind them, up to a whole vector, may
//     change addSums      adds the sums of all elements of x, y and z to the first three of four numbers, aligned to 16
//     bytes
#if defined(__AVX512F__)
#include "vectorAvx512.h"
#else
#include "vectorBits.h"
#if defined(__AVX2__)
#include "vectorAvx2.h"
#elif defined(LEARNEDPAIR_X86_VECTORS)
#include "vectorSse4.h"
#else
#include "vectorPortable.h"
#endif
#endif

namespace {

inline void storeChosen(unsigned bits, const Floats& x, float* p) {
    storeChosen(bits, (Ints) x, (int32_t*) p);
}

/** Takes numbers below the smallest normal one for zero, as long as it exists: x86 takes a hundred times as long for
 * them. */
struct WithoutSubnormals {
#if defined(LEARNEDPAIR_X86_VECTORS)
    WithoutSubnormals() : state(_mm_getcsr()) {
        _mm_setcsr(state | 0x8040); // flush to zero, and subnormals are zero
    }
    ~WithoutSubnormals() {
        _mm_setcsr(state);
    }
    const unsigned state;
#endif
};

} // namespace
