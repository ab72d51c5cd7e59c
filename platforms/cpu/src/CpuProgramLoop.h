// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "CpuProgramMemory.h"
#include "CpuProgramPlan.h"
#include "internal/DistinctParticles.h"
#include "internal/GlobalValues.h"
#include "internal/StageValues.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/** Evaluates a program: pairs in range are collected into batches, and the pair part runs for a batch at once. */
class CpuProgramLoop : public CpuPairLoop {
public:
    CpuProgramLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads,
            const GlobalValues& globals);
    void updateGlobals(const GlobalValues& globals) override;
    void renumber() override;

protected:
    void begin(Work& work) override;
    void computeBlock(const PairBlock& block, int index, Work& work) override;
    void finish(Work& work) override;

private:
    /** The memory, the instructions and the sums of one thread. */
    struct Runner {
        Runner(const CpuProgramPlan& plan, const SimdBackend& backend) : memory(plan, backend) {}
        CpuProgramMemory memory;
        PairProgramCode pairCode;
        PairBatch batch;
        std::vector<double> sums; // the energy and its derivatives
    };
    StagedProgram program;
    DistinctParticles distinctParticles;
    StageValues stages;
    const CpuProgramPlan plan;
    const int particleSize, pairSize; // the lengths of the pair part's inputs
    std::vector<float> particleValues, pairValues;
    std::vector<int32_t> distinct;                // the distinct particle of each particle of the list
    std::vector<std::unique_ptr<Runner>> runners; // one for each thread
};

} // namespace LearnedPairPlugin
