// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/internal/ForceImpl.h"
#include "openmm/Kernel.h"
#include <map>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The LearnedPairForce of one Context: checks everything a user can get wrong, so that every platform refuses the
 * same input with the same words, then leaves the work to the platform's kernel.
 */
class LearnedPairForceImpl : public OpenMM::ForceImpl {
public:
    explicit LearnedPairForceImpl(const LearnedPairForce& owner);
    void initialize(OpenMM::ContextImpl& context) override;
    const LearnedPairForce& getOwner() const override {
        return owner;
    }
    void updateContextState(OpenMM::ContextImpl& context, bool& forcesInvalid) override {}
    double calcForcesAndEnergy(
            OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy, int groups) override;
    std::map<std::string, double> getDefaultParameters() override;
    std::vector<std::string> getKernelNames() override;
    void updateParametersInContext(OpenMM::ContextImpl& context, const LearnedPairForce& force);
    KernelInfo getKernelInfo();

private:
    void checkState(OpenMM::ContextImpl& context) const;
    const LearnedPairForce& owner;
    LearnedPairForce created;                // as it was when the Context was created: what an update may not change
    std::vector<GlobalParameter> parameters; // the scale and the function's, with the ranges of the last update
    OpenMM::Kernel kernel;
};

} // namespace LearnedPairPlugin
