// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Vectors of floats, as wide as the instruction set of the file that includes this: GCC's and Clang's vector types, which
// have all arithmetic, and what they lack.
//
// Everything here and in the headers that build on it has internal linkage, and none of them includes a header of the
// standard library with functions in it: the linker merges inline functions of different files, and might so take one that
// was compiled for a processor which is not there.
#pragma once

#include <cstdint>
#if defined(__SSE2__)
    #include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
const int Width = 16;
#else
const int Width = 8;
#endif

typedef float Floats __attribute__((vector_size(4*Width)));
typedef int32_t Ints __attribute__((vector_size(4*Width)));

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

inline void store(const Floats& x, float* p) {
    __builtin_memcpy(p, &x, sizeof(x));
}

inline void store(const Ints& x, int32_t* p) {
    __builtin_memcpy(p, &x, sizeof(x));
}

inline Floats splat(float x) {
    return x-Floats{};
}

inline Ints splat(int32_t x) {
    return x-Ints{};
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
    return count >= Width ? (1u<<(Width-1))*2-1 : count <= 0 ? 0 : (1u<<count)-1;
}

inline float sum(const Floats& x) {
    float result = 0;
    for (int k = 0; k < Width; k++)
        result += x[k];
    return result;
}

#if defined(__AVX512F__)

typedef __mmask16 Mask;

inline Mask less(const Floats& x, const Floats& y) {
    return _mm512_cmp_ps_mask((__m512) x, (__m512) y, _CMP_LT_OQ);
}

inline Mask equal(const Floats& x, const Floats& y) {
    return _mm512_cmp_ps_mask((__m512) x, (__m512) y, _CMP_EQ_OQ);
}

/** A bit for each element. */
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

/** 1/x with a rounding error like that of a division, for 1e-37 < |x| < 1e37. */
inline Floats reciprocal(const Floats& x) {
    Floats y = (Floats) _mm512_rcp14_ps((__m512) x);
    return y+y*(1-x*y);
}

inline Floats abs(const Floats& x) {
    return (Floats) _mm512_abs_ps((__m512) x);
}

/** The smaller one; y if one of them is NaN. */
inline Floats min(const Floats& x, const Floats& y) {
    return (Floats) _mm512_min_ps((__m512) x, (__m512) y);
}

inline Floats max(const Floats& x, const Floats& y) {
    return (Floats) _mm512_max_ps((__m512) x, (__m512) y);
}

/** Round to nearest. */
inline Floats round(const Floats& x) {
    return (Floats) _mm512_roundscale_ps((__m512) x, _MM_FROUND_TO_NEAREST_INT);
}

inline Floats floor(const Floats& x) {
    return (Floats) _mm512_roundscale_ps((__m512) x, _MM_FROUND_TO_NEG_INF);
}

/** Store those elements that have a bit, side by side; what lies behind them, up to a whole vector, is overwritten. */
inline void storeChosen(unsigned bits, const Floats& x, float* p) {
    _mm512_storeu_ps(p, _mm512_maskz_compress_ps((Mask) bits, (__m512) x));
}

/** Store vectors x, y, z as rows of four numbers: x[k], y[k], z[k], 0. */
inline void storeRows(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    __m512 zero = _mm512_setzero_ps();
    __m512 xyLow = _mm512_unpacklo_ps((__m512) x, (__m512) y), xyHigh = _mm512_unpackhi_ps((__m512) x, (__m512) y);
    __m512 zLow = _mm512_unpacklo_ps((__m512) z, zero), zHigh = _mm512_unpackhi_ps((__m512) z, zero);
    __m512 r[4] = {_mm512_shuffle_ps(xyLow, zLow, 0x44), _mm512_shuffle_ps(xyLow, zLow, 0xEE), _mm512_shuffle_ps(xyHigh, zHigh, 0x44), _mm512_shuffle_ps(xyHigh, zHigh, 0xEE)};
    for (int k = 0; k < 4; k++) {
        _mm_storeu_ps(rows+4*k, _mm512_extractf32x4_ps(r[k], 0));
        _mm_storeu_ps(rows+4*(4+k), _mm512_extractf32x4_ps(r[k], 1));
        _mm_storeu_ps(rows+4*(8+k), _mm512_extractf32x4_ps(r[k], 2));
        _mm_storeu_ps(rows+4*(12+k), _mm512_extractf32x4_ps(r[k], 3));
    }
}

/** x times 2 to the power of n, a whole number. */
inline Floats scale(const Floats& x, const Floats& n) {
    return (Floats) _mm512_scalef_ps((__m512) x, (__m512) n);
}

inline __m512 loadQuarters(const float* p0, const float* p1, const float* p2, const float* p3) {
    __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p0)), _mm_loadu_ps(p1), 1);
    __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p2)), _mm_loadu_ps(p3), 1);
    return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_castps_pd(low)), _mm256_castps_pd(high), 1));
}

/** Load four numbers for each element: element k of a, b, c, d are those at row(k). */
template<class Row> inline void loadRows(Row row, Floats& a, Floats& b, Floats& c, Floats& d) {
    __m512 r[4];
    for (int k = 0; k < 4; k++)
        r[k] = loadQuarters(row(k), row(4+k), row(8+k), row(12+k));
    __m512 low01 = _mm512_unpacklo_ps(r[0], r[1]), high01 = _mm512_unpackhi_ps(r[0], r[1]);
    __m512 low23 = _mm512_unpacklo_ps(r[2], r[3]), high23 = _mm512_unpackhi_ps(r[2], r[3]);
    a = (Floats) _mm512_shuffle_ps(low01, low23, 0x44);
    b = (Floats) _mm512_shuffle_ps(low01, low23, 0xEE);
    c = (Floats) _mm512_shuffle_ps(high01, high23, 0x44);
    d = (Floats) _mm512_shuffle_ps(high01, high23, 0xEE);
}

