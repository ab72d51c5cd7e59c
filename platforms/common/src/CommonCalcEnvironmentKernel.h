// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "AtomKernel.h"
#include "CommonCalcLearnedPairForceKernel.h"
#include "CommonDensityTables.h"
#include "DensityExceptionsKernels.h"
#include "DensityKernels.h"
#include "internal/GlobalValues.h"
#include "LearnedForceInfo.h"
#include "LearnedPairKernels.h"
#include "openmm/common/ComputeContext.h"
#include "TileKernel.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * A LearnedPairForce whose function is an EnvironmentFunction, on one device: kernels for densities, for atoms, and for
 * forces follow each other. The pair function is evaluated as that of any other force.
 */
class CommonCalcEnvironmentKernel : public CalcLearnedPairForceKernel {
public:
    CommonCalcEnvironmentKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::ComputeContext& cc,
            const WarpTraits& traits) :
            CalcLearnedPairForceKernel(name, platform),
            cc(cc),
            traits(traits) {}
    ~CommonCalcEnvironmentKernel();
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    void prepare(OpenMM::ContextImpl& context) override;
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    OpenMM::ComputeContext& cc;
    const WarpTraits traits;
    LearnedForceInfo* info = nullptr;        // owned by cc
    std::unique_ptr<LearnedPairForce> force; // a copy: kernels are created in the first evaluation
    std::unique_ptr<GlobalValues> globals;
    std::unique_ptr<CommonDensityTables> tables;
    std::unique_ptr<DensityKernels> densities;
    std::unique_ptr<DensityExceptionsKernels> exceptions; // null if there are none
    std::unique_ptr<AtomKernel> atoms;
    std::unique_ptr<CommonCalcLearnedPairForceKernel> pairs; // null without a pair function
};

} // namespace LearnedPairPlugin
