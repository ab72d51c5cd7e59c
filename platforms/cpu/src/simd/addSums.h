// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// addSums for x86: see Vector.h.
#pragma once

namespace {

inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    // In each group of four lanes: sums of two lanes (x y x y and z 0 z 0), then of four lanes (x y z 0).
    const Floats zero = {}, xy = unpackLow(x, y) + unpackHigh(x, y), z0 = unpackLow(z, zero) + unpackHigh(z, zero);
    __m128 sums = sumQuarters(lowHalves(xy, z0) + highHalves(xy, z0));
    _mm_store_ps(target, _mm_add_ps(_mm_load_ps(target), sums));
}

} // namespace
