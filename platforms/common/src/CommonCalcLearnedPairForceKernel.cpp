// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "SharedKernelPlan.h"
#include "internal/PairClasses.h"
#include "internal/SegmentTable.h"
#include "internal/SwitchingFunction.h"
#include "openmm/OpenMMException.h"
#include "openmm/common/ContextSelector.h"
#include "openmm/internal/ContextImpl.h"
#include <map>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
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
    void setClasses(const vector<int>& classes) {
        this->classes = classes;
    }
    bool areParticlesIdentical(int particle1, int particle2) override {
        return classes[particle1] == classes[particle2];
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
    vector<int> classes;
    vector<vector<int> > exclusions;
};

CommonCalcLearnedPairForceKernel::CommonCalcLearnedPairForceKernel(const string& name, const Platform& platform, ComputeContext& cc) :
        CalcLearnedPairForceKernel(name, platform), platformName(platform.getName()), cc(cc), info(nullptr), hasInitializedNonbonded(false), system(nullptr), numClasses(0) {
}

CommonCalcLearnedPairForceKernel::~CommonCalcLearnedPairForceKernel() {
    ContextSelector selector(cc); // the device's memory is freed in its own context
    ownNonbonded.reset();
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
    SharedKernelPlan plan(system, force);
    if (!plan.joins)
        ownNonbonded.reset(cc.createNonbondedUtilities());
    NonbondedUtilities& nonbonded = (plan.joins ? cc.getNonbondedUtilities() : *ownNonbonded);

    numClasses = PairClasses(force).numClasses;
    upload(force);
    string prefix = "lp"+cc.intToString(getIndexInSystem(system, force))+"_";
    string source = createSource(force, prefix, nonbonded);
    nonbonded.addParameter(ComputeParameterInfo(classes, prefix+"class", "int", 1));
    nonbonded.addArgument(ComputeParameterInfo(grids, prefix+"grids", "real", 2));
    nonbonded.addArgument(ComputeParameterInfo(segments, prefix+"segments", "real", 4));
    if (!force.getScaleParameter().empty())
        nonbonded.addArgument(ComputeParameterInfo(cc.getGlobalParamValues(), prefix+"globals", "real", 1));
    vector<vector<int> > exclusionList;
    for (auto& excluded : getExclusions(force)) {
        exclusionList.emplace_back(1, exclusionList.size()); // a particle does not interact with itself
        exclusionList.back().insert(exclusionList.back().end(), excluded.begin(), excluded.end());
    }
    nonbonded.addInteraction(true, force.usesPeriodicBoundaryConditions(), true, plan.cutoff, exclusionList, source,
            plan.joins ? force.getForceGroup() : 0, system.getNumParticles() > NeighborListThreshold, true);
    cc.addForce(info);
}

string CommonCalcLearnedPairForceKernel::createSource(const LearnedPairForce& force, const string& prefix, NonbondedUtilities& nonbonded) {
    SwitchingFunction switching(force);
    map<string, string> replacements;
    replacements["LP_CUTOFF_SQUARED"] = cc.doubleToString(force.getCutoffDistance()*force.getCutoffDistance());
    replacements["LP_INNER_CUTOFF"] = cc.doubleToString(force.getInnerCutoffDistance());
    replacements["LP_MIN_DISTANCE"] = cc.doubleToString(force.getFunction().getMinDistance());
    replacements["LP_USE_SWITCH"] = (switching.used ? "1" : "0");
    replacements["LP_SWITCHING_DISTANCE"] = cc.doubleToString(switching.start);
    replacements["LP_SWITCHING_INVERSE_WIDTH"] = cc.doubleToString(switching.inverseWidth);
    replacements["LP_NUM_CLASSES"] = cc.intToString(numClasses);
    replacements["LP_CLASS1"] = prefix+"class1";
    replacements["LP_CLASS2"] = prefix+"class2";
    replacements["LP_GRIDS"] = prefix+"grids";
    replacements["LP_SEGMENTS"] = prefix+"segments";
    replacements["LP_SCALE"] = "1";
    replacements["LP_USE_DERIVATIVE"] = "0";
    if (!force.getScaleParameter().empty())
        replacements["LP_SCALE"] = prefix+"globals["+cc.intToString(cc.registerGlobalParam(force.getScaleParameter()))+"]";
    if (force.getNumEnergyParameterDerivatives() > 0) {
        replacements["LP_USE_DERIVATIVE"] = "1";
        replacements["LP_DERIVATIVE"] = nonbonded.addEnergyParameterDerivative(force.getScaleParameter());
    }
    return cc.replaceStrings(CommonLearnedPairKernelSources::learnedPair, replacements);
}

void CommonCalcLearnedPairForceKernel::upload(const LearnedPairForce& force) {
    PairClasses pairClasses(force);
    SegmentTable table(dynamic_cast<const PairTable&>(force.getFunction()), pairClasses);
    vector<mm_double2> gridValues;
    for (auto& grid : table.grids)
        gridValues.push_back(mm_double2(grid.inverseSpacing, grid.firstSegment));
    vector<mm_double4> segmentValues;
    for (auto& c : table.segments)
        segmentValues.push_back(mm_double4(c[0], c[1], c[2], c[3]));
    vector<int> classValues = pairClasses.particleClasses;
    classValues.resize(cc.getPaddedNumAtoms(), 0);
    if (!classes.isInitialized()) {
        int realSize = (cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float));
        classes.initialize<int>(cc, classValues.size(), "learnedPairClasses");
        grids.initialize(cc, gridValues.size(), 2*realSize, "learnedPairGrids");
        segments.initialize(cc, segmentValues.size(), 4*realSize, "learnedPairSegments");
    }
    classes.upload(classValues);
    grids.upload(gridValues, true);
    segments.upload(segmentValues, true);
    info->setClasses(pairClasses.particleClasses);
}

double CommonCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    if (ownNonbonded != nullptr) {
        ContextSelector selector(cc);
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
    upload(force);
    cc.invalidateMolecules(info);
}
