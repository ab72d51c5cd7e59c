// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramCode.h"
#include "internal/operations.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

// Tables are read four numbers at a time, and may be read beyond their end.
static const int Slack = 3;
// Vectors begin at multiples of this many numbers: at cache lines.
static const int Alignment = 16;
// How much memory the values may take for the processor to keep them in its first-level cache, which is 32 KiB or larger.
static const size_t CacheSize = 32768;

CpuProgramCode::CpuProgramCode(const TensorProgram& program, const Kernels& kernels) : steps(program.getSteps().begin(), program.getSteps().end()), outputSteps(program.getOutputs()) {
    multiplyByReciprocals();
    viewNeighboringElements();
    mergeSumsIntoProducts();
    allocate();
    operands.resize(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        if (steps[i].unused)
            continue;
        std::copy(steps[i].numbers.begin(), steps[i].numbers.end(), values[i].data);
        for (int operand : steps[i].operands)
            operands[i].push_back(values[operand]);
        if (!isConstant(steps[i].operation) && !isInput(steps[i].operation) && steps[i].viewOf < 0)
            instructions.push_back({nullptr, steps[i].operation, lanes, values[i], operands[i].data(), (int32_t) operands[i].size(), steps[i].integers.data()});
    }
    for (auto& instruction : instructions)
        kernels.choose(instruction);
    for (int output : outputSteps)
        outputs.push_back(values[output]);
}

vector<int> CpuProgramCode::countUses() const {
    vector<int> uses(steps.size());
    for (auto& step : steps)
        for (int operand : step.operands)
            uses[operand]++;
    for (int output : outputSteps)
        uses[output]++;
    return uses;
}

void CpuProgramCode::multiplyByReciprocals() {
    for (size_t i = 0, count = steps.size(); i < count; i++) {
        if (steps[i].operation != Operation::Div || !isConstant(steps[steps[i].operands[1]].operation))
            continue;
        Step reciprocal = steps[steps[i].operands[1]];
        bool possible = true;
        for (double& number : reciprocal.numbers) {
            possible &= (std::fabs(number) > 1e-30 && std::fabs(number) < 1e30);
            number = 1/number;
        }
        if (!possible)
            continue;
        steps[i].operation = Operation::Mul;
        steps[i].operands[1] = steps.size();
        steps.push_back(reciprocal); // behind all others, which does not matter for a constant
    }
}

void CpuProgramCode::viewNeighboringElements() {
    for (auto& step : steps) {
        if (step.operation != Operation::Gather)
            continue;
        bool inOrder = true;
        for (size_t k = 1; k < step.integers.size(); k++)
            inOrder &= (step.integers[k] == step.integers[0]+(int) k);
        if (inOrder)
            step.viewOf = step.operands[0];
    }
}

void CpuProgramCode::mergeSumsIntoProducts() {
    vector<int> uses = countUses();
    for (auto& step : steps) {
        if (step.operation != Operation::Add)
            continue;
        for (int k : {0, 1}) {
            Step& product = steps[step.operands[k]];
            if (product.operation != Operation::Linear || product.operands.size() > 2 || uses[step.operands[k]] > 1 || product.size != step.size)
                continue;
            step.operation = Operation::Linear;
            step.operands = {product.operands[0], product.operands[1], step.operands[1-k]};
            product.unused = true;
            break;
        }
    }
}

/** Give every value its memory: constants, inputs and outputs their own, others some that is free by then. */
void CpuProgramCode::allocate() {
    const int never = steps.size();
    vector<int> owner(steps.size()), lastUse(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        owner[i] = (steps[i].viewOf < 0 ? i : owner[steps[i].viewOf]);
        lastUse[i] = i;
        if (!steps[i].unused)
            for (int operand : steps[i].operands)
                lastUse[owner[operand]] = i;
    }
    for (size_t i = 0; i < steps.size(); i++)
        if (isConstant(steps[i].operation) || isInput(steps[i].operation))
            lastUse[i] = never;
    for (int output : outputSteps)
        lastUse[owner[output]] = never;
    vector<vector<int> > ending(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        if (lastUse[i] != never && owner[i] == (int) i && !steps[i].unused)
            ending[lastUse[i]].push_back(i);
    size_t numConstants = 0, numElements = 0;
    vector<size_t> offsets(steps.size()); // of constants in numbers, of others in elements
    std::multimap<int, size_t> free;      // by size
    for (size_t i = 0; i < steps.size(); i++) {
        if (owner[i] == (int) i && !steps[i].unused) {
            auto position = (isInput(steps[i].operation) ? free.end() : free.find(steps[i].size)); // inputs are written before any step is run
            if (isConstant(steps[i].operation)) {
                offsets[i] = numConstants;
                numConstants += (steps[i].size+Slack+Alignment-1)/Alignment*Alignment;
            }
            else if (position != free.end()) {
                offsets[i] = position->second;
                free.erase(position);
            }
            else {
                offsets[i] = numElements;
                numElements += steps[i].size;
            }
        }
        for (int value : ending[i])
            free.insert({steps[value].size, offsets[value]});
    }
    for (lanes = MostLanes; lanes > FewestLanes && numElements*lanes*sizeof(float) > CacheSize; )
        lanes /= 2;
    memory.assign(numConstants+numElements*lanes+Alignment, 0.0f);
    float* begin = memory.data()+(Alignment-(reinterpret_cast<uintptr_t>(memory.data())/sizeof(float))%Alignment)%Alignment;
    for (size_t i = 0; i < steps.size(); i++) {
        bool constant = isConstant(steps[owner[i]].operation);
        float* data = begin+(constant ? offsets[i] : numConstants+offsets[i]*lanes);
        if (steps[i].viewOf >= 0)
            data = values[steps[i].viewOf].data+steps[i].integers[0]*(constant ? 1 : lanes);
        values.push_back({data, steps[i].size, constant});
    }
}

float* CpuProgramCode::getInput(Operation input) const {
    for (size_t i = 0; i < steps.size(); i++)
        if (steps[i].operation == input)
            return values[i].data;
    return nullptr;
}
