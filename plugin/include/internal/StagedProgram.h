// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairProgram.h"
#include "TensorProgram.h"
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A pair program divided by how often its parts have to be computed: see docs/program.md, section 5.
 *
 * The parts for globals, particles and pairs of types take the inputs of the original program. The pair part takes
 * their outputs, one after another, as its inputs globals, particle1, particle2 and pair. A part that is not needed is
 * null.
 *
 * The outputs of the pair part are f and df/dr, then for each parameter derivative that was asked for df/dg and
 * d2f/drdg.
 */
struct LEARNEDPAIR_EXPORT StagedProgram {
    /**
     * Differentiate, optimize and divide a program.
     *
     * @param derivatives  the indices of the global parameters for which derivatives are needed
     */
    explicit StagedProgram(const PairProgram& function, const std::vector<int>& derivatives = {});
    std::unique_ptr<TensorProgram> global, particle, typePair;
    std::unique_ptr<TensorProgram> pair;
    /** Get whether an update to another one changes numbers only. */
    bool hasSameStructure(const StagedProgram& other) const;
};

/** What a program costs: multiply-adds of its linear steps and tables, and other arithmetic operations. */
struct LEARNEDPAIR_EXPORT ProgramCost {
    explicit ProgramCost(const TensorProgram& program);
    long long multiplyAdds, others;
};

/** Write the optimized program of the energy with the stage of each step, and what all parts cost. */
LEARNEDPAIR_EXPORT std::string describeStages(const PairProgram& function);

} // namespace LearnedPairPlugin
