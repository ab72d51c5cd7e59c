// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "CommonPairProgram.h"
#include "CommonPairTable.h"
#include "PairTable.h"
#include "SharedKernelPlan.h"
#include "internal/SwitchingFunction.h"
#include "openmm/OpenMMException.h"
#include "openmm/common/ContextSelector.h"
#include "openmm/internal/ContextImpl.h"
#include <map>

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
    void setKinds(const vector<pair<int, int> >& kinds) {
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
    vector<pair<int, int> > kinds;
    vector<vector<int> > exclusions;
};

CommonCalcLearnedPairForceKernel::CommonCalcLearnedPairForceKernel(const string& name, const Platform& platform, ComputeContext& cc) :
        CalcLearnedPairForceKernel(name, platform), platformName(platform.getName()), cc(cc), info(nullptr), hasInitializedNonbonded(false), system(nullptr) {
}

CommonCalcLearnedPairForceKernel::~CommonCalcLearnedPairForceKernel() {
    ContextSelector selector(cc); // the device's memory is freed in its own context
    ownNonbonded.reset();
    function.reset();
}

std::unique_ptr<CommonPairFunction> CommonPairFunction::create(ComputeContext& cc, const LearnedPairForce& force) {
    if (dynamic_cast<const PairTable*>(&force.getFunction()) != nullptr)
        return std::make_unique<CommonPairTable>(cc, force);
    return std::make_unique<CommonPairProgram>(cc, force);
}

/** The position of a force among the LearnedPairForces of its System, which makes its names in a shared kernel unique. */
static int getIndexInSystem(const System& system, const LearnedPairForce& force) {
    int index = 0;
    for (int i = 0; i < system.getNumForces() && &system.getForce(i) != &force; i++)
        if (dynamic_cast<const LearnedPairForce*>(&system.getForce(i)) != nullptr)
            index++;
    return index;
}

void CommonCalcLearnedPairForceKernel::initialize(const System& system, const LearnedPairForce& force) {
    if (cc.getNumContexts() > 1)
        throw OpenMMException("LearnedPairForce: this Context uses several devices, which this force does not support yet; choose one with the platform property DeviceIndex.");
    ContextSelector selector(cc);
    this->system = &system;
    info = new ForceInfo(force);
    globals = std::make_unique<GlobalValues>(force);
    function = CommonPairFunction::create(cc, force);
    function->upload(force);
    info->setKinds(function->getKinds());
    SharedKernelPlan plan(system, force);
    bool joins = (plan.joins && function->isSmall());
    if (!joins)
        ownNonbonded.reset(cc.createNonbondedUtilities());
    NonbondedUtilities& nonbonded = (joins ? cc.getNonbondedUtilities() : *ownNonbonded);

    string prefix = "lp"+cc.intToString(getIndexInSystem(system, force))+"_";
    string source = createSource(force, prefix, nonbonded);
    function->addArguments(nonbonded, prefix);
    if (!force.getScaleParameter().empty())
        nonbonded.addArgument(ComputeParameterInfo(cc.getGlobalParamValues(), prefix+"globals", "real", 1));
    vector<vector<int> > exclusionList;
    for (auto& excluded : getExclusions(force)) {
        exclusionList.emplace_back(1, exclusionList.size()); // a particle does not interact with itself
        exclusionList.back().insert(exclusionList.back().end(), excluded.begin(), excluded.end());
    }
    bool usesCutoff = (force.getNonbondedMethod() != LearnedPairForce::NoCutoff);
    nonbonded.addInteraction(usesCutoff, force.usesPeriodicBoundaryConditions(), true, joins ? plan.cutoff : force.getCutoffDistance(), exclusionList, source,
            joins ? force.getForceGroup() : 0, usesCutoff && system.getNumParticles() > NeighborListThreshold, true);
    cc.addForce(info);
}

string CommonCalcLearnedPairForceKernel::createSource(const LearnedPairForce& force, const string& prefix, NonbondedUtilities& nonbonded) {
    SwitchingFunction switching(force);
    map<string, string> replacements;
    string condition = function->getCondition(prefix);
    if (force.getNonbondedMethod() != LearnedPairForce::NoCutoff)
        condition = "r2 < "+cc.doubleToString(force.getCutoffDistance()*force.getCutoffDistance())+(condition.empty() ? "" : " && "+condition);
    replacements["LP_CONDITION"] = condition;
    replacements["LP_INNER_CUTOFF"] = cc.doubleToString(force.getInnerCutoffDistance());
    replacements["LP_USE_SWITCH"] = (switching.used ? "1" : "0");
    replacements["LP_SWITCHING_DISTANCE"] = cc.doubleToString(switching.start);
    replacements["LP_SWITCHING_INVERSE_WIDTH"] = cc.doubleToString(switching.inverseWidth);
    string scale = (force.getScaleParameter().empty() ? "1" : prefix+"globals["+cc.intToString(cc.registerGlobalParam(force.getScaleParameter()))+"]");
    replacements["LP_SCALE"] = scale;
    string derivatives;
    if (!globals->getScaleDerivative().empty())
        derivatives += nonbonded.addEnergyParameterDerivative(globals->getScaleDerivative())+" += interactionScale*lpEnergy;\n";
    for (size_t d = 0; d < globals->getDerivatives().size(); d++)
        derivatives += nonbonded.addEnergyParameterDerivative(globals->getName(globals->getDerivatives()[d]))+" += interactionScale*"+scale+"*lpDEnergy"+cc.intToString(d)+(switching.used ? "*lpSwitch" : "")+";\n";
    replacements["LP_HOLE_DERIVATIVES"] = derivatives;
    string source = cc.replaceStrings(CommonLearnedPairKernelSources::learnedPair, replacements);
    // Last and by itself, so that nothing in what is inserted is replaced.
    return cc.replaceStrings(source, {{"LP_HOLE_EVALUATE", function->getSource(prefix)}});
}

double CommonCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ContextSelector selector(cc);
    globals->update(context);
    function->updateGlobals(*globals);
    if (ownNonbonded != nullptr) {
        if (!hasInitializedNonbonded) {
            // Not before: it needs arrays that the ComputeContext creates after all forces have been initialized.
            ownNonbonded->initialize(*system);
            hasInitializedNonbonded = true;
        }
        ownNonbonded->prepareInteractions(1);
        ownNonbonded->computeInteractions(1, includeForces, includeEnergy);
    }
    return 0.0;
}

void CommonCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    ContextSelector selector(cc);
    function->upload(force);
    info->setKinds(function->getKinds());
    cc.invalidateMolecules(info);
}
