// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairKernels.h"
#include "internal/PairClasses.h"
#include "internal/SwitchingFunction.h"
#include <memory>
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The oracle: the energy of LearnedPairForce in double precision, written as its documentation writes it.
 */
class ReferenceCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    using CalcLearnedPairForceKernel::CalcLearnedPairForceKernel;
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;
private:
    struct Model;
    std::shared_ptr<const Model> model;
    std::vector<std::set<int> > exclusions;
};

} // namespace LearnedPairPlugin
