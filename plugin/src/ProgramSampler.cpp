// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ProgramSampler.h"
#include "PairOutput.h"
#include <algorithm>
#include <atomic>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using std::vector;

// The number of distances that a thread evaluates before it fetches more: a multiple of the size of a batch.
static const int DistancesAtOnce = 64;

ProgramSampler::ProgramSampler(const StagedProgram& program, int numDerivatives, int numThreads) :
        program(program),
        numDerivatives(numDerivatives),
        particleSize(program.getParticleSize()),
        pairSize(program.getPairPart().getInputSize(PairInput::Pair)),
        threads(numThreads) {
    for (int i = 0; i < threads.getNumThreads(); i++)
        interpreters.push_back(std::make_unique<Interpreter>(program.getPairPart()));
}

void ProgramSampler::setCurves(const StageValues& stages, int numParticles, const vector<std::pair<int, int>>& pairs) {
    this->stages = &stages;
    this->numParticles = numParticles;
    this->pairs = pairs;
    for (auto& interpreter : interpreters)
        if (double* input = interpreter->getInput(PairInput::Globals))
            std::copy(stages.getGlobals().begin(), stages.getGlobals().end(), input);
}

void ProgramSampler::evaluate(vector<CurveSamples>& samples) {
    struct Task {
        CurveSamples* samples;
        int first;
    };
    vector<Task> tasks;
    for (auto& curve : samples) {
        curve.values.assign(getNumFunctions(), vector<double>(curve.r.size()));
        curve.slopes.assign(getNumFunctions(), vector<double>(curve.r.size()));
        for (size_t first = 0; first < curve.r.size(); first += DistancesAtOnce)
            tasks.push_back({&curve, (int) first});
    }
    std::atomic<size_t> nextTask(0);
    threads.execute([&](ThreadPool&, int thread) {
        Interpreter& interpreter = *interpreters[thread];
        for (size_t task = nextTask++; task < tasks.size(); task = nextTask++) {
            CurveSamples& curve = *tasks[task].samples;
            setParticles(interpreter, curve.curve);
            int first = tasks[task].first, end = std::min(first + DistancesAtOnce, (int) curve.r.size());
            for (int batch = first; batch < end; batch += BatchSize)
                evaluateBatch(interpreter, curve, batch);
        }
    });
    threads.waitForThreads();
}

/** Set the inputs of an interpreter for the two particles of a curve. */
void ProgramSampler::setParticles(Interpreter& interpreter, int curve) const {
    auto setInput = [&](int slot, const vector<double>& values, size_t index, int size) {
        if (double* input = interpreter.getInput(slot))
            for (int i = 0; i < size; i++)
                std::fill_n(input + i * BatchSize, BatchSize, values[index * size + i]);
    };
    size_t particle1 = pairs[curve].first, particle2 = pairs[curve].second;
    setInput(PairInput::Particle1, stages->getParticles(), particle1, particleSize);
    setInput(PairInput::Particle2, stages->getParticles(), particle2, particleSize);
    setInput(PairInput::Pair, stages->getPairs(), particle1 * numParticles + particle2, pairSize);
}

/** Evaluate a curve at 16 distances, or at those that are left of it. */
void ProgramSampler::evaluateBatch(Interpreter& interpreter, CurveSamples& samples, int first) const {
    int count = std::min(BatchSize, (int) samples.r.size() - first);
    if (double* input = interpreter.getInput(PairInput::Distance))
        for (int k = 0; k < BatchSize; k++) // the last batch repeats the last distance
            input[k] = samples.r[first + std::min(k, count - 1)];
    interpreter.run();
    auto copyOutput = [&](int output, vector<double>& values) {
        for (int k = 0; k < count; k++)
            values[first + k] = interpreter.getOutput(output, 0, k);
    };
    copyOutput(PairOutput::Energy, samples.values[0]);
    copyOutput(PairOutput::DEdR, samples.slopes[0]);
    for (int d = 0; d < numDerivatives; d++) {
        copyOutput(PairOutput::dEdG(d), samples.values[1 + d]);
        copyOutput(PairOutput::d2EdRdG(d), samples.slopes[1 + d]);
    }
}
