// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "internal/DistinctParticles.h"
#include "internal/InteractionClasses.h"
#include "internal/PairEvaluator.h"
#include "internal/SwitchingFunction.h"
#include "internal/TableCurve.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Evaluates the exceptions of a force, in double precision and on all threads. Exceptions are few: an atom has about
 * three scaled 1-4 pairs, and hundreds of neighbors. They therefore need no SIMD loop.
 */
class CpuExceptionLoop {
public:
    CpuExceptionLoop(const LearnedPairForce& force, const std::vector<int>& derivatives, int numThreads);
    /** Evaluate with tables from now on. */
    void setTables(const TableCurves& tables, const InteractionClasses& classes);
    /** Run the program from now on. */
    void useProgram();
    /**
     * Evaluate all exceptions.
     *
     * @param globals  the values of the global parameters
     * @param scale    multiplies the forces, which are added to the platform's per-thread forces
     * @param sums     the energy and its derivatives, or the sums of the tabulated functions, are added to it
     */
    void compute(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box,
            const std::vector<double>& globals, double scale, bool includeForces,
            OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums);

private:
    struct Exception {
        int particle1, particle2;
        double factor;
        int curve; // for tables
    };
    struct Pair {
        const Exception* exception;
        OpenMM::Vec3 delta; // from the second particle to the first
        double r, rClamped;
        std::vector<double> values, slopes; // of each function: the energy, then the derivatives
    };
    void findPairs(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, int thread,
            std::vector<Pair>& pairs) const;
    void evaluate(std::vector<Pair>& pairs, const std::vector<double>& globals, int thread) const;
    const std::shared_ptr<const LearnedFunction> function;
    const std::vector<int> derivatives;
    const int numThreads;
    const bool periodic;
    const double cutoff, innerCutoff;
    const SwitchingFunction switching;
    const DistinctParticles distinct;
    std::vector<Exception> exceptions;                      // those that interact
    std::vector<std::unique_ptr<PairEvaluator>> evaluators; // for each thread, if the program is run
    std::unique_ptr<TableCurves> tables;                    // null if the program is run
};

} // namespace LearnedPairPlugin
