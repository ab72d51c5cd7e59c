// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/ProgramInterpreter.h"
#include <cmath>

using namespace LearnedPairPlugin;
using std::vector;

/** Evaluate a step whose operands are all constants. */
static vector<double> evaluate(const ProgramStep& step, const ProgramBuilder& program, const vector<int>& operands) {
    ProgramBuilder singleStep(ProgramSignature::forPairs()); // the signature is not used: constants read no input
    vector<int> constants;
    for (int operand : operands)
        constants.push_back(singleStep.copy(program[operand], {}));
    ProgramInterpreter<double, 1> interpreter(singleStep.build({singleStep.copy(step, constants)}));
    interpreter.run();
    vector<double> values;
    for (int i = 0; i < step.size; i++)
        values.push_back(interpreter.getOutput(0, i, 0));
    return values;
}

static bool hasNaN(const vector<double>& values) {
    for (double value : values)
        if (std::isnan(value))
            return true;
    return false;
}

TensorProgram LearnedPairPlugin::foldConstants(const TensorProgram& program) {
    ProgramBuilder builder(program.getSignature());
    vector<int> index;
    for (auto& step : program.getSteps()) {
        vector<int> operands = mapOperands(step, index);
        bool allConstant = !operands.empty(), anyWeight = false;
        for (int operand : operands) {
            allConstant &= isConstant(builder[operand].operation);
            anyWeight |= (builder[operand].operation == Operation::Weight);
        }
        if (allConstant) {
            vector<double> values = evaluate(step, builder, operands);
            if (anyWeight || !hasNaN(values)) { // literals must not be NaN: such a step is left as it is
                index.push_back(builder.add(anyWeight ? Operation::Weight : Operation::Literal, {}, {}, values));
                continue;
            }
        }
        index.push_back(builder.copy(step, operands));
    }
    return builder.build(mapOutputs(program, index));
}
