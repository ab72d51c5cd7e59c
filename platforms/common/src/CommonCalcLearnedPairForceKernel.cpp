// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "CommonPairProgram.h"
#include "CommonPairTable.h"
#include "internal/SwitchingFunction.h"
#include "openmm/common/ContextSelector.h"
#include "openmm/internal/ContextImpl.h"
#include "PairTable.h"
#include "SharedKernelPlan.h"
#include <algorithm>
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::pair;
using std::set;
using std::string;
using std::vector;

// From this number of particles on, a neighbor list is faster than going through all pairs of blocks: the number
// that OpenMM's CustomNonbondedForce uses.
static const int NeighborListThreshold = 2000;

/** Tells OpenMM which particles it may exchange when it sorts them for locality. */
class CommonCalcLearnedPairForceKernel::ForceInfo : public ComputeForceInfo {
public:
    explicit ForceInfo(const LearnedPairForce& force) {
        for (int i = 0; i < force.getNumExclusions(); i++) {
            vector<int> particles(2);
            force.getExclusionParticles(i, particles[0], particles[1]);
            exclusions.push_back(particles);
        }
    }
    void setKinds(const vector<pair<int, int>>& kinds) {
        this->kinds = kinds;
    }
    bool areParticlesIdentical(int particle1, int particle2) override {
        return kinds[particle1] == kinds[particle2];
    }
    int getNumParticleGroups() override {
        return exclusions.size();
    }
    void getParticlesInGroup(int index, vector<int>& particles) override {
        particles = exclusions[index];
    }
    bool areGroupsIdentical(int group1, int group2) override {
        return true;
    }

private:
    vector<pair<int, int>> kinds;
    vector<vector<int>> exclusions;
};

CommonCalcLearnedPairForceKernel::CommonCalcLearnedPairForceKernel(
        const string& name, const Platform& platform, ComputeContext& cc, const WarpLanguage& language) :
        CalcLearnedPairForceKernel(name, platform),
        platformName(platform.getName()),
        cc(cc),
        language(language),
        info(nullptr),
        packsPairs(false),
        hasInitializedList(false),
        system(nullptr),
        cutoff(0) {}

CommonCalcLearnedPairForceKernel::~CommonCalcLearnedPairForceKernel() {
    ContextSelector selector(cc); // the device's memory is freed in its own context
    packedPairs.reset();
    ownNonbonded.reset();
    function.reset();
}

string CommonCalcLearnedPairForceKernel::describe() const {
    return platformName +
            (ownNonbonded == nullptr                      ? ", shared kernel"
                            : !packsPairs                 ? ", own kernel"
                            : function->usesTensorCores() ? ", own kernel, packed pairs, tensor cores"
                                                          : ", own kernel, packed pairs");
}

std::unique_ptr<CommonPairFunction> CommonPairFunction::create(
        ComputeContext& cc, const LearnedPairForce& force, const GlobalValues& globals, bool hasTensorCores) {
    if (dynamic_cast<const PairTable*>(&force.getFunction()) != nullptr)
        return std::make_unique<CommonPairTable>(cc, force);
    return std::make_unique<CommonPairProgram>(cc, force, globals, hasTensorCores);
}

/** The position of a force among the LearnedPairForces of its System, which makes its names in a shared kernel unique.
 */
static int getIndexInSystem(const System& system, const LearnedPairForce& force) {
    int index = 0;
    for (int i = 0; i < system.getNumForces() && &system.getForce(i) != &force; i++)
        if (dynamic_cast<const LearnedPairForce*>(&system.getForce(i)) != nullptr)
            index++;
    return index;
}

void CommonCalcLearnedPairForceKernel::initialize(const System& system, const LearnedPairForce& force) {
    ContextSelector selector(cc);
    this->system = &system;
    info = new ForceInfo(force);
    globals = std::make_unique<GlobalValues>(force, findEnergyParameterDerivatives(system, force));
    function = CommonPairFunction::create(cc, force, *globals, language.hasTensorCores);
    function->upload(force);
    info->setKinds(function->getKinds());
    SharedKernelPlan plan(system, force);
    bool joins = (plan.joins && function->isSmall());
    packsPairs = (!function->isSmall() && force.getNonbondedMethod() != LearnedPairForce::NoCutoff);
    cutoff = force.getCutoffDistance();
    if (!joins)
        ownNonbonded.reset(cc.createNonbondedUtilities());
    PairSource source = createSource(force, "lp" + cc.intToString(getIndexInSystem(system, force)) + "_");
    if (joins)
        addToKernel(cc.getNonbondedUtilities(), force, source, plan.cutoff, force.getForceGroup());
    else if (!packsPairs)
        addToKernel(*ownNonbonded, force, source, cutoff, 0);
    else {
        for (auto& parameter : source.derivatives)
            cc.addEnergyParameterDerivative(parameter);
        addToList(*ownNonbonded, force, "", cutoff, 0);
        // OpenMM sorts particles only if there is a cutoff in the default kernel, which without other forces does
        // nothing else.
        if (plan.joins && plan.isAlone)
            cc.getNonbondedUtilities().addInteraction(true, force.usesPeriodicBoundaryConditions(), false, plan.cutoff,
                    {}, "", force.getForceGroup(), false, true);
        packedSource = std::move(source);
    }
    cc.addForce(info);
}

