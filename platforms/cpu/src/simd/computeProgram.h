// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The pairs of a block with a program: those in range are collected until there is one for every lane.
#pragma once

#include "neighborRows.h"
#include "runProgram.h"

namespace {

/** Which particles of a block interact with neighbors of a class, a bit for each. */
inline unsigned findPartners(const PairBlock& block, const PairProgramCode& code, int neighborClass) {
    unsigned bits = 0;
    for (int k = 0; k < Width; k++)
        bits |= (unsigned) (code.interacts[neighborClass*code.numClasses+block.classes[block.particles[k]]] != 0) << k;
    return bits;
}

inline void append(PairBatch& batch, unsigned bits, const PairBlock& block, int second, const Displacements& d, const Floats& r2) {
    float x[Width], y[Width], z[Width], r[Width];
    store(d.x, x);
    store(d.y, y);
    store(d.z, z);
    store(sqrt(r2), r);
    for (; bits != 0; bits &= bits-1) {
        int k = __builtin_ctz(bits), i = batch.size++;
        batch.first[i] = block.particles[k];
        batch.second[i] = second;
        batch.x[i] = x[k];
        batch.y[i] = y[k];
        batch.z[i] = z[k];
        batch.r[i] = r[k];
    }
}

/** Lanes without a pair repeat the last one. */
inline void fillInputs(const PairProgramCode& code, PairBatch& batch, int count) {
    for (int lane = count; lane < Lanes; lane++) {
        batch.first[lane] = batch.first[count-1];
        batch.second[lane] = batch.second[count-1];
        batch.r[lane] = batch.r[count-1];
    }
    for (int lane = 0; lane < Lanes; lane += Width) {
        if (code.distances != nullptr)
            store(max(load(batch.r+lane), splat(code.innerCutoff)), code.distances+lane);
        int64_t row1[Width], row2[Width];
        for (int k = 0; k < Width; k++) {
            row1[k] = code.rows[batch.first[lane+k]];
            row2[k] = code.rows[batch.second[lane+k]];
        }
        loadColumns([&] (int k) { return code.particle1.rows+row1[k]*code.particle1.size; }, code.particle1.size, code.particle1.lanes+lane);
        loadColumns([&] (int k) { return code.particle2.rows+row2[k]*code.particle2.size; }, code.particle2.size, code.particle2.lanes+lane);
        loadColumns([&] (int k) { return code.pair.rows+(row1[k]*code.numRows+row2[k])*code.pair.size; }, code.pair.size, code.pair.lanes+lane);
    }
}

/** Continue an energy and its slope below the inner cutoff, and switch them off. */
inline void complete(const PairProgramCode& code, const Floats& r, Floats& energy, const Floats& slopeInside, Floats& slope) {
    energy += min(r-code.innerCutoff, Floats{})*slopeInside;
    slope = slopeInside;
    if (code.switched) {
        Floats y = max((r-code.switchingDistance)*code.inverseSwitchingWidth, Floats{});
        Floats value = 1+y*y*y*(-10+y*(15-6*y)), change = y*y*(-30+y*(60-30*y))*code.inverseSwitchingWidth;
        slope = value*slope+change*energy;
        energy *= value;
    }
}

/** Run the program for the first pairs of a batch, as many as there are lanes or fewer, and take them out. */
inline void runBatch(const PairProgramCode& code, PairBatch& batch, int count, const ForceTarget& target, double* sums) {
    fillInputs(code, batch, count);
    for (int i = 0; i < code.numInstructions; i++)
        runStep(code.instructions[i]);
    float pulls[Lanes];
    for (int v = 0; v < VectorsPerValue; v++) {
        unsigned there = (count >= (v+1)*Width ? (1u<<(Width-1))*2-1 : count <= v*Width ? 0 : (1u<<(count-v*Width))-1);
        Mask isPair = fromBits(there);
        Floats r = load(batch.r+v*Width), energy = Element(code.outputs[0], 0)[v], slope;
        complete(code, r, energy, Element(code.outputs[1], 0)[v], slope);
        sums[0] += sum(select(isPair, energy, Floats{}));
        for (int d = 0; d < code.numDerivatives; d++) {
            Floats derivative = Element(code.outputs[2+2*d], 0)[v], derivativeOfSlope;
            complete(code, r, derivative, Element(code.outputs[3+2*d], 0)[v], derivativeOfSlope);
            sums[1+d] += sum(select(isPair, derivative, Floats{}));
        }
        // Two particles in one place have no direction to push each other.
        store(target.scale*slope/select(less(Floats{}, r), r, infinity()), pulls+v*Width);
    }
    if (target.forces != nullptr)
        for (int i = 0; i < count; i++) {
            float* first = &target.forces[4*target.targets[batch.first[i]]], * second = &target.forces[4*target.targets[batch.second[i]]];
            float x = pulls[i]*batch.x[i], y = pulls[i]*batch.y[i], z = pulls[i]*batch.z[i];
            first[0] -= x;
            first[1] -= y;
            first[2] -= z;
            second[0] += x;
            second[1] += y;
            second[2] += z;
        }
    batch.size -= count;
    for (int i = 0; i < batch.size; i++) {
        batch.first[i] = batch.first[count+i];
        batch.second[i] = batch.second[count+i];
        batch.x[i] = batch.x[count+i];
        batch.y[i] = batch.y[count+i];
        batch.z[i] = batch.z[count+i];
        batch.r[i] = batch.r[count+i];
    }
}

template<bool OneCopy> inline void collect(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles, int numRows,
        const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums) {
    int lastClass = -1;
    unsigned partners = 0;
    for (int i = 0; i < numRows; i++) {
        const NeighborRow& row = block.rows[i];
        Displacements d = displacements<OneCopy>(geometry, particles, row);
        Floats r2 = d.squared();
        unsigned bits = toBits(less(r2, splat(geometry.cutoffSquared))) & row.allowed;
        if (bits == 0)
            continue;
        if (row.particleClass != lastClass) {
            lastClass = row.particleClass;
            partners = findPartners(block, code, lastClass);
        }
        append(batch, bits & partners, block, row.particle, d, r2);
        while (batch.size >= Lanes)
            runBatch(code, batch, Lanes, target, sums);
    }
}

void computeProgram(const PairGeometry& geometry, const PairBlock& block, const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums) {
    BlockPositions particles(geometry, block);
    int numRows = findRows(geometry, block, particles);
    if (particles.oneCopy)
        collect<true>(geometry, block, particles, numRows, code, batch, target, sums);
    else
        collect<false>(geometry, block, particles, numRows, code, batch, target, sums);
}

void finishProgram(const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums) {
    if (batch.size > 0)
        runBatch(code, batch, batch.size, target, sums);
}

} // namespace
