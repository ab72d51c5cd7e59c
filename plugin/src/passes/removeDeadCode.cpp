// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/passes.h"
#include "internal/ProgramBuilder.h"

using namespace LearnedPairPlugin;
using std::vector;

TensorProgram LearnedPairPlugin::removeDeadCode(const TensorProgram& program) {
    const vector<ProgramStep>& steps = program.getSteps();
    vector<char> needed(steps.size(), false);
    for (int output : program.getOutputs())
        needed[output] = true;
    for (int i = steps.size() - 1; i >= 0; i--)
        if (needed[i])
            for (int operand : steps[i].operands)
                needed[operand] = true;
    ProgramBuilder builder(program.getSignature());
    vector<int> index(steps.size(), -1);
    for (size_t i = 0; i < steps.size(); i++)
        if (needed[i])
            index[i] = builder.copy(steps[i], mapOperands(steps[i], index));
    return builder.build(mapOutputs(program, index));
}
