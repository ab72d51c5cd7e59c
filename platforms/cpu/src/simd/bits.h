// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Functions of the bits of an integer, with internal linkage: see Vector.h.
#pragma once

#include <cstdint>

namespace {

#if defined(__GNUC__) && !defined(LEARNEDPAIR_PORTABLE)

/** The number of bits that are set. */
inline int countBits(uint32_t bits) {
    return __builtin_popcount(bits);
}

/** The position of the lowest bit that is set. At least one must be. */
inline int findLowestBit(uint32_t bits) {
    return __builtin_ctz(bits);
}

#else

/** The number of bits that are set, as sums of 2, 4, 8 and 32 bits. */
inline int countBits(uint32_t bits) {
    bits -= bits >> 1 & 0x55555555;
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F;
    return (int) (bits * 0x01010101 >> 24);
}

/** The position of the lowest bit that is set. At least one must be. */
inline int findLowestBit(uint32_t bits) {
    return countBits(~bits & (bits - 1));
}

#endif

} // namespace
