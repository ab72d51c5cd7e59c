// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ConstantLayout.h"
#include "internal/StagedProgram.h"
#include "TensorCorePlan.h"
#include <cstdint>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** What a device can do, and what a force allows it to do. */
struct CompilerOptions {
    bool doublePrecision; ///< whether real is double
    bool tensorCores;     ///< whether to use tensor cores if the program supports them
};

/**
 * A PairProgram made ready for a device: divided into parts, with the decisions that its kernel depends on. It is made
 * once for a force and a device, and once more when an update brings new weights; it is immutable.
 */
class CompiledProgram {
public:
    /** @param derivatives  the indices of the global parameters for which derivatives are needed */
    CompiledProgram(const PairProgram& function, const std::vector<int>& derivatives, const CompilerOptions& options);
    const StagedProgram& getParts() const {
        return staged;
    }
    /** Get whether the pair part takes so few operations that it can share a kernel with other forces. */
    bool isSmall() const {
        return small;
    }
    /** Get whether 16 pairs at a time are evaluated on tensor cores. */
    bool usesTensorCores() const {
        return tensorCores;
    }
    /** Get the constants of the pair part, as the source reads them from lpWeights. */
    const std::vector<double>& getConstants() const {
        return layout.values;
    }
    /** Get the matrices of the pair part for tensor cores, as the source reads them from lpFragments. */
    std::vector<std::uint32_t> getFragments() const {
        return plan.getFragments();
    }
    /** Print the source of the pair part. */
    std::string print() const;

private:
    const StagedProgram staged;
    const CompilerOptions options;
    const ConstantLayout layout;
    const TensorCorePlan plan;
    bool small, tensorCores;
};

} // namespace LearnedPairPlugin
