// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// AVX2: see Vector.h.
#pragma once

namespace {

inline unsigned toBits(const Mask& mask) {
    return _mm256_movemask_ps((__m256) mask);
}

inline Floats sqrt(const Floats& x) {
    return (Floats) _mm256_sqrt_ps((__m256) x);
}

inline Floats inverseSqrt(const Floats& x) {
    return 1 / sqrt(x);
}

inline Floats min(const Floats& x, const Floats& y) {
    return (Floats) _mm256_min_ps((__m256) x, (__m256) y);
}

inline Floats max(const Floats& x, const Floats& y) {
    return (Floats) _mm256_max_ps((__m256) x, (__m256) y);
}

inline Floats round(const Floats& x) {
    return (Floats) _mm256_round_ps((__m256) x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

inline Floats floor(const Floats& x) {
    return (Floats) _mm256_floor_ps((__m256) x);
}

/** Load the two numbers at each of two addresses. */
inline __m128 loadTwo(const float* p0, const float* p1) {
    return _mm_loadh_pi(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i*) p0)), (const __m64*) p1);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b) {
    __m256 r[2];
    for (int k = 0; k < 2; k++)
        r[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(loadTwo(row(2 * k), row(2 * k + 1))),
                loadTwo(row(4 + 2 * k), row(5 + 2 * k)), 1);
    a = (Floats) _mm256_shuffle_ps(r[0], r[1], 0x88);
    b = (Floats) _mm256_shuffle_ps(r[0], r[1], 0xDD);
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b, Floats& c, Floats& d) {
    __m256 r[4];
    for (int k = 0; k < 4; k++)
        r[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row(k))), _mm_loadu_ps(row(4 + k)), 1);
    __m256 low01 = _mm256_unpacklo_ps(r[0], r[1]), high01 = _mm256_unpackhi_ps(r[0], r[1]);
    __m256 low23 = _mm256_unpacklo_ps(r[2], r[3]), high23 = _mm256_unpackhi_ps(r[2], r[3]);
    a = (Floats) _mm256_shuffle_ps(low01, low23, 0x44);
    b = (Floats) _mm256_shuffle_ps(low01, low23, 0xEE);
    c = (Floats) _mm256_shuffle_ps(high01, high23, 0x44);
    d = (Floats) _mm256_shuffle_ps(high01, high23, 0xEE);
}

/** For each set of lanes, their numbers, side by side, a byte each. */
struct CompressTable {
    constexpr CompressTable() : indices() {
        for (int bits = 0; bits < 256; bits++)
            for (int k = 0, count = 0; k < 8; k++)
                if (bits >> k & 1)
                    indices[bits] |= (uint64_t) k << 8 * count++;
    }
    uint64_t indices[256];
};
constexpr CompressTable compressTable;

inline void compressStore(unsigned bits, const Ints& x, int32_t* p) {
    __m256i indices = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t) compressTable.indices[bits]));
    _mm256_storeu_si256((__m256i*) p, _mm256_permutevar8x32_epi32((__m256i) x, indices));
}

/** For each set of lanes, the place of each lane among them, a byte each. */
struct ExpandTable {
    constexpr ExpandTable() : places() {
        for (int bits = 0; bits < 256; bits++)
            for (int k = 0, count = 0; k < 8; k++)
                if (bits >> k & 1)
                    places[bits] |= (uint64_t) count++ << 8 * k;
    }
    uint64_t places[256];
};
constexpr ExpandTable expandTable;

inline Floats expandLoad(unsigned bits, const float* p) {
    __m256i places = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t) expandTable.places[bits]));
    return select(fromBits(bits), (Floats) _mm256_permutevar8x32_ps(_mm256_loadu_ps(p), places), Floats{});
}

inline void storeTransposed(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    __m256 zero = _mm256_setzero_ps();
    __m256 xyLow = _mm256_unpacklo_ps((__m256) x, (__m256) y), xyHigh = _mm256_unpackhi_ps((__m256) x, (__m256) y);
    __m256 zLow = _mm256_unpacklo_ps((__m256) z, zero), zHigh = _mm256_unpackhi_ps((__m256) z, zero);
    __m256 r[4] = {_mm256_shuffle_ps(xyLow, zLow, 0x44), _mm256_shuffle_ps(xyLow, zLow, 0xEE),
        _mm256_shuffle_ps(xyHigh, zHigh, 0x44), _mm256_shuffle_ps(xyHigh, zHigh, 0xEE)};
    for (int k = 0; k < 4; k++) {
        _mm_storeu_ps(rows + 4 * k, _mm256_castps256_ps128(r[k]));
        _mm_storeu_ps(rows + 4 * (4 + k), _mm256_extractf128_ps(r[k], 1));
    }
}

inline Floats unpackLow(const Floats& x, const Floats& y) {
    return (Floats) _mm256_unpacklo_ps((__m256) x, (__m256) y);
}

inline Floats unpackHigh(const Floats& x, const Floats& y) {
    return (Floats) _mm256_unpackhi_ps((__m256) x, (__m256) y);
}

inline Floats lowHalves(const Floats& x, const Floats& y) {
    return (Floats) _mm256_shuffle_ps((__m256) x, (__m256) y, 0x44);
}

inline Floats highHalves(const Floats& x, const Floats& y) {
    return (Floats) _mm256_shuffle_ps((__m256) x, (__m256) y, 0xEE);
}

inline __m128 sumQuarters(const Floats& x) {
    return _mm_add_ps(_mm256_castps256_ps128((__m256) x), _mm256_extractf128_ps((__m256) x, 1));
}

} // namespace

#include "addSums.h"
