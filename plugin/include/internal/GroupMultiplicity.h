// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/ProgramBuilder.h"
#include "openmm/CustomNonbondedForce.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * How often a CustomNonbondedForce counts a pair: once for each interaction group that allows it
 * (ReferenceCustomNonbondedIxn.cpp in OpenMM). Particles with the same groups have the same class, and the classes of
 * two particles decide how often their pair counts.
 */
class GroupMultiplicity {
public:
    explicit GroupMultiplicity(const OpenMM::CustomNonbondedForce& force);
    /** Get whether any pair counts more than once. */
    bool isNeeded() const {
        return needed;
    }
    /** Get the class of a particle. */
    int getClass(int particle) const {
        return classes[particle];
    }
    /**
     * Add the steps that find how often a pair counts.
     *
     * @param builder  the program
     * @param width    the number of features of a particle
     * @param feature  the index of the feature that holds the class
     */
    int lower(ProgramBuilder& builder, int width, int feature) const;

private:
    bool needed = false;
    int numClasses;
    std::vector<int> classes;
    std::vector<double> counts; // shape [numClasses][numClasses]
};

} // namespace LearnedPairPlugin
