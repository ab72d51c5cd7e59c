// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonDensityTables.h"
#include "EnvironmentFunction.h"
#include "internal/GlobalValues.h"
#include "KernelArguments.h"
#include "openmm/common/ComputeArray.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/ComputeKernel.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** The kernel in kernels/atoms.cc, which evaluates the program of an EnvironmentFunction for each atom. */
class AtomKernel {
public:
    AtomKernel(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const EnvironmentFunction& function,
            const GlobalValues& globals);
    /** Copy the types of the atoms and the weights. The program has the text of that of the constructor. */
    void upload(const LearnedPairForce& force, const EnvironmentFunction& function);
    /** Create the kernel, unless it exists. OpenMM creates the buffers that it needs after all forces are initialized.
     */
    void createKernel(const LearnedPairForce& force, CommonDensityTables& tables, const GlobalValues& globals);
    /**
     * Add the energies of all atoms, and their derivatives by parameters, to those of the Context. Replace the sums
     * over neighbors by 0, and set the derivatives of the energy by them.
     */
    void execute(const GlobalValues& globals);

private:
    std::string createText(
            const LearnedPairForce& force, const DensityTables& layout, const GlobalValues& globals) const;
    OpenMM::ComputeContext& cc;
    const std::vector<int> derivatives;
    TensorProgram program;
    KernelArguments arguments;
    OpenMM::ComputeArray types;       // int, for each particle; negative if it is not covered
    OpenMM::ComputeArray weights;     // real; not initialized if the program has none
    OpenMM::ComputeArray globalArray; // real, the same
    std::vector<double> uploadedGlobals;
    OpenMM::ComputeKernel kernel;
};

} // namespace LearnedPairPlugin
