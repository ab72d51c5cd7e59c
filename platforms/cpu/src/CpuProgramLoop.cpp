// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramLoop.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

// Values are loaded four numbers at a time, up to three of them past the end.
static const int Slack = 3;

CpuProgramLoop::CpuProgramLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend,
        int numThreads, const GlobalValues& globals) :
        CpuPairLoop(force, list, backend, numThreads),
        program(dynamic_cast<const PairProgram&>(force.getFunction()), globals.getDerivatives()),
        distinctParticles(force),
        stages(program, distinctParticles.values, distinctParticles.count),
        plan(program.getPairPart()),
        particleSize(program.getParticleSize()),
        pairSize(program.getPairPart().getInputSize(PairInput::Pair)) {
    SwitchingFunction switching(force);
    for (int i = 0; i < numThreads; i++) {
        runners.push_back(std::make_unique<Runner>(plan, backend));
        Runner& runner = *runners.back();
        const CpuProgramMemory& memory = runner.memory;
        auto input = [&](int slot, int size) {
            float* data = memory.getInput(slot);
            return BatchInput{nullptr, data == nullptr ? 0 : size, data};
        };
        runner.pairCode = {memory.getInstructions().data(), (int) memory.getInstructions().size(), plan.getBatchSize(),
            memory.getInput(PairInput::Distance), input(PairInput::Particle1, particleSize),
            input(PairInput::Particle2, particleSize), input(PairInput::Pair, pairSize), distinctParticles.count,
            nullptr, memory.getOutputs().data(), (int) globals.getDerivatives().size(),
            (float) force.getInnerCutoffDistance(),
            {switching.used, (float) switching.start, (float) switching.inverseWidth}};
    }
}

void CpuProgramLoop::renumber() {
    distinct.clear();
    for (int particle : list.getOrder().getParticles())
        distinct.push_back(distinctParticles.index[particle]);
    for (auto& runner : runners)
        runner->pairCode.distinct = distinct.data();
}

void CpuProgramLoop::updateGlobals(const GlobalValues& globals) {
    if (!stages.update(globals.getValues()))
        return;
    auto toFloats = [](vector<float>& to, const vector<double>& from) {
        to.assign(from.begin(), from.end());
        to.resize(from.size() + Slack, 0.0f);
    };
    toFloats(particleValues, stages.getParticles());
    toFloats(pairValues, stages.getPairs());
    for (auto& runner : runners) {
        runner->pairCode.particle1.values = runner->pairCode.particle2.values = particleValues.data();
        runner->pairCode.pair.values = pairValues.data();
        if (float* input = runner->memory.getInput(PairInput::Globals))
            for (double value : stages.getGlobals()) {
                std::fill_n(input, plan.getBatchSize(), (float) value);
                input += plan.getBatchSize();
            }
    }
}

void CpuProgramLoop::begin(Work& work) {
    Runner& runner = *runners[work.thread];
    runner.batch.size = 0;
    runner.sums.assign(1 + work.sums.derivatives.size(), 0.0);
}

void CpuProgramLoop::computeBlock(const PairBlock& block, int index, Work& work) {
    Runner& runner = *runners[work.thread];
    backend.computeProgram(geometry, block, runner.pairCode, runner.batch, work.target, runner.sums.data());
}

void CpuProgramLoop::finish(Work& work) {
    Runner& runner = *runners[work.thread];
    backend.finishProgram(runner.pairCode, runner.batch, work.target, runner.sums.data());
    work.sums.add(runner.sums);
}
