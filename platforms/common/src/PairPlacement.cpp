// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PairPlacement.h"
#include <algorithm>
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

/** List the exclusions in the form that NonbondedUtilities expects: for each particle itself, then the others. */
static vector<vector<int>> listExclusions(const LearnedPairForce& force) {
    vector<vector<int>> exclusions;
    for (auto& excluded : getExclusions(force)) {
        exclusions.emplace_back(1, exclusions.size());
        exclusions.back().insert(exclusions.back().end(), excluded.begin(), excluded.end());
    }
    return exclusions;
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
            listExclusions(setting.force), source, group, usesList, true);
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

OwnKernelPlacement::OwnKernelPlacement(const Setting& setting) :
        cc(setting.cc),
        list(setting.cc.createNonbondedUtilities()),
        system(setting.system),
        traits(setting.traits),
        isInitialized(false) {}

OwnKernelPlacement::OwnKernelPlacement(const Setting& setting, const PairKernelText& text) :
        OwnKernelPlacement(setting) {
    addToKernel(*list, setting, text, setting.force.getCutoffDistance(), 0);
}

void OwnKernelPlacement::initialize() {
    list->initialize(system);
}

void OwnKernelPlacement::prepareList() {
    if (!isInitialized)
        initialize();
    isInitialized = true;
    // OpenMM rebuilds a neighbor list when particles have moved, but not when only the box has changed, which can also
    // bring pairs into range.
    Vec3 box[3];
    cc.getPeriodicBoxVectors(box[0], box[1], box[2]);
    if (list->getUseCutoff() && list->getUsePeriodic() && !std::equal(box, box + 3, listedBox)) {
        double numDevices = cc.getNumContexts();
        traits.rebuild(*list, cc.getContextIndex() / numDevices, (cc.getContextIndex() + 1) / numDevices);
    }
    std::copy(box, box + 3, listedBox);
    list->prepareInteractions(1);
}

void OwnKernelPlacement::execute(bool includeForces, bool includeEnergy) {
    prepareList();
    list->computeInteractions(1, includeForces, includeEnergy);
}

void OwnKernelPlacement::describe(KernelInfo& info) const {
    info.placement = "own kernel";
    info.neighborList = "own";
}

CompactedKernelPlacement::CompactedKernelPlacement(
        const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text) :
        OwnKernelPlacement(setting),
        text(text),
        traits(setting.traits),
        cutoff(setting.force.getCutoffDistance()) {
    for (auto& parameter : text.derivatives)
        cc.addEnergyParameterDerivative(parameter);
    // The kernel reads tiles only. The last argument keeps all pairs in tiles: otherwise OpenMM stores some as single
    // pairs on CUDA.
    bool periodic = setting.force.usesPeriodicBoundaryConditions();
    list->addInteraction(true, periodic, true, cutoff, listExclusions(setting.force), "", 0, true, false);
    // OpenMM sorts particles only if its default kernel has a cutoff. If no other force uses that kernel, register an
    // empty interaction in it.
    if (plan.joins && plan.isAlone)
        cc.getNonbondedUtilities().addInteraction(
                true, periodic, false, plan.cutoff, {}, "", setting.force.getForceGroup(), false, true);
}

void CompactedKernelPlacement::initialize() {
    OwnKernelPlacement::initialize();
    kernel = std::make_unique<CompactedPairsKernel>(cc, *list, cutoff, traits, text);
}

void CompactedKernelPlacement::execute(bool includeForces, bool includeEnergy) {
    prepareList();
    kernel->execute();
    list->computeInteractions(1, includeForces, includeEnergy);
}

void CompactedKernelPlacement::describe(KernelInfo& info) const {
    info.placement = "compacted pairs";
    info.neighborList = "own";
    info.tensorCores = text.onTensorCores;
}
