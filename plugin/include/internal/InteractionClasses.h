// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/DistinctParticles.h"
#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include <functional>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The interaction class of each particle of a force: one integer that combines its type, whether it is covered, and its
 * interaction groups. The classes of two particles decide whether they interact, and with which curve of a table. Class
 * 0 does not interact.
 *
 * For a table of distinct particles, the distinct particles take the place of the types.
 *
 * The number of classes depends only on the number of types and on the interaction groups. It stays the same when an
 * update assigns other types.
 */
struct LEARNEDPAIR_EXPORT InteractionClasses {
    /** The largest number of classes: the platforms keep matrices with one element for each pair of classes. */
    static constexpr int MaxClasses = 2048;
    /** Make the classes of the types of a force. All particles with features have the type 0. */
    explicit InteractionClasses(const LearnedPairForce& force);
    /** Make the classes of the distinct particles of a force whose function is defined for all pairs of particles. */
    InteractionClasses(const LearnedPairForce& force, const DistinctParticles& distinct);
    int numClasses;
    std::vector<int> particleClasses; ///< the class of each particle
    std::vector<int> types;           ///< the particle type, or the distinct particle, of each class
    std::vector<char> interacts;      ///< whether two classes interact, shape [numClasses][numClasses]
    /** Get whether particles of two classes interact. */
    bool doInteract(int class1, int class2) const {
        return interacts[(size_t) class1 * numClasses + class2];
    }

private:
    InteractionClasses(const LearnedPairForce& force, const std::vector<int>& particleTypes, int numTypes,
            const std::function<bool(int, int)>& isDefined);
};

/** A particle identity that occurs: an interaction class and a distinct particle. */
struct ParticleIdentity {
    int interactionClass, distinctParticle;
    int count; ///< the number of particles
};

/** Find the identities of all particles that interact, in increasing order. */
LEARNEDPAIR_EXPORT std::vector<ParticleIdentity> countIdentities(
        const InteractionClasses& classes, const DistinctParticles& distinct);

} // namespace LearnedPairPlugin
