// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "CommonPairProgram.h"
#include "CommonPairTable.h"
#include "PairTable.h"
#include "SharedKernelPlan.h"
#include "internal/SwitchingFunction.h"
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

CommonCalcLearnedPairForceKernel::CommonCalcLearnedPairForceKernel(const string& name, const Platform& platform, ComputeContext& cc, const WarpLanguage& language) :
        CalcLearnedPairForceKernel(name, platform), platformName(platform.getName()), cc(cc), language(language), info(nullptr), packsPairs(false),
        hasInitializedList(false), system(nullptr), cutoff(0) {
}

CommonCalcLearnedPairForceKernel::~CommonCalcLearnedPairForceKernel() {
    ContextSelector selector(cc); // the device's memory is freed in its own context
    packedPairs.reset();
    ownNonbonded.reset();
    function.reset();
}

string CommonCalcLearnedPairForceKernel::describe() const {
    return platformName+(ownNonbonded == nullptr ? ", shared kernel" : !packsPairs ? ", own kernel" :
            function->usesTensorCores() ? ", own kernel, packed pairs, tensor cores" : ", own kernel, packed pairs");
}

std::unique_ptr<CommonPairFunction> CommonPairFunction::create(ComputeContext& cc, const LearnedPairForce& force, bool hasTensorCores) {
    if (dynamic_cast<const PairTable*>(&force.getFunction()) != nullptr)
        return std::make_unique<CommonPairTable>(cc, force);
    return std::make_unique<CommonPairProgram>(cc, force, hasTensorCores);
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
    ContextSelector selector(cc);
    this->system = &system;
    info = new ForceInfo(force);
    globals = std::make_unique<GlobalValues>(force);
    function = CommonPairFunction::create(cc, force, language.hasTensorCores);
    function->upload(force);
    info->setKinds(function->getKinds());
    SharedKernelPlan plan(system, force);
    bool joins = (plan.joins && function->isSmall());
    packsPairs = (!function->isSmall() && force.getNonbondedMethod() != LearnedPairForce::NoCutoff);
    cutoff = force.getCutoffDistance();
    if (!joins)
        ownNonbonded.reset(cc.createNonbondedUtilities());
    NonbondedUtilities& nonbonded = (joins ? cc.getNonbondedUtilities() : *ownNonbonded);

    string prefix = "lp"+cc.intToString(getIndexInSystem(system, force))+"_";
    vector<ComputeParameterInfo> parameters = function->getParameters(prefix), arguments = function->getArguments(prefix);
    if (!force.getScaleParameter().empty())
        arguments.emplace_back(cc.getGlobalParamValues(), prefix+"globals", "real", 1);
    string distance = cc.replaceStrings(CommonLearnedPairKernelSources::pairDistance, {{"LP_INNER_CUTOFF", cc.doubleToString(force.getInnerCutoffDistance())}});
    PairFunctionSource source = function->getSource(prefix);
    vector<string> derivatives; // names of the variables they are added to
    if (packsPairs) {
        for (auto& parameter : globals->getDerivativeNames()) {
            cc.addEnergyParameterDerivative(parameter);
            derivatives.push_back("lpParameterDerivative"+cc.intToString(derivatives.size()));
        }
        packedSource = {function->getCondition(prefix), distance, source, function->usesTensorCores(), createEnergySource(force, prefix, derivatives),
                parameters, arguments, globals->getDerivativeNames()};
        registerWithNonbonded(nonbonded, force, "", cutoff, 0);
    }
    else {
        for (auto& parameter : globals->getDerivativeNames())
            derivatives.push_back(nonbonded.addEnergyParameterDerivative(parameter));
        for (auto& parameter : parameters)
            nonbonded.addParameter(parameter);
        for (auto& argument : arguments)
            nonbonded.addArgument(argument);
        // Beyond this force's own cutoff, which may be shorter than the kernel's, nothing is read and nothing evaluated.
        string condition = "!isExcluded", onParticles = function->getCondition(prefix);
        if (force.getNonbondedMethod() != LearnedPairForce::NoCutoff)
            condition += " && r2 < "+cc.doubleToString(cutoff*cutoff);
        if (!onParticles.empty())
            condition += " && "+onParticles;
        string text = "if ("+condition+") {\n"+distance+source.setInputs+source.program+source.getResults+createEnergySource(force, prefix, derivatives)+"}\n";
        registerWithNonbonded(nonbonded, force, text, joins ? plan.cutoff : cutoff, joins ? force.getForceGroup() : 0);
    }
    cc.addForce(info);
}

