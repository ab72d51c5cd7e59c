// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Functions made of other functions of vectors, for the portable path and NEON. Vector.h says what they must return.
// NEON has instructions for the minimum and the maximum, but these return NaN if the first operand is NaN.
#pragma once

namespace {

inline Floats inverseSqrt(const Floats& x) {
    return 1 / sqrt(x);
}

inline Floats min(const Floats& x, const Floats& y) {
    return select(x < y, x, y);
}

inline Floats max(const Floats& x, const Floats& y) {
    return select(x > y, x, y);
}

} // namespace
