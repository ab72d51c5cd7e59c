// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Any processor and compiler: see Vector.h.
#pragma once

#include <math.h>

namespace {

inline unsigned toBits(const Mask& mask) {
    unsigned bits = 0;
    for (int k = 0; k < Width; k++)
        bits |= (mask[k] & 1) << k;
    return bits;
}

inline Floats sqrt(const Floats& x) {
    Floats result;
    for (int k = 0; k < Width; k++)
        result[k] = sqrtf(x[k]);
    return result;
}

inline Floats round(const Floats& x) {
    const float shift = 12582912.0f; // 1.5*2^23: floats of this size have no fractions
    return (x + shift) - shift;
}

inline Floats floor(const Floats& x) {
    Floats result;
    for (int k = 0; k < Width; k++)
        result[k] = floorf(x[k]);
    return result;
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b) {
    for (int k = 0; k < Width; k++) {
        const float* numbers = row(k);
        a[k] = numbers[0];
        b[k] = numbers[1];
    }
}

template<class Pointers> inline void loadTransposed(Pointers row, Floats& a, Floats& b, Floats& c, Floats& d) {
    for (int k = 0; k < Width; k++) {
        const float* numbers = row(k);
        a[k] = numbers[0];
        b[k] = numbers[1];
        c[k] = numbers[2];
        d[k] = numbers[3];
    }
}

inline void compressStore(unsigned bits, const Ints& x, int32_t* p) {
    for (int k = 0; k < Width; k++) {
        *p = x[k];
        p += (bits >> k) & 1;
    }
}

inline Floats expandLoad(unsigned bits, const float* p) {
    Floats x = {};
    for (int k = 0; k < Width; k++)
        if (bits >> k & 1)
            x[k] = *p++;
    return x;
}

inline void storeTransposed(const Floats& x, const Floats& y, const Floats& z, float* rows) {
    for (int k = 0; k < Width; k++) {
        rows[4 * k] = x[k];
        rows[4 * k + 1] = y[k];
        rows[4 * k + 2] = z[k];
        rows[4 * k + 3] = 0;
    }
}

inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    target[0] += sum(x);
    target[1] += sum(y);
    target[2] += sum(z);
}

} // namespace
