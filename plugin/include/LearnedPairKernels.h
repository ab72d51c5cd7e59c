// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "KernelInfo.h"
#include "LearnedPairForce.h"
#include "openmm/KernelImpl.h"
#include "openmm/Platform.h"
#include "openmm/System.h"
#include <map>
#include <string>

namespace LearnedPairPlugin {

/**
 * The kernel that a platform implements to evaluate a LearnedPairForce. All forces that it gets have been validated.
 */
class LEARNEDPAIR_EXPORT CalcLearnedPairForceKernel : public OpenMM::KernelImpl {
public:
    static std::string Name() {
        return "CalcLearnedPairForce";
    }
    /** Get the name of the kernel that evaluates forces whose function is an EnvironmentFunction. */
    static std::string EnvironmentName() {
        return "CalcLearnedPairForceEnvironment";
    }
    CalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform) :
            OpenMM::KernelImpl(name, platform) {}
    /** Prepare the kernel for a force of a System. This is called once, before execute(). */
    virtual void initialize(const OpenMM::System& system, const LearnedPairForce& force) = 0;
    /**
     * Get ready for execute(): read the global parameters of the Context, and make what depends on them, such as
     * tables. This is called before each execute(), in the thread of the caller and not in a worker thread of a device.
     * If it throws an exception, this force has not computed anything yet.
     */
    virtual void prepare(OpenMM::ContextImpl& context) {}
    /**
     * Compute the forces on the particles and the energy. Forces are added to those of the Context.
     *
     * @return the energy, measured in kJ/mol; or 0 if the platform accumulates it elsewhere (GPUs), or if it was not
     *         requested
     */
    virtual double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) = 0;
    /** Add derivatives of the energy to those of the Context, by the names of the parameters. */
    virtual void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) = 0;
    /** Wait for worker threads after a failed evaluation. Errors that they raise are discarded. */
    virtual void waitForThreads() {}
    /** Get the description of this kernel. LearnedPairForceImpl sets the platform. */
    virtual KernelInfo getInfo() const = 0;
    /** Copy the particles' types or features and the function to the Context. The function has the old structure. */
    virtual void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) = 0;
};

} // namespace LearnedPairPlugin
