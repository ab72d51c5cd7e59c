// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// What is compiled once for each instruction set, and what it works on. Plain data only: see Vector.h.
#pragma once

#include "Operation.h"
#include <cstdint>

namespace LearnedPairPlugin {

/** The widest vector of any instruction set: arrays over the particles of a block have so much room. */
const int MaxBlockSize = 16;

/** The boundary conditions and the range of a force. Box vectors as OpenMM has them, in reduced form. */
struct PairGeometry {
    bool periodic;
    float box[3][3], inverse[3]; ///< inverse: 1/box[k][k]
    float cutoff, cutoffSquared; ///< infinite if there is no cutoff
};

/** How many blocks are taken for one where a list is built. */
const int BlocksInGroup = 16;

/** Cuboids with their edges along the axes, coordinate by coordinate. What fills the last vector up is nowhere: low is
 * infinite, high minus infinite. */
struct Cuboids {
    const float *low[3], *high[3];
};

/** Where particles are, and the smallest cuboids around each block and each group of blocks. */
struct BlockBounds {
    Cuboids particles, blocks,
            groups; ///< those of particles are points; what fills the last one up is infinitely far away
    int numGroups;
    const float (*images)[3]; ///< by how much periodic copies are moved, the particles themselves included
    int numImages;
    float low[3], high[3]; ///< of all particles
    float reach, reachSquared;
};

/** The particles that are neighbors of a block, while they are looked for. */
struct NeighborMarks {
    uint32_t* listed; ///< for each block a bit for each of its particles; all zero before
    int32_t* blocks;  ///< those blocks that have bits
    int numBlocks;
    int32_t* first;     ///< for each of those, where its first particle is among the neighbors
    int32_t* neighbors; ///< room for all particles and one vector more
};

/** Neighbors of a block of particles that may be in range of one of them. */
struct NeighborRows {
    float *x, *y, *z; ///< of the periodic copy that is nearest to the block, if one copy is nearest to all of it
    int32_t *particles, *classes;
    int32_t* exclusions; ///< a bit for each particle of the block: whether the list does not have the pair
};

/** A block of particles and their neighbors. Particles are numbered as in the list. */
struct PairBlock {
    int first, count; ///< its particles; the last block is filled up to the block size, but has no pairs with what
                      ///< fills it
    const int32_t* neighbors;   ///< these and their exclusions go on for one vector more, with any particles
    const uint16_t* exclusions; ///< for each neighbor, a bit for each particle of the block
    int numNeighbors;
    const float* positions; ///< of all particles, shape [][4]; the fourth element has the bits of the particle's class
    const int32_t* classes; ///< of all particles
    NeighborRows rows;      ///< where to put rows: room for numNeighbors and one vector more
};

/** OpenMM's switching function: see SwitchingFunction. */
struct Switching {
    bool used;
    float start, inverseWidth;
};

/** The curves of a table: see SegmentTable. */
struct TableCurves {
    const float* segments;        ///< shape [][4]
    const float* inverseSpacings; ///< shape [numClasses][numClasses]
    const int32_t* firstSegments; ///< shape [numClasses][numClasses]; at most 2^28
    int numClasses;
    float minDistance, innerCutoff;
    Switching switching;
};

/** The grids of a block's particles with the neighbors of one class, side by side; filled in when they are needed. */
struct alignas(64) BlockGrids {
    float inverseSpacing[MaxBlockSize];
    int32_t firstSegment[MaxBlockSize];
    int32_t block; ///< which block it was filled in for
};

/** Forces of one thread: those of a particle of the list are at forces[4*targets[particle]]. */
struct ForceTarget {
    float* forces; ///< null if forces are not asked for
    const int32_t* targets;
    float scale;
};

/** How many pairs a program is run for at once: a multiple of two vectors of any instruction set. */
const int FewestLanes = 32, MostLanes = 128;

/** A vector that a program computes with: [size][lanes], or if it is constant [size]. */
struct ProgramValue {
    float* data;
    int32_t size;
    bool isConstant;
};

/** A step of a program. */
struct ProgramInstruction {
    void (*run)(const ProgramInstruction& step); ///< see Kernels::choose
    Operation operation;
    int32_t lanes;
    ProgramValue result;
    const ProgramValue* operands;
    int32_t numOperands;
    const int32_t* integers;
};

/** Rows of numbers that are inputs of a program, and the place for those of the pairs it is run for. */
struct ProgramInput {
    const float* rows; ///< three more numbers behind the last row can be read
    int32_t size;      ///< of a row; 0 if the program does not have this input
    float* data;       ///< shape [size][lanes]
};

/** The pair part of a StagedProgram, with the memory it computes in: for one thread. */
struct PairProgramCode {
    const ProgramInstruction* instructions;
    int numInstructions, lanes;
    float* distances; ///< the input, or null
    ProgramInput particle1, particle2, pair;
    int numRows;                 ///< pairs have a row for each pair of the particles' rows
    const int32_t* rows;         ///< of the particles of the list
    const ProgramValue* outputs; ///< energy and slope, and for each derivative that of the energy and that of the slope
    int numDerivatives;
    float innerCutoff;
    Switching switching;
};

/** Pairs that wait for the program to be run. Those of one row may come on top of a full batch, and are stored as whole
 * vectors. */
struct PairBatch {
    static const int Capacity = MostLanes + 2 * MaxBlockSize;
    int size;
    int32_t first[Capacity], second[Capacity];
    float x[Capacity], y[Capacity], z[Capacity], r2[Capacity];
};

/** The code for one instruction set. */
struct Kernels {
    const char* name;
    int blockSize;
    /** Find the particles in range of a block among those of the block itself and of later ones. @return how many there
     * are */
    int (*listNeighbors)(const BlockBounds& bounds, int block, NeighborMarks& marks);
    /** Compute the pairs of a block. grids has one element for each class. @return the energy without the scale, or 0
     * if it is not asked for */
    double (*computeTable)(const PairGeometry& geometry, const PairBlock& block, int blockIndex,
            const TableCurves& curves, BlockGrids* grids, const ForceTarget& target, bool includeEnergy);
    /** Choose what runs a step, which is complete otherwise. */
    void (*choose)(ProgramInstruction& step);
    /** Collect the pairs of a block, and run the program whenever there are enough. sums: the energy, without the
     * scale, and its derivatives are added */
    void (*computeProgram)(const PairGeometry& geometry, const PairBlock& block, const PairProgramCode& code,
            PairBatch& batch, const ForceTarget& target, double* sums);
    /** Run the program for the pairs that are left. */
    void (*finishProgram)(const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums);
};

extern const Kernels portableKernels;
#if defined(LEARNEDPAIR_X86)
extern const Kernels sse4Kernels, avx2Kernels, avx512Kernels;
#endif

/**
 * Get the code for the best instruction set that the processor has, or for the one that the environment variable
 * LEARNEDPAIR_CPU_INSTRUCTIONS names: AVX512, AVX2, SSE4 or portable.
 *
 * @throws OpenMMException if that is none of them, or the processor does not have it
 */
const Kernels& selectKernels();

} // namespace LearnedPairPlugin
