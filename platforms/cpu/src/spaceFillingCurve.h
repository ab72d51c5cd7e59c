// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace LearnedPairPlugin {

/**
 * Get the position of a grid point along a Hilbert curve: points whose positions are close are close in space.
 * Source: J. Skilling, "Programming the Hilbert curve", AIP Conf. Proc. 707, 381 (2004).
 *
 * @param x, y, z  each below 2^bits
 * @param bits     at most 21, so that the position has at most 63 bits
 */
inline uint64_t placeOnCurve(uint32_t x, uint32_t y, uint32_t z, int bits) {
    uint32_t point[3] = {x, y, z};
    const uint32_t highest = 1u << (bits - 1);
    for (uint32_t bit = highest; bit > 1; bit >>= 1)
        for (int k = 0; k < 3; k++) {
            if (point[k] & bit)
                point[0] ^= bit - 1; // invert
            else {                   // exchange
                uint32_t different = (point[0] ^ point[k]) & (bit - 1);
                point[0] ^= different;
                point[k] ^= different;
            }
        }
    point[1] ^= point[0]; // Gray code
    point[2] ^= point[1];
    uint32_t inverted = 0;
    for (uint32_t bit = highest; bit > 1; bit >>= 1)
        if (point[2] & bit)
            inverted ^= bit - 1;
    uint64_t place = 0;
    for (uint32_t bit = highest; bit > 0; bit >>= 1)
        for (int k = 0; k < 3; k++)
            place = 2 * place + (((point[k] ^ inverted) & bit) != 0);
    return place;
}

} // namespace LearnedPairPlugin
