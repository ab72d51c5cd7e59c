// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "CpuProgramCode.h"
#include "internal/GlobalValues.h"
#include "internal/ParticleRows.h"
#include "internal/StageValues.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/** The loop for programs: pairs in range are collected, and the pair part runs for many of them at once. */
class CpuProgramLoop : public CpuPairLoop {
public:
    CpuProgramLoop(const LearnedPairForce& force, CpuPairList& list, const Kernels& kernels, int numThreads,
            const GlobalValues& globals);
    /** Compute whatever depends on the global parameters, before the pairs. */
    void updateGlobals(const GlobalValues& globals);

protected:
    void renumber() override;
    void begin(Work& work) override;
    void computeBlock(const PairBlock& block, int index, Work& work) override;
    void finish(Work& work) override;

private:
    /** What a thread computes with. */
    struct Runner {
        Runner(const StagedProgram& program, const Kernels& kernels) : code(*program.pair, kernels) {}
        CpuProgramCode code;
        PairProgramCode pairCode;
        PairBatch batch;
        std::vector<double> sums; // the energy, and its derivatives
    };
    StagedProgram program;
    ParticleRows particleRows;
    StageValues stages;
    int particleSize, pairSize; // the lengths of the program's inputs
    std::vector<float> particleValues, pairValues;
    std::vector<int32_t> rows;                    // of the particles of the list
    std::vector<std::unique_ptr<Runner>> runners; // one for each thread
};

} // namespace LearnedPairPlugin