PairSource CommonCalcLearnedPairForceKernel::createSource(const LearnedPairForce& force, const string& prefix) {
    PairSource source;
    source.condition = function->getCondition(prefix);
    source.distance = cc.replaceStrings(CommonLearnedPairKernelSources::pairDistance,
            {{"LP_INNER_CUTOFF", cc.doubleToString(force.getInnerCutoffDistance())}});
    source.function = function->getSource(prefix);
    source.onTensorCores = function->usesTensorCores();
    source.parameters = function->getParameters(prefix);
    source.arguments = function->getArguments(prefix);
    source.derivatives = globals->getDerivativeNames();
    string scale = "1";
    if (!force.getScaleParameter().empty()) {
        source.arguments.emplace_back(cc.getGlobalParamValues(), prefix + "globals", "real", 1);
        scale = prefix + "globals[" + cc.intToString(cc.registerGlobalParam(force.getScaleParameter())) + "]";
    }
    source.energy = createEnergySource(force, scale);
    return source;
}

string CommonCalcLearnedPairForceKernel::createEnergySource(const LearnedPairForce& force, const string& scale) {
    SwitchingFunction switching(force);
    std::ostringstream derivatives;
    int next = 0; // in the order of GlobalValues::getDerivativeNames()
    if (!globals->getScaleDerivative().empty())
        derivatives << "lpParameterDerivative" << next++ << " += interactionScale*lpEnergy;\n";
    for (size_t d = 0; d < globals->getDerivatives().size(); d++)
        derivatives << "lpParameterDerivative" << next++ << " += interactionScale*" << scale << "*lpDEnergy" << d
                    << (switching.used ? "*lpSwitch" : "") << ";\n";
    return cc.replaceStrings(CommonLearnedPairKernelSources::pairEnergy,
            {{"LP_USE_SWITCH", switching.used ? "1" : "0"},
                {"LP_SWITCHING_DISTANCE", cc.doubleToString(switching.start)},
                {"LP_SWITCHING_INVERSE_WIDTH", cc.doubleToString(switching.inverseWidth)}, {"LP_SCALE", scale},
                {"LP_HOLE_DERIVATIVES", derivatives.str()}});
}

/** Have the pairs evaluated by one of OpenMM's nonbonded kernels. */
void CommonCalcLearnedPairForceKernel::addToKernel(NonbondedUtilities& nonbonded, const LearnedPairForce& force,
        const PairSource& source, double listCutoff, int group) {
    for (auto& parameter : source.parameters)
        nonbonded.addParameter(parameter);
    for (auto& argument : source.arguments)
        nonbonded.addArgument(argument);
    map<string, string> derivativeVariables;
    for (size_t d = 0; d < source.derivatives.size(); d++)
        derivativeVariables["lpParameterDerivative" + cc.intToString(d)] =
                nonbonded.addEnergyParameterDerivative(source.derivatives[d]);
    // Beyond this force's own cutoff, which may be shorter than the kernel's, nothing is read and nothing evaluated.
    string condition = "!isExcluded";
    if (force.getNonbondedMethod() != LearnedPairForce::NoCutoff)
        condition += " && r2 < " + cc.doubleToString(cutoff * cutoff);
    if (!source.condition.empty())
        condition += " && " + source.condition;
    const PairFunctionSource& function = source.function;
    string text = "if (" + condition + ") {\n" + source.distance + function.setInputs + function.program +
            function.getResults + cc.replaceStrings(source.energy, derivativeVariables) + "}\n";
    addToList(nonbonded, force, text, listCutoff, group);
}

/** Register with a neighbor list, and with its kernel if there is a text for it. */
void CommonCalcLearnedPairForceKernel::addToList(NonbondedUtilities& nonbonded, const LearnedPairForce& force,
        const string& text, double listCutoff, int group) {
    vector<vector<int>> exclusionList;
    for (auto& excluded : getExclusions(force)) {
        exclusionList.emplace_back(1, exclusionList.size()); // a particle does not interact with itself
        exclusionList.back().insert(exclusionList.back().end(), excluded.begin(), excluded.end());
    }
    bool usesCutoff = (force.getNonbondedMethod() != LearnedPairForce::NoCutoff);
    // Packed pairs come from tiles alone, and not from the list of single pairs that OpenMM keeps on CUDA if all
    // support it.
    nonbonded.addInteraction(usesCutoff, force.usesPeriodicBoundaryConditions(), true, listCutoff, exclusionList, text,
            group, packsPairs || (usesCutoff && system->getNumParticles() > NeighborListThreshold), !packsPairs);
}

double CommonCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ContextSelector selector(cc);
    globals->update(context);
    function->updateGlobals(*globals);
    if (ownNonbonded != nullptr) {
        if (!hasInitializedList)
            initializeList();
        rebuildForNewBox();
        ownNonbonded->prepareInteractions(1);
        if (packsPairs)
            packedPairs->execute();
        ownNonbonded->computeInteractions(1, includeForces, includeEnergy);
    }
    return 0.0;
}

/** Not done before the first step: this needs arrays that the ComputeContext creates after all forces have been
 * initialized. */
void CommonCalcLearnedPairForceKernel::initializeList() {
    ownNonbonded->initialize(*system);
    if (packsPairs)
        packedPairs = std::make_unique<PackedPairsKernel>(cc, *ownNonbonded, cutoff, language, packedSource);
    hasInitializedList = true;
}

/** OpenMM rebuilds a neighbor list when particles have moved. In another box pairs come into range that have not. */
void CommonCalcLearnedPairForceKernel::rebuildForNewBox() {
    Vec3 box[3];
    cc.getPeriodicBoxVectors(box[0], box[1], box[2]);
    if (ownNonbonded->getUseCutoff() && ownNonbonded->getUsePeriodic() && !std::equal(box, box + 3, listedBox)) {
        double numDevices = cc.getNumContexts();
        language.rebuild(*ownNonbonded, cc.getContextIndex() / numDevices, (cc.getContextIndex() + 1) / numDevices);
    }
    std::copy(box, box + 3, listedBox);
}

void CommonCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    ContextSelector selector(cc);
    function->upload(force);
    info->setKinds(function->getKinds());
    cc.invalidateMolecules(info);
}
