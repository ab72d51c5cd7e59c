// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Selects the neighbors of a block that are near its bounding box.
#pragma once

#include "listTypes.h"
#include "Vector.h"

namespace {

using namespace LearnedPairPlugin;

/** A displacement, or a position, for each lane. */
struct Displacements {
    Floats x, y, z;
    Floats squared() const {
        return x * x + y * y + z * z;
    }
};

/** Apply the minimum image convention to displacements. */
inline Displacements minimumImage(const PairGeometry& geometry, Displacements d) {
    Floats c = round(d.z * geometry.inverse[2]);
    d.x -= c * geometry.box[2][0];
    d.y -= c * geometry.box[2][1];
    d.z -= c * geometry.box[2][2];
    Floats b = round(d.y * geometry.inverse[1]);
    d.x -= b * geometry.box[1][0];
    d.y -= b * geometry.box[1][1];
    d.x -= round(d.x * geometry.inverse[0]) * geometry.box[0][0];
    return d;
}

/** Replace positions by their minimum images with respect to a point. */
inline void moveNear(const PairGeometry& geometry, float x, float y, float z, Displacements& position) {
    Displacements d = {position.x - x, position.y - y, position.z - z}, shortest = minimumImage(geometry, d);
    position.x += shortest.x - d.x; // exactly zero for a position that is the minimum image
    position.y += shortest.y - d.y;
    position.z += shortest.z - d.z;
}

inline float smallest(const Floats& x) {
    float result = x[0];
    for (int k = 1; k < Width; k++)
        result = (x[k] < result ? x[k] : result);
    return result;
}

/** The positions of a block's particles, in a periodic box as minimum images with respect to the first one, and their
 * bounding box. */
struct BlockPositions {
    explicit BlockPositions(const PairGeometry& geometry, const PairBlock& block) {
        Floats unused;
        loadTransposed([&](int k) { return block.positions + 4 * (block.first + k); }, position.x, position.y,
                position.z, unused);
        if (geometry.periodic)
            moveNear(geometry, position.x[0], position.y[0], position.z[0], position);
        const Floats* components[3] = {&position.x, &position.y, &position.z};
        oneImage = true;
        for (int k = 0; k < 3; k++) {
            float low = smallest(*components[k]), high = -smallest(-*components[k]);
            center[k] = 0.5f * (low + high);
            halfWidth[k] = 0.5f * (high - low);
            // Below this limit, an image in range of any particle of the block is the minimum image with respect to the
            // center. The factor is a margin for rounding.
            if (geometry.periodic && !(1.0001f * (halfWidth[k] + geometry.cutoff) < 0.5f * geometry.box[k][k]))
                oneImage = false;
        }
    }
    Displacements position;
    float center[3], halfWidth[3];
    bool oneImage; ///< whether the minimum image of a neighbor with respect to the center serves all particles
};

/**
 * Write the neighbors within the cutoff of the bounding box to block.near; without oneImage, all neighbors.
 *
 * @return their number
 */
inline int findNearNeighbors(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles) {
    int numNear = 0;
    const float limit = 1.0001f * geometry.cutoffSquared; // with a margin for rounding
    // Local copies. Without them, the compiler loads these members again in each iteration, because it cannot exclude
    // that a store to the near neighbors has changed them.
    const float* positions = block.positions;
    const auto* neighbors = block.neighbors;
    const auto* exclusions = block.exclusions;
    const NearNeighbors near = block.near;
    const int numNeighbors = block.numNeighbors;
    const bool oneImage = particles.oneImage;
    for (int first = 0; first < numNeighbors; first += Width) {
        Displacements neighbor;
        Floats classes;
        loadTransposed([&](int k) { return positions + 4 * neighbors[first + k]; }, neighbor.x, neighbor.y, neighbor.z,
                classes);
        unsigned close = firstBits(numNeighbors - first);
        if (oneImage) {
            if (geometry.periodic)
                moveNear(geometry, particles.center[0], particles.center[1], particles.center[2], neighbor);
            Displacements outside = {max(abs(neighbor.x - particles.center[0]) - particles.halfWidth[0], Floats{}),
                max(abs(neighbor.y - particles.center[1]) - particles.halfWidth[1], Floats{}),
                max(abs(neighbor.z - particles.center[2]) - particles.halfWidth[2], Floats{})};
            close &= toBits(less(outside.squared(), splat(limit)));
        }
        compressStore(close, neighbor.x, near.x + numNear);
        compressStore(close, neighbor.y, near.y + numNear);
        compressStore(close, neighbor.z, near.z + numNear);
        compressStore(close, (Ints) classes, near.classes + numNear);
        compressStore(close, load(neighbors + first), near.particles + numNear);
        compressStore(close, load(exclusions + first), near.exclusions + numNear);
        numNear += countBits(close);
    }
    return numNear;
}

/** The displacements from a near neighbor to the particles of the block. */
template<bool OneImage>
inline Displacements displacements(
        const PairGeometry& geometry, const BlockPositions& particles, const NearNeighbors& near, int index) {
    Displacements d = {particles.position.x - near.x[index], particles.position.y - near.y[index],
        particles.position.z - near.z[index]};
    return OneImage ? d : minimumImage(geometry, d);
}

/** A bit for each particle of the block that is in range of a near neighbor and whose pair with it is listed. */
inline unsigned findInRange(const PairGeometry& geometry, const Floats& r2, const NearNeighbors& near, int index) {
    return toBits(less(r2, splat(geometry.cutoffSquared))) & ~near.exclusions[index];
}

} // namespace
