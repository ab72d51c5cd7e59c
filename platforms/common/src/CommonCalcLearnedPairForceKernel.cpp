// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "internal/SwitchingFunction.h"
#include "openmm/common/ContextSelector.h"
#include "openmm/internal/ContextImpl.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;
using std::vector;

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
    void setIdentities(const vector<CommonPairFunction::ParticleIdentity>& identities) {
        this->identities = identities;
    }
    bool areParticlesIdentical(int particle1, int particle2) override {
        return identities[particle1] == identities[particle2];
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
    vector<CommonPairFunction::ParticleIdentity> identities;
    vector<vector<int>> exclusions;
};

CommonCalcLearnedPairForceKernel::CommonCalcLearnedPairForceKernel(
        const string& name, const Platform& platform, ComputeContext& cc, const WarpTraits& traits) :
        CalcLearnedPairForceKernel(name, platform),
        cc(cc),
        traits(traits),
        info(nullptr) {}

CommonCalcLearnedPairForceKernel::~CommonCalcLearnedPairForceKernel() {
    ContextSelector selector(cc); // device memory must be freed in the device's context
    placement.reset();
    function.reset();
}

KernelInfo CommonCalcLearnedPairForceKernel::getInfo() const {
    KernelInfo result;
    placement->describe(result);
    return result;
}

/** Get the index of a force among the LearnedPairForces of its System: it makes the names in a shared kernel unique. */
static int getIndexInSystem(const System& system, const LearnedPairForce& force) {
    int index = 0;
    for (int i = 0; i < system.getNumForces() && &system.getForce(i) != &force; i++)
        if (dynamic_cast<const LearnedPairForce*>(&system.getForce(i)) != nullptr)
            index++;
    return index;
}

void CommonCalcLearnedPairForceKernel::initialize(const System& system, const LearnedPairForce& force) {
    ContextSelector selector(cc);
    info = new ForceInfo(force);
    globals = std::make_unique<GlobalValues>(force, findEnergyParameterDerivatives(system, force));
    function = CommonPairFunction::create(cc, force, *globals, traits.hasTensorCores);
    function->upload(force);
    info->setIdentities(function->getIdentities());
    PairKernelText text = createText(force, "lp" + cc.intToString(getIndexInSystem(system, force)) + "_");
    placement = PairPlacement::create(
            {cc, system, force, traits}, SharedKernelPlan(system, force), text, function->isSmall());
    cc.addForce(info);
}

PairKernelText CommonCalcLearnedPairForceKernel::createText(const LearnedPairForce& force, const string& prefix) {
    PairKernelText text;
    text.condition = function->getCondition(prefix);
    text.distance = cc.replaceStrings(CommonLearnedPairKernelSources::pairDistance,
            {{"LP_INNER_CUTOFF", cc.doubleToString(force.getInnerCutoffDistance())}});
    text.function = function->getText(prefix);
    text.onTensorCores = function->usesTensorCores();
    text.parameters = function->getParameters(prefix);
    text.arguments = function->getArguments(prefix);
    text.derivatives = globals->getDerivativeNames();
    string scale = "1";
    if (!force.getScaleParameter().empty()) {
        text.arguments.emplace_back(cc.getGlobalParamValues(), prefix + "globals", "real", 1);
        int index = cc.registerGlobalParam(force.getScaleParameter());
        scale = prefix + "globals[" + cc.intToString(index) + "]";
    }
    text.energy = createEnergyText(force, scale);
    return text;
}

string CommonCalcLearnedPairForceKernel::createEnergyText(const LearnedPairForce& force, const string& scale) const {
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
    SwitchingFunction switching(force);
    string text = cc.replaceStrings(CommonLearnedPairKernelSources::pairEnergy, {{"LP_HOLE_DERIVATIVES", derivatives}});
    return cc.replaceStrings(text,
            {{"LP_USE_SWITCH", switching.used ? "1" : "0"},
                {"LP_SWITCHING_DISTANCE", cc.doubleToString(switching.start)},
                {"LP_SWITCHING_INVERSE_WIDTH", cc.doubleToString(switching.inverseWidth)}, {"LP_SCALE", scale}});
}

double CommonCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ContextSelector selector(cc);
    globals->update(context);
    function->updateGlobals(*globals);
    placement->execute(includeForces, includeEnergy);
    return 0.0;
}

void CommonCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    ContextSelector selector(cc);
    function->upload(force);
    info->setIdentities(function->getIdentities());
    cc.invalidateMolecules(info);
}
