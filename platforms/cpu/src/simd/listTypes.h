// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Plain data that the functions for all instruction sets share: see Vector.h.
#pragma once

#include <cstdint>

namespace LearnedPairPlugin {

/** The largest block: the number of floats in the widest vector of any instruction set. */
const int MaxBlockSize = 16;

/** The boundary conditions and the cutoff of a force, in nm. Box vectors are in OpenMM's reduced form. */
struct PairGeometry {
    bool periodic;
    float box[3][3], inverse[3]; ///< inverse: 1/box[k][k]
    float cutoff, cutoffSquared; ///< infinite if there is no cutoff
};

/** The number of blocks in a group. When a list is built, the bounding boxes of groups are tested first. */
const int BlocksInGroup = 16;

/** Axis-aligned bounding boxes, with an array for each coordinate. The padding of the last vector is empty boxes: low
 * is infinite, high is minus infinite. */
struct BoundingBoxes {
    const float *low[3], *high[3];
};

/** The bounding boxes of the particles of a list, for the search for neighbors. */
struct BlockBounds {
    BoundingBoxes particles, blocks, groups; ///< those of particles are points
    int numGroups;
    const float (*images)[3]; ///< the displacements of all periodic images in range, zero included
    int numImages;
    float low[3], high[3]; ///< the bounding box of all particles
    float listCutoff, listCutoffSquared;
};

/** The neighbors of a block that a search has found. */
struct NeighborMarks {
    uint32_t* listed; ///< for each block, a bit for each of its particles; all zero before the search
    int32_t* blocks;  ///< the blocks with a bit that is set
    int numBlocks;
    int32_t* first;     ///< for each of those, the index of its first particle in `neighbors`
    int32_t* neighbors; ///< the particles whose bits are set; room for all particles and one more vector
};

/** The neighbors of a block that may be within the cutoff of one of its particles, and the pairs to leave out. */
struct NearNeighbors {
    float *x, *y, *z; ///< positions; if BlockPositions::oneImage, of the image nearest to the center of the block
    int32_t *particles, *classes;
    int32_t* exclusions; ///< a bit for each particle of the block whose pair with the neighbor is not listed
};

/** A block of particles and its neighbors. The indices of particles are those of the list. */
struct PairBlock {
    int first, count; ///< its first particle and their number; the last block is padded, but the padding has no pairs
    const int32_t* neighbors;   ///< padded by one vector of valid indices; so are the exclusions
    const uint16_t* exclusions; ///< for each neighbor, a bit for each particle of the block whose pair is not listed
    int numNeighbors;
    const float* positions; ///< of all particles, shape [][4]; the fourth element has the bits of the interaction class
    const int32_t* classes; ///< the interaction classes of all particles
    NearNeighbors near;     ///< memory for near neighbors: room for numNeighbors and one more vector
};

} // namespace LearnedPairPlugin
