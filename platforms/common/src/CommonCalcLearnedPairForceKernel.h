// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairProgram.h"
#include "CommonPairTable.h"
#include "ExceptionsKernel.h"
#include "internal/EvaluationPlan.h"
#include "LearnedForceInfo.h"
#include "LearnedPairKernels.h"
#include "openmm/common/ComputeContext.h"
#include "PairPlacement.h"
#include <memory>

namespace LearnedPairPlugin {

/** Get the index of a force among the LearnedPairForces of its System: it makes the names in a shared kernel unique. */
int getIndexInSystem(const OpenMM::System& system, const LearnedPairForce& force);

/**
 * LearnedPairForce on one device, in OpenMM's common compute language, for OpenCL and CUDA. A CommonPairFunction
 * provides the text that evaluates a pair, and a PairPlacement inserts it into a kernel.
 *
 * A program may be evaluated with tables (EvaluationPlan). During a simulation, the plan may change from tables to
 * exact evaluation. A second kernel, with its own neighbor list, is then created to run the program. The table lookup
 * cannot be removed from OpenMM's nonbonded kernel, so the tables are set to zero.
 */
class CommonCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    CommonCalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform,
            OpenMM::ComputeContext& cc, const WarpTraits& traits);
    ~CommonCalcLearnedPairForceKernel();
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    /**
     * Prepare the kernel for a part of a force of the System, or as one of several devices.
     *
     * @param index  the index of the force among the LearnedPairForces of the System
     * @param plan   the plan of a program, which all devices share; null for a table
     */
    void initialize(const OpenMM::System& system, const LearnedPairForce& force, int index,
            std::shared_ptr<EvaluationPlan> plan);
    void prepare(OpenMM::ContextImpl& context) override;
    void addDerivatives(OpenMM::ContextImpl& context, const std::map<std::string, double>& derivatives) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    KernelInfo getInfo() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;
    /** Read the global parameters of the Context. */
    const std::vector<double>& updateGlobals(OpenMM::ContextImpl& context);
    /** Use the particles and the function of another force. The plan must be updated afterwards. */
    void setForce(const LearnedPairForce& force);
    /** Evaluate the function as the plan has decided. */
    void followPlan();
    /** Get the plan of a program, or null. */
    std::shared_ptr<EvaluationPlan> getPlan() const {
        return plan;
    }

private:
    PairKernelText createText(CommonPairFunction& function, const std::string& prefix);
    std::string createEnergyText(const std::string& scale) const;
    std::unique_ptr<PairPlacement> place(CommonPairFunction& function, bool mayShareKernel);
    std::unique_ptr<ExceptionsKernel> createExceptions(CommonPairFunction& function);
    void useTables(const TableCurves& tables, const InteractionClasses& classes);
    void useProgram();
    OpenMM::ComputeContext& cc;
    const WarpTraits traits;
    LearnedForceInfo* info; // owned by cc
    const OpenMM::System* system;
    int indexInSystem;
    std::unique_ptr<LearnedPairForce> force; // a copy: the kernel that runs the program is created when it is needed
    std::unique_ptr<GlobalValues> globals;
    std::shared_ptr<EvaluationPlan> plan; // of a program, else null
    std::unique_ptr<CommonPairTable> tableFunction;
    std::unique_ptr<CommonPairProgram> programFunction;
    std::unique_ptr<PairPlacement> tablePlacement, programPlacement;
    std::unique_ptr<ExceptionsKernel> tableExceptions, programExceptions; // null without exceptions
    bool usesTables;
    bool mustFollowPlan; // the kernel does not evaluate the function as the plan has decided
};

} // namespace LearnedPairPlugin
