// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CompactedPairsKernel.h"
#include "KernelInfo.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/NonbondedUtilities.h"
#include "PairKernelText.h"
#include "SharedKernelPlan.h"
#include <memory>

namespace LearnedPairPlugin {

/** The kernel in which the pairs of a force are evaluated: one of three strategies. */
class PairPlacement {
public:
    /** The arguments of all placements. The force must exist until create() returns; cc and system must outlive the
     * placement. */
    struct Setting {
        OpenMM::ComputeContext& cc;
        const OpenMM::System& system;
        const LearnedPairForce& force;
        const WarpTraits& traits;
    };
    /**
     * Choose a placement, and register the force with it: OpenMM's default nonbonded kernel if the plan allows it and
     * the function is small; a CompactedPairsKernel if the function is large and the force has a cutoff; otherwise
     * another nonbonded kernel of OpenMM's.
     */
    static std::unique_ptr<PairPlacement> create(
            const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text, bool isSmall);
    virtual ~PairPlacement() = default;
    /** Evaluate the pairs, unless OpenMM evaluates them with its other nonbonded forces. */
    virtual void execute(bool includeForces, bool includeEnergy) = 0;
    /** Set the members of a KernelInfo that say where the pairs are evaluated. */
    virtual void describe(KernelInfo& info) const = 0;
};

/** Evaluates pairs in OpenMM's default nonbonded kernel, together with the other nonbonded forces. */
class SharedKernelPlacement : public PairPlacement {
public:
    SharedKernelPlacement(const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text);
    void execute(bool includeForces, bool includeEnergy) override {}
    void describe(KernelInfo& info) const override;
};

/** Evaluates pairs in another nonbonded kernel of OpenMM's, with a neighbor list of its own. */
class OwnKernelPlacement : public PairPlacement {
public:
    OwnKernelPlacement(const Setting& setting, const PairKernelText& text);
    void execute(bool includeForces, bool includeEnergy) override;
    void describe(KernelInfo& info) const override;

protected:
    /** For derived classes, which register the pairs themselves. */
    explicit OwnKernelPlacement(const Setting& setting);
    /** Initialize the list. Called in the first evaluation: OpenMM creates some arrays of the list after all forces. */
    virtual void initialize();
    /** Let OpenMM update the list, and rebuild it if the box has changed. */
    void prepareList();
    OpenMM::ComputeContext& cc;
    std::unique_ptr<OpenMM::NonbondedUtilities> list;

private:
    const OpenMM::System& system;
    const WarpTraits traits;
    bool isInitialized;
    OpenMM::Vec3 listedBox[3]; // the box of the last evaluation
};

/** Evaluates pairs in a CompactedPairsKernel, with a neighbor list of its own. */
class CompactedKernelPlacement : public OwnKernelPlacement {
public:
    CompactedKernelPlacement(const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text);
    void execute(bool includeForces, bool includeEnergy) override;
    void describe(KernelInfo& info) const override;

protected:
    void initialize() override;

private:
    const PairKernelText text;
    const WarpTraits traits;
    const double cutoff;
    std::unique_ptr<CompactedPairsKernel> kernel;
};

} // namespace LearnedPairPlugin
