// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Masks as vectors of integers, for instruction sets without mask registers: see Vector.h.
#pragma once

namespace {

typedef Ints Mask;

inline Mask less(const Floats& x, const Floats& y) {
    return x < y;
}

inline Mask equal(const Floats& x, const Floats& y) {
    return x == y;
}

inline Mask fromBits(unsigned bits) {
    const Ints bit = laneBits();
    return (splat((int32_t) bits) & bit) == bit;
}

inline Floats select(const Mask& mask, const Floats& x, const Floats& y) {
    return (Floats) ((mask & (Ints) x) | (~mask & (Ints) y));
}

inline Floats abs(const Floats& x) {
    return (Floats) ((Ints) x & splat((int32_t) 0x7FFFFFFF));
}

inline Floats reciprocal(const Floats& x) {
    return 1 / x;
}

inline Floats powerOfTwo(const Ints& n) {
    return (Floats) ((n + 127) << 23);
}

/** In two steps, since 2^n may be out of the range of float. */
inline Floats scale(const Floats& x, const Floats& n) {
    Ints all = toInts(n), half = all >> 1;
    return x * powerOfTwo(half) * powerOfTwo(all - half);
}

} // namespace
