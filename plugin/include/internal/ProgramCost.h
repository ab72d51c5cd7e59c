// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"

namespace LearnedPairPlugin {

/** The number of arithmetic operations of one evaluation of a program. */
struct LEARNEDPAIR_EXPORT ProgramCost {
    explicit ProgramCost(const TensorProgram& program);
    long long getTotal() const {
        return multiplyAdds + others;
    }
    long long multiplyAdds; ///< in linear steps and tables
    long long others;       ///< in elementwise steps and reductions
};

} // namespace LearnedPairPlugin
