// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The pairs of a block with a table: all particles of the block against one neighbor at a time.
#pragma once

#include "neighborRows.h"
#include "switchOff.h"

namespace {

inline void fillGrids(
        const PairBlock& block, int blockIndex, const TableCurves& curves, int neighborClass, BlockGrids& grids) {
    for (int k = 0; k < Width; k++) {
        int entry = neighborClass * curves.numClasses + block.classes[block.first + k];
        grids.inverseSpacing[k] = curves.inverseSpacings[entry];
        grids.firstSegment[k] = curves.firstSegments[entry];
    }
    grids.block = blockIndex;
}

/** S(r)*f(r) and its slope; see SegmentTable. */
template<bool IncludeEnergy>
inline void evaluateTable(
        const TableCurves& curves, const BlockGrids& grids, const Floats& r, Floats& energy, Floats& slope) {
    Floats inside = max(r, splat(curves.innerCutoff)), inverseSpacing = load(grids.inverseSpacing);
    Floats x = (inside - curves.minDistance) * inverseSpacing;
    Ints k = toInts(x);
    Floats t = x - toFloats(k), c0, c1, c2, c3;
    int32_t offsets[Width];
    store((load(grids.firstSegment) + k) * (int32_t) (4 * sizeof(float)), offsets);
    keepInMemory(offsets);
    loadRows([&](int k) { return (const float*) ((const char*) curves.segments + (uint32_t) offsets[k]); }, c0, c1, c2,
            c3);
    slope = (c1 + t * (2 * c2 + 3 * t * c3)) * inverseSpacing;
    if (IncludeEnergy || curves.switching.used)
        energy = c0 + t * (c1 + t * (c2 + t * c3)) + (r - inside) * slope;
    if (curves.switching.used)
        switchOff(curves.switching, r, energy, slope);
}

template<bool OneCopy, bool IncludeEnergy, bool IncludeForces>
double computeRows(const PairGeometry& geometry, const PairBlock& block, int blockIndex,
        const BlockPositions& particles, int numRows, const TableCurves& curves, BlockGrids* allGrids,
        const ForceTarget& target) {
    Displacements blockForce = {};
    Floats blockEnergy = {};
    for (int i = 0; i < numRows; i++) {
        Displacements d = displacements<OneCopy>(geometry, particles, block.rows, i);
        Floats r2 = d.squared();
        unsigned bits = findInRange(geometry, r2, block.rows, i);
        if (bits == 0)
            continue;
        BlockGrids& grids = allGrids[block.rows.classes[i]];
        if (grids.block != blockIndex)
            fillGrids(block, blockIndex, curves, block.rows.classes[i], grids);
        Mask inRange = fromBits(bits);
        // Two particles in one place have no direction to push each other.
        Floats inverse = select(less(Floats{}, r2), inverseSqrt(r2), Floats{});
        Floats r = select(inRange, r2 * inverse, splat(curves.innerCutoff)), energy, slope;
        evaluateTable<IncludeEnergy>(curves, grids, r, energy, slope);
        if (IncludeEnergy)
            blockEnergy += select(inRange, energy, Floats{});
        if (IncludeForces) {
            Floats pull = select(inRange, target.scale * slope * inverse, Floats{});
            Displacements force = {pull * d.x, pull * d.y, pull * d.z};
            blockForce = {blockForce.x + force.x, blockForce.y + force.y, blockForce.z + force.z};
            addSums(force.x, force.y, force.z, &target.forces[4 * target.targets[block.rows.particles[i]]]);
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
        BlockGrids* grids, const ForceTarget& target, bool includeEnergy) {
    BlockPositions particles(geometry, block);
    int numRows = findRows(geometry, block, particles);
    typedef double (*Variant)(const PairGeometry&, const PairBlock&, int, const BlockPositions&, int,
            const TableCurves&, BlockGrids*, const ForceTarget&);
    static const Variant variants[2][2][2] = {{{computeRows<false, false, false>, computeRows<false, false, true>},
                                                  {computeRows<false, true, false>, computeRows<false, true, true>}},
        {{computeRows<true, false, false>, computeRows<true, false, true>},
            {computeRows<true, true, false>, computeRows<true, true, true>}}};
    return variants[particles.oneCopy][includeEnergy][target.forces != nullptr](
            geometry, block, blockIndex, particles, numRows, curves, grids, target);
}

} // namespace
