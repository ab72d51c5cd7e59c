// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ProgramBuilder.h"
#include "internal/operations.h"
#include <numeric>

using namespace LearnedPairPlugin;
using std::vector;

int ProgramBuilder::add(Operation operation, const vector<int>& operands, const vector<int>& integers,
        const vector<double>& constants) {
    ProgramStep step = {operation, 0, operands, integers, constants};
    step.size = findSize(step, steps, steps.size(), signature);
    steps.push_back(step);
    return steps.size() - 1;
}

int ProgramBuilder::input(int slot, int size) {
    for (size_t i = 0; i < steps.size(); i++)
        if (isInput(steps[i], slot))
            return i;
    steps.push_back({Operation::Input, size, {}, {}, {}, slot});
    return steps.size() - 1;
}

int ProgramBuilder::slice(int value, int first, int count) {
    if (first == 0 && count == steps[value].size)
        return value;
    vector<int> indices(count);
    std::iota(indices.begin(), indices.end(), first);
    return add(Operation::Gather, {value}, indices);
}

int ProgramBuilder::copy(const ProgramStep& step, const vector<int>& operands) {
    if (isInput(step.operation))
        return input(step.slot, step.size);
    return add(step.operation, operands, step.integers, step.constants);
}

vector<int> ProgramBuilder::copyAll(const TensorProgram& program) {
    vector<int> index;
    for (auto& step : program.getSteps())
        index.push_back(copy(step, mapOperands(step, index)));
    return index;
}
