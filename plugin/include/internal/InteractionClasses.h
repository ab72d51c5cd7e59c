// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The types, the coverage and the interaction groups of a force, folded into one integer per particle, its class:
 * which function a pair of particles has, if any, follows from their two classes alone. Class 0 interacts with nothing.
 *
 * The number of classes depends on the number of types and on the interaction groups only, so that it stays the same
 * when an update assigns other types.
 */
struct LEARNEDPAIR_EXPORT InteractionClasses {
    explicit InteractionClasses(const LearnedPairForce& force);
    int numClasses;
    std::vector<int> particleClasses; ///< for each particle
    std::vector<int> types;           ///< for each class, the particle type
    std::vector<char> interacts; ///< shape [numClasses][numClasses]: whether the pair has a function and may interact
};

} // namespace LearnedPairPlugin
