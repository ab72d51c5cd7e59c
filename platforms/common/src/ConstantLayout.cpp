// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ConstantLayout.h"
#include "internal/operations.h"

using namespace LearnedPairPlugin;

ConstantLayout::ConstantLayout(const TensorProgram& program) {
    for (auto& step : program.getSteps()) {
        offsets.push_back(numbers.size());
        if (isConstant(step.operation) &&
                (step.operation == Operation::Weight || step.size > 1)) { // a literal number stands in the text
            numbers.insert(numbers.end(), step.numbers.begin(), step.numbers.end());
            numbers.resize((numbers.size() + 3) / 4 * 4, 0.0);
        }
    }
}
