// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "OwnNeighborList.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::set;
using std::vector;

vector<vector<int>> LearnedPairPlugin::listExclusions(const vector<set<int>>& exclusions) {
    vector<vector<int>> result;
    for (auto& excluded : exclusions) {
        result.emplace_back(1, result.size());
        result.back().insert(result.back().end(), excluded.begin(), excluded.end());
    }
    return result;
}

OwnNeighborList::OwnNeighborList(ComputeContext& cc, const System& system, const WarpTraits& traits) :
        cc(cc),
        system(system),
        traits(traits),
        list(cc.createNonbondedUtilities()) {}

void OwnNeighborList::addTiles(
        const LearnedPairForce& force, const vector<set<int>>& exclusions, const SharedKernelPlan& plan) {
    // A TileKernel reads tiles only. The last argument keeps all pairs in tiles: otherwise OpenMM stores some as single
    // pairs on CUDA.
    const bool periodic = force.usesPeriodicBoundaryConditions();
    list->addInteraction(
            true, periodic, true, force.getCutoffDistance(), listExclusions(exclusions), "", 0, true, false);
    // OpenMM sorts particles only if its default kernel has a cutoff. If no other force uses that kernel, register an
    // empty interaction in it.
    if (plan.joins && plan.isAlone)
        cc.getNonbondedUtilities().addInteraction(
                true, periodic, false, plan.cutoff, {}, "", force.getForceGroup(), false, true);
}

void OwnNeighborList::initialize() {
    list->initialize(system);
    initialized = true;
}

void OwnNeighborList::prepare() {
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
