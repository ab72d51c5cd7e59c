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
 * LearnedPairForce on OpenMM's Reference platform, in double precision. It follows the definition of the energy in
 * LearnedPairForce step by step, and is the oracle with which tests compare all other platforms.
 *
 * It loops over all pairs of covered particles. The neighbor list of OpenMM's Reference platform would be faster, but
 * misses pairs in small triclinic boxes (OpenMM 8.6.1, with the triclinic water of tests/test_energy.py).
 */
class ReferenceCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    using CalcLearnedPairForceKernel::CalcLearnedPairForceKernel;
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override;
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
    std::vector<std::set<int>> exclusions; // for each particle of the System
    std::vector<int> covered;              // the indices of the covered particles
};

} // namespace LearnedPairPlugin
