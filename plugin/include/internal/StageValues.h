// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/StagedProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The values of the parts that run before the pair part, computed on the host in double precision. Platforms give them
 * to the pair part of a StagedProgram as its inputs.
 */
class LEARNEDPAIR_EXPORT StageValues {
public:
    /**
     * @param program       must outlive this object
     * @param particles     the distinct particles, shape [numParticles][width]: types or features
     * @param numParticles  the number of distinct particles
     */
    StageValues(const StagedProgram& program, const std::vector<double>& particles, int numParticles);
    /**
     * Compute everything that depends on global parameters; the first time, everything.
     *
     * @return whether something has changed
     */
    bool update(const std::vector<double>& globals);
    /** Get the input globals, shape [length]. */
    const std::vector<double>& getGlobals() const {
        return globalValues;
    }
    /** Get the inputs particle1 and particle2, shape [numParticles][length]. */
    const std::vector<double>& getParticles() const {
        return particleValues;
    }
    /** Get the input pair, shape [numParticles][numParticles][length]; empty if particles have features. */
    const std::vector<double>& getPairs() const {
        return pairValues;
    }

private:
    const StagedProgram& program;
    std::vector<double> particles;
    int numParticles;
    bool isComputed;
    std::vector<double> globals, globalValues, particleValues, pairValues;
};

} // namespace LearnedPairPlugin
