// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuEnvironmentLoop.h"
#include "CpuExceptionLoop.h"
#include "CpuTableLoop.h"
#include "internal/GlobalValues.h"
#include "LearnedPairKernels.h"
#include "openmm/cpu/CpuPlatform.h"
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** A LearnedPairForce whose function is an EnvironmentFunction, on OpenMM's CPU platform. */
class CpuCalcEnvironmentKernel : public CalcLearnedPairForceKernel {
public:
    CpuCalcEnvironmentKernel(
            const std::string& name, const OpenMM::Platform& platform, OpenMM::CpuPlatform::PlatformData& data) :
            CalcLearnedPairForceKernel(name, platform),
            data(data) {}
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    /** The evaluation of the pair function. */
    struct PairPart {
        PairPart(const LearnedPairForce& force, const PairTable& table, const SimdBackend& backend, int numThreads);
        LearnedPairForce force;
        InteractionClasses classes;
        CpuPairList list;
        CpuTableLoop loop;
        CpuExceptionLoop exceptions;
    };
    void setModel(const LearnedPairForce& force);
    OpenMM::CpuPlatform::PlatformData& data;
    const SimdBackend* backend; // of the densities
    std::vector<std::string> derivativeNames;
    std::unique_ptr<GlobalValues> globals;
    std::unique_ptr<CpuEnvironmentLoop> loop;
    std::unique_ptr<PairPart> pairs; // null without a pair function
};

} // namespace LearnedPairPlugin
