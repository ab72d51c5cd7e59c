// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* CUDA's vector types, and the functions that reinterpret the bits of a value as another type. */
#pragma once
#include "runtime.h"
#include <string.h>

/* ---- vector types ---- */
typedef unsigned char uchar;
#define EMU_VECTORS(T, N, A1, A2, A4)                                                                                  \
    struct N##1 {                                                                                                      \
        T x;                                                                                                           \
    };                                                                                                                 \
    struct __attribute__((aligned(A2))) N##2 {                                                                         \
        T x, y;                                                                                                        \
    };                                                                                                                 \
    struct N##3 {                                                                                                      \
        T x, y, z;                                                                                                     \
    };                                                                                                                 \
    struct __attribute__((aligned(A4))) N##4 {                                                                         \
        T x, y, z, w;                                                                                                  \
    };                                                                                                                 \
    static inline N##1 make_##N##1(T x) {                                                                              \
        return {x};                                                                                                    \
    }                                                                                                                  \
    static inline N##2 make_##N##2(T x, T y) {                                                                         \
        return {x, y};                                                                                                 \
    }                                                                                                                  \
    static inline N##3 make_##N##3(T x, T y, T z) {                                                                    \
        return {x, y, z};                                                                                              \
    }                                                                                                                  \
    static inline N##4 make_##N##4(T x, T y, T z, T w) {                                                               \
        return {x, y, z, w};                                                                                           \
    }
EMU_VECTORS(signed char, char, 1, 2, 4)
EMU_VECTORS(unsigned char, uchar, 1, 2, 4)
EMU_VECTORS(short, short, 2, 4, 8)
EMU_VECTORS(unsigned short, ushort, 2, 4, 8)
EMU_VECTORS(int, int, 4, 8, 16)
EMU_VECTORS(unsigned int, uint, 4, 8, 16)
EMU_VECTORS(long, long, 8, 16, 16)
EMU_VECTORS(unsigned long, ulong, 8, 16, 16)
EMU_VECTORS(long long, longlong, 8, 16, 16)
EMU_VECTORS(unsigned long long, ulonglong, 8, 16, 16)
EMU_VECTORS(float, float, 4, 8, 16)
EMU_VECTORS(double, double, 8, 16, 16)
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

/* ---- reinterpretation ---- */
template<class To, class From> static inline To emu_bits(From v) {
    static_assert(sizeof(To) == sizeof(From), "sizes differ");
    To r;
    memcpy(&r, &v, sizeof r);
    return r;
}
static inline int __float_as_int(float v) {
    return emu_bits<int>(v);
}
static inline unsigned __float_as_uint(float v) {
    return emu_bits<unsigned>(v);
}
static inline float __int_as_float(int v) {
    return emu_bits<float>(v);
}
static inline float __uint_as_float(unsigned v) {
    return emu_bits<float>(v);
}
static inline long long __double_as_longlong(double v) {
    return emu_bits<long long>(v);
}
static inline double __longlong_as_double(long long v) {
    return emu_bits<double>(v);
}
static inline int __double2hiint(double v) {
    return (int) (emu_bits<uint64_t>(v) >> 32);
}
static inline int __double2loint(double v) {
    return (int) emu_bits<uint64_t>(v);
}
static inline double __hiloint2double(int hi, int lo) {
    return emu_bits<double>((uint64_t) (unsigned) hi << 32 | (unsigned) lo);
}