inline __m128 sumQuarters(const Floats& x) {
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512) x), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd((__m512) x), 1)));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

#else

typedef Ints Mask;

inline Mask less(const Floats& x, const Floats& y) {
    return x < y;
}

inline Mask equal(const Floats& x, const Floats& y) {
    return x == y;
}

inline Mask fromBits(unsigned bits) {
    const Ints bit = {1, 2, 4, 8, 16, 32, 64, 128};
    return (splat((int32_t) bits) & bit) == bit;
}

inline Floats select(const Mask& mask, const Floats& x, const Floats& y) {
    return (Floats) ((mask & (Ints) x) | (~mask & (Ints) y));
}

inline Floats reciprocal(const Floats& x) {
    return 1/x;
}

inline Floats abs(const Floats& x) {
    return (Floats) ((Ints) x & splat((int32_t) 0x7FFFFFFF));
}

inline void storeChosen(unsigned bits, const Floats& x, float* p) {
    float numbers[Width];
    store(x, numbers);
    for (; bits != 0; bits &= bits-1)
        *p++ = numbers[__builtin_ctz(bits)];
}

inline void storeRows(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    for (int k = 0; k < Width; k++) {
        rows[4*k] = x[k];
        rows[4*k+1] = y[k];
        rows[4*k+2] = z[k];
        rows[4*k+3] = 0;
    }
}

inline Floats powerOfTwo(const Ints& n) {
    return (Floats) ((n+127) << 23);
}

/** x times 2 to the power of n, a whole number from -250 to 250: in two steps, since the power may be no float. */
inline Floats scale(const Floats& x, const Floats& n) {
    Ints all = toInts(n), half = all >> 1;
    return x*powerOfTwo(half)*powerOfTwo(all-half);
}

#if defined(__AVX2__)

inline unsigned toBits(const Mask& mask) {
    return _mm256_movemask_ps((__m256) mask);
}

inline Floats sqrt(const Floats& x) {
    return (Floats) _mm256_sqrt_ps((__m256) x);
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

template<class Row> inline void loadRows(Row row, Floats& a, Floats& b, Floats& c, Floats& d) {
    __m256 r[4];
    for (int k = 0; k < 4; k++)
        r[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row(k))), _mm_loadu_ps(row(4+k)), 1);
    __m256 low01 = _mm256_unpacklo_ps(r[0], r[1]), high01 = _mm256_unpackhi_ps(r[0], r[1]);
    __m256 low23 = _mm256_unpacklo_ps(r[2], r[3]), high23 = _mm256_unpackhi_ps(r[2], r[3]);
    a = (Floats) _mm256_shuffle_ps(low01, low23, 0x44);
    b = (Floats) _mm256_shuffle_ps(low01, low23, 0xEE);
    c = (Floats) _mm256_shuffle_ps(high01, high23, 0x44);
    d = (Floats) _mm256_shuffle_ps(high01, high23, 0xEE);
}

inline __m128 sumQuarters(const Floats& x) {
    return _mm_add_ps(_mm256_castps256_ps128((__m256) x), _mm256_extractf128_ps((__m256) x, 1));
}

#else // any processor

inline unsigned toBits(const Mask& mask) {
    unsigned bits = 0;
    for (int k = 0; k < Width; k++)
        bits |= (mask[k] & 1) << k;
    return bits;
}

inline Floats sqrt(const Floats& x) {
    Floats result;
    for (int k = 0; k < Width; k++)
        result[k] = __builtin_sqrtf(x[k]);
    return result;
}

inline Floats min(const Floats& x, const Floats& y) {
    return select(x < y, x, y);
}

inline Floats max(const Floats& x, const Floats& y) {
    return select(x > y, x, y);
}

/** For numbers below 2^22 in size. */
inline Floats round(const Floats& x) {
    const float shift = 12582912.0f; // 1.5*2^23: no fractions above it
    return (x+shift)-shift;
}

inline Floats floor(const Floats& x) {
    Floats result;
    for (int k = 0; k < Width; k++)
        result[k] = __builtin_floorf(x[k]);
    return result;
}

template<class Row> inline void loadRows(Row row, Floats& a, Floats& b, Floats& c, Floats& d) {
    for (int k = 0; k < Width; k++) {
        const float* numbers = row(k);
        a[k] = numbers[0];
        b[k] = numbers[1];
        c[k] = numbers[2];
        d[k] = numbers[3];
    }
}

#endif
#endif

/** Four numbers in memory that is aligned to 16 bytes. */
typedef float Row __attribute__((vector_size(16)));

#if defined(__AVX2__) || defined(__AVX512F__)

/** Add the sums of all elements of x, y and z to the first three of four numbers, aligned to 16 bytes. */
inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    __m128 qx = sumQuarters(x), qy = sumQuarters(y), qz = sumQuarters(z), zero = _mm_setzero_ps();
    __m128 xy = _mm_add_ps(_mm_unpacklo_ps(qx, qy), _mm_unpackhi_ps(qx, qy)); // x02 y02 x13 y13
    __m128 z0 = _mm_add_ps(_mm_unpacklo_ps(qz, zero), _mm_unpackhi_ps(qz, zero));
    _mm_store_ps(target, _mm_add_ps(_mm_load_ps(target), _mm_add_ps(_mm_movelh_ps(xy, z0), _mm_movehl_ps(z0, xy))));
}

#else

inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    target[0] += sum(x);
    target[1] += sum(y);
    target[2] += sum(z);
}

#endif

/** Takes numbers below the smallest normal one for zero, as long as it exists: x86 takes a hundred times as long for them. */
struct WithoutSubnormals {
#if defined(__SSE2__)
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
