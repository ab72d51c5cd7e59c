// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "KernelArguments.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeArray.h"
#include "openmm/common/ComputeContext.h"

namespace LearnedPairPlugin {

/** The exceptions of a force on a device: pairs with a factor of their own. */
class ExceptionPairs {
public:
    /** The number of threads in a block of a kernel that works on exceptions. */
    static constexpr int GroupSize = 64;
    ExceptionPairs(OpenMM::ComputeContext& cc, const LearnedPairForce& force);
    /** Use the factors of another force with the same exceptions. */
    void upload(const LearnedPairForce& force);
    int getCount() const {
        return count;
    }
    /** Add the arguments posq, exceptionAtoms and exceptionFactors to a kernel. */
    void addArguments(KernelArguments& arguments);
    /** Get the number of threads of a kernel that divides each exception into parts for different threads. */
    int findNumThreads(int partsPerPair) const;

private:
    OpenMM::ComputeContext& cc;
    const int count;
    OpenMM::ComputeArray atoms;   // int2, for each exception
    OpenMM::ComputeArray factors; // real, for each exception
};

} // namespace LearnedPairPlugin
