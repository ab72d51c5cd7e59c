// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace LearnedPairPlugin {

/** The neighbors of a block of particles. Both arrays are longer than count, by one vector, so that SIMD code may read
 * past the end. */
struct BlockNeighbors {
    int count;
    std::vector<int32_t> particles;
    /** For each neighbor a bit for each particle of the block: whether the pair is excluded. */
    std::vector<uint16_t> exclusions;
    /** Remove neighbors that interact with no particle of the block. */
    void dropExcluded() {
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (exclusions[i] != 0xFFFF) {
                particles[kept] = particles[i];
                exclusions[kept++] = exclusions[i];
            }
        count = kept;
    }
};

} // namespace LearnedPairPlugin
