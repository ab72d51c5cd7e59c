// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/operations.h"
#include "simd/SimdBackend.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * How the pair part of a StagedProgram runs on CPU: which steps become instructions, in which order, and where their
 * values lie. It is made once for a force, holds the constants, and is shared by all threads, each of which has a
 * CpuProgramMemory.
 *
 * Contiguous gathers become views of their operand; an addition that follows a linear step becomes its bias; division
 * by constants becomes multiplication. Instructions are ordered so that few values are alive at once, and dead values
 * give their memory to later ones (liveness analysis): so the values of a batch stay in the cache.
 */
class CpuProgramPlan {
public:
    explicit CpuProgramPlan(const TensorProgram& program);
    CpuProgramPlan(const CpuProgramPlan&) = delete;
    CpuProgramPlan& operator=(const CpuProgramPlan&) = delete;
    /** A step of the program, or one that stands in for it. */
    struct Step : ProgramStep {
        Step(const ProgramStep& step) : ProgramStep(step) {}
        int viewOf = -1;     // the step whose value this one is a part of, from the element integers[0]
        bool unused = false; // no step needs its value
    };
    const std::vector<Step>& getSteps() const {
        return steps;
    }
    /** Get the steps that become instructions, in the order in which they run. */
    const std::vector<int>& getOrder() const {
        return order;
    }
    /** Get the steps whose values are the outputs. */
    const std::vector<int>& getOutputSteps() const {
        return outputSteps;
    }
    /** Get the number of pairs that one run evaluates: as many as the cache holds the values of. */
    int getBatchSize() const {
        return batchSize;
    }
    /** Get the number of elements that the memory of a thread holds, for each pair of a batch. */
    size_t getNumElements() const {
        return numElements;
    }
    /** Get the value of a step. @param memory  that of a thread, shape [getNumElements()][getBatchSize()] */
    ProgramValue getValue(int step, float* memory) const;

private:
    std::vector<int> countUses() const;
    void multiplyByReciprocals();
    void viewNeighboringElements();
    void mergeSumsIntoProducts();
    void findOwners();
    bool isRun(int step) const;
    std::vector<int> countReaders() const;
    void findOrder();
    void allocate();
    void storeConstants();
    int batchSize;
    std::vector<Step> steps;
    std::vector<int> outputSteps;
    std::vector<int> owner; // of each step, the step whose memory it has: another one for views
    std::vector<int> order;
    std::vector<size_t> offsets; // of each owner: of constants in `constants`, of others in elements
    size_t numElements;
    std::vector<float> constants; // each begins at a multiple of a cache line
};

} // namespace LearnedPairPlugin
