// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PairPlacement.h"
#include <map>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;
using std::vector;

// With more particles than this, a neighbor list is faster than a loop over all pairs of blocks. OpenMM's
// CustomNonbondedForce has the same threshold.
static const int NeighborListThreshold = 2000;

static bool usesCutoff(const LearnedPairForce& force) {
    return force.getNonbondedMethod() != LearnedPairForce::NoCutoff;
}

/** Register the text that evaluates a pair with one of OpenMM's nonbonded kernels. */
static void addToKernel(NonbondedUtilities& kernel, const PairPlacement::Setting& setting, const PairKernelText& text,
        double listCutoff, int group) {
    ComputeContext& cc = setting.cc;
    for (auto& parameter : text.parameters)
        kernel.addParameter(parameter);
    for (auto& argument : text.arguments)
        kernel.addArgument(argument);
    map<string, string> derivativeVariables;
    for (size_t d = 0; d < text.derivatives.size(); d++)
        derivativeVariables["lpParameterDerivative" + cc.intToString(d)] =
                kernel.addEnergyParameterDerivative(text.derivatives[d]);
    // This force's cutoff may be shorter than the kernel's. It is tested before anything is loaded or evaluated.
    string condition = "!isExcluded";
    double cutoff = setting.force.getCutoffDistance();
    if (usesCutoff(setting.force))
        condition += " && r2 < " + cc.doubleToString(cutoff * cutoff);
    if (!text.condition.empty())
        condition += " && " + text.condition;
    const PairFunctionText& function = text.function;
    string source = "if (" + condition + ") {\n" + text.distance + function.setInputs + function.program +
            function.getResults + cc.replaceStrings(text.energy, derivativeVariables) + "}\n";
    bool usesList = usesCutoff(setting.force) && setting.system.getNumParticles() > NeighborListThreshold;
    kernel.addInteraction(usesCutoff(setting.force), setting.force.usesPeriodicBoundaryConditions(), true, listCutoff,
            listExclusions(getExclusions(setting.force)), source, group, usesList, true);
}

std::unique_ptr<PairPlacement> PairPlacement::create(
        const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text, bool isSmall) {
    if (plan.joins && isSmall)
        return std::make_unique<SharedKernelPlacement>(setting, plan, text);
    if (isSmall || !usesCutoff(setting.force))
        return std::make_unique<OwnKernelPlacement>(setting, text);
    return std::make_unique<CompactedKernelPlacement>(setting, plan, text);
}

SharedKernelPlacement::SharedKernelPlacement(
        const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text) {
    addToKernel(setting.cc.getNonbondedUtilities(), setting, text, plan.cutoff, setting.force.getForceGroup());
}

void SharedKernelPlacement::describe(KernelInfo& info) const {
    info.placement = "shared kernel";
    info.neighborList = "shared";
}

OwnKernelPlacement::OwnKernelPlacement(const Setting& setting, const PairKernelText& text) :
        list(setting.cc, setting.system, setting.traits) {
    addToKernel(list.get(), setting, text, setting.force.getCutoffDistance(), 0);
}

void OwnKernelPlacement::execute(bool includeForces, bool includeEnergy) {
    if (!list.isInitialized())
        list.initialize();
    list.prepare();
    list.compute(includeForces, includeEnergy);
}

void OwnKernelPlacement::describe(KernelInfo& info) const {
    info.placement = "own kernel";
    info.neighborList = "own";
}

CompactedKernelPlacement::CompactedKernelPlacement(
        const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text) :
        cc(setting.cc),
        list(setting.cc, setting.system, setting.traits),
        text(text),
        traits(setting.traits),
        cutoff(setting.force.getCutoffDistance()) {
    for (auto& parameter : text.derivatives)
        cc.addEnergyParameterDerivative(parameter);
    list.addTiles(setting.force, getExclusions(setting.force), plan);
}

void CompactedKernelPlacement::execute(bool includeForces, bool includeEnergy) {
    if (!list.isInitialized())
        list.initialize();
    if (kernel == nullptr)
        kernel = makeCompactedPairsKernel(cc, list.get(), cutoff, traits, text);
    list.prepare();
    kernel->execute();
    list.compute(includeForces, includeEnergy);
}

void CompactedKernelPlacement::describe(KernelInfo& info) const {
    info.placement = "compacted pairs";
    info.neighborList = "own";
    info.tensorCores = text.onTensorCores;
}
