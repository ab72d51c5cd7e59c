// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "internal/GlobalValues.h"
#include "internal/PairClasses.h"
#include "internal/ParticleRows.h"
#include "internal/ProgramInterpreter.h"
#include "internal/StageValues.h"
#include "internal/StagedProgram.h"
#include "internal/SwitchingFunction.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/** The loop for programs: pairs in range are collected into blocks, for each of which the pair part runs once. */
class CpuProgramLoop : public CpuPairLoop {
public:
    CpuProgramLoop(const LearnedPairForce& force, const CpuPairList& list, int numThreads, const GlobalValues& globals, const ParticleRows& particleRows);
    /** Compute whatever depends on the global parameters, before the pairs. */
    void updateGlobals(const GlobalValues& globals);
protected:
    void computeThread(int thread, BlockQueue& blocks, const Box& box, float scale, float* forces, CpuPairSums& sums) override;
private:
    /** How many pairs the program runs for at once: a multiple of any vector width, and few enough for the values to stay in cache. */
    static constexpr int Lanes = 16;
    typedef ProgramInterpreter<float, Lanes> Interpreter;
    struct Batch;
    void evaluate(Batch& batch, Interpreter& interpreter, float scale, float* forces, CpuPairSums& sums) const;
    void fillInputs(const Batch& batch, Interpreter& interpreter) const;
    int numDerivatives;
    float innerCutoff;
    SwitchingFunction switching;
    int numClasses, numRows;
    std::vector<char> interacts;
    std::vector<int> classes, rows; // of the particles of the list
    StagedProgram program;
    StageValues stages;
    int particleSize, pairSize; // the lengths of the program's inputs
    std::vector<float> particleValues, pairValues;
    std::vector<std::unique_ptr<Interpreter> > interpreters; // one for each thread
};

} // namespace LearnedPairPlugin
