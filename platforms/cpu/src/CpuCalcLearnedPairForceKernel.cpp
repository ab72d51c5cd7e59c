// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcLearnedPairForceKernel.h"
#include "CpuProgramLoop.h"
#include "CpuTableLoop.h"
#include "internal/visitFunction.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;

void CpuCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    derivativeNames = findEnergyParameterDerivatives(system, force);
    setModel(force);
}

void CpuCalcLearnedPairForceKernel::setModel(const LearnedPairForce& force) {
    globals = std::make_unique<GlobalValues>(force, derivativeNames);
    list = std::make_unique<CpuPairList>(force, backend, data.threads.getNumThreads());
    int numThreads = data.threads.getNumThreads();
    loop = visitFunction<std::unique_ptr<CpuPairLoop>>(
            force.getFunction(),
            [&](const PairTable&) { return std::make_unique<CpuTableLoop>(force, *list, backend, numThreads); },
            [&](const PairProgram&) {
                return std::make_unique<CpuProgramLoop>(force, *list, backend, numThreads, *globals);
            });
}

double CpuCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& reference = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    globals->update(context);
    loop->updateGlobals(*globals);
    CpuPairSums sums;
    sums.derivatives.resize(globals->getDerivatives().size(), 0.0);
    loop->compute(*reference.positions, reference.periodicBoxVectors, (float) globals->getScale(), includeForces,
            includeEnergy || !globals->getScaleDerivative().empty(), data, sums);
    globals->addDerivatives(sums.energy, sums.derivatives, *reference.energyParameterDerivatives);
    return globals->getScale() * sums.energy;
}

KernelInfo CpuCalcLearnedPairForceKernel::getInfo() const {
    KernelInfo info;
    info.placement = "SIMD loop";
    info.neighborList = list->isDense() ? "none" : "own";
    info.instructionSet = backend.name;
    return info;
}

void CpuCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
}
