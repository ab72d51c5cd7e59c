// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Sums over the elements of vectors, for x86.
#pragma once

namespace {

inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    // Each four elements of x, y and z become sums of two of each, x y x y and z 0 z 0, and then those of all: x y z 0.
    const Floats zero = {}, xy = unpackLow(x, y) + unpackHigh(x, y), z0 = unpackLow(z, zero) + unpackHigh(z, zero);
    __m128 sums = sumQuarters(lowHalves(xy, z0) + highHalves(xy, z0));
    _mm_store_ps(target, _mm_add_ps(_mm_load_ps(target), sums));
}

} // namespace
