// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairList.h"
#include "internal/GlobalValues.h"
#include "openmm/cpu/CpuPlatform.h"
#include "openmm/Vec3.h"
#include "simd/SimdBackend.h"
#include <atomic>
#include <vector>

namespace LearnedPairPlugin {

/** What a loop over pairs adds up, without the scale. */
struct CpuPairSums {
    double energy = 0;               ///< in kJ/mol; 0 if it is not asked for
    std::vector<double> derivatives; ///< of the energy with respect to each global parameter that was asked for
};

/**
 * A loop over the blocks of a list, with all threads: what is common to tables and programs.
 */
class CpuPairLoop {
public:
    CpuPairLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads);
    virtual ~CpuPairLoop() = default;
    /** Bring the list up to date, and add scale times the forces to the platform's per-thread forces, and everything
     * else to sums. */
    void compute(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, float scale, bool includeForces,
            bool includeEnergy, OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums);

    /** Compute what depends on the global parameters, before every evaluation. */
    virtual void updateGlobals(const GlobalValues& globals) {}

protected:
    /** What one thread does, and with what. */
    struct Work {
        int thread;
        ForceTarget target;
        bool includeEnergy;
        CpuPairSums sums;
    };

    /** Take over new indices of the particles in the list. */
    virtual void renumber() {}
    /** Prepare for a computation. */
    virtual void begin(Work& work) = 0;
    /** Compute the pairs of a block. */
    virtual void computeBlock(const PairBlock& block, int index, Work& work) = 0;
    /** Compute what is left when a thread has no more blocks. */
    virtual void finish(Work& work) = 0;

    CpuPairList& list;
    const SimdBackend& backend;
    PairGeometry geometry;

private:
    /** A thread's memory. */
    struct Scratch {
        std::vector<float> near;  // the arrays of PairBlock::near
        BlockNeighbors neighbors; // of a list of all pairs, which does not keep them
    };
    PairBlock getBlock(int index, Scratch& scratch) const;
    std::vector<Scratch> scratch;
};

} // namespace LearnedPairPlugin
