// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/CurveSampler.h"
#include "internal/exportLearnedPair.h"
#include "internal/ProgramInterpreter.h"
#include "internal/StagedProgram.h"
#include "internal/StageValues.h"
#include "openmm/internal/ThreadPool.h"
#include <memory>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The curves of a program: its energy and its derivatives for given pairs of distinct particles. Several
 * threads compute them in double precision, by running the pair part of the staged program.
 */
class LEARNEDPAIR_EXPORT ProgramSampler : public CurveSampler {
public:
    /**
     * @param program         the program and the number of its parameter derivatives; must outlive this object
     * @param numDerivatives  the number of global parameters with respect to which the program has derivatives
     * @param numThreads      the number of threads; 0 means one thread per core
     */
    ProgramSampler(const StagedProgram& program, int numDerivatives, int numThreads);
    // MSVC would generate the functions that copy an exported class, and fail at the pointers to interpreters.
    ProgramSampler(const ProgramSampler&) = delete;
    ProgramSampler& operator=(const ProgramSampler&) = delete;
    /**
     * Set the curves.
     *
     * @param stages  the values of the particles and the global parameters; must outlive the calls of evaluate()
     * @param numParticles  the number of distinct particles
     * @param pairs   for each curve the indices of its two distinct particles
     */
    void setCurves(const StageValues& stages, int numParticles, const std::vector<std::pair<int, int>>& pairs);
    int getNumFunctions() const override {
        return 1 + numDerivatives;
    }
    void evaluate(std::vector<CurveSamples>& samples) override;

private:
    static constexpr int BatchSize = 16;
    typedef ProgramInterpreter<double, BatchSize> Interpreter;
    void setParticles(Interpreter& interpreter, int curve) const;
    void evaluateBatch(Interpreter& interpreter, CurveSamples& samples, int first) const;
    const StagedProgram& program;
    const int numDerivatives, particleSize, pairSize;
    const StageValues* stages = nullptr;
    int numParticles = 0;
    std::vector<std::pair<int, int>> pairs;
    OpenMM::ThreadPool threads;
    std::vector<std::unique_ptr<Interpreter>> interpreters; // one for each thread
};

} // namespace LearnedPairPlugin
