// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/ProgramInterpreter.h"
#include "internal/Stage.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

/** Get whether a value has whole numbers, such as truth values. Interpolation would give numbers between them. */
static bool isWhole(const vector<ProgramStep>& steps, int value) {
    const ProgramStep& step = steps[value];
    if (step.operation == Operation::Gather || step.operation == Operation::Concat)
        return std::any_of(
                step.operands.begin(), step.operands.end(), [&](int operand) { return isWhole(steps, operand); });
    return getInfo(step.operation).has(OperationProperties::WholeNumber);
}

/** Get whether a value consists of elements of a table. */
static bool isTabulated(const vector<ProgramStep>& steps, int value) {
    return getInfo(steps[value].operation).category == OperationCategory::Table ||
            (steps[value].operation == Operation::Gather && isTabulated(steps, steps[value].operands[0]));
}

/** Find the radial values to tabulate; see tabulateRadial(). */
static vector<int> findRadialValues(const TensorProgram& program, ParticleInput particles) {
    const vector<ProgramStep>& steps = program.getSteps();
    vector<Stage> stages = findStages(program, particles);
    vector<char> dependsOnGlobals, used(steps.size(), false);
    for (size_t i = 0; i < steps.size(); i++) {
        bool depends = (isInput(steps[i].operation) &&
                program.getSignature().getInputs()[steps[i].slot].level == InputLevel::Global);
        for (int operand : steps[i].operands) {
            depends |= (bool) dependsOnGlobals[operand];
            used[operand] |= (stages[i] == Stage::PairOfParticles);
        }
        dependsOnGlobals.push_back(depends);
    }
    vector<int> values;
    for (size_t i = 0; i < steps.size(); i++)
        if (stages[i] == Stage::Radial && steps[i].size > 1 && used[i] && !dependsOnGlobals[i] && !isWhole(steps, i) &&
                !isTabulated(steps, i))
            values.push_back(i);
    return values;
}

/** Sample all outputs of a program and their derivatives. @return the data of a table: see docs/program.md */
static vector<double> sample(const TensorProgram& program, double minDistance, double maxDistance, int numKnots) {
    int numOutputs = program.getOutputs().size();
    ProgramInterpreter<double, 1> interpreter(differentiate(program, PairInput::Distance, 0, numOutputs));
    vector<double> data = {minDistance, maxDistance};
    for (int knot = 0; knot < numKnots; knot++) {
        *interpreter.getInput(PairInput::Distance) = minDistance + knot * (maxDistance - minDistance) / (numKnots - 1);
        interpreter.run();
        for (int k = 0; k < 2 * numOutputs; k++)
            for (int i = 0; i < program.getSteps()[program.getOutputs()[k % numOutputs]].size; i++)
                data.push_back(interpreter.getOutput(k, i, 0));
    }
    return data;
}

TensorProgram LearnedPairPlugin::tabulateRadial(
        const TensorProgram& program, ParticleInput particles, double minDistance, double maxDistance, int numKnots) {
    const vector<ProgramStep>& steps = program.getSteps();
    vector<int> values = findRadialValues(program, particles);
    if (values.empty())
        return program;
    vector<double> data = sample(removeDeadCode(TensorProgram(steps, values)), minDistance, maxDistance, numKnots);
    ProgramBuilder builder(program.getSignature());
    int r = builder.input(PairInput::Distance, 1);
    int table = builder.add(Operation::Table, {r, builder.add(Operation::Weight, {}, {}, data)}, {numKnots});
    vector<int> index;
    int first = 0;
    for (size_t i = 0, next = 0; i < steps.size(); i++)
        if (next < values.size() && values[next] == (int) i) {
            index.push_back(builder.slice(table, first, steps[i].size));
            first += steps[i].size;
            next++;
        }
        else
            index.push_back(builder.copy(steps[i], mapOperands(steps[i], index)));
    return removeDeadCode(builder.build(mapOutputs(program, index)));
}
