// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The vector types of GCC and Clang, which have arithmetic operators: see Vector.h.
#pragma once

namespace {

typedef float Floats __attribute__((vector_size(4 * Width)));
typedef int32_t Ints __attribute__((vector_size(4 * Width)));
/** Four floats, aligned to 16 bytes in memory. */
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

/** Round towards zero. */
inline Ints toInts(const Floats& x) {
    return __builtin_convertvector(x, Ints);
}

inline Floats toFloats(const Ints& x) {
    return __builtin_convertvector(x, Floats);
}

} // namespace
