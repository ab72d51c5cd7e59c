// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// From a block of the neighbor list to rows of one neighbor against all particles of the block.
#pragma once

#include "Kernels.h"
#include "Vector.h"

namespace {

using namespace LearnedPairPlugin;

/** A displacement with a component for each lane. */
struct Displacements {
    Floats x, y, z;
    Floats squared() const {
        return x * x + y * y + z * z;
    }
};

/** The displacements between nearest periodic copies. */
inline Displacements nearest(const PairGeometry& geometry, Displacements d) {
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

/** Move positions to those periodic copies that are nearest to a point. */
inline void moveNear(const PairGeometry& geometry, float x, float y, float z, Displacements& position) {
    Displacements d = {position.x - x, position.y - y, position.z - z}, shortest = nearest(geometry, d);
    position.x += shortest.x - d.x; // zero where the position stays
    position.y += shortest.y - d.y;
    position.z += shortest.z - d.z;
}

inline float smallest(const Floats& x) {
    float result = x[0];
    for (int k = 1; k < Width; k++)
        result = (x[k] < result ? x[k] : result);
    return result;
}

/** The particles of a block, close together if they are in copies of the box. */
struct BlockPositions {
    explicit BlockPositions(const PairGeometry& geometry, const PairBlock& block) {
        Floats unused;
        loadRows([&](int k) { return block.positions + 4 * (block.first + k); }, position.x, position.y, position.z,
                unused);
        if (geometry.periodic)
            moveNear(geometry, position.x[0], position.y[0], position.z[0], position);
        const Floats* components[3] = {&position.x, &position.y, &position.z};
        oneCopy = true;
        for (int k = 0; k < 3; k++) {
            float low = smallest(*components[k]), high = -smallest(-*components[k]);
            center[k] = 0.5f * (low + high);
            halfWidth[k] = 0.5f * (high - low);
            // A neighbor in range is so close to the center that no other copy of it can be in range of any particle.
            if (geometry.periodic && !(1.0001f * (halfWidth[k] + geometry.cutoff) < 0.5f * geometry.box[k][k]))
                oneCopy = false;
        }
    }
    Displacements position;
    float center[3], halfWidth[3];
    bool oneCopy; ///< whether the copy of a neighbor that is nearest to the center is the one for all particles
};

/** Write the neighbors that may be in range of the block. @return how many there are */
inline int findRows(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles) {
    int numRows = 0;
    const float limit = 1.0001f * geometry.cutoffSquared;
    for (int first = 0; first < block.numNeighbors; first += Width) {
        Displacements neighbor;
        Floats classes;
        loadRows([&](int k) { return block.positions + 4 * block.neighbors[first + k]; }, neighbor.x, neighbor.y,
                neighbor.z, classes);
        unsigned close = firstBits(block.numNeighbors - first);
        if (particles.oneCopy) {
            if (geometry.periodic)
                moveNear(geometry, particles.center[0], particles.center[1], particles.center[2], neighbor);
            Displacements outside = {max(abs(neighbor.x - particles.center[0]) - particles.halfWidth[0], Floats{}),
                max(abs(neighbor.y - particles.center[1]) - particles.halfWidth[1], Floats{}),
                max(abs(neighbor.z - particles.center[2]) - particles.halfWidth[2], Floats{})};
            close &= toBits(less(outside.squared(), splat(limit)));
        }
        storeChosen(close, neighbor.x, block.rows.x + numRows);
        storeChosen(close, neighbor.y, block.rows.y + numRows);
        storeChosen(close, neighbor.z, block.rows.z + numRows);
        storeChosen(close, (Ints) classes, block.rows.classes + numRows);
        storeChosen(close, load(block.neighbors + first), block.rows.particles + numRows);
        storeChosen(close, load(block.exclusions + first), block.rows.exclusions + numRows);
        numRows += __builtin_popcount(close);
    }
    return numRows;
}

/** From the particle of a row to the particles of the block. */
template<bool OneCopy>
inline Displacements displacements(
        const PairGeometry& geometry, const BlockPositions& particles, const NeighborRows& rows, int row) {
    Displacements d = {
        particles.position.x - rows.x[row], particles.position.y - rows.y[row], particles.position.z - rows.z[row]};
    return OneCopy ? d : nearest(geometry, d);
}

/** The particles of the block that are in range of that of a row, a bit for each. */
inline unsigned findInRange(const PairGeometry& geometry, const Floats& r2, const NeighborRows& rows, int row) {
    return toBits(less(r2, splat(geometry.cutoffSquared))) & ~rows.exclusions[row];
}

} // namespace
