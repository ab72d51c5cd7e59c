// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairList.h"
#include "CpuPairLoop.h"
#include "CpuExceptionLoop.h"
#include "CpuProgramLoop.h"
#include "CpuTableLoop.h"
#include "internal/EvaluationPlan.h"
#include "internal/GlobalValues.h"
#include "LearnedPairKernels.h"
#include "openmm/cpu/CpuPlatform.h"
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * LearnedPairForce on OpenMM's CPU platform, in single precision: SIMD loops over the blocks of a CpuPairList, on the
 * platform's threads.
 */
class CpuCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    CpuCalcLearnedPairForceKernel(
            const std::string& name, const OpenMM::Platform& platform, OpenMM::CpuPlatform::PlatformData& data) :
            CalcLearnedPairForceKernel(name, platform),
            data(data),
            backend(selectSimdBackend()),
            loop(nullptr) {}
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    void prepare(OpenMM::ContextImpl& context) override;
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    void setModel(const LearnedPairForce& force);
    void setTableModel(const PairTable& table);
    void setProgramModel();
    void chooseLoop();
    OpenMM::CpuPlatform::PlatformData& data;
    const SimdBackend& backend;
    std::vector<std::string> derivativeNames;
    std::unique_ptr<LearnedPairForce> force; // a copy: the loop that runs the program is created when it is needed
    std::unique_ptr<GlobalValues> globals;
    std::unique_ptr<CpuPairList> list;
    std::unique_ptr<EvaluationPlan> plan; // of a program, else null
    std::unique_ptr<CpuTableLoop> tableLoop;
    std::unique_ptr<CpuProgramLoop> programLoop;
    CpuPairLoop* loop; // one of the two
    std::unique_ptr<CpuExceptionLoop> exceptionLoop;
};

} // namespace LearnedPairPlugin
