// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/GroupMultiplicity.h"
#include "internal/GroupMemberships.h"
#include "internal/require.h"
#include <algorithm>
#include <set>

using namespace LearnedPairPlugin;

// More classes than this would make a table of millions of counts.
static const int MaxClasses = 2000;

/** Require that the particles of all groups exist. */
static void requireParticles(const OpenMM::CustomNonbondedForce& force) {
    for (int group = 0; group < force.getNumInteractionGroups(); group++) {
        std::set<int> set1, set2;
        force.getInteractionGroupParameters(group, set1, set2);
        for (auto& particles : {set1, set2})
            for (int particle : particles)
                require(particle >= 0 && particle < force.getNumParticles(), "interaction group ", group,
                        " names particle ", particle, ", which does not exist");
    }
}

GroupMultiplicity::GroupMultiplicity(const OpenMM::CustomNonbondedForce& force) {
    requireParticles(force);
    const GroupMemberships memberships(force);
    classes = memberships.index;
    numClasses = memberships.distinct.size();
    require(numClasses <= MaxClasses, "the interaction groups divide the particles into ", numClasses,
            " classes, and at most ", MaxClasses, " are supported; use fewer groups");
    for (int i = 0; i < numClasses; i++)
        for (int j = 0; j < numClasses; j++)
            counts.push_back(memberships.countGroups(i, j));
    needed = std::any_of(counts.begin(), counts.end(), [](double count) { return count > 1; });
}

int GroupMultiplicity::lower(ProgramBuilder& builder, int width, int feature) const {
    int class1 = builder.slice(builder.input(PairInput::Particle1, width), feature, 1);
    int class2 = builder.slice(builder.input(PairInput::Particle2, width), feature, 1);
    int row = builder.add(Operation::Mul, {builder.literal(numClasses), class1});
    int index = builder.add(Operation::Add, {row, class2});
    return builder.add(Operation::Lookup, {index, builder.add(Operation::Weight, {}, {}, counts)}, {1});
}
