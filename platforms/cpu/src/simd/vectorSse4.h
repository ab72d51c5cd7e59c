// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// SSE 4.1: see Vector.h.
#pragma once

#include "byteTables.h"

namespace {

inline unsigned toBits(const Mask& mask) {
    return _mm_movemask_ps((__m128) mask);
}

inline Floats sqrt(const Floats& x) {
    return (Floats) _mm_sqrt_ps((__m128) x);
}

inline Floats inverseSqrt(const Floats& x) {
    return 1 / sqrt(x);
}

inline Floats min(const Floats& x, const Floats& y) {
    return (Floats) _mm_min_ps((__m128) x, (__m128) y);
}

inline Floats max(const Floats& x, const Floats& y) {
    return (Floats) _mm_max_ps((__m128) x, (__m128) y);
}

inline Floats round(const Floats& x) {
    return (Floats) _mm_round_ps((__m128) x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

inline Floats floor(const Floats& x) {
    return (Floats) _mm_floor_ps((__m128) x);
}

/** Load the two numbers at each of two addresses. */
inline __m128 loadTwo(const float* p0, const float* p1) {
    return _mm_loadh_pi(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i*) p0)), (const __m64*) p1);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b) {
    __m128 r0 = loadTwo(row(0), row(1)), r1 = loadTwo(row(2), row(3));
    a = (Floats) _mm_shuffle_ps(r0, r1, 0x88);
    b = (Floats) _mm_shuffle_ps(r0, r1, 0xDD);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b, Floats& c, Floats& d) {
    __m128 r[4];
    for (int k = 0; k < 4; k++)
        r[k] = _mm_loadu_ps(row(k));
    __m128 low01 = _mm_unpacklo_ps(r[0], r[1]), high01 = _mm_unpackhi_ps(r[0], r[1]);
    __m128 low23 = _mm_unpacklo_ps(r[2], r[3]), high23 = _mm_unpackhi_ps(r[2], r[3]);
    a = (Floats) _mm_shuffle_ps(low01, low23, 0x44);
    b = (Floats) _mm_shuffle_ps(low01, low23, 0xEE);
    c = (Floats) _mm_shuffle_ps(high01, high23, 0x44);
    d = (Floats) _mm_shuffle_ps(high01, high23, 0xEE);
}

inline void compressStore(unsigned bits, const Ints& x, int32_t* p) {
    _mm_storeu_si128(
            (__m128i*) p, _mm_shuffle_epi8((__m128i) x, _mm_load_si128((const __m128i*) compressTable.bytes[bits])));
}

inline Floats expandLoad(unsigned bits, const float* p) {
    __m128i places = _mm_load_si128((const __m128i*) expandTable.bytes[bits]);
    return (Floats) _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*) p), places);
}

inline void storeTransposed(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    __m128 zero = _mm_setzero_ps();
    __m128 xyLow = _mm_unpacklo_ps((__m128) x, (__m128) y), xyHigh = _mm_unpackhi_ps((__m128) x, (__m128) y);
    __m128 zLow = _mm_unpacklo_ps((__m128) z, zero), zHigh = _mm_unpackhi_ps((__m128) z, zero);
    __m128 r[4] = {_mm_shuffle_ps(xyLow, zLow, 0x44), _mm_shuffle_ps(xyLow, zLow, 0xEE),
        _mm_shuffle_ps(xyHigh, zHigh, 0x44), _mm_shuffle_ps(xyHigh, zHigh, 0xEE)};
    for (int k = 0; k < 4; k++)
        _mm_storeu_ps(rows + 4 * k, r[k]);
}

inline Floats unpackLow(const Floats& x, const Floats& y) {
    return (Floats) _mm_unpacklo_ps((__m128) x, (__m128) y);
}

inline Floats unpackHigh(const Floats& x, const Floats& y) {
    return (Floats) _mm_unpackhi_ps((__m128) x, (__m128) y);
}

inline Floats lowHalves(const Floats& x, const Floats& y) {
    return (Floats) _mm_shuffle_ps((__m128) x, (__m128) y, 0x44);
}

inline Floats highHalves(const Floats& x, const Floats& y) {
    return (Floats) _mm_shuffle_ps((__m128) x, (__m128) y, 0xEE);
}

inline __m128 sumQuarters(const Floats& x) {
    return (__m128) x;
}

} // namespace

#include "addSums.h"
