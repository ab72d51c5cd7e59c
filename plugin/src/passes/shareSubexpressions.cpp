// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include <cstdint>
#include <cstring>
#include <map>
#include <tuple>

using namespace LearnedPairPlugin;
using std::vector;

static bool commutes(Operation operation) {
    return operation == Operation::Add || operation == Operation::Mul || operation == Operation::Equal;
}

/** Numbers by their bits, so that 0 and -0 differ. */
static vector<uint64_t> bits(const vector<double>& numbers) {
    vector<uint64_t> result(numbers.size());
    if (!numbers.empty())
        memcpy(result.data(), numbers.data(), numbers.size() * sizeof(double));
    return result;
}

TensorProgram LearnedPairPlugin::shareSubexpressions(const TensorProgram& program) {
    typedef std::tuple<Operation, vector<int>, vector<int>, vector<uint64_t>> Key;
    ProgramBuilder builder;
    std::map<Key, int> known;
    vector<int> index;
    for (auto& step : program.getSteps()) {
        vector<int> operands = mapOperands(step, index);
        vector<int> ordered = operands;
        if (commutes(step.operation) && ordered[0] > ordered[1])
            std::swap(ordered[0], ordered[1]);
        if (step.operation == Operation::Weight) {
            index.push_back(builder.copy(step, operands));
            continue;
        }
        auto [position, isNew] = known.insert({Key(step.operation, ordered, step.integers, bits(step.numbers)), 0});
        if (isNew)
            position->second = builder.copy(step, operands);
        index.push_back(position->second);
    }
    return builder.build(mapOutputs(program, index));
}
