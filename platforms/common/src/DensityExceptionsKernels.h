// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonDensityTables.h"
#include "ExceptionPairs.h"
#include "KernelArguments.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/ComputeKernel.h"

namespace LearnedPairPlugin {

/** The kernels in kernels/densityExceptions.cc, for the exceptions of a force with an EnvironmentFunction. */
class DensityExceptionsKernels {
public:
    DensityExceptionsKernels(OpenMM::ComputeContext& cc, const LearnedPairForce& force);
    /** Use the factors of another force with the same exceptions. */
    void upload(const LearnedPairForce& force) {
        exceptions.upload(force);
    }
    /** Create the kernels, unless they exist. */
    void createKernels(const LearnedPairForce& force, CommonDensityTables& tables);
    /** Add the densities of all exceptions to the sums of the atoms. */
    void addDensities();
    /** Add the forces, from the derivatives of the energy by the sums. */
    void addForces();

private:
    OpenMM::ComputeContext& cc;
    ExceptionPairs exceptions;
    KernelArguments densityArguments, forceArguments;
    int densityBox, forceBox; // the indices of the arguments of the periodic box
    OpenMM::ComputeKernel densityKernel, forceKernel;
};

} // namespace LearnedPairPlugin
