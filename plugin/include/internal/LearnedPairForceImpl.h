// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/GlobalValues.h"
#include "internal/TailCorrection.h"
#include "LearnedPairForce.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/internal/ForceImpl.h"
#include "openmm/Kernel.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The implementation of a LearnedPairForce in one Context. It checks all user input, so that all platforms report the
 * same errors, and then calls the kernel of the platform.
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
    std::unique_ptr<TailCorrection> makeTail(const OpenMM::System& system, const LearnedPairForce& force) const;
    double addTail(OpenMM::ContextImpl& context, bool includeEnergy);
    const LearnedPairForce& owner;
    LearnedPairForce created;                // a copy from the creation of the Context, to detect forbidden updates
    std::vector<GlobalParameter> parameters; // the scale and the global parameters, with the ranges of the last update
    std::unique_ptr<GlobalValues> globals;   // for the tail
    bool hasDerivatives = false;             // whether derivatives by any of them are computed
    std::unique_ptr<TailCorrection> tail;    // null without a long-range correction
    OpenMM::Kernel kernel;
};

} // namespace LearnedPairPlugin
