// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "KernelText.h"
#include "openmm/common/ContextSelector.h"
#include "openmm/internal/ContextImpl.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;
using std::vector;

CommonCalcLearnedPairForceKernel::CommonCalcLearnedPairForceKernel(
        const string& name, const Platform& platform, ComputeContext& cc, const WarpTraits& traits) :
        CalcLearnedPairForceKernel(name, platform),
        cc(cc),
        traits(traits),
        info(nullptr),
        system(nullptr),
        indexInSystem(0),
        usesTables(false),
        mustFollowPlan(true) {}

CommonCalcLearnedPairForceKernel::~CommonCalcLearnedPairForceKernel() {
    ContextSelector selector(cc); // device memory must be freed in the device's context
    tableExceptions.reset();
    programExceptions.reset();
    tablePlacement.reset();
    programPlacement.reset();
    tableFunction.reset();
    programFunction.reset();
}

KernelInfo CommonCalcLearnedPairForceKernel::getInfo() const {
    KernelInfo result;
    (usesTables ? tablePlacement : programPlacement)->describe(result);
    if (plan == nullptr)
        result.evaluation = "table";
    else
        plan->describe(result);
    return result;
}

int LearnedPairPlugin::getIndexInSystem(const System& system, const LearnedPairForce& force) {
    int index = 0;
    for (int i = 0; i < system.getNumForces() && &system.getForce(i) != &force; i++)
        if (dynamic_cast<const LearnedPairForce*>(&system.getForce(i)) != nullptr)
            index++;
    return index;
}

void CommonCalcLearnedPairForceKernel::initialize(const System& system, const LearnedPairForce& force) {
    if (dynamic_cast<const PairProgram*>(&force.getFunction()) != nullptr) {
        GlobalValues defaults(force, findEnergyParameterDerivatives(system, force));
        plan = std::make_shared<EvaluationPlan>(force, defaults.getDerivatives(), cc.getUseDoublePrecision());
        // This is decided only here, when the Context is created: the program could not be added to OpenMM's nonbonded
        // kernel later.
        const string why = plan->whyProgramIsFaster(EvaluationPlan::CheapOnGpu);
        if (!why.empty())
            plan->forbidTables(why);
        plan->update(defaults.getValues());
    }
    initialize(system, force, getIndexInSystem(system, force), plan);
}

void CommonCalcLearnedPairForceKernel::initialize(
        const System& system, const LearnedPairForce& newForce, int index, std::shared_ptr<EvaluationPlan> newPlan) {
    ContextSelector selector(cc);
    this->system = &system;
    indexInSystem = index;
    force = std::make_unique<LearnedPairForce>(newForce);
    info = new LearnedForceInfo(*force);
    globals = std::make_unique<GlobalValues>(*force, findEnergyParameterDerivatives(system, newForce));
    plan = newPlan;
    followPlan();
    cc.addForce(info);
}

/** Evaluate the force with tables from now on. The first tables also create the kernel. */
void CommonCalcLearnedPairForceKernel::useTables(const TableCurves& tables, const InteractionClasses& classes) {
    if (tableFunction == nullptr) {
        if (programFunction != nullptr) { // OpenMM's nonbonded kernel cannot be changed any more
            plan->forbidTables(
                    "the Context was created without tables; choose default values of the global parameters at "
                    "which tables are possible, and call reinitialize() on the Context");
            useProgram();
            return;
        }
        int numCoefficients = (plan == nullptr ? 0 : (1 + globals->getDerivatives().size()) * tables.functions.size());
        tableFunction = std::make_unique<CommonPairTable>(cc, tables, classes, numCoefficients);
        tablePlacement = place(*tableFunction, true);
        tableExceptions = createExceptions(*tableFunction);
    }
    else if (std::string problem = tableFunction->upload(tables, classes); !problem.empty()) {
        plan->rejectTables(problem);
        useProgram();
        return;
    }
    usesTables = true;
}

/** Run the program from now on. */
void CommonCalcLearnedPairForceKernel::useProgram() {
    if (programFunction == nullptr) {
        // Text for tensor cores evaluates 16 pairs at once, and an exception is one pair.
        const bool hasTensorCores = (traits.hasTensorCores && force->getNumExceptions() == 0);
        programFunction = std::make_unique<CommonPairProgram>(cc, *force, *globals, hasTensorCores);
        programFunction->upload(*force);
        programPlacement = place(*programFunction, tableFunction == nullptr);
        programExceptions = createExceptions(*programFunction);
    }
    if (tableFunction != nullptr)
        tableFunction->clear();
    usesTables = false;
}

void CommonCalcLearnedPairForceKernel::followPlan() {
    ContextSelector selector(cc);
    mustFollowPlan = true; // stays true if this throws an exception
    if (plan == nullptr)
        useTables(TableCurves(dynamic_cast<const PairTable&>(force->getFunction())), InteractionClasses(*force));
    else if (const FunctionTables* tables = plan->getTables())
        useTables(tables->curves, plan->getClasses());
    else
        useProgram();
    mustFollowPlan = false;
}

