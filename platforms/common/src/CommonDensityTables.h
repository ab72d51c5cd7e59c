// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "EnvironmentFunction.h"
#include "internal/DensityTables.h"
#include "KernelArguments.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeArray.h"
#include "openmm/common/ComputeContext.h"
#include <memory>

namespace LearnedPairPlugin {

/** The tabulated densities of an EnvironmentFunction on a device, and the numbers of each atom. */
class CommonDensityTables {
public:
    /** The number of channels in a vector: a real4. */
    static constexpr int VectorLength = 4;
    CommonDensityTables(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const EnvironmentFunction& function);
    /** Copy the tables and the classes of the particles. The function has the shape of that of the constructor. */
    void upload(const LearnedPairForce& force, const EnvironmentFunction& function);
    const DensityTables& getLayout() const {
        return *layout;
    }
    int getNumClasses() const {
        return numClasses;
    }
    /** Get the interaction class of each particle. */
    OpenMM::ComputeArray& getClasses() {
        return classes;
    }
    /** Add the arguments lpCurves and lpRows, which kernels/densityRow.cc reads. */
    void addTables(KernelArguments& arguments);
    /** Add the arguments lpSums and lpScales: the sums over the neighbors of each atom, in fixed point. */
    void addSums(KernelArguments& arguments);
    /**
     * Add the argument lpGradients: the derivatives of the energy by the sums, shape [paddedNumAtoms][stride].
     *
     * @param type  the type of an element: real, or const real4
     */
    void addGradients(KernelArguments& arguments, const std::string& type);

private:
    int getRealSize() const;
    void uploadScales(const LearnedPairForce& force, const EnvironmentFunction& function);
    OpenMM::ComputeContext& cc;
    std::unique_ptr<DensityTables> layout;
    const int numClasses;
    OpenMM::ComputeArray classes;   // int, for each particle
    OpenMM::ComputeArray curves;    // real2 (inverse spacing, first row), shape [numClasses][numClasses]
    OpenMM::ComputeArray rows;      // real, see DensityTables
    OpenMM::ComputeArray scales;    // real, for each number of an atom: what 1 is in fixed point, a power of two
    OpenMM::ComputeArray sums;      // mm_ulong, shape [stride][paddedNumAtoms]
    OpenMM::ComputeArray gradients; // real, shape [paddedNumAtoms][stride]
};

} // namespace LearnedPairPlugin
