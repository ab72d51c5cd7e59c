// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcEnvironmentKernel.h"
#include "EnvironmentFunction.h"
#include "internal/withPairFunction.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;

CpuCalcEnvironmentKernel::PairPart::PairPart(
        const LearnedPairForce& given, const PairTable& table, const SimdBackend& backend, int numThreads) :
        force(withPairFunction(given, table)),
        classes(force),
        list(force, classes, backend, numThreads),
        loop(force, list, backend, numThreads),
        exceptions(force, {}, numThreads) {
    loop.setTables(TableCurves(table), classes);
    exceptions.setTables(TableCurves(table), classes);
}

void CpuCalcEnvironmentKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    derivativeNames = findEnergyParameterDerivatives(system, force);
    setModel(force);
}

void CpuCalcEnvironmentKernel::setModel(const LearnedPairForce& force) {
    const int numThreads = data.threads.getNumThreads();
    auto& function = dynamic_cast<const EnvironmentFunction&>(force.getFunction());
    backend = &selectEnvironmentBackend(function.getAngularOrders());
    globals = std::make_unique<GlobalValues>(force, derivativeNames);
    loop = std::make_unique<CpuEnvironmentLoop>(force, globals->getDerivatives(), *backend, numThreads);
    auto table = function.getPairTable();
    pairs = (table == nullptr ? nullptr : std::make_unique<PairPart>(force, *table, selectSimdBackend(), numThreads));
}

double CpuCalcEnvironmentKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& reference = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    globals->update(context);
    const double scale = globals->getScale();
    CpuPairSums sums;
    sums.derivatives.resize(globals->getDerivatives().size(), 0.0);
    loop->compute(
            *reference.positions, reference.periodicBoxVectors, globals->getValues(), scale, includeForces, data, sums);
    if (pairs != nullptr) {
        CpuPairSums ofPairs;
        const bool hasDerivative = !globals->getScaleDerivative().empty();
        pairs->loop.compute(*reference.positions, reference.periodicBoxVectors, (float) scale, includeForces,
                includeEnergy || hasDerivative, data, ofPairs);
        pairs->exceptions.compute(
                *reference.positions, reference.periodicBoxVectors, {}, scale, includeForces, data, ofPairs);
        sums.energy += ofPairs.energy;
    }
    globals->addDerivatives(sums.energy, sums.derivatives, *reference.energyParameterDerivatives);
    return scale * sums.energy;
}

void CpuCalcEnvironmentKernel::addDerivatives(ContextImpl& context, const std::map<std::string, double>& derivatives) {
    auto& reference = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    for (auto& [name, derivative] : derivatives)
        (*reference.energyParameterDerivatives)[name] += derivative;
}

KernelInfo CpuCalcEnvironmentKernel::getInfo() const {
    KernelInfo info;
    info.placement = "SIMD loop";
    info.neighborList = "own";
    info.instructionSet = backend->name;
    info.evaluation = "environment";
    return info;
}

void CpuCalcEnvironmentKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
}