/** Choose the kernel for a function. @param mayShareKernel  whether OpenMM's nonbonded kernel can still be changed */
std::unique_ptr<PairPlacement> CommonCalcLearnedPairForceKernel::place(
        CommonPairFunction& function, bool mayShareKernel) {
    SharedKernelPlan sharedKernel(*system, *force);
    sharedKernel.joins &= mayShareKernel;
    PairKernelText text = createText(function, "lp" + cc.intToString(indexInSystem) + "_");
    return PairPlacement::create({cc, *system, *force, traits}, sharedKernel, text, function.isSmall());
}

/** Create the kernel that evaluates the exceptions with a function. The first device evaluates them all. */
std::unique_ptr<ExceptionsKernel> CommonCalcLearnedPairForceKernel::createExceptions(CommonPairFunction& function) {
    if (force->getNumExceptions() == 0 || cc.getContextIndex() > 0)
        return nullptr;
    return std::make_unique<ExceptionsKernel>(cc, *force, createText(function, "lp_"));
}

PairKernelText CommonCalcLearnedPairForceKernel::createText(CommonPairFunction& function, const string& prefix) {
    PairKernelText text;
    text.condition = function.getCondition(prefix);
    text.distance = createDistanceText(cc, *force);
    text.function = function.getText(prefix);
    text.onTensorCores = function.usesTensorCores();
    text.parameters = function.getParameters(prefix);
    text.arguments = function.getArguments(prefix);
    text.derivatives = globals->getDerivativeNames();
    if (!force->getScaleParameter().empty())
        text.arguments.emplace_back(cc.getGlobalParamValues(), prefix + "globals", "real", 1);
    text.energy = createEnergyText(createScaleText(cc, *force, prefix + "globals"));
    return text;
}

string CommonCalcLearnedPairForceKernel::createEnergyText(const string& scale) const {
    string derivatives;
    int next = 0; // in the order of GlobalValues::getDerivativeNames()
    auto nextTotal = [&] { return "lpParameterDerivative" + cc.intToString(next++); };
    if (!globals->getScaleDerivative().empty())
        derivatives += nextTotal() + " += interactionScale*lpEnergy;\n";
    for (size_t d = 0; d < globals->getDerivatives().size(); d++) {
        string index = cc.intToString(d);
        derivatives += cc.replaceStrings(CommonLearnedPairKernelSources::pairParameterDerivative,
                {{"LP_TOTAL", nextTotal()}, {"LP_DEDG", "lpDEdG" + index}, {"LP_D2EDRDG", "lpD2EdRdG" + index}});
    }
    const string text =
            replaceHoles(cc, CommonLearnedPairKernelSources::pairEnergy, {{{"LP_HOLE_DERIVATIVES", derivatives}}});
    return replaceHoles(cc, insertSwitching(cc, text, *force), {{{"LP_SCALE", scale}}});
}

const vector<double>& CommonCalcLearnedPairForceKernel::updateGlobals(ContextImpl& context) {
    globals->update(context);
    return globals->getValues();
}

void CommonCalcLearnedPairForceKernel::prepare(ContextImpl& context) {
    const vector<double>& values = updateGlobals(context);
    if (plan != nullptr)
        mustFollowPlan |= plan->update(values);
    if (mustFollowPlan)
        followPlan();
}

double CommonCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ContextSelector selector(cc);
    if (!usesTables)
        programFunction->updateGlobals(*globals);
    else if (plan != nullptr)
        tableFunction->setCoefficients(plan->getCoefficients());
    (usesTables ? tablePlacement : programPlacement)->execute(includeForces, includeEnergy);
    if (auto& exceptions = (usesTables ? tableExceptions : programExceptions))
        exceptions->execute();
    return 0.0;
}

void CommonCalcLearnedPairForceKernel::addDerivatives(
        ContextImpl& context, const std::map<string, double>& derivatives) {
    for (auto& [name, derivative] : derivatives)
        cc.getEnergyParamDerivWorkspace()[name] += derivative;
}

void CommonCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& newForce) {
    if (plan != nullptr)
        plan->setForce(newForce);
    setForce(newForce);
    if (plan != nullptr)
        plan->update(updateGlobals(context));
    followPlan();
}

void CommonCalcLearnedPairForceKernel::setForce(const LearnedPairForce& newForce) {
    ContextSelector selector(cc);
    mustFollowPlan = true;
    force = std::make_unique<LearnedPairForce>(newForce);
    if (programFunction != nullptr)
        programFunction->upload(*force);
    for (auto exceptions : {tableExceptions.get(), programExceptions.get()})
        if (exceptions != nullptr)
            exceptions->upload(*force);
    info->setParticles(*force);
    cc.invalidateMolecules(info);
}
