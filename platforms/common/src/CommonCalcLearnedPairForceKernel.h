// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "LearnedPairKernels.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/NonbondedUtilities.h"
#include "PackedPairsKernel.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * LearnedPairForce in OpenMM's common compute language, for OpenCL and CUDA.
 *
 * The pairs are evaluated by a piece of source, which goes to one of three places:
 *  - OpenMM's default nonbonded kernel, which evaluates the other nonbonded forces too, where SharedKernelPlan allows
 * it and the function is small;
 *  - a PackedPairsKernel, if the function is large and has a cutoff;
 *  - else another nonbonded kernel of OpenMM's. The last two have a neighbor list of their own.
 */
class CommonCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    CommonCalcLearnedPairForceKernel(const std::string& name, const OpenMM::Platform& platform,
            OpenMM::ComputeContext& cc, const WarpLanguage& language);
    ~CommonCalcLearnedPairForceKernel();
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    std::string describe() const override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;

private:
    class ForceInfo;
    PairSource createSource(const LearnedPairForce& force, const std::string& prefix);
    std::string createEnergySource(const LearnedPairForce& force, const std::string& scale);
    void addToKernel(OpenMM::NonbondedUtilities& nonbonded, const LearnedPairForce& force, const PairSource& source,
            double listCutoff, int group);
    void addToList(OpenMM::NonbondedUtilities& nonbonded, const LearnedPairForce& force, const std::string& text,
            double listCutoff, int group);
    void initializeList();
    void rebuildForNewBox();
    std::string platformName;
    OpenMM::ComputeContext& cc;
    WarpLanguage language;
    ForceInfo* info;                                          // owned by cc
    std::unique_ptr<OpenMM::NonbondedUtilities> ownNonbonded; // null if the default kernel is used
    bool packsPairs, hasInitializedList;
    PairSource packedSource;
    std::unique_ptr<PackedPairsKernel> packedPairs;
    OpenMM::Vec3 listedBox[3]; // the box of the last evaluation with a list of its own
    const OpenMM::System* system;
    double cutoff;
    std::unique_ptr<CommonPairFunction> function;
    std::unique_ptr<GlobalValues> globals;
};

} // namespace LearnedPairPlugin
