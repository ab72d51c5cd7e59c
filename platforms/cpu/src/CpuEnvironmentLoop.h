// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuBlocks.h"
#include "CpuDensityExceptions.h"
#include "CpuDensityTables.h"
#include "CpuPairList.h"
#include "CpuPairLoop.h"
#include "internal/ProgramInterpreter.h"
#include "openmm/cpu/CpuPlatform.h"
#include "SpinBarrier.h"
#include <atomic>
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The evaluation of an EnvironmentFunction without its pair function, on all threads: the densities of pairs, the
 * energies of atoms, and the forces on pairs. Between these steps the threads wait for each other at a barrier.
 *
 * Each thread has sums of its own for all atoms. Densities and forces are computed in single precision, the program of
 * the atoms in double precision.
 */
class CpuEnvironmentLoop {
public:
    CpuEnvironmentLoop(const LearnedPairForce& force, const std::vector<int>& derivatives, const SimdBackend& backend,
            int numThreads);
    /**
     * Update the list and evaluate all atoms.
     *
     * @param globals  the values of the global parameters
     * @param scale    multiplies the forces, which are added to the platform's per-thread forces
     * @param sums     the energy and its derivatives are added to it
     */
    void compute(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box,
            const std::vector<double>& globals, double scale, bool includeForces,
            OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums);

private:
    static constexpr int BatchSize = 16; // atoms that the program evaluates together
    typedef ProgramInterpreter<double, BatchSize> Interpreter;
    struct Evaluation; // the arguments of compute(), and the next blocks
    void evaluate(Evaluation& evaluation, int thread);
    void evaluateAtoms(Evaluation& evaluation, int thread);
    void addIsolated(const std::vector<double>& globals, CpuPairSums& sums);
    void setInputs(Interpreter& interpreter, const std::vector<double>& globals) const;
    const std::shared_ptr<const EnvironmentFunction> function;
    const std::vector<int> types;
    const int numThreads;
    const SimdBackend& backend;
    const LearnedPairForce listed; // what the list is made of: without exclusions if they do not hold for densities
    const InteractionClasses classes;
    CpuPairList list;
    CpuBlocks blocks;
    PairGeometry geometry;
    CpuDensityTables tables;
    CpuDensityExceptions exceptions;
    SpinBarrier barrier;
    std::vector<int> isolated; // for each type the number of covered particles that are not in the list
    std::vector<std::unique_ptr<Interpreter>> interpreters; // of each thread
    std::vector<OpenMM::AlignedArray<float>> threadSums;    // of each thread, shape [numListed][stride]
    OpenMM::AlignedArray<float> gradients;                  // of the energy by the sums, of the same shape
};

} // namespace LearnedPairPlugin
