// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/StagedProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The outputs of the parts of a StagedProgram that run before its pair part. They are computed on the host in double
 * precision. Platforms copy them to the inputs of the pair part.
 */
class LEARNEDPAIR_EXPORT StageValues {
public:
    /**
     * @param program       the program; it must outlive this object
     * @param particles     the types or features of the distinct particles, shape [numParticles][width]
     * @param numParticles  the number of distinct particles
     */
    StageValues(const StagedProgram& program, const std::vector<double>& particles, int numParticles);
    /**
     * Compute the parts that depend on global parameters, if these have changed. The first call computes all parts.
     *
     * @param globals  the values of the global parameters
     * @return whether any output may have changed; true in the first call
     */
    bool update(const std::vector<double>& globals);
    /** Get the input `globals` of the pair part, shape [length]. */
    const std::vector<double>& getGlobals() const {
        return globalValues;
    }
    /** Get the inputs `particle1` and `particle2` of the pair part, shape [numParticles][length]. */
    const std::vector<double>& getParticles() const {
        return particleValues;
    }
    /** Get the input `pair` of the pair part, shape [numParticles][numParticles][length]; empty without types. */
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
