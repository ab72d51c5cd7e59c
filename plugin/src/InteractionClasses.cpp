// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/InteractionClasses.h"
#include "internal/GroupMemberships.h"
#include "internal/require.h"
#include <algorithm>
#include <map>

using namespace LearnedPairPlugin;
using std::map;
using std::pair;
using std::vector;

InteractionClasses::InteractionClasses(const LearnedPairForce& force) :
        InteractionClasses(force, force.getParticleTypes(), std::max(1, force.getFunction().getNumTypes()),
                [&](int type1, int type2) { return force.getFunction().isDefined(type1, type2); }) {}

InteractionClasses::InteractionClasses(const LearnedPairForce& force, const DistinctParticles& distinct) :
        InteractionClasses(force, distinct.index, distinct.count, [](int, int) { return true; }) {}

InteractionClasses::InteractionClasses(const LearnedPairForce& force, const vector<int>& particleTypes, int numTypes,
        const std::function<bool(int, int)>& isDefined) {
    const GroupMemberships memberships(force);
    vector<int> used; // the memberships that interact
    vector<int> place(memberships.distinct.size(), -1);
    for (size_t i = 0; i < memberships.distinct.size(); i++)
        if (!memberships.isOutside(i)) {
            place[i] = used.size();
            used.push_back(i);
        }
    size_t count = 1 + used.size() * numTypes;
    require(count <= (size_t) MaxClasses,
            "LearnedPairForce: the interaction groups and types divide the particles into ", count,
            " interaction classes, of which at most ", MaxClasses,
            " are supported; use fewer or simpler interaction groups.");
    vector<char> allowed;
    for (int i : used)
        for (int j : used)
            allowed.push_back(memberships.numGroups == 0 || memberships.countGroups(i, j) > 0);

    // Class 0 does not interact. It is followed by one class for each combination of membership and type.

    numClasses = count;
    types.assign(numClasses, LearnedPairForce::NotCovered);
    for (int i = 1; i < numClasses; i++)
        types[i] = (i - 1) % numTypes;
    interacts.assign((size_t) numClasses * numClasses, 0);
    for (int i = 1; i < numClasses; i++)
        for (int j = 1; j < numClasses; j++)
            interacts[(size_t) i * numClasses + j] =
                    allowed[(i - 1) / numTypes * used.size() + (j - 1) / numTypes] && isDefined(types[i], types[j]);
    particleClasses.assign(force.getNumParticles(), 0);
    for (int i = 0; i < force.getNumParticles(); i++)
        if (int membership = place[memberships.index[i]];
                force.getParticleType(i) != LearnedPairForce::NotCovered && membership >= 0)
            particleClasses[i] = 1 + membership * numTypes + particleTypes[i];
}

vector<ParticleIdentity> LearnedPairPlugin::countIdentities(
        const InteractionClasses& classes, const DistinctParticles& distinct) {
    map<pair<int, int>, int> count;
    for (size_t i = 0; i < classes.particleClasses.size(); i++)
        if (classes.particleClasses[i] != 0)
            count[{classes.particleClasses[i], distinct.index[i]}]++;
    vector<ParticleIdentity> identities;
    for (auto& [identity, number] : count)
        identities.push_back({identity.first, identity.second, number});
    return identities;
}
