// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairKernels.h"
#include "openmm/Vec3.h"
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The oracle: the energy of LearnedPairForce in double precision, written as its documentation writes it.
 *
 * It goes through all pairs of covered particles. The neighbor list of OpenMM's Reference platform would be faster, but
 * misses pairs in small triclinic boxes (seen in OpenMM 8.6.1 with the triclinic water of tests/test_energy.py), and an
 * oracle must not.
 */
class ReferenceCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    using CalcLearnedPairForceKernel::CalcLearnedPairForceKernel;
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    struct Model;
    void copyParameters(const LearnedPairForce& force);
    struct Pairs;
    /** Find all pairs in range that interact. */
    void findPairs(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, Pairs& pairs) const;
    std::shared_ptr<Model> model;
    std::vector<std::string> derivativeNames;
    std::vector<std::set<int>> exclusions;
    std::vector<int> covered;
};

} // namespace LearnedPairPlugin
