// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The interaction groups that each particle of a force belongs to. Particles that belong to the same sets of the same
 * groups have the same membership.
 */
struct GroupMemberships {
    /**
     * @param force  a LearnedPairForce or a CustomNonbondedForce, whose methods for groups have the same names. The
     *               particles of its groups must exist.
     */
    template<class ForceType>
    explicit GroupMemberships(const ForceType& force) : numGroups(force.getNumInteractionGroups()) {
        std::vector<std::set<int>> sides(force.getNumParticles());
        for (int group = 0; group < numGroups; group++) {
            std::set<int> sets[2];
            force.getInteractionGroupParameters(group, sets[0], sets[1]);
            for (int side = 0; side < 2; side++)
                for (int particle : sets[side])
                    sides[particle].insert(2 * group + side);
        }
        std::map<std::set<int>, int> known;
        for (auto& membership : sides) {
            auto [position, isNew] = known.insert({membership, (int) distinct.size()});
            if (isNew)
                distinct.push_back(membership);
            index.push_back(position->second);
        }
    }
    /** Get whether particles with a membership belong to no group although the force has groups. */
    bool isOutside(int membership) const {
        return numGroups > 0 && distinct[membership].empty();
    }
    /** Count the groups that allow a pair of particles, by their memberships. */
    int countGroups(int membership1, int membership2) const {
        std::set<int> groups;
        for (int side : distinct[membership1])
            if (distinct[membership2].count(side ^ 1))
                groups.insert(side / 2);
        return groups.size();
    }
    int numGroups;
    std::vector<std::set<int>> distinct; ///< 2g for the first set of group g, and 2g+1 for its second set
    std::vector<int> index;              ///< for each particle the index of its membership in `distinct`
};

} // namespace LearnedPairPlugin
