// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcLearnedPairForceKernel.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using std::vector;

void CpuCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    scaleParameter = force.getScaleParameter();
    needsDerivative = (force.getNumEnergyParameterDerivatives() > 0);
    setModel(force);
}

void CpuCalcLearnedPairForceKernel::setModel(const LearnedPairForce& force) {
    table = std::make_unique<CpuPairTable>(force);
    vector<char> covered;
    for (int particleClass : table->getParticleClasses())
        covered.push_back(table->isCovered(particleClass));
    list = std::make_unique<CpuPairList>(force, covered);
    loop = std::make_unique<CpuPairLoop>(force, *table, *list);
}

double CpuCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& reference = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    double scale = (scaleParameter.empty() ? 1.0 : context.getParameter(scaleParameter));
    list->update(*reference.positions, reference.periodicBoxVectors, data.threads);
    double sum = loop->compute(reference.periodicBoxVectors, (float) scale, includeForces, data);
    if (needsDerivative)
        (*reference.energyParameterDerivatives)[scaleParameter] += sum;
    return scale*sum;
}

void CpuCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
}
