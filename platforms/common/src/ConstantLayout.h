// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The layout of a program's constants in the array that printed source calls lpWeights. The offset of each constant is
 * a multiple of 4, so that the source can load four numbers at a time.
 */
struct ConstantLayout {
    explicit ConstantLayout(const TensorProgram& program);
    std::vector<double> values; ///< the array
    std::vector<int> offsets;   ///< for each step, the offset of its values if they are in the array
};

} // namespace LearnedPairPlugin
