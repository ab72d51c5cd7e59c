// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramLoop.h"
#include <cmath>

using namespace LearnedPairPlugin;
using std::vector;

/** Pairs that wait for the program to be run. */
struct CpuProgramLoop::Batch {
    int size = 0;
    int first[Lanes], second[Lanes];
    float dx[Lanes], dy[Lanes], dz[Lanes], r[Lanes];
};

CpuProgramLoop::CpuProgramLoop(const LearnedPairForce& force, const CpuPairList& list, int numThreads, const GlobalValues& globals, const ParticleRows& particleRows) :
        CpuPairLoop(force, list), numDerivatives(globals.getDerivatives().size()), innerCutoff(force.getInnerCutoffDistance()), switching(force),
        program(dynamic_cast<const PairProgram&>(force.getFunction()), globals.getDerivatives()),
        stages(program, particleRows.rows, particleRows.numRows, force.getFunction().getNumFeatures() == 0),
        particleSize(std::max(program.pair->getInputSize(Operation::Particle1), program.pair->getInputSize(Operation::Particle2))),
        pairSize(program.pair->getInputSize(Operation::Pair)) {
    PairClasses pairClasses(force);
    numClasses = pairClasses.numClasses;
    numRows = particleRows.numRows;
    interacts = pairClasses.interacts;
    for (int particle : list.getParticles()) {
        classes.push_back(pairClasses.particleClasses[particle]);
        rows.push_back(particleRows.index[particle]);
    }
    for (int i = 0; i < numThreads; i++)
        interpreters.push_back(std::make_unique<Interpreter>(*program.pair));
}

void CpuProgramLoop::updateGlobals(const GlobalValues& globals) {
    if (!stages.update(globals.getValues()))
        return;
    particleValues.assign(stages.getParticles().begin(), stages.getParticles().end());
    pairValues.assign(stages.getPairs().begin(), stages.getPairs().end());
    for (auto& interpreter : interpreters)
        if (float* input = interpreter->getInput(Operation::Globals))
            std::copy(stages.getGlobals().begin(), stages.getGlobals().end(), input);
}

void CpuProgramLoop::computeThread(int thread, BlockQueue& blocks, const Box& box, float scale, float* forces, CpuPairSums& sums) {
    Batch batch;
    for (int block; blocks.next(block); ) {
        const int32_t* particles = getBlockParticles(block);
        visitNeighbors(block, box, [&] (const Row& row) {
            const char* partners = &interacts[(size_t) classes[row.neighbor]*numClasses];
            for (int k = 0; k < BlockSize; k++) {
                if ((row.inRange>>k & 1) == 0 || !partners[classes[particles[k]]])
                    continue;
                int i = batch.size++;
                batch.first[i] = particles[k];
                batch.second[i] = row.neighbor;
                batch.dx[i] = row.dx[k];
                batch.dy[i] = row.dy[k];
                batch.dz[i] = row.dz[k];
                batch.r[i] = std::sqrt(row.r2[k]);
                if (batch.size == Lanes)
                    evaluate(batch, *interpreters[thread], scale, forces, sums);
            }
        });
    }
    if (batch.size > 0)
        evaluate(batch, *interpreters[thread], scale, forces, sums);
}

/** Lanes without a pair repeat the last one. */
void CpuProgramLoop::fillInputs(const Batch& batch, Interpreter& interpreter) const {
    float* distance = interpreter.getInput(Operation::Distance), * pair = interpreter.getInput(Operation::Pair);
    float* particle1 = interpreter.getInput(Operation::Particle1), * particle2 = interpreter.getInput(Operation::Particle2);
    for (int lane = 0; lane < Lanes; lane++) {
        int k = std::min(lane, batch.size-1), row1 = rows[batch.first[k]], row2 = rows[batch.second[k]];
        if (distance != nullptr)
            distance[lane] = std::max(batch.r[k], innerCutoff);
        auto copy = [lane] (float* input, const vector<float>& values, size_t first, int size) {
            if (input != nullptr)
                for (int i = 0; i < size; i++)
                    input[i*Lanes+lane] = values[first+i];
        };
        copy(particle1, particleValues, (size_t) row1*particleSize, particleSize);
        copy(particle2, particleValues, (size_t) row2*particleSize, particleSize);
        copy(pair, pairValues, ((size_t) row1*numRows+row2)*pairSize, pairSize);
    }
}

void CpuProgramLoop::evaluate(Batch& batch, Interpreter& interpreter, float scale, float* forces, CpuPairSums& sums) const {
    fillInputs(batch, interpreter);
    interpreter.run();
    for (int k = 0; k < batch.size; k++) {
        float r = batch.r[k], below = std::min(r-innerCutoff, 0.0f); // below the inner cutoff f is a Taylor expansion
        float dEdR = interpreter.getOutput(1, 0, k), energy = interpreter.getOutput(0, 0, k)+below*dEdR;
        switching.apply(r, energy, dEdR);
        sums.energy += energy;
        for (int d = 0; d < numDerivatives; d++) {
            float dSlope = interpreter.getOutput(3+2*d, 0, k), dEnergy = interpreter.getOutput(2+2*d, 0, k)+below*dSlope;
            switching.apply(r, dEnergy, dSlope);
            sums.derivatives[d] += dEnergy;
        }
        if (forces == nullptr)
            continue;
        float pull = (r > 0 ? scale*dEdR/r : 0.0f); // two particles in one place have no direction to push each other
        fvec4 force = fvec4(batch.dx[k], batch.dy[k], batch.dz[k], 0.0f)*pull;
        float* first = getForce(forces, batch.first[k]), * second = getForce(forces, batch.second[k]);
        (fvec4(first)-force).store(first);
        (fvec4(second)+force).store(second);
    }
    batch.size = 0;
}
