// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/common/ComputeForceInfo.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Tells OpenMM which particles it may exchange when it sorts them for locality: those with the same interaction class
 * and the same type or features, in molecules with the same exclusions and exceptions.
 */
class LearnedForceInfo : public OpenMM::ComputeForceInfo {
public:
    explicit LearnedForceInfo(const LearnedPairForce& force);
    /** Use the particles and the factors of another force with the same exclusions and exceptions. */
    void setParticles(const LearnedPairForce& force);
    bool areParticlesIdentical(int particle1, int particle2) override {
        return classes[particle1] == classes[particle2] && distinct[particle1] == distinct[particle2];
    }
    int getNumParticleGroups() override {
        return pairs.size();
    }
    void getParticlesInGroup(int index, std::vector<int>& particles) override {
        particles = pairs[index];
    }
    bool areGroupsIdentical(int group1, int group2) override {
        return factors[group1] == factors[group2];
    }

private:
    std::vector<int> classes, distinct;
    std::vector<std::vector<int>> pairs; // exclusions and exceptions
    std::vector<double> factors;         // for each pair
};

} // namespace LearnedPairPlugin
