// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ProgramCost.h"
#include "internal/operations.h"

using namespace LearnedPairPlugin;

ProgramCost::ProgramCost(const TensorProgram& program) : multiplyAdds(0), others(0) {
    for (auto& step : program.getSteps())
        switch (getInfo(step.operation).category) {
            case OperationCategory::Linear: multiplyAdds += program.getSteps()[step.operands[0]].size; break;
            case OperationCategory::Table: multiplyAdds += 3 * step.size; break;
            case OperationCategory::Elementwise: others += step.size; break;
            case OperationCategory::Reduction: others += program.getSteps()[step.operands[0]].size; break;
            default: break;
        }
}
