// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/StagedProgram.h"
#include "simd/Kernels.h"
#include <map>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The pair part of a StagedProgram as Kernels run it, with the memory for one thread. Values whose last use is over give
 * their memory to later ones, so that it all stays in cache.
 */
class CpuProgramCode {
public:
    explicit CpuProgramCode(const TensorProgram& program);
    CpuProgramCode(const CpuProgramCode&) = delete;
    CpuProgramCode& operator=(const CpuProgramCode&) = delete;
    /** Get where an input is written, shape [length][Lanes]; nullptr if the program does not use it. */
    float* getInput(Operation input) const;
    const std::vector<ProgramInstruction>& getInstructions() const {
        return instructions;
    }
    const std::vector<ProgramValue>& getOutputs() const {
        return outputs;
    }
private:
    void allocate();
    const TensorProgram program;
    std::vector<ProgramValue> values; // of each step
    std::vector<std::vector<ProgramValue> > operands;
    std::vector<ProgramInstruction> instructions;
    std::vector<ProgramValue> outputs;
    std::vector<float> memory;
};

} // namespace LearnedPairPlugin