void CommonCalcLearnedPairForceKernel::registerWithNonbonded(NonbondedUtilities& nonbonded, const LearnedPairForce& force, const string& source, double cutoff, int group) {
    vector<vector<int> > exclusionList;
    for (auto& excluded : getExclusions(force)) {
        exclusionList.emplace_back(1, exclusionList.size()); // a particle does not interact with itself
        exclusionList.back().insert(exclusionList.back().end(), excluded.begin(), excluded.end());
    }
    bool usesCutoff = (force.getNonbondedMethod() != LearnedPairForce::NoCutoff);
    // The list of single pairs that OpenMM keeps on CUDA if all support it is not among those that packed pairs come from.
    nonbonded.addInteraction(usesCutoff, force.usesPeriodicBoundaryConditions(), true, cutoff, exclusionList, source, group,
            packsPairs || (usesCutoff && system->getNumParticles() > NeighborListThreshold), !packsPairs);
}

string CommonCalcLearnedPairForceKernel::createEnergySource(const LearnedPairForce& force, const string& prefix, const vector<string>& derivativeVariables) {
    SwitchingFunction switching(force);
    map<string, string> replacements;
    replacements["LP_USE_SWITCH"] = (switching.used ? "1" : "0");
    replacements["LP_SWITCHING_DISTANCE"] = cc.doubleToString(switching.start);
    replacements["LP_SWITCHING_INVERSE_WIDTH"] = cc.doubleToString(switching.inverseWidth);
    string scale = (force.getScaleParameter().empty() ? "1" : prefix+"globals["+cc.intToString(cc.registerGlobalParam(force.getScaleParameter()))+"]");
    replacements["LP_SCALE"] = scale;
    string derivatives;
    size_t next = 0;
    if (!globals->getScaleDerivative().empty())
        derivatives += derivativeVariables[next++]+" += interactionScale*lpEnergy;\n";
    for (size_t d = 0; d < globals->getDerivatives().size(); d++)
        derivatives += derivativeVariables[next++]+" += interactionScale*"+scale+"*lpDEnergy"+cc.intToString(d)+(switching.used ? "*lpSwitch" : "")+";\n";
    replacements["LP_HOLE_DERIVATIVES"] = derivatives;
    return cc.replaceStrings(CommonLearnedPairKernelSources::pairEnergy, replacements);
}

double CommonCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ContextSelector selector(cc);
    globals->update(context);
    function->updateGlobals(*globals);
    if (ownNonbonded != nullptr) {
        if (!hasInitializedList)
            initializeList();
        ownNonbonded->prepareInteractions(1);
        if (packsPairs)
            packedPairs->execute();
        ownNonbonded->computeInteractions(1, includeForces, includeEnergy);
    }
    return 0.0;
}

/** Not done before the first step: this needs arrays that the ComputeContext creates after all forces have been initialized. */
void CommonCalcLearnedPairForceKernel::initializeList() {
    ownNonbonded->initialize(*system);
    if (packsPairs)
        packedPairs = std::make_unique<PackedPairsKernel>(cc, *ownNonbonded, cutoff, language, packedSource);
    hasInitializedList = true;
}

void CommonCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    ContextSelector selector(cc);
    function->upload(force);
    info->setKinds(function->getKinds());
    cc.invalidateMolecules(info);
}
