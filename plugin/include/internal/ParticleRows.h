// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * What a function knows of the particles, each distinct one once: a row with the type, or with the features. Water has
 * two or three rows, however many molecules there are.
 */
struct LEARNEDPAIR_EXPORT ParticleRows {
    explicit ParticleRows(const LearnedPairForce& force);
    /** Get how many rows there may be, whatever an update makes of the particles. */
    static int countMost(const LearnedPairForce& force);
    int width;                ///< the length of a row
    int numRows;              ///< at least 1
    std::vector<double> rows; ///< shape [numRows][width]
    std::vector<int> index;   ///< for each particle, its row; 0 for those that are not covered
};

} // namespace LearnedPairPlugin
