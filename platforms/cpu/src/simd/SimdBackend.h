// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The functions that are compiled once for each instruction set.
#pragma once

#include "environmentTypes.h"
#include "listTypes.h"
#include "programTypes.h"
#include "tableTypes.h"
#include <vector>

namespace LearnedPairPlugin {

/** The functions for one instruction set. */
struct SimdBackend {
    const char* name;
    int blockSize; ///< the number of floats in a vector
    /** Find the particles of a block and of later ones that are within the list cutoff. @return their number */
    int (*listNeighbors)(const BlockBounds& bounds, int block, NeighborMarks& marks);
    /**
     * Evaluate the pairs of a block with tables.
     *
     * @param includeEnergy  whether the energy is requested; it must be true if there are derivatives
     * @param sums           the energy and its derivatives, without the scale, are added to it if requested
     */
    void (*computeTable)(const PairGeometry& geometry, const PairBlock& block, const CurveArrays& curves,
            const ForceTarget& target, bool includeEnergy, double* sums);
    /** Add the densities of the pairs of a block to the sums of their atoms, shape [numListed][stride]. */
    void (*addDensities)(
            const PairGeometry& geometry, const PairBlock& block, const DensityArrays& arrays, float* sums);
    /**
     * Add the forces that come from the densities of the pairs of a block.
     *
     * @param gradients  the derivatives of the energy with respect to the sums, shape [numListed][stride]
     */
    void (*addDensityForces)(const PairGeometry& geometry, const PairBlock& block, const DensityArrays& arrays,
            const float* gradients, const ForceTarget& target);
    /** Set the function that runs an instruction. All other members must be set. */
    void (*selectInstruction)(ProgramInstruction& step);
    /**
     * Add the pairs of a block to a batch, and run the program whenever the batch is full.
     *
     * @param sums  the energy and its derivatives, without the scale, are added to it
     */
    void (*computeProgram)(const PairGeometry& geometry, const PairBlock& block, const PairProgramCode& code,
            PairBatch& batch, const ForceTarget& target, double* sums);
    /** Run the program for the pairs that are left in a batch. */
    void (*finishProgram)(const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums);
};

extern const SimdBackend portableBackend;
#if defined(LEARNEDPAIR_X86)
extern const SimdBackend sse4Backend, avx2Backend, avx512Backend;
#elif defined(LEARNEDPAIR_ARM)
extern const SimdBackend neonBackend;
#endif

/**
 * Get the backend for the best instruction set that the processor supports, or for the one that the environment
 * variable LEARNEDPAIR_CPU_INSTRUCTIONS names: AVX512, AVX2, SSE4 or portable on x86, NEON or portable on ARM.
 *
 * @throws OpenMMException if the variable has another value, or the processor does not support the instruction set
 */
const SimdBackend& selectSimdBackend();

/**
 * Get the backend for an EnvironmentFunction: that of selectSimdBackend(), or AVX2 in place of AVX-512 if its longer
 * vectors would have more lanes without a channel. (8 radial channels of 3,000 atoms of water took 3.2 ms with AVX2,
 * and 3.6 with AVX-512, of one thread of an AMD EPYC processor.)
 *
 * @param orders  the angular order of each channel
 */
const SimdBackend& selectEnvironmentBackend(const std::vector<int>& orders);

} // namespace LearnedPairPlugin
