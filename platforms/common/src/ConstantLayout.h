// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/** Where the constants of a program lie in the array that printed sources call lpWeights; each begins at a multiple
 * of 4. */
struct ConstantLayout {
    explicit ConstantLayout(const TensorProgram& program);
    std::vector<double> values; ///< the array
    std::vector<int> offsets;   ///< of each constant step, where its values begin
};

} // namespace LearnedPairPlugin
