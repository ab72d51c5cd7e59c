// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Sums over the elements of vectors, for x86.
#pragma once

namespace {

inline void addSums(const Floats& x, const Floats& y, const Floats& z, float* target) {
    __m128 qx = sumQuarters(x), qy = sumQuarters(y), qz = sumQuarters(z), zero = _mm_setzero_ps();
    __m128 xy = _mm_add_ps(_mm_unpacklo_ps(qx, qy), _mm_unpackhi_ps(qx, qy)); // the sums of two elements each: x y x y
    __m128 z0 = _mm_add_ps(_mm_unpacklo_ps(qz, zero), _mm_unpackhi_ps(qz, zero));
    _mm_store_ps(target, _mm_add_ps(_mm_load_ps(target), _mm_add_ps(_mm_movelh_ps(xy, z0), _mm_movehl_ps(z0, xy))));
}

} // namespace
