// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Vectors in plain C++, for every compiler and processor: see Vector.h.
#pragma once

#include "internal/ArrayVector.h"

namespace {

typedef ArrayVector<float, Width> Floats;
typedef ArrayVector<int32_t, Width> Ints;
/** Four floats. */
typedef ArrayVector<float, 4> Quad;

inline Floats load(const float* p) {
    return Floats::make([=](int k) { return p[k]; });
}

inline Ints load(const int32_t* p) {
    return Ints::make([=](int k) { return p[k]; });
}

inline Ints load(const uint16_t* p) {
    return Ints::make([=](int k) { return p[k]; });
}

inline void store(const Floats& x, float* p) {
    memcpy(p, x.lanes, sizeof(x.lanes));
}

inline void store(const Ints& x, int32_t* p) {
    memcpy(p, x.lanes, sizeof(x.lanes));
}

/** Round towards zero. */
inline Ints toInts(const Floats& x) {
    return Ints::make([&](int k) { return (int32_t) x[k]; });
}

inline Floats toFloats(const Ints& x) {
    return Floats::make([&](int k) { return (float) x[k]; });
}

} // namespace
