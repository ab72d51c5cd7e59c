// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include <cstdint>
#include <cstring>
#include <map>
#include <tuple>

using namespace LearnedPairPlugin;
using std::vector;

/** Get the bit patterns of constants, which are different for 0 and -0. */
static vector<uint64_t> bits(const vector<double>& constants) {
    vector<uint64_t> result(constants.size());
    if (!constants.empty())
        memcpy(result.data(), constants.data(), constants.size() * sizeof(double));
    return result;
}

TensorProgram LearnedPairPlugin::shareSubexpressions(const TensorProgram& program) {
    typedef std::tuple<Operation, int, vector<int>, vector<int>, vector<uint64_t>> Key;
    ProgramBuilder builder(program.getSignature());
    std::map<Key, int> known; // the new index of each distinct step
    vector<int> index;
    for (auto& step : program.getSteps()) {
        vector<int> operands = mapOperands(step, index);
        vector<int> ordered = operands;
        if (getInfo(step.operation).has(OperationProperties::Commutative) && ordered[0] > ordered[1])
            std::swap(ordered[0], ordered[1]);
        if (step.operation == Operation::Weight) {
            index.push_back(builder.copy(step, operands));
            continue;
        }
        auto [position, isNew] =
                known.insert({Key(step.operation, step.slot, ordered, step.integers, bits(step.constants)), 0});
        if (isNew)
            position->second = builder.copy(step, operands);
        index.push_back(position->second);
    }
    return builder.build(mapOutputs(program, index));
}
