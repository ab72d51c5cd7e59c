// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// AVX-512: see Vector.h.
#pragma once

namespace {

typedef __mmask16 Mask;

inline Mask less(const Floats& x, const Floats& y) {
    return _mm512_cmp_ps_mask((__m512) x, (__m512) y, _CMP_LT_OQ);
}

inline Mask equal(const Floats& x, const Floats& y) {
    return _mm512_cmp_ps_mask((__m512) x, (__m512) y, _CMP_EQ_OQ);
}

inline unsigned toBits(Mask mask) {
    return mask;
}

inline Mask fromBits(unsigned bits) {
    return (Mask) bits;
}

inline Floats select(Mask mask, const Floats& x, const Floats& y) {
    return (Floats) _mm512_mask_blend_ps(mask, (__m512) y, (__m512) x);
}

inline Floats sqrt(const Floats& x) {
    return (Floats) _mm512_sqrt_ps((__m512) x);
}

/** An estimate, improved by one step of Newton's method. */
inline Floats inverseSqrt(const Floats& x) {
    Floats y = (Floats) _mm512_rsqrt14_ps((__m512) x);
    return y + y * (0.5f - 0.5f * (x * y) * y);
}

/** An estimate, improved by one step of Newton's method. */
inline Floats reciprocal(const Floats& x) {
    Floats y = (Floats) _mm512_rcp14_ps((__m512) x);
    return y + y * (1 - x * y);
}

inline Floats abs(const Floats& x) {
    return (Floats) _mm512_abs_ps((__m512) x);
}

inline Floats min(const Floats& x, const Floats& y) {
    return (Floats) _mm512_min_ps((__m512) x, (__m512) y);
}

inline Floats max(const Floats& x, const Floats& y) {
    return (Floats) _mm512_max_ps((__m512) x, (__m512) y);
}

inline Floats round(const Floats& x) {
    return (Floats) _mm512_roundscale_ps((__m512) x, _MM_FROUND_TO_NEAREST_INT);
}

inline Floats floor(const Floats& x) {
    return (Floats) _mm512_roundscale_ps((__m512) x, _MM_FROUND_TO_NEG_INF);
}

inline Floats scale(const Floats& x, const Floats& n) {
    return (Floats) _mm512_scalef_ps((__m512) x, (__m512) n);
}

inline __m512 joinQuarters(const __m128& q0, const __m128& q1, const __m128& q2, const __m128& q3) {
    __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(q0), q1, 1);
    __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(q2), q3, 1);
    return _mm512_castpd_ps(
            _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_castps_pd(low)), _mm256_castps_pd(high), 1));
}

/** Load the two numbers at each of two addresses. */
inline __m128 loadTwo(const float* p0, const float* p1) {
    return _mm_loadh_pi(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i*) p0)), (const __m64*) p1);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b) {
    auto join = [&](int k) {
        return joinQuarters(loadTwo(row(k), row(k + 1)), loadTwo(row(k + 4), row(k + 5)),
                loadTwo(row(k + 8), row(k + 9)), loadTwo(row(k + 12), row(k + 13)));
    };
    __m512 r0 = join(0), r1 = join(2);
    a = (Floats) _mm512_shuffle_ps(r0, r1, 0x88);
    b = (Floats) _mm512_shuffle_ps(r0, r1, 0xDD);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b, Floats& c, Floats& d) {
    __m512 r[4];
    for (int k = 0; k < 4; k++)
        r[k] = joinQuarters(
                _mm_loadu_ps(row(k)), _mm_loadu_ps(row(4 + k)), _mm_loadu_ps(row(8 + k)), _mm_loadu_ps(row(12 + k)));
    __m512 low01 = _mm512_unpacklo_ps(r[0], r[1]), high01 = _mm512_unpackhi_ps(r[0], r[1]);
    __m512 low23 = _mm512_unpacklo_ps(r[2], r[3]), high23 = _mm512_unpackhi_ps(r[2], r[3]);
    a = (Floats) _mm512_shuffle_ps(low01, low23, 0x44);
    b = (Floats) _mm512_shuffle_ps(low01, low23, 0xEE);
    c = (Floats) _mm512_shuffle_ps(high01, high23, 0x44);
    d = (Floats) _mm512_shuffle_ps(high01, high23, 0xEE);
}

inline void storeTransposed(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    __m512 zero = _mm512_setzero_ps();
    __m512 xyLow = _mm512_unpacklo_ps((__m512) x, (__m512) y), xyHigh = _mm512_unpackhi_ps((__m512) x, (__m512) y);
    __m512 zLow = _mm512_unpacklo_ps((__m512) z, zero), zHigh = _mm512_unpackhi_ps((__m512) z, zero);
    __m512 r[4] = {_mm512_shuffle_ps(xyLow, zLow, 0x44), _mm512_shuffle_ps(xyLow, zLow, 0xEE),
        _mm512_shuffle_ps(xyHigh, zHigh, 0x44), _mm512_shuffle_ps(xyHigh, zHigh, 0xEE)};
    for (int k = 0; k < 4; k++) {
        _mm_storeu_ps(rows + 4 * k, _mm512_extractf32x4_ps(r[k], 0));
        _mm_storeu_ps(rows + 4 * (4 + k), _mm512_extractf32x4_ps(r[k], 1));
        _mm_storeu_ps(rows + 4 * (8 + k), _mm512_extractf32x4_ps(r[k], 2));
        _mm_storeu_ps(rows + 4 * (12 + k), _mm512_extractf32x4_ps(r[k], 3));
    }
}

inline void compressStore(unsigned bits, const Ints& x, int32_t* p) {
    _mm512_storeu_si512(p, _mm512_maskz_compress_epi32((Mask) bits, (__m512i) x));
}

inline Floats expandLoad(unsigned bits, const float* p) {
    return (Floats) _mm512_maskz_expandloadu_ps((Mask) bits, p);
}

inline Floats unpackLow(const Floats& x, const Floats& y) {
    return (Floats) _mm512_unpacklo_ps((__m512) x, (__m512) y);
}

inline Floats unpackHigh(const Floats& x, const Floats& y) {
    return (Floats) _mm512_unpackhi_ps((__m512) x, (__m512) y);
}

inline Floats lowHalves(const Floats& x, const Floats& y) {
    return (Floats) _mm512_shuffle_ps((__m512) x, (__m512) y, 0x44);
}

inline Floats highHalves(const Floats& x, const Floats& y) {
    return (Floats) _mm512_shuffle_ps((__m512) x, (__m512) y, 0xEE);
}

inline __m128 sumQuarters(const Floats& x) {
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512) x),
            _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd((__m512) x), 1)));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

} // namespace

#include "addSums.h"
