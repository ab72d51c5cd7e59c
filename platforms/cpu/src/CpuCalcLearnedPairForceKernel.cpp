// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcLearnedPairForceKernel.h"
#include "CpuTableLoop.h"
#include "PairTable.h"
#include "internal/PairClasses.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using std::vector;

void CpuCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    setModel(force);
}

/** Which particles interact with any other: only those need to be in the neighbor list. */
static vector<char> findCovered(const LearnedPairForce& force) {
    PairClasses classes(force);
    vector<char> classInteracts(classes.numClasses), covered;
    for (int i = 0; i < classes.numClasses; i++) {
        auto row = classes.interacts.begin()+(size_t) i*classes.numClasses;
        classInteracts[i] = std::any_of(row, row+classes.numClasses, [] (char interacts) { return interacts != 0; });
    }
    for (int particleClass : classes.particleClasses)
        covered.push_back(classInteracts[particleClass]);
    return covered;
}

void CpuCalcLearnedPairForceKernel::setModel(const LearnedPairForce& force) {
    globals = std::make_unique<GlobalValues>(force);
    list = std::make_unique<CpuPairList>(force, findCovered(force), kernels.blockSize);
    programLoop = nullptr;
    if (dynamic_cast<const PairTable*>(&force.getFunction()) != nullptr)
        loop = std::make_unique<CpuTableLoop>(force, *list, kernels, data.threads.getNumThreads());
    else
        loop.reset(programLoop = new CpuProgramLoop(force, *list, kernels, data.threads.getNumThreads(), *globals));
}

double CpuCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& reference = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    globals->update(context);
    if (programLoop != nullptr)
        programLoop->updateGlobals(*globals);
    list->update(*reference.positions, reference.periodicBoxVectors, data.threads);
    CpuPairSums sums;
    sums.derivatives.resize(globals->getDerivatives().size(), 0.0);
    loop->compute(reference.periodicBoxVectors, (float) globals->getScale(), includeForces, includeEnergy || !globals->getScaleDerivative().empty(), data, sums);
    globals->addDerivatives(sums.energy, sums.derivatives, *reference.energyParameterDerivatives);
    return globals->getScale()*sums.energy;
}

void CpuCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
}
