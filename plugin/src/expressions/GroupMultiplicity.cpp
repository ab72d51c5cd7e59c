// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/GroupMultiplicity.h"
#include "internal/require.h"
#include <map>
#include <set>

using namespace LearnedPairPlugin;
using std::set;
using std::vector;

// More classes than this would make a table of millions of counts.
static const int MaxClasses = 2000;

GroupMultiplicity::GroupMultiplicity(const OpenMM::CustomNonbondedForce& force) {
    const int numParticles = force.getNumParticles(), numGroups = force.getNumInteractionGroups();
    vector<set<int>> memberships(numParticles); // 2g for the first set of group g, and 2g+1 for its second set
    for (int group = 0; group < numGroups; group++) {
        set<int> sets[2];
        force.getInteractionGroupParameters(group, sets[0], sets[1]);
        for (int side = 0; side < 2; side++)
            for (int particle : sets[side]) {
                require(particle >= 0 && particle < numParticles, "interaction group ", group, " names particle ",
                        particle, ", which does not exist");
                memberships[particle].insert(2 * group + side);
            }
    }
    std::map<set<int>, int> known;
    vector<set<int>> distinct;
    for (auto& membership : memberships) {
        auto [position, isNew] = known.insert({membership, (int) distinct.size()});
        if (isNew)
            distinct.push_back(membership);
        classes.push_back(position->second);
    }
    numClasses = distinct.size();
    require(numClasses <= MaxClasses, "the interaction groups divide the particles into ", numClasses,
            " classes, and at most ", MaxClasses, " are supported; use fewer groups");
    for (auto& first : distinct)
        for (auto& second : distinct) {
            set<int> groups; // that allow the pair
            for (int side : first)
                if (second.count(side ^ 1))
                    groups.insert(side / 2);
            counts.push_back(groups.size());
            needed |= (groups.size() > 1);
        }
}

int GroupMultiplicity::lower(ProgramBuilder& builder, int width, int feature) const {
    int class1 = builder.slice(builder.input(PairInput::Particle1, width), feature, 1);
    int class2 = builder.slice(builder.input(PairInput::Particle2, width), feature, 1);
    int row = builder.add(Operation::Mul, {builder.literal(numClasses), class1});
    int index = builder.add(Operation::Add, {row, class2});
    return builder.add(Operation::Lookup, {index, builder.add(Operation::Weight, {}, {}, counts)}, {1});
}
