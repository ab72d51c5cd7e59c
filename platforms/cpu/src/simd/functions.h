// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Elementary functions of vectors. They are accurate to a few ULP of single precision, and follow IEEE 754 for
// infinities, NaN and zeros. tests/test_cpu_instruction_sets.py compares each with double precision.
//
// Source of the polynomials, unless a function says otherwise: S. L. Moshier, Cephes Math Library, single precision.
#pragma once

#include "Vector.h"
#include <math.h>

namespace {

inline Floats constant(float x) {
    return splat(x);
}

inline Floats infinity() {
    return splat(INFINITY);
}

inline Floats copySign(const Floats& x, const Floats& sign) {
    Ints bit = splat((int32_t) 0x80000000);
    return (Floats) (((Ints) x & ~bit) | ((Ints) sign & bit));
}

/** Apply a scalar function to each lane: for functions that are rarely used. */
template<class Function> inline Floats each(const Floats& x, Function function) {
    float numbers[Width];
    store(x, numbers);
    for (int k = 0; k < Width; k++)
        numbers[k] = function(numbers[k]);
    return load(numbers);
}

template<class Function> inline Floats each(const Floats& x, const Floats& y, Function function) {
    float numbers[Width], others[Width];
    store(x, numbers);
    store(y, others);
    for (int k = 0; k < Width; k++)
        numbers[k] = function(numbers[k], others[k]);
    return load(numbers);
}

/** exp(x) for -104.5 <= x <= 89.5: Cody-Waite reduction and a polynomial. */
inline Floats expInRange(const Floats& x) {
    Floats n = round(x * 1.44269504088896341f);
    Floats r = x - n * 0.693359375f + n * 2.12194440e-4f;
    Floats p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return scale(p * r * r + r + 1, n);
}

inline Floats exp(const Floats& x) {
    return expInRange(min(constant(89.5f), max(constant(-104.5f), x))); // with this order of operands NaN stays NaN
}

/** exp(x)-1; its Taylor series for small |x|, where the difference would lose digits. */
inline Floats expm1(const Floats& x) {
    Floats series = x * (1.0f / 5040) + 1.0f / 720;
    series = series * x + 1.0f / 120;
    series = series * x + 1.0f / 24;
    series = series * x + 1.0f / 6;
    series = series * x + 1.0f / 2;
    return select(less(abs(x), constant(0.35f)), series * x * x + x, exp(x) - 1);
}

inline Floats sigmoid(const Floats& x) {
    return reciprocal(1 + expInRange(min(constant(85.0f), max(constant(-85.0f), -x))));
}

inline Floats tanh(const Floats& x) {
    Floats size = abs(x), z = x * x;
    Floats p = -5.70498872745e-3f * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return select(less(size, constant(0.625f)), p * z * x + x,
            copySign(1 - 2 * reciprocal(expInRange(min(constant(85.0f), size + size)) + 1), x));
}

inline Floats log(const Floats& x) {
    const float smallestNormal = 1.17549435e-38f, twoTo23 = 8388608.0f;
    Mask small = less(x, constant(smallestNormal));
    Ints bits = (Ints) select(small, x * twoTo23, x);
    Floats n = toFloats(((bits >> 23) & 255) - 126) - select(small, constant(23.0f), Floats{});
    Floats m = (Floats) ((bits & 0x007FFFFF) | 0x3F000000); // from 0.5 to 1
    Mask below = less(m, constant(0.707106781186547524f));
    n = select(below, n - 1, n);
    m = select(below, m + m, m) - 1;
    Floats z = m * m;
    Floats p = 7.0376836292e-2f * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    Floats result = m + (p * m * z - 2.12194440e-4f * n - 0.5f * z) + 0.693359375f * n;
    result = select(less(x, infinity()), result, x); // infinity and NaN
    result = select(equal(x, Floats{}), -infinity(), result);
    return select(less(x, Floats{}), constant(NAN), result);
}

/** log(1+x), corrected for the rounding of 1+x. Source: W. Kahan. */
inline Floats log1p(const Floats& x) {
    Floats u = 1 + x, ratio = select(equal(u, constant(1.0f)), constant(1.0f), log(u) / (u - 1));
    return select(less(u, infinity()), x * ratio, log(u));
}

/** The sine of x + quarter*pi/2. */
inline Floats sine(const Floats& x, int quarter) {
    // The reduction below is accurate for |x| < 8192 only.
    if (toBits(less(abs(x), constant(8192.0f))) != firstBits(Width))
        return quarter == 0 ? each(x, sinf) : each(x, cosf);
    Floats n = round(x * 0.636619772367581343f);
    Floats r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.54978995489188216e-8f, z = r * r;
    Floats s = -1.9515295891e-4f * z + 8.3321608736e-3f;
    s = (s * z - 1.6666654611e-1f) * z * r + r;
    Floats c = 2.443315711809948e-5f * z - 1.388731625493765e-3f;
    c = (c * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1;
    Ints q = toInts(n) + quarter;
    Floats result = select(equal(toFloats(q & 1), Floats{}), s, c);
    return (Floats) ((Ints) result ^ ((q & 2) << 30));
}

/** The angle of the point (x, y): the arctangent of a quotient from 0 to 1, and reflections into the other octants. */
inline Floats atan2(const Floats& y, const Floats& x) {
    Floats width = abs(x), height = abs(y);
    Mask steep = less(width, height);
    Floats shorter = select(steep, width, height), longer = select(steep, height, width);
    Floats q = select(equal(shorter, longer), constant(1.0f), shorter / longer); // two infinities, too
    q = select(equal(longer, Floats{}), Floats{}, q);
    Mask small = less(q, constant(0.414213562373095f)); // tan(pi/8)
    Floats t = select(small, q, (q - 1) * reciprocal(q + 1)), z = t * t;
    Floats p = 8.05374449538e-2f * z - 1.38776856032e-1f;
    p = p * z + 1.99777106478e-1f;
    p = p * z - 3.33329491539e-1f;
    Floats angle = p * z * t + t;
    angle = select(small, angle, angle - 2.18556941e-8f + 0.785398185f); // pi/4 as two floats
    angle = select(steep, 1.57079632679489662f - angle, angle);
    angle = select(less(copySign(constant(1.0f), x), Floats{}), 3.14159265358979324f - angle, angle); // -0, too
    return copySign(angle, y);
}

} // namespace
