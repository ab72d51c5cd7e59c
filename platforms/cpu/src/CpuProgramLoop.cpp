// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramLoop.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

// Rows are read four numbers at a time, and may be read beyond their end.
static const int Slack = 3;

CpuProgramLoop::CpuProgramLoop(const LearnedPairForce& force, CpuPairList& list, const Kernels& kernels, int numThreads,
        const GlobalValues& globals) :
        CpuPairLoop(force, list, kernels, numThreads),
        program(dynamic_cast<const PairProgram&>(force.getFunction()), globals.getDerivatives()),
        particleRows(force),
        stages(program, particleRows.rows, particleRows.numRows, force.getFunction().getNumFeatures() == 0),
        particleSize(std::max(
                program.pair->getInputSize(Operation::Particle1), program.pair->getInputSize(Operation::Particle2))),
        pairSize(program.pair->getInputSize(Operation::Pair)) {
    SwitchingFunction switching(force);
    for (int i = 0; i < numThreads; i++) {
        runners.push_back(std::make_unique<Runner>(program, kernels));
        Runner& runner = *runners.back();
        const CpuProgramCode& code = runner.code;
        auto input = [&](Operation operation, int size) {
            float* data = code.getInput(operation);
            return ProgramInput{nullptr, data == nullptr ? 0 : size, data};
        };
        runner.pairCode = {code.getInstructions().data(), (int) code.getInstructions().size(), code.getLanes(),
            code.getInput(Operation::Distance), input(Operation::Particle1, particleSize),
            input(Operation::Particle2, particleSize), input(Operation::Pair, pairSize), particleRows.numRows, nullptr,
            code.getOutputs().data(), (int) globals.getDerivatives().size(), (float) force.getInnerCutoffDistance(),
            {switching.used, (float) switching.start, (float) switching.inverseWidth}};
    }
}

void CpuProgramLoop::renumber() {
    rows.clear();
    for (int particle : list.getParticles())
        rows.push_back(particleRows.index[particle]);
    for (auto& runner : runners)
        runner->pairCode.rows = rows.data();
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
        runner->pairCode.particle1.rows = runner->pairCode.particle2.rows = particleValues.data();
        runner->pairCode.pair.rows = pairValues.data();
        if (float* input = runner->code.getInput(Operation::Globals))
            for (double value : stages.getGlobals()) {
                std::fill_n(input, runner->code.getLanes(), (float) value);
                input += runner->code.getLanes();
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
    kernels.computeProgram(geometry, block, runner.pairCode, runner.batch, work.target, runner.sums.data());
}

void CpuProgramLoop::finish(Work& work) {
    Runner& runner = *runners[work.thread];
    kernels.finishProgram(runner.pairCode, runner.batch, work.target, runner.sums.data());
    work.sums.energy += runner.sums[0];
    for (size_t d = 0; d < work.sums.derivatives.size(); d++)
        work.sums.derivatives[d] += runner.sums[1 + d];
}
