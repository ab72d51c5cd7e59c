// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuProgramPlan.h"
#include "simd/SimdBackend.h"
#include <vector>

namespace LearnedPairPlugin {

/** The memory in which one thread runs a CpuProgramPlan, and the instructions that work on it. */
class CpuProgramMemory {
public:
    /** @param plan  must outlive this object */
    CpuProgramMemory(const CpuProgramPlan& plan, const SimdBackend& backend);
    CpuProgramMemory(const CpuProgramMemory&) = delete;
    CpuProgramMemory& operator=(const CpuProgramMemory&) = delete;
    /** Get where an input is written, shape [length][batch size]; nullptr if the program does not read it. */
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
    float* memory; // in storage, at the beginning of a cache line
    std::vector<std::vector<ProgramValue>> operands;
    std::vector<ProgramInstruction> instructions;
    std::vector<ProgramValue> outputs;
};

} // namespace LearnedPairPlugin
