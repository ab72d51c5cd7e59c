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
// How much memory the values may take for the processor to keep them in its first-level cache, which is 32 KiB or
// larger.
static const size_t CacheSize = 32768;

CpuProgramCode::CpuProgramCode(const TensorProgram& program, const Kernels& kernels) :
        steps(program.getSteps().begin(), program.getSteps().end()),
        outputSteps(program.getOutputs()) {
    multiplyByReciprocals();
    viewNeighboringElements();
    mergeSumsIntoProducts();
    findOwners();
    vector<int> order = findOrder();
    allocate(order);
    operands.resize(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        if (isConstant(steps[i].operation))
            std::copy(steps[i].numbers.begin(), steps[i].numbers.end(), values[i].data);
        for (int operand : steps[i].operands)
            operands[i].push_back(values[operand]);
    }
    for (int i : order)
        instructions.push_back({nullptr, steps[i].operation, lanes, values[i], operands[i].data(),
            (int32_t) operands[i].size(), steps[i].integers.data()});
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
            number = 1 / number;
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
            inOrder &= (step.integers[k] == step.integers[0] + (int) k);
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
            if (product.operation != Operation::Linear || product.operands.size() > 2 || uses[step.operands[k]] > 1 ||
                    product.size != step.size)
                continue;
            step.operation = Operation::Linear;
            step.operands = {product.operands[0], product.operands[1], step.operands[1 - k]};
            product.unused = true;
            break;
        }
    }
}

void CpuProgramCode::findOwners() {
    for (size_t i = 0; i < steps.size(); i++)
        owner.push_back(steps[i].viewOf < 0 ? i : owner[steps[i].viewOf]);
}

bool CpuProgramCode::isRun(int step) const {
    return !steps[step].unused && steps[step].viewOf < 0 && !isConstant(steps[step].operation) &&
            !isInput(steps[step].operation);
}

/** Whose memory a step reads, and how often in all: that of constants, inputs and outputs is never free. */
vector<int> CpuProgramCode::countReaders() const {
    vector<int> readers(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        if (isRun(i))
            for (int operand : steps[i].operands)
                readers[owner[operand]]++;
    for (size_t i = 0; i < steps.size(); i++)
        if (!isRun(owner[i]))
            readers[i] = steps.size() * steps.size();
    for (int output : outputSteps)
        readers[owner[output]] += steps.size() * steps.size();
    return readers;
}

/**
 * The order in which steps are run: of those whose operands are there, the one after which the least memory is in use;
 * so a layer's derivative comes right behind the layer, and not behind the whole network.
 */
vector<int> CpuProgramCode::findOrder() const {
    vector<int> order, readers = countReaders();
    vector<char> done(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        done[i] = !isRun(i) && (steps[i].viewOf < 0 || !isRun(owner[i]));
    for (;;) {
        int best = -1, leastChange = 0;
        for (size_t i = 0; i < steps.size(); i++) {
            if (done[owner[i]] || !isRun(i))
                continue;
            const vector<int>& operands = steps[i].operands;
            if (!std::all_of(operands.begin(), operands.end(), [&](int operand) { return done[owner[operand]]; }))
                continue;
            int change = steps[i].size;
            std::map<int, int> reads;
            for (int operand : operands)
                reads[owner[operand]]++;
            for (auto read : reads)
                if (readers[read.first] == read.second)
                    change -= steps[read.first].size;
            if (best < 0 || change < leastChange) {
                best = i;
                leastChange = change;
            }
        }
        if (best < 0)
            return order;
        order.push_back(best);
        done[best] = true;
        for (int operand : steps[best].operands)
            readers[owner[operand]]--;
    }
}

/** Give every value its memory: constants, inputs and outputs their own, others some that is free by then. */
void CpuProgramCode::allocate(const vector<int>& order) {
    size_t numConstants = 0, numElements = 0;
    vector<size_t> offsets(steps.size()); // of constants in numbers, of others in elements
    for (size_t i = 0; i < steps.size(); i++) {
        if (isConstant(steps[i].operation)) {
            offsets[i] = numConstants;
            numConstants += (steps[i].size + Slack + Alignment - 1) / Alignment * Alignment;
        }
        else if (isInput(steps[i].operation)) { // written before any step is run
            offsets[i] = numElements;
            numElements += steps[i].size;
        }
    }
    std::multimap<int, size_t> free; // by size
    vector<int> readers = countReaders();
    for (int i : order) {
        auto release = [&] {
            for (int operand : steps[i].operands)
                if (--readers[owner[operand]] == 0)
                    free.insert({steps[owner[operand]].size, offsets[owner[operand]]});
        };
        // Elementwise steps read an element before they write it, and so may write where an operand lies; but not if
        // they read one element of it again and again.
        const vector<int>& operands = steps[i].operands;
        bool inPlace = isElementwise(steps[i].operation) &&
                std::all_of(operands.begin(), operands.end(),
                        [&](int operand) { return steps[operand].size == steps[owner[operand]].size; });
        if (inPlace)
            release();
        auto position = free.find(steps[i].size);
        if (position != free.end()) {
            offsets[i] = position->second;
            free.erase(position);
        }
        else {
            offsets[i] = numElements;
            numElements += steps[i].size;
        }
        if (!inPlace)
            release();
    }
    for (lanes = MostLanes; lanes > FewestLanes && numElements * lanes * sizeof(float) > CacheSize;)
        lanes /= 2;
    memory.assign(numConstants + numElements * lanes + Alignment, 0.0f);
    float* begin = memory.data() +
            (Alignment - (reinterpret_cast<uintptr_t>(memory.data()) / sizeof(float)) % Alignment) % Alignment;
    for (size_t i = 0; i < steps.size(); i++) {
        bool constant = isConstant(steps[owner[i]].operation);
        float* data = begin + (constant ? offsets[i] : numConstants + offsets[i] * lanes);
        if (steps[i].viewOf >= 0)
            data = values[steps[i].viewOf].data + steps[i].integers[0] * (constant ? 1 : lanes);
        values.push_back({data, steps[i].size, constant});
    }
}

float* CpuProgramCode::getInput(Operation input) const {
    for (size_t i = 0; i < steps.size(); i++)
        if (steps[i].operation == input)
            return values[i].data;
    return nullptr;
}
