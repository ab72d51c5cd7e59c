// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Finds the neighbors of a block by pruning with bounding boxes: of groups of blocks, then of blocks, then of
// particles.
#pragma once

#include "listTypes.h"
#include "Vector.h"

namespace {

using namespace LearnedPairPlugin;

/** A bit for each of Width boxes, from `first` on, that is within the list cutoff of the box from low to high. */
inline unsigned findNear(
        const BoundingBoxes& boxes, int first, const float* low, const float* high, float listCutoffSquared) {
    Floats distanceSquared = {};
    for (int k = 0; k < 3; k++) {
        Floats gap = max(max(load(boxes.low[k] + first) - high[k], low[k] - load(boxes.high[k] + first)), Floats{});
        distanceSquared += gap * gap;
    }
    return toBits(less(distanceSquared, splat(listCutoffSquared)));
}

/** Mark the particles within the list cutoff of the box from low to high, in `block` and later blocks. */
inline void markNeighbors(
        const BlockBounds& bounds, int block, const float* low, const float* high, NeighborMarks& marks) {
    for (int g = block / BlocksInGroup / Width * Width; g < bounds.numGroups; g += Width)
        for (unsigned groups = findNear(bounds.groups, g, low, high, bounds.listCutoffSquared); groups != 0;
                groups &= groups - 1) {
            int firstBlock = (g + findLowestBit(groups)) * BlocksInGroup;
            for (int b = firstBlock; b < firstBlock + BlocksInGroup; b += Width)
                for (unsigned blocks = findNear(bounds.blocks, b, low, high, bounds.listCutoffSquared); blocks != 0;
                        blocks &= blocks - 1) {
                    int other = b + findLowestBit(blocks);
                    if (other < block)
                        continue;
                    unsigned particles = findNear(bounds.particles, other * Width, low, high, bounds.listCutoffSquared);
                    if (marks.listed[other] == 0 && particles != 0)
                        marks.blocks[marks.numBlocks++] = other;
                    marks.listed[other] |= particles;
                }
        }
}

int listNeighbors(const BlockBounds& bounds, int block, NeighborMarks& marks) {
    marks.numBlocks = 0;
    for (int image = 0; image < bounds.numImages; image++) {
        float low[3], high[3];
        bool near = true;
        for (int k = 0; k < 3; k++) {
            low[k] = bounds.blocks.low[k][block] + bounds.images[image][k];
            high[k] = bounds.blocks.high[k][block] + bounds.images[image][k];
            near &= (low[k] - bounds.listCutoff <= bounds.high[k] && high[k] + bounds.listCutoff >= bounds.low[k]);
        }
        if (near)
            markNeighbors(bounds, block, low, high, marks);
    }
    int count = 0;
    for (int i = 0; i < marks.numBlocks; i++) {
        int other = marks.blocks[i];
        marks.first[other] = count;
        compressStore(marks.listed[other], laneNumbers() + other * Width, marks.neighbors + count);
        count += countBits(marks.listed[other]);
    }
    return count;
}

} // namespace
