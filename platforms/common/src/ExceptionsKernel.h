// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ExceptionPairs.h"
#include "KernelArguments.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "PairKernelText.h"
#include <string>

namespace LearnedPairPlugin {

/**
 * The kernel in kernels/exceptions.cc, which evaluates the exceptions of a force. It is separate from OpenMM's bonded
 * kernel: a Context may change from tables to the program during a simulation, and OpenMM compiles its bonded kernel
 * only once.
 */
class ExceptionsKernel {
public:
    /** @param pair  a text that evaluates one pair, and not 16 pairs on tensor cores */
    ExceptionsKernel(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const PairKernelText& pair);
    /** Use the factors of another force with the same exceptions. */
    void upload(const LearnedPairForce& force) {
        exceptions.upload(force);
    }
    /** Compute energies and forces. */
    void execute();

private:
    void initialize();
    std::string createText() const;
    OpenMM::ComputeContext& cc;
    PairKernelText pair;
    const bool periodic;
    bool isInitialized = false;
    ExceptionPairs exceptions;
    OpenMM::ComputeKernel kernel;
    KernelArguments arguments;
    int boxArgument;
};

} // namespace LearnedPairPlugin
