// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramPlan.h"
#include "alignedBegin.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

// Tables are read four numbers at a time, and may be read beyond their end.
static const int Slack = 3;
// How much memory the values may take for the processor to keep them in its first-level cache, which is 32 KiB or
// larger.
static const size_t CacheSize = 32768;

CpuProgramPlan::CpuProgramPlan(const TensorProgram& program) :
        steps(program.getSteps().begin(), program.getSteps().end()),
        outputSteps(program.getOutputs()),
        numElements(0) {
    multiplyByReciprocals();
    viewNeighboringElements();
    mergeSumsIntoProducts();
    findOwners();
    findOrder();
    allocate();
    storeConstants();
}

ProgramValue CpuProgramPlan::getValue(int step, float* memory) const {
    bool constant = isConstant(steps[owner[step]].operation);
    size_t stride = (constant ? 1 : batchSize), element = 0;
    for (int i = step; steps[i].viewOf >= 0; i = steps[i].viewOf)
        element += steps[i].integers[0];
    size_t position = (constant ? offsets[owner[step]] : offsets[owner[step]] * batchSize) + element * stride;
    // Instructions only read constants.
    float* begin = (constant ? alignedBegin(const_cast<vector<float>&>(constants)) : memory);
    return {begin + position, steps[step].size, constant};
}

vector<int> CpuProgramPlan::countUses() const {
    vector<int> uses(steps.size());
    for (auto& step : steps)
        for (int operand : step.operands)
            uses[operand]++;
    for (int output : outputSteps)
        uses[output]++;
    return uses;
}

void CpuProgramPlan::multiplyByReciprocals() {
    for (size_t i = 0, count = steps.size(); i < count; i++) {
        if (steps[i].operation != Operation::Div || !isConstant(steps[steps[i].operands[1]].operation))
            continue;
        Step reciprocal = steps[steps[i].operands[1]];
        bool possible = true;
        for (double& number : reciprocal.constants) {
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

void CpuProgramPlan::viewNeighboringElements() {
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

void CpuProgramPlan::mergeSumsIntoProducts() {
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

void CpuProgramPlan::findOwners() {
    for (size_t i = 0; i < steps.size(); i++)
        owner.push_back(steps[i].viewOf < 0 ? i : owner[steps[i].viewOf]);
}

bool CpuProgramPlan::isRun(int step) const {
    return !steps[step].unused && steps[step].viewOf < 0 && !isConstant(steps[step].operation) &&
            !isInput(steps[step].operation);
}

/** Whose memory a step reads, and how often in all: that of constants, inputs and outputs is never free. */
vector<int> CpuProgramPlan::countReaders() const {
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
void CpuProgramPlan::findOrder() {
    vector<int> readers = countReaders();
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
            return;
        order.push_back(best);
        done[best] = true;
        for (int operand : steps[best].operands)
            readers[owner[operand]]--;
    }
}

/** Allocate the values: constants, inputs and outputs get memory of their own, others memory that is free. */
void CpuProgramPlan::allocate() {
    size_t numConstants = 0;
    offsets.resize(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        if (isConstant(steps[i].operation)) {
            offsets[i] = numConstants;
            numConstants += (steps[i].size + Slack + FloatsInCacheLine - 1) / FloatsInCacheLine * FloatsInCacheLine;
        }
        else if (isInput(steps[i].operation)) { // written before any step is run
            offsets[i] = numElements;
            numElements += steps[i].size;
        }
    }
    constants.assign(numConstants + FloatsInCacheLine, 0.0f);
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
    for (batchSize = MaxBatchSize; batchSize > MinBatchSize && numElements * batchSize * sizeof(float) > CacheSize;)
        batchSize /= 2;
}

void CpuProgramPlan::storeConstants() {
    for (size_t i = 0; i < steps.size(); i++)
        if (isConstant(steps[i].operation))
            std::copy(steps[i].constants.begin(), steps[i].constants.end(), alignedBegin(constants) + offsets[i]);
}
