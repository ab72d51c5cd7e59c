// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"

namespace LearnedPairPlugin {

/** The arithmetic operations that one evaluation of a program takes. */
struct LEARNEDPAIR_EXPORT ProgramCost {
    explicit ProgramCost(const TensorProgram& program);
    long long getTotal() const {
        return multiplyAdds + others;
    }
    long long multiplyAdds; ///< of linear steps and tables
    long long others;       ///< of elementwise steps and reductions
};

} // namespace LearnedPairPlugin
