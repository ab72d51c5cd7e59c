// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuCalcLearnedPairForceKernel.h"
#include "internal/visitFunction.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;

void CpuCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    derivativeNames = findEnergyParameterDerivatives(system, force);
    setModel(force);
    if (plan != nullptr && plan->update(globals->getValues())) // make tables now, and not in the first time step
        chooseLoop();
}

void CpuCalcLearnedPairForceKernel::setModel(const LearnedPairForce& newForce) {
    force = std::make_unique<LearnedPairForce>(newForce);
    globals = std::make_unique<GlobalValues>(*force, derivativeNames);
    exceptionLoop = std::make_unique<CpuExceptionLoop>(*force, globals->getDerivatives(), data.threads.getNumThreads());
    tableLoop.reset();
    programLoop.reset();
    loop = nullptr;
    visitFunction<bool>(
            force->getFunction(),
            [&](const PairTable& table) {
                setTableModel(table);
                return true;
            },
            [&](const PairProgram&) {
                setProgramModel();
                return true;
            },
            [&](const EnvironmentFunction&) -> bool { throw notAPairFunction("CPU"); });
}

/** Prepare the evaluation of a function that is a table. */
void CpuCalcLearnedPairForceKernel::setTableModel(const PairTable& table) {
    int numThreads = data.threads.getNumThreads();
    InteractionClasses classes(*force);
    list = std::make_unique<CpuPairList>(*force, classes, backend, numThreads);
    tableLoop = std::make_unique<CpuTableLoop>(*force, *list, backend, numThreads);
    tableLoop->setTables(TableCurves(table), classes);
    exceptionLoop->setTables(TableCurves(table), classes);
    loop = tableLoop.get();
}

/** Prepare the evaluation of a program. The plan chooses the loop before each evaluation. */
void CpuCalcLearnedPairForceKernel::setProgramModel() {
    if (plan == nullptr)
        plan = std::make_unique<EvaluationPlan>(*force, globals->getDerivatives(), false, data.threads.getNumThreads());
    else
        plan->setForce(*force);
    InteractionClasses classes = (plan->mayUseTables() ? plan->getClasses() : InteractionClasses(*force));
    list = std::make_unique<CpuPairList>(*force, classes, backend, data.threads.getNumThreads());
}

/** Choose the loop that the plan requires, and set its tables. */
void CpuCalcLearnedPairForceKernel::chooseLoop() {
    int numThreads = data.threads.getNumThreads();
    loop = nullptr; // stays null if this throws an exception
    if (const FunctionTables* tables = plan->getTables()) {
        if (tableLoop == nullptr)
            tableLoop = std::make_unique<CpuTableLoop>(*force, *list, backend, numThreads);
        tableLoop->setTables(tables->curves, plan->getClasses());
        exceptionLoop->setTables(tables->curves, plan->getClasses());
        loop = tableLoop.get();
        return;
    }
    if (programLoop == nullptr)
        programLoop = std::make_unique<CpuProgramLoop>(*force, *list, backend, numThreads, *globals);
    exceptionLoop->useProgram();
    programLoop->renumber(); // the list may have been built meanwhile
    loop = programLoop.get();
}

void CpuCalcLearnedPairForceKernel::prepare(ContextImpl& context) {
    globals->update(context);
    if (plan != nullptr && (plan->update(globals->getValues()) || loop == nullptr))
        chooseLoop();
}

double CpuCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& reference = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    loop->updateGlobals(*globals);
    const FunctionTables* tables = (plan == nullptr ? nullptr : plan->getTables());
    const bool hasDerivatives = !globals->getDerivatives().empty() || !globals->getScaleDerivative().empty();
    double forceScale = globals->getScale() * (tables == nullptr ? 1 : plan->getCoefficients()[0]);
    CpuPairSums sums; // of the functions of the loop: see GlobalFactor
    sums.derivatives.resize(
            tables == nullptr ? globals->getDerivatives().size() : tables->curves.functions.size() - 1, 0.0);
    loop->compute(*reference.positions, reference.periodicBoxVectors, (float) forceScale, includeForces,
            includeEnergy || hasDerivatives, data, sums);
    exceptionLoop->compute(*reference.positions, reference.periodicBoxVectors, globals->getValues(), forceScale,
            includeForces, data, sums);
    if (tables != nullptr)
        sums.combine(plan->getCoefficients());
    globals->addDerivatives(sums.energy, sums.derivatives, *reference.energyParameterDerivatives);
    return globals->getScale() * sums.energy;
}

void CpuCalcLearnedPairForceKernel::addDerivatives(
        ContextImpl& context, const std::map<std::string, double>& derivatives) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    for (auto& [name, derivative] : derivatives)
        (*data.energyParameterDerivatives)[name] += derivative;
}

KernelInfo CpuCalcLearnedPairForceKernel::getInfo() const {
    KernelInfo info;
    info.placement = "SIMD loop";
    info.neighborList = list->isDense() ? "none" : "own";
    info.instructionSet = backend.name;
    if (plan == nullptr)
        info.evaluation = "table";
    else
        plan->describe(info);
    return info;
}

void CpuCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
    prepare(context);
}
