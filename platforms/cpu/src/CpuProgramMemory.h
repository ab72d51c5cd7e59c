// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuProgramPlan.h"
#include "simd/SimdBackend.h"
#include <vector>

namespace LearnedPairPlugin {

/** The memory of one thread for the values of a CpuProgramPlan, and the instructions bound to it. */
class CpuProgramMemory {
public:
    /** @param plan  must outlive this object */
    CpuProgramMemory(const CpuProgramPlan& plan, const SimdBackend& backend);
    CpuProgramMemory(const CpuProgramMemory&) = delete;
    CpuProgramMemory& operator=(const CpuProgramMemory&) = delete;
    /** Get the memory of an input, shape [length][batch size], or nullptr if the program does not read it. */
    float* getInput(int slot) const;
    const std::vector<ProgramInstruction>& getInstructions() const {
        return instructions;
    }
    const std::vector<ProgramValue>& getOutputs() const {
        return outputs;
    }

private:
    const CpuProgramPlan& plan;
    std::vector<float> storage;
    float* memory; // the first element of storage that is aligned to a cache line
    std::vector<std::vector<ProgramValue>> operands;
    std::vector<ProgramInstruction> instructions;
    std::vector<ProgramValue> outputs;
};

} // namespace LearnedPairPlugin
