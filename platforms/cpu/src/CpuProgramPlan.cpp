// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramPlan.h"
#include "alignedBegin.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

// Tables are loaded four numbers at a time, up to three of them past the end.
static const int Slack = 3;
// Limit in bytes for the values of a batch, so that they stay in the first-level data cache, which has 32 KiB or more.
static const size_t CacheSize = 32768;

CpuProgramPlan::CpuProgramPlan(const TensorProgram& program) :
        steps(program.getSteps().begin(), program.getSteps().end()),
        outputSteps(program.getOutputs()),
        numElements(0) {
    multiplyByReciprocals();
    makeViews();
    mergeBiases();
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
    // The cast is safe: instructions do not write to constants.
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
        steps.push_back(reciprocal); // the position of a constant in the list does not matter
    }
}

void CpuProgramPlan::makeViews() {
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

void CpuProgramPlan::mergeBiases() {
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

bool CpuProgramPlan::isInstruction(int step) const {
    return !steps[step].unused && steps[step].viewOf < 0 && !isConstant(steps[step].operation) &&
            !isInput(steps[step].operation);
}

/**
 * Count for each owner the operands of instructions that read its memory. For constants, inputs and outputs the count
 * is so large that it never reaches zero: their memory is not reused.
 */
vector<int> CpuProgramPlan::countReaders() const {
    vector<int> readers(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        if (isInstruction(i))
            for (int operand : steps[i].operands)
                readers[owner[operand]]++;
    for (size_t i = 0; i < steps.size(); i++)
        if (!isInstruction(owner[i]))
            readers[i] = steps.size() * steps.size();
    for (int output : outputSteps)
        readers[owner[output]] += steps.size() * steps.size();
    return readers;
}

/**
 * Find the order of the instructions, by a greedy search: of the steps whose operands are complete, the next one is
 * that after which the least memory is in use. A layer is thus followed by its derivative, and not by the next layer.
 */
void CpuProgramPlan::findOrder() {
    vector<int> readers = countReaders();
    vector<char> done(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        done[i] = !isInstruction(i) && (steps[i].viewOf < 0 || !isInstruction(owner[i]));
    for (;;) {
        int best = -1, leastChange = 0;
        for (size_t i = 0; i < steps.size(); i++) {
            if (done[owner[i]] || !isInstruction(i))
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

/** Allocate the values. Constants and inputs get memory of their own; others reuse that of dead values if they can. */
void CpuProgramPlan::allocate() {
    size_t numConstants = 0;
    offsets.resize(steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
        if (isConstant(steps[i].operation)) {
            offsets[i] = numConstants;
            numConstants += (steps[i].size + Slack + FloatsInCacheLine - 1) / FloatsInCacheLine * FloatsInCacheLine;
        }
        else if (isInput(steps[i].operation)) { // written before the first instruction runs
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
        // An elementwise step reads each element before it writes it, so that it may overwrite an operand. It may not
        // if an operand is a view of a part of a value: then elements are read at other offsets, or more than once.
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
