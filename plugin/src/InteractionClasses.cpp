// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/InteractionClasses.h"
#include "internal/require.h"
#include <algorithm>
#include <map>
#include <set>

using namespace LearnedPairPlugin;
using std::map;
using std::set;
using std::vector;

InteractionClasses::InteractionClasses(const LearnedPairForce& force) :
        InteractionClasses(force, force.getParticleTypes(), std::max(1, force.getFunction().getNumTypes()),
                [&](int type1, int type2) { return force.getFunction().isDefined(type1, type2); }) {}

InteractionClasses::InteractionClasses(const LearnedPairForce& force, const DistinctParticles& distinct) :
        InteractionClasses(force, distinct.index, distinct.count, [](int, int) { return true; }) {}

InteractionClasses::InteractionClasses(const LearnedPairForce& force, const vector<int>& particleTypes, int numTypes,
        const std::function<bool(int, int)>& isDefined) {
    // The membership of a particle holds 2g for the first set of group g, and 2g+1 for its second set.

    int numParticles = force.getNumParticles(), numGroups = force.getNumInteractionGroups();
    vector<set<int>> memberships(numParticles);
    for (int group = 0; group < numGroups; group++) {
        set<int> sets[2];
        force.getInteractionGroupParameters(group, sets[0], sets[1]);
        for (int side = 0; side < 2; side++)
            for (int particle : sets[side])
                memberships[particle].insert(2 * group + side);
    }
    map<set<int>, int> index;
    vector<set<int>> distinct;
    for (auto& membership : memberships)
        if ((numGroups == 0 || !membership.empty()) && index.insert({membership, (int) distinct.size()}).second)
            distinct.push_back(membership);
    size_t count = 1 + distinct.size() * numTypes;
    require(count <= (size_t) MaxClasses,
            "LearnedPairForce: the interaction groups and types divide the particles into ", count,
            " interaction classes, of which at most ", MaxClasses,
            " are supported; use fewer or simpler interaction groups.");
    vector<char> allowed(distinct.size() * distinct.size(), numGroups == 0);
    for (size_t i = 0; i < distinct.size(); i++)
        for (int side : distinct[i])
            for (size_t j = 0; j < distinct.size(); j++)
                if (distinct[j].count(side ^ 1))
                    allowed[i * distinct.size() + j] = 1;

    // Class 0 does not interact. It is followed by one class for each combination of membership and type.

    numClasses = 1 + distinct.size() * numTypes;
    types.assign(numClasses, LearnedPairForce::NotCovered);
    for (int i = 1; i < numClasses; i++)
        types[i] = (i - 1) % numTypes;
    interacts.assign((size_t) numClasses * numClasses, 0);
    for (int i = 1; i < numClasses; i++)
        for (int j = 1; j < numClasses; j++)
            interacts[(size_t) i * numClasses + j] =
                    allowed[(i - 1) / numTypes * distinct.size() + (j - 1) / numTypes] && isDefined(types[i], types[j]);
    particleClasses.assign(numParticles, 0);
    for (int i = 0; i < numParticles; i++)
        if (force.getParticleType(i) != LearnedPairForce::NotCovered && index.count(memberships[i]))
            particleClasses[i] = 1 + index[memberships[i]] * numTypes + particleTypes[i];
}
