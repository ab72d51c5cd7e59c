// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/ProgramInterpreter.h"
#include <cmath>

using namespace LearnedPairPlugin;
using std::vector;

/** Compute one step, all of whose operands are constants. */
static vector<double> compute(const ProgramStep& step, const ProgramBuilder& program, const vector<int>& operands) {
    ProgramBuilder alone(ProgramSignature::forPairs()); // constants read no input
    vector<int> constants;
    for (int operand : operands)
        constants.push_back(alone.copy(program[operand], {}));
    ProgramInterpreter<double, 1> interpreter(alone.build({alone.copy(step, constants)}));
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
        bool constant = !operands.empty(), weight = false;
        for (int operand : operands) {
            constant &= isConstant(builder[operand].operation);
            weight |= (builder[operand].operation == Operation::Weight);
        }
        if (constant) {
            vector<double> values = compute(step, builder, operands);
            if (weight || !hasNaN(values)) { // NaN stands in no text; the step then makes it at run time
                index.push_back(builder.add(weight ? Operation::Weight : Operation::Literal, {}, {}, values));
                continue;
            }
        }
        index.push_back(builder.copy(step, operands));
    }
    return builder.build(mapOutputs(program, index));
}
