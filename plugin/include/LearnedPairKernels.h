// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "KernelInfo.h"
#include "LearnedPairForce.h"
#include "openmm/KernelImpl.h"
#include "openmm/Platform.h"
#include "openmm/System.h"
#include <string>

namespace LearnedPairPlugin {

/**
 * What a platform implements to evaluate a LearnedPairForce. It may rely on the force having been validated.
 */
class CalcLearnedPairForceKernel : public OpenMM::KernelImpl {
public:
    static std::string Name() {
        return "CalcLearnedPairForce";
    }
    CalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform) :
            OpenMM::KernelImpl(name, platform) {}
    virtual void initialize(const OpenMM::System& system, const LearnedPairForce& force) = 0;
    /**
     * Add this force's forces to the Context.
     *
     * @return the energy, measured in kJ/mol, or 0 if it is accumulated elsewhere or not asked for
     */
    virtual double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) = 0;
    /** Wait for worker threads after an evaluation that was given up. Errors that they raise are discarded. */
    virtual void waitForThreads() {}
    /** Get what evaluates the pairs. */
    virtual KernelInfo getInfo() const = 0;
    /** Copy the particles' types or features and the function, in the structure that it had, to the Context. */
    virtual void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) = 0;
};

} // namespace LearnedPairPlugin
