// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The distinct particles of a force: what the function knows of the particles, a type or features, each distinct one
 * once. Water has two or three, however many molecules there are.
 */
struct LEARNEDPAIR_EXPORT DistinctParticles {
    explicit DistinctParticles(const LearnedPairForce& force);
    /** Get the largest number of distinct particles that an update of the force can lead to. */
    static int countMax(const LearnedPairForce& force);
    /** Get a pointer to the values of a particle of the System, `width` numbers. */
    const double* getValues(int particle) const {
        return &values[(size_t) index[particle] * width];
    }
    int width;                  ///< the number of values of a particle: 1 for a type, else the number of features
    int count;                  ///< the number of distinct particles, at least 1
    std::vector<double> values; ///< shape [count][width]
    std::vector<int> index;     ///< for each particle of the System its distinct particle; 0 if it is not covered
};

} // namespace LearnedPairPlugin
