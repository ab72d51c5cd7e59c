// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The pairs of a block with a program: those in range are collected until there is one for every lane.
#pragma once

#include "neighborRows.h"
#include "runProgram.h"
#include "switchOff.h"

namespace {

inline void append(
        PairBatch& batch, unsigned bits, const PairBlock& block, int second, const Displacements& d, const Floats& r2) {
    int i = batch.size;
    storeChosen(bits, d.x, batch.x + i);
    storeChosen(bits, d.y, batch.y + i);
    storeChosen(bits, d.z, batch.z + i);
    storeChosen(bits, r2, batch.r2 + i);
    storeChosen(bits, laneNumbers() + block.first, batch.first + i);
    store(splat((int32_t) second), batch.second + i);
    batch.size += __builtin_popcount(bits);
}

/** Lanes without a pair repeat the last one. */
inline void fillInputs(const PairProgramCode& code, PairBatch& batch, int count) {
    for (int lane = count; lane < code.lanes; lane++) {
        batch.first[lane] = batch.first[count - 1];
        batch.second[lane] = batch.second[count - 1];
        batch.r2[lane] = batch.r2[count - 1];
    }
    for (int lane = 0; lane < code.lanes; lane += Width) {
        if (code.distances != nullptr)
            store(max(sqrt(load(batch.r2 + lane)), splat(code.innerCutoff)), code.distances + lane);
        int64_t row1[Width], row2[Width];
        for (int k = 0; k < Width; k++) {
            row1[k] = code.rows[batch.first[lane + k]];
            row2[k] = code.rows[batch.second[lane + k]];
        }
        loadColumns([&](int k) { return code.particle1.rows + row1[k] * code.particle1.size; }, code.particle1.size,
                code.lanes, code.particle1.data + lane);
        loadColumns([&](int k) { return code.particle2.rows + row2[k] * code.particle2.size; }, code.particle2.size,
                code.lanes, code.particle2.data + lane);
        loadColumns([&](int k) { return code.pair.rows + (row1[k] * code.numRows + row2[k]) * code.pair.size; },
                code.pair.size, code.lanes, code.pair.data + lane);
    }
}

/** Continue an energy and its slope below the inner cutoff, and switch them off. */
inline void complete(
        const PairProgramCode& code, const Floats& r, Floats& energy, const Floats& slopeInside, Floats& slope) {
    energy += min(r - code.innerCutoff, Floats{}) * slopeInside;
    slope = slopeInside;
    if (code.switching.used)
        switchOff(code.switching, r, energy, slope);
}

/** Run the program for the first pairs of a batch, as many as there are lanes or fewer, and take them out. */
inline void runBatch(
        const PairProgramCode& code, PairBatch& batch, int count, const ForceTarget& target, double* sums) {
    WithoutSubnormals rule;
    fillInputs(code, batch, count);
    for (int i = 0; i < code.numInstructions; i++)
        code.instructions[i].run(code.instructions[i]);
    auto output = [&](int index, int lane) { return Element(code.outputs[index], 0, code.lanes)[lane]; };
    alignas(64) float forces[MostLanes * 4];
    for (int lane = 0; lane < code.lanes; lane += Width) {
        Mask isPair = fromBits(firstBits(count - lane));
        Floats r = sqrt(load(batch.r2 + lane)), energy = output(0, lane), slope;
        complete(code, r, energy, output(1, lane), slope);
        sums[0] += sum(select(isPair, energy, Floats{}));
        for (int d = 0; d < code.numDerivatives; d++) {
            Floats derivative = output(2 + 2 * d, lane), derivativeOfSlope;
            complete(code, r, derivative, output(3 + 2 * d, lane), derivativeOfSlope);
            sums[1 + d] += sum(select(isPair, derivative, Floats{}));
        }
        // Two particles in one place have no direction to push each other.
        Floats pull = target.scale * slope / select(less(Floats{}, r), r, infinity());
        storeRows(pull * load(batch.x + lane), pull * load(batch.y + lane), pull * load(batch.z + lane),
                forces + 4 * lane);
    }
    if (target.forces != nullptr)
        for (int i = 0; i < count; i++) {
            Row *first = (Row*) &target.forces[4 * target.targets[batch.first[i]]],
                *second = (Row*) &target.forces[4 * target.targets[batch.second[i]]];
            const Row& force = *(const Row*) &forces[4 * i];
            *first -= force;
            *second += force;
        }
    batch.size -= count;
    for (int i = 0; i < batch.size; i++) {
        batch.first[i] = batch.first[count + i];
        batch.second[i] = batch.second[count + i];
        batch.x[i] = batch.x[count + i];
        batch.y[i] = batch.y[count + i];
        batch.z[i] = batch.z[count + i];
        batch.r2[i] = batch.r2[count + i];
    }
}

template<bool OneCopy>
inline void collect(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles, int numRows,
        const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums) {
    for (int i = 0; i < numRows; i++) {
        Displacements d = displacements<OneCopy>(geometry, particles, block.rows, i);
        Floats r2 = d.squared();
        unsigned bits = findInRange(geometry, r2, block.rows, i);
        if (bits == 0)
            continue;
        append(batch, bits, block, block.rows.particles[i], d, r2);
        if (batch.size >= code.lanes)
            runBatch(code, batch, code.lanes, target, sums);
    }
}

void computeProgram(const PairGeometry& geometry, const PairBlock& block, const PairProgramCode& code, PairBatch& batch,
        const ForceTarget& target, double* sums) {
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
