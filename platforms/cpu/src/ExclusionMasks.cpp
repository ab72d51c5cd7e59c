// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ExclusionMasks.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

ExclusionMasks::ExclusionMasks(
        const LearnedPairForce& force, const InteractionClasses& classes, const ParticleOrder& order, int blockSize) :
        order(order),
        blockSize(blockSize),
        numClasses(classes.numClasses),
        exclusions(force.getNumParticles()),
        interacts(classes.interacts) {
    for (auto [particle1, particle2] : force.getExclusionsAndExceptions()) {
        if (order.getListIndex(particle1) >= 0 && order.getListIndex(particle2) >= 0) {
            exclusions[particle1].push_back(particle2);
            exclusions[particle2].push_back(particle1);
        }
    }
    const vector<int> listed = order.findClasses();
    allInteract = std::all_of(listed.begin(), listed.end(), [&](int i) {
        return std::all_of(listed.begin(), listed.end(), [&](int j) { return interacts[i * numClasses + j] != 0; });
    });
}

void ExclusionMasks::applyClasses(int first, int count, BlockNeighbors& neighbors) const {
    const vector<int32_t>& classes = order.getClasses();
    vector<int> masks(
            numClasses, -1); // the particles of the block that do not interact with a class; -1: not known yet
    for (int i = 0; i < neighbors.count; i++) {
        int neighborClass = classes[neighbors.particles[i]];
        if (masks[neighborClass] < 0) {
            masks[neighborClass] = 0;
            for (int k = 0; k < count; k++)
                masks[neighborClass] |= (int) !interacts[neighborClass * numClasses + classes[first + k]] << k;
        }
        neighbors.exclusions[i] |= (uint16_t) masks[neighborClass];
    }
    neighbors.dropExcluded();
}
