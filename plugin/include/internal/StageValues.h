// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/StagedProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The values of the stages that are computed before the pairs are, in double precision, on the host: what platforms
 * give the pair part of a StagedProgram as its inputs.
 */
class LEARNEDPAIR_EXPORT StageValues {
public:
    /**
     * @param rows      what the program knows of the particles, shape [numRows][width]
     * @param typed     whether rows are types
     */
    StageValues(const StagedProgram& program, const std::vector<double>& rows, int numRows, bool typed);
    /**
     * Compute everything that depends on global parameters, and the first time everything.
     *
     * @return whether something has changed
     */
    bool update(const std::vector<double>& globals);
    const std::vector<double>& getGlobals() const { ///< shape [length of the input globals]
        return globalValues;
    }
    const std::vector<double>& getParticles() const { ///< shape [numRows][length of the inputs particle1 and particle2]
        return particleValues;
    }
    const std::vector<double>& getPairs()
            const { ///< shape [numRows][numRows][length of the input pair]; empty unless typed
        return pairValues;
    }

private:
    const StagedProgram& program;
    std::vector<double> rows;
    int numRows;
    bool typed, isComputed;
    std::vector<double> globals, globalValues, particleValues, pairValues;
};

} // namespace LearnedPairPlugin
