// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The distinct particles of a force: all types of its function, or the distinct feature vectors of its covered
 * particles. Water has two or three distinct feature vectors, independent of the number of molecules.
 */
struct LEARNEDPAIR_EXPORT DistinctParticles {
    explicit DistinctParticles(const LearnedPairForce& force);
    /** Get an upper limit of the number of distinct particles, which holds also after updates of the force. */
    static int countMax(const LearnedPairForce& force);
    /** Get a pointer to the type or the features of a particle of the System, `width` numbers. */
    const double* getValues(int particle) const {
        return &values[(size_t) index[particle] * width];
    }
    int width;                  ///< the number of values of a particle: 1 for a type, else the number of features
    int count;                  ///< the number of distinct particles, at least 1
    std::vector<double> values; ///< the types or features, shape [count][width]
    std::vector<int> index;     ///< for each particle of the System its distinct particle; 0 if it is not covered
};

} // namespace LearnedPairPlugin
