// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramCode.h"
#include "internal/operations.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

// Tables are read four numbers at a time, and may be read beyond their end.
static const int Slack = 3;
// Vectors begin at multiples of this many numbers: at cache lines.
static const int Alignment = 16;

CpuProgramCode::CpuProgramCode(const TensorProgram& program) : program(program) {
    allocate();
    const vector<ProgramStep>& steps = this->program.getSteps();
    operands.resize(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        std::copy(steps[i].numbers.begin(), steps[i].numbers.end(), values[i].data);
        for (int operand : steps[i].operands)
            operands[i].push_back(values[operand]);
        if (!isConstant(steps[i].operation) && !isInput(steps[i].operation))
            instructions.push_back({steps[i].operation, values[i], operands[i].data(), (int32_t) operands[i].size(), steps[i].integers.data()});
    }
    for (int output : this->program.getOutputs())
        outputs.push_back(values[output]);
}

/** Give every value its memory: constants, inputs and outputs their own, others some that is free by then. */
void CpuProgramCode::allocate() {
    const vector<ProgramStep>& steps = program.getSteps();
    const int never = steps.size();
    vector<int> lastUse(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        lastUse[i] = i;
        for (int operand : steps[i].operands)
            lastUse[operand] = i;
    }
    for (size_t i = 0; i < steps.size(); i++)
        if (isConstant(steps[i].operation) || isInput(steps[i].operation))
            lastUse[i] = never;
    for (int output : program.getOutputs())
        lastUse[output] = never;
    size_t total = 0;
    vector<size_t> offsets(steps.size());
    vector<vector<int> > ending(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        if (lastUse[i] != never)
            ending[lastUse[i]].push_back(i);
    std::multimap<size_t, size_t> unused; // by size
    for (size_t i = 0; i < steps.size(); i++) {
        bool constant = isConstant(steps[i].operation);
        size_t size = (constant ? (steps[i].size+Slack+Alignment-1)/Alignment*Alignment : steps[i].size*Lanes);
        auto position = (constant || isInput(steps[i].operation) ? unused.end() : unused.find(size)); // those are written before any step is run
        if (position != unused.end()) {
            offsets[i] = position->second;
            unused.erase(position);
        }
        else {
            offsets[i] = total;
            total += size;
        }
        for (int value : ending[i])
            unused.insert({steps[value].size*Lanes, offsets[value]});
    }
    memory.assign(total+Alignment, 0.0f);
    float* begin = memory.data()+(Alignment-(reinterpret_cast<uintptr_t>(memory.data())/sizeof(float))%Alignment)%Alignment;
    for (size_t i = 0; i < steps.size(); i++)
        values.push_back({begin+offsets[i], steps[i].size, isConstant(steps[i].operation)});
}

float* CpuProgramCode::getInput(Operation input) const {
    for (size_t i = 0; i < program.getSteps().size(); i++)
        if (program.getSteps()[i].operation == input)
            return values[i].data;
    return nullptr;
}
