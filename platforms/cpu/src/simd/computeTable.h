// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Evaluates the pairs of a block with a table: one neighbor at a time, with all particles of the block.
#pragma once

#include "nearNeighbors.h"
#include "switchOff.h"
#include "tableTypes.h"

namespace {

/** Look up the curves between the particles of a block and the neighbors of one interaction class. */
inline void fillCurves(const PairBlock& block, int blockIndex, const TableCurves& curves, int neighborClass,
        BlockCurves& blockCurves) {
    for (int k = 0; k < Width; k++) {
        int entry = neighborClass * curves.numClasses + block.classes[block.first + k];
        blockCurves.inverseSpacing[k] = curves.inverseSpacings[entry];
        blockCurves.firstSegment[k] = curves.firstSegments[entry];
    }
    blockCurves.block = blockIndex;
}

/** Compute S(r)*f(r), if it is needed, and its derivative: see SegmentTable. */
template<bool IncludeEnergy>
inline void evaluateTable(
        const TableCurves& curves, const BlockCurves& blockCurves, const Floats& r, Floats& energy, Floats& dEdR) {
    Floats rClamped = max(r, splat(curves.innerCutoff)), inverseSpacing = load(blockCurves.inverseSpacing);
    Floats x = (rClamped - curves.minDistance) * inverseSpacing;
    Ints k = toInts(x);
    Floats t = x - toFloats(k), c0, c1, c2, c3;
    int32_t offsets[Width];
    store((load(blockCurves.firstSegment) + k) * (int32_t) (4 * sizeof(float)), offsets);
    keepInMemory(offsets);
    loadTransposed([&](int k) { return (const float*) ((const char*) curves.segments + (uint32_t) offsets[k]); }, c0,
            c1, c2, c3);
    dEdR = (c1 + t * (2 * c2 + 3 * t * c3)) * inverseSpacing;
    if (IncludeEnergy || curves.switching.used)
        energy = c0 + t * (c1 + t * (c2 + t * c3)) + (r - rClamped) * dEdR;
    if (curves.switching.used)
        switchOff(curves.switching, r, energy, dEdR);
}

/** Evaluate the pairs of a block and its near neighbors. OneImage: see BlockPositions::oneImage. */
template<bool OneImage, bool IncludeEnergy, bool IncludeForces>
double computeNear(const PairGeometry& geometry, const PairBlock& block, int blockIndex,
        const BlockPositions& particles, int numNear, const TableCurves& curves, BlockCurves* allBlockCurves,
        const ForceTarget& target) {
    Displacements blockForce = {};
    Floats blockEnergy = {};
    for (int i = 0; i < numNear; i++) {
        Displacements d = displacements<OneImage>(geometry, particles, block.near, i);
        Floats r2 = d.squared();
        unsigned bits = findInRange(geometry, r2, block.near, i);
        if (bits == 0)
            continue;
        BlockCurves& blockCurves = allBlockCurves[block.near.classes[i]];
        if (blockCurves.block != blockIndex)
            fillCurves(block, blockIndex, curves, block.near.classes[i], blockCurves);
        Mask inRange = fromBits(bits);
        // At distance 0 the force has no direction: it becomes zero.
        Floats inverse = select(less(Floats{}, r2), inverseSqrt(r2), Floats{});
        Floats r = select(inRange, r2 * inverse, splat(curves.innerCutoff)), energy, dEdR;
        evaluateTable<IncludeEnergy>(curves, blockCurves, r, energy, dEdR);
        if (IncludeEnergy)
            blockEnergy += select(inRange, energy, Floats{});
        if (IncludeForces) {
            Floats forceOverR = select(inRange, target.scale * dEdR * inverse, Floats{});
            Displacements force = {forceOverR * d.x, forceOverR * d.y, forceOverR * d.z};
            blockForce = {blockForce.x + force.x, blockForce.y + force.y, blockForce.z + force.z};
            addSums(force.x, force.y, force.z, &target.forces[4 * target.targets[block.near.particles[i]]]);
        }
    }
    if (IncludeForces) {
        float x[Width], y[Width], z[Width];
        store(blockForce.x, x);
        store(blockForce.y, y);
        store(blockForce.z, z);
        for (int k = 0; k < block.count; k++) {
            float* force = &target.forces[4 * target.targets[block.first + k]];
            force[0] -= x[k];
            force[1] -= y[k];
            force[2] -= z[k];
        }
    }
    return sum(blockEnergy);
}

double computeTable(const PairGeometry& geometry, const PairBlock& block, int blockIndex, const TableCurves& curves,
        BlockCurves* blockCurves, const ForceTarget& target, bool includeEnergy) {
    BlockPositions particles(geometry, block);
    int numNear = findNearNeighbors(geometry, block, particles);
    typedef double (*Variant)(const PairGeometry&, const PairBlock&, int, const BlockPositions&, int,
            const TableCurves&, BlockCurves*, const ForceTarget&);
    static const Variant variants[2][2][2] = {{{computeNear<false, false, false>, computeNear<false, false, true>},
                                                  {computeNear<false, true, false>, computeNear<false, true, true>}},
        {{computeNear<true, false, false>, computeNear<true, false, true>},
            {computeNear<true, true, false>, computeNear<true, true, true>}}};
    return variants[particles.oneImage][includeEnergy][target.forces != nullptr](
            geometry, block, blockIndex, particles, numNear, curves, blockCurves, target);
}

} // namespace
