// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/GlobalValues.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "PairKernelText.h"
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/** A learned function on a device: its data, and the text that evaluates it. */
class CommonPairFunction {
public:
    /** What the function knows of a particle: its interaction class and its index among the distinct particles. */
    typedef std::pair<int, int> ParticleIdentity;
    static std::unique_ptr<CommonPairFunction> create(OpenMM::ComputeContext& cc, const LearnedPairForce& force,
            const GlobalValues& globals, bool hasTensorCores);
    virtual ~CommonPairFunction() = default;
    /** Copy the function and the particles' types or features to the device. */
    virtual void upload(const LearnedPairForce& force) = 0;
    /** Take over the values of the global parameters, before every evaluation. */
    virtual void updateGlobals(const GlobalValues& globals) {}
    /** Get whether the function takes so few operations that it can share a kernel with other forces. */
    virtual bool isSmall() const = 0;
    /** Get the arrays that have an element for each particle, under names that begin with a prefix. */
    virtual std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) = 0;
    /** Get the other arrays, under names that begin with a prefix. */
    virtual std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) = 0;
    /** Get a condition on the particles of a pair, or an empty text. */
    virtual std::string getCondition(const std::string& prefix) const = 0;
    /** Get whether 16 pairs are evaluated at once, by a warp of a CompactedPairsKernel. */
    virtual bool usesTensorCores() const {
        return false;
    }
    /** Get the text that evaluates the function. */
    virtual PairFunctionText getText(const std::string& prefix) const = 0;
    /** Get the identities of all particles as of the last upload. OpenMM may exchange particles with equal ones. */
    const std::vector<ParticleIdentity>& getIdentities() const {
        return identities;
    }

protected:
    std::vector<ParticleIdentity> identities;
};

} // namespace LearnedPairPlugin
