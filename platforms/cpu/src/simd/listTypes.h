// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data, which code for several instruction sets works on: see Vector.h.
#pragma once

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

/** BoundingBoxes with their edges along the axes, coordinate by coordinate. What fills the last vector up is nowhere:
 * low is infinite, high minus infinite. */
struct BoundingBoxes {
    const float *low[3], *high[3];
};

/** Where particles are, and the smallest boxes around each block and each group of blocks. */
struct BlockBounds {
    BoundingBoxes particles, blocks,
            groups; ///< those of particles are points; what fills the last one up is infinitely far away
    int numGroups;
    const float (*images)[3]; ///< the shifts of all periodic images in range, zero included
    int numImages;
    float low[3], high[3]; ///< of all particles
    float listCutoff, listCutoffSquared;
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
struct NearNeighbors {
    float *x, *y, *z; ///< of the minimum image for the whole block, if there is one
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
    NearNeighbors near;     ///< where to put near neighbors: room for numNeighbors and one vector more
};

} // namespace LearnedPairPlugin
