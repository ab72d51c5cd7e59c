// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuBlocks.h"
#include "CpuPairList.h"
#include "internal/GlobalValues.h"
#include "openmm/cpu/CpuPlatform.h"
#include "openmm/Vec3.h"
#include "simd/SimdBackend.h"
#include <atomic>
#include <vector>

namespace LearnedPairPlugin {

/** The sums of a loop over pairs, without the scale. */
struct CpuPairSums {
    double energy = 0;               ///< in kJ/mol; 0 if it is not requested
    std::vector<double> derivatives; ///< of the energy with respect to the parameters of GlobalValues::getDerivatives()
    /** Add sums that are given as one array: the energy, then its derivatives. */
    void add(const std::vector<double>& sums) {
        energy += sums[0];
        for (size_t d = 0; d < derivatives.size(); d++)
            derivatives[d] += sums[1 + d];
    }
    /** Replace the sums by linear combinations of them: see GlobalFactor::getCoefficients(). */
    void combine(const std::vector<double>& coefficients);
};

/**
 * The loop over the blocks of a CpuPairList, on all threads. Derived classes evaluate the pairs of a block, with a
 * table or with a program.
 */
class CpuPairLoop {
public:
    CpuPairLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads);
    virtual ~CpuPairLoop() = default;
    /**
     * Update the list and evaluate all pairs.
     *
     * @param scale  multiplies the forces, which are added to the platform's per-thread forces
     * @param sums   the energy and its derivatives are added to it
     */
    void compute(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, float scale, bool includeForces,
            bool includeEnergy, OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums);

    /** Set the values of the global parameters. Called before every evaluation. */
    virtual void updateGlobals(const GlobalValues& globals) {}
    /** Called when the list has been built again, which renumbers its particles, and before the first evaluation. */
    virtual void renumber() {}

protected:
    /** The state of one thread during an evaluation. */
    struct Work {
        int thread;
        ForceTarget target;
        bool includeEnergy;
        CpuPairSums sums;
    };

    /** Prepare a thread for an evaluation. */
    virtual void begin(Work& work) = 0;
    /** Evaluate the pairs of a block. */
    virtual void computeBlock(const PairBlock& block, int index, Work& work) = 0;
    /** Evaluate the pairs that are left after a thread's last block. */
    virtual void finish(Work& work) = 0;

    CpuPairList& list;
    const SimdBackend& backend;
    PairGeometry geometry;

private:
    CpuBlocks blocks;
};

} // namespace LearnedPairPlugin
