// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Evaluates the pairs of a block with a program: pairs in range are collected into a batch, which runs when it is full.
#pragma once

#include "nearNeighbors.h"
#include "PairOutput.h"
#include "programTypes.h"
#include "runProgram.h"
#include "switchOff.h"

namespace {

/** Append pairs of one neighbor: those with the particles of the block that have a bit. */
inline void append(
        PairBatch& batch, unsigned bits, const PairBlock& block, int second, const Displacements& d, const Floats& r2) {
    int i = batch.size;
    compressStore(bits, d.x, batch.x + i);
    compressStore(bits, d.y, batch.y + i);
    compressStore(bits, d.z, batch.z + i);
    compressStore(bits, r2, batch.r2 + i);
    compressStore(bits, laneNumbers() + block.first, batch.first + i);
    store(splat((int32_t) second), batch.second + i);
    batch.size += countBits(bits);
}

/** Set the inputs of the program for the first `count` pairs. The other items of the batch repeat the last pair. */
inline void fillInputs(const PairProgramCode& code, PairBatch& batch, int count) {
    for (int item = count; item < code.batchSize; item++) {
        batch.first[item] = batch.first[count - 1];
        batch.second[item] = batch.second[count - 1];
        batch.r2[item] = batch.r2[count - 1];
    }
    for (int item = 0; item < code.batchSize; item += Width) {
        if (code.distances != nullptr)
            store(max(sqrt(load(batch.r2 + item)), splat(code.innerCutoff)), code.distances + item);
        int64_t distinct1[Width], distinct2[Width];
        for (int k = 0; k < Width; k++) {
            distinct1[k] = code.distinct[batch.first[item + k]];
            distinct2[k] = code.distinct[batch.second[item + k]];
        }
        loadColumns([&](int k) { return code.particle1.values + distinct1[k] * code.particle1.size; },
                code.particle1.size, code.batchSize, code.particle1.data + item);
        loadColumns([&](int k) { return code.particle2.values + distinct2[k] * code.particle2.size; },
                code.particle2.size, code.batchSize, code.particle2.data + item);
        loadColumns(
                [&](int k) {
                    return code.pair.values + (distinct1[k] * code.numDistinct + distinct2[k]) * code.pair.size;
                },
                code.pair.size, code.batchSize, code.pair.data + item);
    }
}

/** Apply the Taylor expansion below the inner cutoff and the switching function to an energy and its derivative. */
inline void complete(
        const PairProgramCode& code, const Floats& r, Floats& energy, const Floats& dEdRClamped, Floats& dEdR) {
    energy += min(r - code.innerCutoff, Floats{}) * dEdRClamped;
    dEdR = dEdRClamped;
    if (code.switching.used)
        switchOff(code.switching, r, energy, dEdR);
}

/** Run the program for the first `count` pairs, at most the size of a batch, and remove them. */
inline void runBatch(
        const PairProgramCode& code, PairBatch& batch, int count, const ForceTarget& target, double* sums) {
    [[maybe_unused]] FlushSubnormals flush;
    fillInputs(code, batch, count);
    for (int i = 0; i < code.numInstructions; i++)
        code.instructions[i].run(code.instructions[i]);
    auto output = [&](int index, int item) { return Element(code.outputs[index], 0, code.batchSize)[item]; };
    alignas(64) float forces[MaxBatchSize * 4];
    for (int item = 0; item < code.batchSize; item += Width) {
        Mask isPair = fromBits(firstBits(count - item));
        Floats r = sqrt(load(batch.r2 + item)), energy = output(PairOutput::Energy, item), dEdR;
        complete(code, r, energy, output(PairOutput::DEdR, item), dEdR);
        sums[0] += sum(select(isPair, energy, Floats{}));
        for (int d = 0; d < code.numDerivatives; d++) {
            Floats derivative = output(PairOutput::dEdG(d), item), d2EdRdG;
            complete(code, r, derivative, output(PairOutput::d2EdRdG(d), item), d2EdRdG);
            sums[1 + d] += sum(select(isPair, derivative, Floats{}));
        }
        // At distance 0 the force has no direction: it becomes zero.
        Floats forceOverR = target.scale * dEdR / select(less(Floats{}, r), r, infinity());
        storeTransposed(forceOverR * load(batch.x + item), forceOverR * load(batch.y + item),
                forceOverR * load(batch.z + item), forces + 4 * item);
    }
    if (target.forces != nullptr)
        for (int i = 0; i < count; i++) {
            Quad *first = (Quad*) &target.forces[4 * target.targets[batch.first[i]]],
                 *second = (Quad*) &target.forces[4 * target.targets[batch.second[i]]];
            const Quad& force = *(const Quad*) &forces[4 * i];
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

/** Add the pairs in range of a block's near neighbors to the batch. OneImage: see BlockPositions::oneImage. */
template<bool OneImage>
inline void collect(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles, int numNear,
        const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums) {
    for (int i = 0; i < numNear; i++) {
        Displacements d = displacements<OneImage>(geometry, particles, block.near, i);
        Floats r2 = d.squared();
        unsigned bits = findInRange(geometry, r2, block.near, i);
        if (bits == 0)
            continue;
        append(batch, bits, block, block.near.particles[i], d, r2);
        if (batch.size >= code.batchSize)
            runBatch(code, batch, code.batchSize, target, sums);
    }
}

void computeProgram(const PairGeometry& geometry, const PairBlock& block, const PairProgramCode& code, PairBatch& batch,
        const ForceTarget& target, double* sums) {
    BlockPositions particles(geometry, block);
    int numNear = findNearNeighbors(geometry, block, particles);
    if (particles.oneImage)
        collect<true>(geometry, block, particles, numNear, code, batch, target, sums);
    else
        collect<false>(geometry, block, particles, numNear, code, batch, target, sums);
}

void finishProgram(const PairProgramCode& code, PairBatch& batch, const ForceTarget& target, double* sums) {
    if (batch.size > 0)
        runBatch(code, batch, batch.size, target, sums);
}

} // namespace
