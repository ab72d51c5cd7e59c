// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Functions for instruction sets that have no instruction with the required result: see Vector.h. NEON's minimum and
// maximum are NaN if the first operand is.
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
