// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcEnvironmentKernel.h"
#include "EnvironmentFunction.h"
#include "internal/withPairFunction.h"
#include "openmm/common/ContextSelector.h"
#include "openmm/internal/ContextImpl.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;

static const EnvironmentFunction& getFunction(const LearnedPairForce& force) {
    return dynamic_cast<const EnvironmentFunction&>(force.getFunction());
}

CommonCalcEnvironmentKernel::~CommonCalcEnvironmentKernel() {
    ContextSelector selector(cc); // device memory must be freed in the device's context
    atoms.reset();
    exceptions.reset();
    densities.reset();
    tables.reset();
}

void CommonCalcEnvironmentKernel::initialize(const System& system, const LearnedPairForce& given) {
    ContextSelector selector(cc);
    force = std::make_unique<LearnedPairForce>(given);
    globals = std::make_unique<GlobalValues>(*force, findEnergyParameterDerivatives(system, given));
    for (auto& name : globals->getDerivativeNames())
        cc.addEnergyParameterDerivative(name);
    if (!force->getScaleParameter().empty())
        cc.registerGlobalParam(force->getScaleParameter());
    const EnvironmentFunction& function = getFunction(*force);
    tables = std::make_unique<CommonDensityTables>(cc, *force, function);
    atoms = std::make_unique<AtomKernel>(cc, *force, function, *globals);
    densities = std::make_unique<DensityKernels>(cc, system, *force, traits);
    if (force->getUseDensityExclusions() && force->getNumExceptions() > 0)
        exceptions = std::make_unique<DensityExceptionsKernels>(cc, *force);
    if (function.getPairTable() != nullptr) {
        pairs = std::make_unique<CommonCalcLearnedPairForceKernel>(getName(), getPlatform(), cc, traits);
        pairs->initialize(
                system, withPairFunction(*force, *function.getPairTable()), getIndexInSystem(system, given), nullptr);
    }
    info = new LearnedForceInfo(*force);
    cc.addForce(info);
}

void CommonCalcEnvironmentKernel::prepare(ContextImpl& context) {
    globals->update(context);
    if (pairs != nullptr)
        pairs->prepare(context);
}

double CommonCalcEnvironmentKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ContextSelector selector(cc);
    // All kernels are created before the first one runs: if one cannot be compiled, the sums are still zero.
    densities->createKernels(*force, *tables);
    if (exceptions != nullptr)
        exceptions->createKernels(*force, *tables);
    atoms->createKernel(*force, *tables, *globals);
    densities->addDensities();
    if (exceptions != nullptr)
        exceptions->addDensities();
    atoms->execute(*globals);
    if (includeForces) {
        densities->addForces();
        if (exceptions != nullptr)
            exceptions->addForces();
    }
    densities->finish(includeForces, includeEnergy);
    if (pairs != nullptr)
        pairs->execute(context, includeForces, includeEnergy);
    return 0.0;
}

void CommonCalcEnvironmentKernel::addDerivatives(
        ContextImpl& context, const std::map<std::string, double>& derivatives) {
    for (auto& [name, derivative] : derivatives)
        cc.getEnergyParamDerivWorkspace()[name] += derivative;
}

KernelInfo CommonCalcEnvironmentKernel::getInfo() const {
    KernelInfo result;
    result.placement = "compacted pairs";
    result.neighborList = "own";
    result.evaluation = "environment";
    return result;
}

void CommonCalcEnvironmentKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& newForce) {
    ContextSelector selector(cc);
    force = std::make_unique<LearnedPairForce>(newForce);
    const EnvironmentFunction& function = getFunction(*force);
    tables->upload(*force, function);
    atoms->upload(*force, function);
    if (exceptions != nullptr)
        exceptions->upload(*force);
    if (pairs != nullptr)
        pairs->copyParametersToContext(context, withPairFunction(*force, *function.getPairTable()));
    info->setParticles(*force);
    cc.invalidateMolecules(info);
}
