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

/**
 * The position of some distances in their curves. Lanes that are not in range read segment 0: the segments of their
 * curves would have to be loaded from memory for nothing.
 */
struct TablePosition {
    TablePosition(const TableCurves& curves, const BlockCurves& blockCurves, const Floats& r, const Mask& inRange,
            int numFunctions) :
            rClamped(max(r, splat(curves.innerCutoff))),
            inverseSpacing(load(blockCurves.inverseSpacing)) {
        Floats x = (rClamped - curves.minDistance) * inverseSpacing;
        Ints k = toInts(x);
        t = x - toFloats(k);
        Ints segment = (Ints) select(inRange, (Floats) (load(blockCurves.firstSegment) + k), Floats{});
        store(segment * (int32_t) (4 * sizeof(float) * numFunctions), offsets);
        keepInMemory(offsets);
    }
    Floats rClamped, inverseSpacing, t;
    int32_t offsets[Width]; // of the segments, in bytes
};

/** Compute S(r)*f(r), if it is needed, and its derivative, for one of the functions: see SegmentTable. */
template<bool IncludeEnergy>
inline void evaluateTable(const TableCurves& curves, const TablePosition& position, int function, const Floats& r,
        Floats& energy, Floats& dEdR) {
    Floats c0, c1, c2, c3, t = position.t;
    const char* segments = (const char*) (curves.segments + 4 * function);
    loadTransposed([&](int k) { return (const float*) (segments + (uint32_t) position.offsets[k]); }, c0, c1, c2, c3);
    dEdR = (c1 + t * (2 * c2 + 3 * t * c3)) * position.inverseSpacing;
    if (IncludeEnergy || curves.switching.used)
        energy = c0 + t * (c1 + t * (c2 + t * c3)) + (r - position.rClamped) * dEdR;
    if (curves.switching.used)
        switchOff(curves.switching, r, energy, dEdR);
}

/**
 * Evaluate the pairs of a block and its near neighbors. OneImage: see BlockPositions::oneImage. With
 * IncludeDerivatives, the energy must also be included.
 */
template<bool OneImage, bool IncludeEnergy, bool IncludeForces, bool IncludeDerivatives>
void computeNear(const PairGeometry& geometry, const PairBlock& block, int blockIndex, const BlockPositions& particles,
        int numNear, const TableCurves& curves, BlockCurves* allBlockCurves, const ForceTarget& target, double* sums) {
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
        TablePosition position(curves, blockCurves, r, inRange, IncludeDerivatives ? curves.numFunctions : 1);
        evaluateTable<IncludeEnergy>(curves, position, 0, r, energy, dEdR);
        if (IncludeEnergy)
            blockEnergy += select(inRange, energy, Floats{});
        if (IncludeForces) {
            Floats forceOverR = select(inRange, target.scale * dEdR * inverse, Floats{});
            Displacements force = {forceOverR * d.x, forceOverR * d.y, forceOverR * d.z};
            blockForce = {blockForce.x + force.x, blockForce.y + force.y, blockForce.z + force.z};
            addSums(force.x, force.y, force.z, &target.forces[4 * target.targets[block.near.particles[i]]]);
        }
        if (IncludeDerivatives)
            for (int function = 1; function < curves.numFunctions; function++) {
                evaluateTable<true>(curves, position, function, r, energy, dEdR);
                sums[function] += sum(select(inRange, energy, Floats{}));
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
    if (IncludeEnergy)
        sums[0] += sum(blockEnergy);
}

/** The variants of computeNear() for given OneImage and IncludeForces. */
template<bool OneImage, bool IncludeForces>
void computeVariant(const PairGeometry& geometry, const PairBlock& block, int blockIndex,
        const BlockPositions& particles, int numNear, const TableCurves& curves, BlockCurves* blockCurves,
        const ForceTarget& target, bool includeEnergy, double* sums) {
    auto compute = (curves.numFunctions > 1 ? computeNear<OneImage, true, IncludeForces, true>
                    : includeEnergy         ? computeNear<OneImage, true, IncludeForces, false>
                                            : computeNear<OneImage, false, IncludeForces, false>);
    compute(geometry, block, blockIndex, particles, numNear, curves, blockCurves, target, sums);
}

void computeTable(const PairGeometry& geometry, const PairBlock& block, int blockIndex, const TableCurves& curves,
        BlockCurves* blockCurves, const ForceTarget& target, bool includeEnergy, double* sums) {
    BlockPositions particles(geometry, block);
    int numNear = findNearNeighbors(geometry, block, particles);
    bool includeForces = (target.forces != nullptr);
    auto compute = (particles.oneImage ? (includeForces ? computeVariant<true, true> : computeVariant<true, false>)
                                       : (includeForces ? computeVariant<false, true> : computeVariant<false, false>) );
    compute(geometry, block, blockIndex, particles, numNear, curves, blockCurves, target, includeEnergy, sums);
}

} // namespace
