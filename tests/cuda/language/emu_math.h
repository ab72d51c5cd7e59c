// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Integer, floating-point and conversion functions. The floating-point functions are the accurate ones of the host,
 * even where a GPU would use fast approximations; powf has the domain of a GPU's, but not its rounding. */
#pragma once

/* ---- bits ---- */
static inline int __popc(unsigned v) {
    return __builtin_popcount(v);
}
static inline int __popcll(unsigned long long v) {
    return __builtin_popcountll(v);
}
static inline int __clz(int v) {
    return v ? __builtin_clz(v) : 32;
}
static inline int __clzll(long long v) {
    return v ? __builtin_clzll(v) : 64;
}
static inline int __ffs(int v) {
    return __builtin_ffs(v);
}
static inline int __ffsll(long long v) {
    return __builtin_ffsll(v);
}
static inline unsigned __brev(unsigned v) {
    unsigned r = 0;
    for (int i = 0; i < 32; i++)
        r |= (v >> i & 1) << (31 - i);
    return r;
}
static inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned s) {
    return (unsigned) ((((uint64_t) hi << 32 | lo) << (s & 31)) >> 32);
}
static inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned s) {
    return (unsigned) (((uint64_t) hi << 32 | lo) >> (s & 31));
}
static inline int __mul24(int a, int b) {
    return a * b;
}
static inline unsigned __umul24(unsigned a, unsigned b) {
    return a * b;
}
static inline int __mulhi(int a, int b) {
    return (int) ((long long) a * b >> 32);
}
static inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned) ((unsigned long long) a * b >> 32);
}
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long) ((unsigned __int128) a * b >> 64);
}
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned s) {
    uint64_t both = (uint64_t) b << 32 | a;
    unsigned r = 0;
    for (int i = 0; i < 4; i++)
        r |= (unsigned) (both >> 8 * (s >> 4 * i & 7) & 0xff) << 8 * i;
    return r;
}

/* ---- arithmetic ---- */
template<class A, class B>
using EmuCommon = typename std::enable_if<std::is_arithmetic<A>::value && std::is_arithmetic<B>::value,
        typename std::common_type<A, B>::type>::type;
template<class A, class B> static inline EmuCommon<A, B> min(A a, B b) {
    EmuCommon<A, B> x = a, y = b;
    return x < y || y != y ? x : y;
}
template<class A, class B> static inline EmuCommon<A, B> max(A a, B b) {
    EmuCommon<A, B> x = a, y = b;
    return x > y || y != y ? x : y;
}
static inline float rsqrtf(float x) {
    return 1.0f / sqrtf(x);
}
static inline double rsqrt(double x) {
    return 1.0 / sqrt(x);
}
static inline float rsqrt(float x) {
    return rsqrtf(x);
}
static inline float rcbrtf(float x) {
    return 1.0f / cbrtf(x);
}
static inline double rcbrt(double x) {
    return 1.0 / cbrt(x);
}
static inline float rhypotf(float x, float y) {
    return 1.0f / hypotf(x, y);
}
static inline float sinpif(float x) {
    return sinf((float) M_PI * x);
}
static inline double sinpi(double x) {
    return sin(M_PI * x);
}
static inline float cospif(float x) {
    return cosf((float) M_PI * x);
}
static inline double cospi(double x) {
    return cos(M_PI * x);
}
static inline void sincospif(float x, float* s, float* c) {
    sincosf((float) M_PI * x, s, c);
}
static inline float normcdff(float x) {
    return 0.5f * erfcf(-x * (float) M_SQRT1_2);
}
static inline double normcdf(double x) {
    return 0.5 * erfc(-x * M_SQRT1_2);
}
static inline float erfcxf(float x) {
    return expf(x * x) * erfcf(x);
}
static inline double erfcx(double x) {
    return exp(x * x) * erfc(x);
}
static inline float norm3df(float x, float y, float z) {
    return sqrtf(x * x + y * y + z * z);
}
static inline float rnorm3df(float x, float y, float z) {
    return 1.0f / sqrtf(x * x + y * y + z * z);
}
static inline float __saturatef(float x) {
    return x > 0 ? (x < 1 ? x : 1) : 0;
}
static inline float __expf(float x) {
    return expf(x);
}
static inline float __exp10f(float x) {
    return exp10f(x);
}
static inline float __logf(float x) {
    return logf(x);
}
static inline float __log2f(float x) {
    return log2f(x);
}
static inline float __log10f(float x) {
    return log10f(x);
}
/* The definition of powf with --use_fast_math, an option that OpenMM uses: NaN for x < 0, and for x = y = 0. */
static inline float __powf(float x, float y) {
    return exp2f(y * log2f(x));
}
#define powf __powf
static inline float __sinf(float x) {
    return sinf(x);
}
static inline float __cosf(float x) {
    return cosf(x);
}
static inline float __tanf(float x) {
    return tanf(x);
}
static inline void __sincosf(float x, float* s, float* c) {
    sincosf(x, s, c);
}
static inline float __fdividef(float x, float y) {
    return x / y;
}
static inline float __fadd_rn(float x, float y) {
    volatile float r = x + y;
    return r;
}
static inline float __fsub_rn(float x, float y) {
    volatile float r = x - y;
    return r;
}
static inline float __fmul_rn(float x, float y) {
    volatile float r = x * y;
    return r;
}
static inline float __fmaf_rn(float x, float y, float z) {
    return fmaf(x, y, z);
}
static inline float __fdiv_rn(float x, float y) {
    return x / y;
}
static inline float __frcp_rn(float x) {
    return 1.0f / x;
}
static inline float __fsqrt_rn(float x) {
    return sqrtf(x);
}
static inline float __frsqrt_rn(float x) {
    return 1.0f / sqrtf(x);
}
static inline double __dadd_rn(double x, double y) {
    volatile double r = x + y;
    return r;
}
static inline double __dmul_rn(double x, double y) {
    volatile double r = x * y;
    return r;
}
static inline double __fma_rn(double x, double y, double z) {
    return fma(x, y, z);
}
static inline double __drcp_rn(double x) {
    return 1.0 / x;
}
static inline double __dsqrt_rn(double x) {
    return sqrt(x);
}

/* ---- conversions ---- */
static inline int __float2int_rn(float x) {
    return (int) rintf(x);
}
static inline int __float2int_rd(float x) {
    return (int) floorf(x);
}
static inline int __float2int_ru(float x) {
    return (int) ceilf(x);
}
static inline int __float2int_rz(float x) {
    return (int) x;
}
static inline unsigned __float2uint_rn(float x) {
    return (unsigned) rintf(x);
}
static inline unsigned __float2uint_rz(float x) {
    return (unsigned) x;
}
static inline long long __float2ll_rn(float x) {
    return (long long) rintf(x);
}
static inline long long __float2ll_rz(float x) {
    return (long long) x;
}
static inline int __double2int_rn(double x) {
    return (int) rint(x);
}
static inline int __double2int_rd(double x) {
    return (int) floor(x);
}
static inline int __double2int_rz(double x) {
    return (int) x;
}
static inline long long __double2ll_rn(double x) {
    return (long long) rint(x);
}
static inline long long __double2ll_rz(double x) {
    return (long long) x;
}
static inline float __double2float_rn(double x) {
    return (float) x;
}
static inline float __int2float_rn(int x) {
    return (float) x;
}
static inline float __uint2float_rn(unsigned x) {
    return (float) x;
}
static inline float __ll2float_rn(long long x) {
    return (float) x;
}
static inline double __ll2double_rn(long long x) {
    return (double) x;
}
