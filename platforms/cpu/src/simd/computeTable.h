// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Evaluates the pairs of a block with tables. A vector with all particles of a block has few that are in range of a
// neighbor. The pairs in range are therefore packed, evaluated, and unpacked again to add their forces.
#pragma once

#include "nearNeighbors.h"
#include "switchOff.h"
#include "tableTypes.h"

namespace {

/** The number of neighbors whose pairs are packed and evaluated together. */
const int ChunkSize = 48;

/** The pairs in range of some neighbors, packed. */
struct PackedPairs {
    static constexpr int Capacity = ChunkSize * Width + Width; // one more vector, since whole vectors are stored
    int numNeighbors, size;
    struct {
        int index;     // of the near neighbor
        unsigned bits; // the particles of the block in range
    } neighbors[ChunkSize];
    alignas(64) float r2[Capacity];
    int32_t entry[Capacity];                                        // of the pair of classes
    float inverse[Capacity], inverseSpacing[Capacity], t[Capacity]; // set by findKnots()
    int32_t offset[Capacity];                                       // of the knot on the left, in bytes
    float forceOverR[Capacity];
};

/** Pack the pairs of some near neighbors that are in range. */
template<bool OneImage>
inline void pack(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles, int first,
        int last, int numClasses, PackedPairs& pairs) {
    const Ints classes = load(block.classes + block.first);
    // Local variables stay in registers. Members would be stored and loaded again in each iteration.
    int numNeighbors = 0, size = 0;
    for (int i = first; i < last; i++) {
        Floats r2 = displacements<OneImage>(geometry, particles, block.near, i).squared();
        unsigned bits = findInRange(geometry, r2, block.near, i);
        pairs.neighbors[numNeighbors] = {i, bits};
        numNeighbors += (bits != 0);
        compressStore(bits, r2, pairs.r2 + size);
        compressStore(bits, classes + block.near.classes[i] * numClasses, pairs.entry + size);
        size += countBits(bits);
    }
    pairs.numNeighbors = numNeighbors;
    pairs.size = size;
    // Fill the last vector with pairs of entry 0. Its classes do not interact, so these pairs add nothing.
    store(splat(1.0f), pairs.r2 + size);
    store(Ints{}, pairs.entry + size);
}

/** Find the knots of packed pairs. */
inline void findKnots(const CurveArrays& curves, PackedPairs& pairs) {
    for (int item = 0; item < pairs.size; item += Width) {
        Floats r2 = load(pairs.r2 + item);
        // At distance 0 the force has no direction: it becomes zero.
        Floats inverse = select(less(Floats{}, r2), inverseSqrt(r2), Floats{});
        const int32_t* entries = pairs.entry + item;
        Floats inverseSpacing, firstKnot;
        loadTransposed(
                [&](int k) { return curves.knotPositions + 2 * (uint32_t) entries[k]; }, inverseSpacing, firstKnot);
        Floats x = (max(r2 * inverse, splat(curves.innerCutoff)) - curves.minDistance) * inverseSpacing;
        Ints k = toInts(x);
        store(inverse, pairs.inverse + item);
        store(inverseSpacing, pairs.inverseSpacing + item);
        store(x - toFloats(k), pairs.t + item);
        store((toInts(firstKnot) + k) * (int32_t) (2 * sizeof(float)), pairs.offset + item);
    }
}

/** Compute S(r)*f(r), if it is needed, and its derivative, for one of the functions: see KnotTable. */
template<bool IncludeEnergy>
inline void evaluateTable(const CurveArrays& curves, const PackedPairs& pairs, int item, int function, const Floats& r,
        Floats& energy, Floats& dEdR) {
    Floats slope0, change0, slope1, change1, t = load(pairs.t + item);
    const int32_t* offsets = pairs.offset + item;
    const char* knots = (const char*) (curves.knots + 2 * (size_t) curves.numKnots * function);
    loadTransposed(
            [&](int k) { return (const float*) (knots + (uint32_t) offsets[k]); }, slope0, change0, slope1, change1);
    Floats rise = slope1 - slope0, c2 = rise - change0, c3 = {};
    if (curves.isSmooth) {
        c3 = change1 - c2 - rise;
        c2 -= c3;
    }
    dEdR = slope0 + t * (change0 + t * (c2 + t * c3));
    if (IncludeEnergy || curves.switching.used) {
        const char* energies = (const char*) (curves.energies + (size_t) curves.numKnots * function);
        float atKnots[Width];
        for (int k = 0; k < Width; k++)
            atKnots[k] = *(const float*) (energies + (uint32_t) offsets[k] / 2);
        Floats integral = t * (slope0 + t * (0.5f * change0 + t * ((1 / 3.0f) * c2 + t * (0.25f * c3))));
        Floats inverse =
                max(load(pairs.inverseSpacing + item), splat(1e-30f)); // not zero for pairs that do not interact
        energy = load(atKnots) + integral / inverse + min(r - curves.innerCutoff, Floats{}) * dEdR;
    }
    if (curves.switching.used)
        switchOff(curves.switching, r, energy, dEdR);
}

/** Evaluate packed pairs. With several functions the energy must be included. */
template<bool IncludeEnergy>
inline void evaluatePairs(const CurveArrays& curves, PackedPairs& pairs, float scale, double* sums) {
    Floats energies = {};
    for (int item = 0; item < pairs.size; item += Width) {
        Floats inverse = load(pairs.inverse + item), r = load(pairs.r2 + item) * inverse, energy, dEdR;
        evaluateTable<IncludeEnergy>(curves, pairs, item, 0, r, energy, dEdR);
        store(scale * dEdR * inverse, pairs.forceOverR + item);
        if (IncludeEnergy) {
            energies += energy;
            for (int function = 1; function < curves.numFunctions; function++) {
                evaluateTable<true>(curves, pairs, item, function, r, energy, dEdR);
                sums[function] += sum(energy);
            }
        }
    }
    if (IncludeEnergy)
        sums[0] += sum(energies);
}

/** Add the forces of packed pairs to those of the neighbors, and subtract them from those of the block. */
template<bool OneImage>
inline void addForces(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles,
        const PackedPairs& pairs, const ForceTarget& target, Displacements& blockForce) {
    const float* packed = pairs.forceOverR;
    for (int n = 0; n < pairs.numNeighbors; n++) {
        const int i = pairs.neighbors[n].index;
        Displacements d = displacements<OneImage>(geometry, particles, block.near, i);
        Floats forceOverR = expandLoad(pairs.neighbors[n].bits, packed);
        packed += countBits(pairs.neighbors[n].bits);
        Displacements force = {forceOverR * d.x, forceOverR * d.y, forceOverR * d.z};
        blockForce = {blockForce.x + force.x, blockForce.y + force.y, blockForce.z + force.z};
        addSums(force.x, force.y, force.z, &target.forces[4 * target.targets[block.near.particles[i]]]);
    }
}

inline void subtract(const Displacements& blockForce, const PairBlock& block, const ForceTarget& target) {
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

/** Evaluate the pairs of a block and its near neighbors. OneImage: see BlockPositions::oneImage. */
template<bool OneImage>
void computeNear(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles, int numNear,
        const CurveArrays& curves, const ForceTarget& target, bool includeEnergy, double* sums) {
    Displacements blockForce = {};
    PackedPairs pairs;
    for (int first = 0; first < numNear; first += ChunkSize) {
        const int last = (first + ChunkSize < numNear ? first + ChunkSize : numNear);
        pack<OneImage>(geometry, block, particles, first, last, curves.numClasses, pairs);
        findKnots(curves, pairs);
        if (includeEnergy)
            evaluatePairs<true>(curves, pairs, target.scale, sums);
        else
            evaluatePairs<false>(curves, pairs, target.scale, sums);
        if (target.forces != nullptr)
            addForces<OneImage>(geometry, block, particles, pairs, target, blockForce);
    }
    if (target.forces != nullptr)
        subtract(blockForce, block, target);
}

void computeTable(const PairGeometry& geometry, const PairBlock& block, const CurveArrays& curves,
        const ForceTarget& target, bool includeEnergy, double* sums) {
    BlockPositions particles(geometry, block);
    int numNear = findNearNeighbors(geometry, block, particles);
    auto compute = (particles.oneImage ? computeNear<true> : computeNear<false>);
    compute(geometry, block, particles, numNear, curves, target, includeEnergy, sums);
}

} // namespace
