// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

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
    /** Wait until other threads have finished what has been begun of an evaluation that is given up; what went wrong
     * there is forgotten. */
    virtual void waitForThreads() {}
    /** Say in a few words what evaluates the pairs; begins with the name of the platform. */
    virtual std::string describe() const = 0;
    /** Take over new particle types and new values of a table of the same shape. */
    virtual void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) = 0;
};

} // namespace LearnedPairPlugin
