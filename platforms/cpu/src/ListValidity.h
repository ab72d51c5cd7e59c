// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PeriodicBox.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Whether a pair list is still complete: a Verlet list with a skin holds all pairs within the cutoff until particles
 * have moved by half of the skin.
 */
class ListValidity {
public:
    /**
     * @param periodic  whether there are periodic boundary conditions
     * @param skin      by how much the list reaches beyond the cutoff, in nm; infinite for a list of all pairs
     */
    ListValidity(bool periodic, double skin, int numParticles) :
            periodic(periodic),
            skin(skin),
            isBuilt(false),
            builtPositions(numParticles),
            shifts(numParticles) {}
    /** Record the box with which the list is built. */
    void setBuilt(const PeriodicBox& box) {
        builtBox = box;
        isBuilt = true;
    }
    /** Record where a particle is when the list is built: in the System, and in local coordinates. */
    void setBuiltPosition(int listIndex, const OpenMM::Vec3& position, const OpenMM::Vec3& local) {
        builtPositions[listIndex] = local;
        shifts[listIndex] = position - local;
    }
    /**
     * Begin to compare new positions.
     *
     * @return whether the list may be complete as far as the box is concerned
     */
    bool begin(const PeriodicBox& box);
    /**
     * Compare the new position of a particle. Several threads may do this at once.
     *
     * @param[out] local  the position in local coordinates
     * @return whether the particle is within the displacement for which the list is complete
     */
    bool check(int listIndex, const OpenMM::Vec3& position, OpenMM::Vec3& local) const {
        // In the same box, a particle that crosses the box boundary triggers a rebuild, which is rare. In another box
        // its periodic images have moved, too.
        local = sameBox ? position - shifts[listIndex] : currentBox.wrap(position);
        OpenMM::Vec3 displacement = local - builtPositions[listIndex];
        if (!sameBox)
            displacement = currentBox.wrap(displacement);
        return displacement.dot(displacement) <= maxDisplacement * maxDisplacement; // false for NaN
    }

private:
    double findMaxDisplacement(const PeriodicBox& box) const;
    bool periodic;
    double skin;
    bool isBuilt, sameBox;
    double maxDisplacement;
    PeriodicBox builtBox, currentBox;
    std::vector<OpenMM::Vec3> builtPositions; // in local coordinates
    std::vector<OpenMM::Vec3> shifts;         // positions in the System minus local ones
};

} // namespace LearnedPairPlugin
