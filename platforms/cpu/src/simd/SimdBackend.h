// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The code that is compiled once for each instruction set.
#pragma once

#include "listTypes.h"
#include "programTypes.h"
#include "tableTypes.h"

namespace LearnedPairPlugin {

/** The code for one instruction set. */
struct SimdBackend {
    const char* name;
    int blockSize;
    /** Find the particles in range of a block among those of the block itself and of later ones. @return how many there
     * are */
    int (*listNeighbors)(const BlockBounds& bounds, int block, NeighborMarks& marks);
    /** Compute the pairs of a block. blockCurves has one element for each interaction class. @return the energy without
     * the scale, or 0 if it is not asked for */
    double (*computeTable)(const PairGeometry& geometry, const PairBlock& block, int blockIndex,
            const TableCurves& curves, BlockCurves* blockCurves, const ForceTarget& target, bool includeEnergy);
    /** Select the function that runs an instruction, which is complete otherwise. */
    void (*selectInstruction)(ProgramInstruction& step);
    /** Collect the pairs of a block, and run the program whenever there are enough. sums: the energy, without the
     * scale, and its derivatives are added */
    void (*computeProgram)(const PairGeometry& geometry, const PairBlock& block, const PairProgramCode& code,
            PairBatch& batch, const ForceTarget& target, double* sums);
    /** Run the program for the pairs that are left. */
    void (*finishProgram)(const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums);
};

extern const SimdBackend portableBackend;
#if defined(LEARNEDPAIR_X86)
extern const SimdBackend sse4Backend, avx2Backend, avx512Backend;
#endif

/**
 * Get the code for the best instruction set that the processor has, or for the one that the environment variable
 * LEARNEDPAIR_CPU_INSTRUCTIONS names: AVX512, AVX2, SSE4 or portable.
 *
 * @throws OpenMMException if that is none of them, or the processor does not have it
 */
const SimdBackend& selectSimdBackend();

} // namespace LearnedPairPlugin
