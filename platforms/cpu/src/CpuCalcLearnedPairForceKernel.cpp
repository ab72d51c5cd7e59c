// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcLearnedPairForceKernel.h"
#include "CpuTableLoop.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"
#include "PairTable.h"

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;

void CpuCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    derivativeNames = findEnergyParameterDerivatives(system, force);
    setModel(force);
}

void CpuCalcLearnedPairForceKernel::setModel(const LearnedPairForce& force) {
    globals = std::make_unique<GlobalValues>(force, derivativeNames);
    list = std::make_unique<CpuPairList>(force, kernels, data.threads.getNumThreads());
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
    CpuPairSums sums;
    sums.derivatives.resize(globals->getDerivatives().size(), 0.0);
    loop->compute(*reference.positions, reference.periodicBoxVectors, (float) globals->getScale(), includeForces,
            includeEnergy || !globals->getScaleDerivative().empty(), data, sums);
    globals->addDerivatives(sums.energy, sums.derivatives, *reference.energyParameterDerivatives);
    return globals->getScale() * sums.energy;
}

void CpuCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
}
