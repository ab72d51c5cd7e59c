// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ConstantLayout.h"
#include "internal/operations.h"

using namespace LearnedPairPlugin;

ConstantLayout::ConstantLayout(const TensorProgram& program) {
    for (auto& step : program.getSteps()) {
        offsets.push_back(values.size());
        if (isConstant(step.operation) &&
                (step.operation == Operation::Weight ||
                        step.size > 1)) { // a literal of length 1 is printed as a number
            values.insert(values.end(), step.constants.begin(), step.constants.end());
            values.resize((values.size() + 3) / 4 * 4, 0.0);
        }
    }
}
