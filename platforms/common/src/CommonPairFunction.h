// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/GlobalValues.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "PairSource.h"
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/** A pair function on a device: its data, and the source that evaluates it. */
class CommonPairFunction {
public:
    static std::unique_ptr<CommonPairFunction> create(OpenMM::ComputeContext& cc, const LearnedPairForce& force,
            const GlobalValues& globals, bool hasTensorCores);
    virtual ~CommonPairFunction() = default;
    /** Copy the function and the particles' types or features to the device. */
    virtual void upload(const LearnedPairForce& force) = 0;
    /** Take over new values of the global parameters; the first time, too. */
    virtual void updateGlobals(const GlobalValues& globals) {}
    /** Get whether the function costs little enough to be evaluated in a kernel that other forces share. */
    virtual bool isSmall() const = 0;
    /** Get the data that has an element for each particle, under names that begin with a prefix. */
    virtual std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) = 0;
    /** Get the other data, likewise. */
    virtual std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) = 0;
    /** Get a condition on the pair, apart from its distance, or an empty text. */
    virtual std::string getCondition(const std::string& prefix) const = 0;
    /** Whether the function is evaluated for 16 pairs at once, by a warp of a PackedPairsKernel. */
    virtual bool usesTensorCores() const {
        return false;
    }
    /** Get the source that evaluates the function. */
    virtual PairFunctionSource getSource(const std::string& prefix) const = 0;
    /** Get what is equal for two particles if the function does not distinguish them, as of the last upload. */
    const std::vector<std::pair<int, int>>& getKinds() const {
        return kinds;
    }

protected:
    std::vector<std::pair<int, int>> kinds;
};

} // namespace LearnedPairPlugin
