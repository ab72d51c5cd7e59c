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

/** The options with which a program is compiled. */
struct CompilerOptions {
    bool doublePrecision; ///< whether real is double
    bool tensorCores;     ///< whether to use tensor cores if the program supports them
};

/**
 * A PairProgram compiled for a device: its parts, and the decisions on which its kernel depends. It is created once per
 * force and device, and again when an update changes the weights. It is immutable.
 */
class CompiledProgram {
public:
    /** @param derivatives  the indices of the global parameters for which derivatives are needed */
    CompiledProgram(const PairProgram& function, const std::vector<int>& derivatives, const CompilerOptions& options);
    const StagedProgram& getParts() const {
        return staged;
    }
    /** Get whether the pair part has few enough operations to share a kernel with other forces. */
    bool isSmall() const {
        return small;
    }
    /** Get whether the pair part runs on tensor cores, for 16 pairs at a time. */
    bool usesTensorCores() const {
        return tensorCores;
    }
    /** Get the constants of the pair part: the array that the printed source calls lpWeights. */
    const std::vector<double>& getConstants() const {
        return layout.values;
    }
    /** Get the matrices of the pair part for tensor cores: the array that the printed source calls lpFragments. */
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
