// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "simd/Kernels.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The pair part of a StagedProgram as Kernels run it, with the memory for one thread.
 *
 * Some steps are no instructions: elements that are gathered in their order are there already, and what is added to the
 * product of a matrix is what its sums begin with. Division by constants becomes multiplication. Steps are run
 * in an order that needs little memory, and values whose last use is over give theirs to later ones: so it all stays in
 * cache.
 */
class CpuProgramCode {
public:
    CpuProgramCode(const TensorProgram& program, const Kernels& kernels);
    CpuProgramCode(const CpuProgramCode&) = delete;
    CpuProgramCode& operator=(const CpuProgramCode&) = delete;
    /** Get where an input is written, shape [length][getLanes()]; nullptr if the program does not use it. */
    float* getInput(Operation input) const;
    /** Get how many pairs it is run for at once: as many as the cache holds the values of. */
    int getLanes() const {
        return lanes;
    }
    const std::vector<ProgramInstruction>& getInstructions() const {
        return instructions;
    }
    const std::vector<ProgramValue>& getOutputs() const {
        return outputs;
    }

private:
    /** A step of the program, or one that stands in for it. */
    struct Step : ProgramStep {
        Step(const ProgramStep& step) : ProgramStep(step) {}
        int viewOf = -1;     // the step whose value this one is a part of, from the element integers[0]
        bool unused = false; // nobody needs its value
    };
    std::vector<int> countUses() const;
    void multiplyByReciprocals();
    void viewNeighboringElements();
    void mergeSumsIntoProducts();
    void findOwners();
    bool isRun(int step) const;
    std::vector<int> countReaders() const;
    std::vector<int> findOrder() const;
    void allocate(const std::vector<int>& order);
    int lanes;
    std::vector<Step> steps;
    std::vector<int> outputSteps;
    std::vector<int> owner;           // of each step, the step whose memory it has: another one for views
    std::vector<ProgramValue> values; // of each step
    std::vector<std::vector<ProgramValue>> operands;
    std::vector<ProgramInstruction> instructions;
    std::vector<ProgramValue> outputs;
    std::vector<float> memory;
};

} // namespace LearnedPairPlugin
