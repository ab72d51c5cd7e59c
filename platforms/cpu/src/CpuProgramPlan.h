// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/operations.h"
#include "simd/SimdBackend.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * How the pair part of a StagedProgram runs on CPU: which steps become instructions, their order, and the memory of
 * their values. It is created once per force, holds the constants, and is shared by all threads; each thread has a
 * CpuProgramMemory.
 *
 * Contiguous gathers become views of their operand. An addition that follows a linear step becomes its bias. Division
 * by constants becomes multiplication by reciprocals. Instructions are ordered so that few values are live at the same
 * time, and the memory of dead values is reused (liveness analysis), so that the values of a batch stay in the cache.
 */
class CpuProgramPlan {
public:
    explicit CpuProgramPlan(const TensorProgram& program);
    CpuProgramPlan(const CpuProgramPlan&) = delete;
    CpuProgramPlan& operator=(const CpuProgramPlan&) = delete;
    /** A step of the program after these changes. */
    struct Step : ProgramStep {
        Step(const ProgramStep& step) : ProgramStep(step) {}
        int viewOf = -1;     // for a view, the step whose value it reads, from the element integers[0] on; else -1
        bool unused = false; // whether it has been merged into another step
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
    /** Get the number of pairs in a batch, chosen so that their values fit into the cache. */
    int getBatchSize() const {
        return batchSize;
    }
    /** Get the number of elements in the memory of a thread, for each pair of a batch. */
    size_t getNumElements() const {
        return numElements;
    }
    /** Get the value of a step. @param memory  a thread's memory, shape [getNumElements()][getBatchSize()] */
    ProgramValue getValue(int step, float* memory) const;

private:
    std::vector<int> countUses() const;
    void multiplyByReciprocals();
    void makeViews();
    void mergeBiases();
    void findOwners();
    bool isInstruction(int step) const;
    std::vector<int> countReaders() const;
    void findOrder();
    void allocate();
    void storeConstants();
    int batchSize;
    std::vector<Step> steps;
    std::vector<int> outputSteps;
    std::vector<int> owner; // for each step, the step that owns its memory: another one for views
    std::vector<int> order;
    std::vector<size_t> offsets; // for each owner: in `constants`, or in the elements of a thread's memory
    size_t numElements;
    std::vector<float> constants; // each is aligned to a cache line
};

} // namespace LearnedPairPlugin
