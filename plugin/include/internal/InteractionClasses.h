// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The interaction class of each particle of a force: one integer that combines its type, whether it is covered, and its
 * interaction groups. The classes of two particles decide whether they interact, and with which curve of a table. Class
 * 0 does not interact.
 *
 * The number of classes depends only on the number of types and on the interaction groups. It stays the same when an
 * update assigns other types.
 */
struct LEARNEDPAIR_EXPORT InteractionClasses {
    explicit InteractionClasses(const LearnedPairForce& force);
    int numClasses;
    std::vector<int> particleClasses; ///< the class of each particle
    std::vector<int> types;           ///< the particle type of each class
    std::vector<char> interacts;      ///< whether two classes interact, shape [numClasses][numClasses]
};

} // namespace LearnedPairPlugin
